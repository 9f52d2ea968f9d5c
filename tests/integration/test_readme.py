# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the README shows runs as it stands there."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from fedora_messaging.cli._demo_lines import CONSUMER, PUBLISHER
from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Programs
from support.terminal import on_a_terminal

pytestmark = pytest.mark.fedora_messaging_real_broker

_CHECKOUT = Path(__file__).resolve().parents[2]
_PROGRAM = str(Path(sys.executable).with_name("fedora-messaging"))


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
    publisher.wait_for("not confirmed, try again later:")
    assert "Traceback" not in publisher.said


def _on_a_terminal(argv: list[str], environ: dict[str, str]) -> str:
    """What a command writes to a terminal of 80 columns."""
    code, written = on_a_terminal(argv, environ)
    assert 0 == code, written
    return written


def test_make_demo() -> None:
    """The demonstration prints what went through its broker, sums up and ends by itself; in 80 columns
    nothing wraps, and the shell has the commands that it recommends."""
    said = _on_a_terminal([_PROGRAM, "demo"], {"TERM": "xterm"})

    assert "\x1b[32m" in said
    text = click.unstyle(said)
    assert 37 == len(re.findall(r"^\d\d:\d\d:\d\d .* │ (debug|info|warning|error) ", text, re.MULTILINE))
    # Those that are shown, two bursts, and one that fails twice, is moved three times, and is sent back.
    assert "2,330 messages published and confirmed, " in text
    received = re.search(r"([\d,]+) received and acknowledged\.", text)
    assert received is not None
    assert 2_327 <= int(received[1].replace(",", ""))
    refused = [line for line in text.splitlines() if "compose.finished" in line]
    assert "refused, and nothing was sent:" in refused[1]
    assert "'f43' is not of type 'integer'" in refused[2]
    cut = [line for line in text.splitlines() if "sensor.read" in line]
    assert ["300 messages are sent", "the link is cut"] == [line[49:] for line in cut[:2]]
    assert re.search(r"reconnected after \d+\.\d s", cut[2])
    assert re.search(r"0 lost, \d+ came twice, by id", cut[3])
    failing = [line for line in text.splitlines() if "mirror.sync.requested" in line]
    assert 6 == len(failing)
    assert "failed, back in 0.2 s" in failing[0]
    assert "in quarantine" in failing[2]
    assert "mended, and sent back" in failing[4]
    assert "processed" in failing[5]
    assert [] == [line for line in text.splitlines() if len(line) > 79]
    lines = text.partition("Try next:")[2].replace("\\\n", "").splitlines()
    commands = [line for line in lines if line.startswith("  ") and "#" not in line]
    assert ["broker", "consume", "--help"] == [shlex.split(command)[1] for command in commands]
    for command in commands:
        subprocess.run(f"{command} --help", shell=True, check=True, stdout=subprocess.PIPE, timeout=60)


def test_the_code_of_the_demonstration(programs: Programs, amqp: Amqp) -> None:
    """The six lines that the demonstration shows are two programs that do it."""
    amqp.queue("own", "#")
    config = "[queues.own]\ndurable = true\nauto_delete = false\nexclusive = false\n"
    config += '[[bindings]]\nqueue = "own"\nexchange = "amq.topic"\nrouting_keys = ["#"]\n'
    consumer = programs.start("\n".join(CONSUMER), config=config)
    amqp.wait_for_consumers("own")
    assert 0 == programs.start("\n".join(PUBLISHER)).ended()
    consumer.wait_for("a.b {}")

    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()


@pytest.mark.parametrize("environ", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours_where_none_are_wanted(environ: dict[str, str]) -> None:
    """Nothing but text is written with NO_COLOR, and to a terminal that can do no more."""
    assert "\x1b" not in _on_a_terminal([_PROGRAM, "demo"], environ)


def test_no_colours_in_a_file(tmp_path: Path) -> None:
    """Nothing but text is written to what is no terminal."""
    environ = {**os.environ, "TERM": "xterm"}
    with (tmp_path / "said").open("wb") as file:
        subprocess.run([_PROGRAM, "demo"], stdout=file, check=True, timeout=60, env=environ)

    assert b"\x1b" not in (tmp_path / "said").read_bytes()
