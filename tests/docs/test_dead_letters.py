# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""docs/how-to/dead-letters.md: the configuration and the commands of the page, with a dead letter."""

import re
import shlex
import sys
from pathlib import Path

import pytest

from support.amqp import Amqp
from support.embedded import Embedded
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "dead-letters.md"
_CALLBACK = """
from fedora_messaging import exceptions

def drop(message):
    raise exceptions.Drop
"""


def _tool(line: str) -> list[str]:
    command, *arguments = shlex.split(line)
    return [str(Path(sys.executable).with_name(command)), *arguments]


def test_dead_letters_are_recorded_and_published_again(
    programs: Programs, embedded: Embedded, tmp_path: Path
) -> None:
    """What the callback drops is kept, recorded by the page's command, and published with its id."""
    page = _PAGE.read_text()
    config = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    record, publish = re.findall(r"^fedora-messaging (?:record|publish) .*", page, re.MULTILINE)
    (tmp_path / "callback.py").write_text(_CALLBACK)
    consume = f"fedora-messaging consume --callback-file {tmp_path / 'callback.py'}:drop"
    programs.run(_tool(consume), config=config)
    embedded.wait_for_consumers()
    with Amqp(embedded.url) as other:
        other.queue("billing.dead")
        other.channel.queue_bind("billing.dead", "billing.dead")
        other.publish("org.example.shop.order", {"order": 7}, message_id="seven", content_encoding="utf-8")
    embedded.wait_for_waiting("billing.dead")

    file = str(tmp_path / "dead.jsonl")
    recorded = programs.run(_tool(f"{record.replace('dead.jsonl', file)} --limit 1"), config=config)
    assert 0 == recorded.ended(), recorded.said
    assert 0 == embedded.waiting("billing.dead")
    again = programs.run(_tool(publish.replace("dead.jsonl", file)), config=config)
    assert 0 == again.ended(), again.said
    assert [("org.example.shop.order", {"order": 7})] * 2 == embedded.published()
