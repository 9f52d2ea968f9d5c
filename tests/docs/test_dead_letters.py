# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""docs/how-to/dead-letters.md: the configuration and the commands of the page, with a dead letter."""

import re
import shlex
import signal
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


def test_dead_letters_are_shown_and_sent_back(programs: Programs, embedded: Embedded, tmp_path: Path) -> None:
    """What the callback drops is kept, and the page's commands list, show, requeue, export and drop it."""
    page = _PAGE.read_text()
    config = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[0]
    commands = re.findall(r"^fedora-messaging (?:quarantine|publish) .*", page, re.MULTILINE)
    listing, showing, requeueing, exporting, dropping, publishing = commands
    (tmp_path / "callback.py").write_text(_CALLBACK)
    consume = f"fedora-messaging consume --callback-file {tmp_path / 'callback.py'}:drop"
    file = str(tmp_path / "dead.jsonl")

    def ended(command: str) -> list[str]:
        program = programs.run(_tool(command.replace("dead.jsonl", file)), config=config)
        assert 0 == program.ended(), program.said
        return program.lines

    consumer = programs.run(_tool(consume), config=config)
    embedded.wait_for_consumers()
    with Amqp(embedded.url) as other:
        other.queue("billing.dead")
        other.channel.queue_bind("billing.dead", "billing.dead")
        other.channel.exchange_declare("billing.requeue", "fanout", durable=True)
        other.channel.queue_bind("billing", "billing.requeue")
        other.publish("org.example.shop.order", {"order": 7}, message_id="seven", content_encoding="utf-8")
    embedded.wait_for_waiting("billing.dead")
    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()

    assert any("seven" in line and "shop.order" in line for line in ended(listing))
    assert "error:     dead-lettered: rejected" in ended(showing.replace("ID", "sev"))
    ended(exporting)
    assert 1 == embedded.waiting("billing.dead")
    ended(requeueing)
    assert (0, 1) == (embedded.waiting("billing.dead"), embedded.waiting("billing"))
    ended(dropping)
    ended(publishing)
    assert [("org.example.shop.order", {"order": 7})] * 3 == embedded.published()
    assert 2 == embedded.waiting("billing")
