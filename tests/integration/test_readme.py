# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the README shows runs as it stands there."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_make_demo() -> None:
    """The demonstration prints the messages that went through a broker, and ends by itself with 0."""
    environ = {key: value for key, value in os.environ.items() if key != "FEDORA_MESSAGING_CONF"}
    done = subprocess.run(
        [sys.executable, str(_CHECKOUT / "scripts" / "demo.py")],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    published = re.findall(r"^published .*(id=.*)$", done.stdout, re.MULTILINE)
    received = re.findall(r"^received .*(id=.*)$", done.stdout, re.MULTILINE)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert 3 == len(published)
    assert published == received
