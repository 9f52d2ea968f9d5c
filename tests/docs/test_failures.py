# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""docs/how-to/failures.md: each step of the page, from a failing callback to an empty quarantine."""

import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.programs import Program, Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "failures.md"


class _Newcomer:
    """Someone who types what the page says, beside a broker that listens on another port."""

    def __init__(self, folder: Path, programs: Programs, broker: Embedded) -> None:
        page = _PAGE.read_text()
        self.commands: list[str] = re.findall(r"^fedora-messaging --conf .*", page, re.MULTILINE)
        (config, *_), (self.callback, *_) = (
            re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL) for language in ("toml", "python")
        )
        (orders,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
        self.mended = re.search(r"Replace the last line of the callback with `(.*?)`", page)
        self.folder = folder
        self.programs = programs
        (folder / "shop.toml").write_text(f'amqp_url = "{broker.url}"\n{config}')
        (folder / "orders.jsonl").write_text(orders)
        (folder / "billing.py").write_text(self.callback)

    def command(self, word: str) -> str:
        (command,) = [each for each in self.commands if each.split()[3:][: len(word.split())] == word.split()]
        return command

    def starts(self, command: str) -> Program:
        name, *arguments = shlex.split(command)
        for file in ("shop.toml", "orders.jsonl", "billing.py:callback"):
            arguments = [str(self.folder / file) if each == file else each for each in arguments]
        return self.programs.run([str(Path(sys.executable).with_name(name)), *arguments])

    def types(self, command: str) -> str:
        started = self.starts(command)
        assert 0 == started.ended(), started.said
        return started.said


def test_from_a_failing_callback_to_an_empty_quarantine(
    programs: Programs, embedded: Embedded, tmp_path: Path
) -> None:
    """The page's files and commands do what the page says of them."""
    newcomer = _Newcomer(tmp_path, programs, embedded)
    consumer = newcomer.starts(newcomer.command("consume"))
    embedded.wait_for_consumers()
    newcomer.types(newcomer.command("publish"))
    consumer.wait_for("billed 5.0")
    consumer.wait_for("attempt 1, next in 1 s")
    consumer.wait_for("attempt 2, next in 2 s")
    consumer.wait_for("which goes to quarantine after 3 attempts")
    embedded.wait_for_waiting("billing.quarantine")

    listed = newcomer.types("fedora-messaging --conf shop.toml quarantine billing")
    assert "ZeroDivisionError" in listed
    (identity,) = re.findall(r"[0-9a-f]{8}", listed)[:1]
    shown = newcomer.types(newcomer.command("quarantine billing show").replace("ID", identity))
    assert "billing.py" in shown
    assert '"order": 2' in shown
    assert newcomer.mended is not None
    (line,) = [each for each in newcomer.callback.splitlines() if "print(" in each]
    (tmp_path / "billing.py").write_text(newcomer.callback.replace(line.strip(), newcomer.mended[1]))
    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()
    consumer = newcomer.starts(newcomer.command("consume"))
    embedded.wait_for_consumers()
    newcomer.types(newcomer.command("quarantine billing requeue"))
    consumer.wait_for("billed 0")
    assert 0 == embedded.waiting("billing.quarantine")
