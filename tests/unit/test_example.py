# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The callback to try consumers with."""

import io

import pytest

from fedora_messaging.example import printer
from fedora_messaging.message import Message


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_printer_prints_on_any_terminal(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the terminal's encoding lacks is escaped, and never ends the consumer."""
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    printer(Message(topic="t.\u0160", body={"name": "\u0160\u20ac\U0001f600"}))

    assert "Topic: t.\u0160".encode(encoding, "backslashreplace") in raw.getvalue()


def test_printer_on_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for standard output that has no encoding is printed to as well."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stdout", written)
    printer(Message(topic="t.\u0160"))

    assert "Topic: t.\u0160" in written.getvalue()
