# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/publish.py and examples/consume.py: the smallest publisher and consumer, in two processes."""

import sys
from pathlib import Path

import pytest

from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_what_one_publishes_the_other_prints(programs: Programs, amqp: Amqp) -> None:
    """Every message arrives as it was sent, and the consumer ends after the last with 0."""
    consumer = programs.run([sys.executable, str(_EXAMPLES / "consume.py"), "3"])
    amqp.wait_for_consumers("demo")
    publisher = programs.run([sys.executable, str(_EXAMPLES / "publish.py"), "3"])

    assert 0 == publisher.ended()
    assert 0 == consumer.ended()
    assert 3 == len(publisher.lines)
    assert [line.split()[1:] for line in publisher.lines] == [line.split()[1:] for line in consumer.lines]
    assert [] == amqp.take("demo")
