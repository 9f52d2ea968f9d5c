# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Files of recorded messages, exchanged between the two command lines."""

import json
from pathlib import Path
from typing import Any

import pytest
from interop.conftest import Side
from interop.test_directions import FIELDS, SIDES

from support.amqp import Amqp, Got

pytestmark = pytest.mark.fedora_messaging_real_broker

QUEUE = """
[queues.recorded]
durable = true
auto_delete = false
exclusive = false
arguments = {}

[[bindings]]
queue = "recorded"
exchange = "amq.topic"
routing_keys = ["#"]
"""


def content(got: Got) -> Any:
    """What a message has that a file keeps."""
    return got.id, got.topic, json.loads(got.body), got.properties.headers, got.properties.priority or 0


@pytest.mark.parametrize("publisher", SIDES)
@pytest.mark.parametrize("recorder", SIDES)
def test_recorded_and_published_again(
    recorder: str, publisher: str, sides: dict[str, Side], amqp: Amqp, tmp_path: Path
) -> None:
    """What one side has recorded, the other publishes again: the same messages with the same ids."""
    described = [each for name, each in FIELDS.items() if recorder == "ours" or name != "unicode"]
    amqp.queue("recorded", "#")
    amqp.queue("first", "#")
    sides[recorder].publish(tmp_path, described)
    recording = tmp_path / "recording.jsonl"

    recorded = sides[recorder].run(
        "fedora-messaging", "record", "--limit", len(described), recording, config=QUEUE
    )
    assert recorded.ended(60) == 0, recorded.said
    amqp.queue("again", "#")
    published = sides[publisher].run("fedora-messaging", "publish", recording)
    assert published.ended(60) == 0, published.said

    first, again = amqp.take("first")[: len(described)], amqp.take("again")
    assert len(described) == len(again)
    assert [content(got) for got in first] == [content(got) for got in again]
