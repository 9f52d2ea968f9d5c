# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the README shows runs as it stands there."""

import re
import signal
from pathlib import Path

import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_CHECKOUT = Path(__file__).resolve().parents[2]


def _python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (_CHECKOUT / "README.md").read_text(), re.DOTALL)


def test_the_readmes_publisher_and_consumer(programs: Programs, amqp: Amqp) -> None:
    """The README's consumer prints what its publisher has sent."""
    publish, consume = _python_blocks()[:2]
    consumer = programs.start(consume)
    amqp.wait_for_consumers("demo")

    assert 0 == programs.start(publish).ended()
    consumer.wait_for("org.example.demo.hello {'greeting': 'hello'}")
    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()


def test_the_readmes_publisher_with_a_wrong_password(programs: Programs, vhost: Vhost) -> None:
    """The README's publisher says what happened in one line when the broker refuses its password."""
    publisher = programs.start(_python_blocks()[0], url=vhost.url.replace("guest:guest@", "guest:wrong@"))

    assert 0 == publisher.ended()
    publisher.wait_for("publish it again later:")
    assert "Traceback" not in publisher.said


def test_make_demo(programs: Programs) -> None:
    """The demonstration prints what went through its broker, sums up, and ends by itself."""
    demo = programs.start("from fedora_messaging.cli import main; main()", "demo")

    assert 0 == demo.ended()
    assert 36 == len(re.findall(r"^\d\d:\d\d:\d\d  (debug|info|warning|error) ", demo.said, re.MULTILINE))
    assert "2,036 messages published and confirmed, 2,036 received and acknowledged." in demo.said
