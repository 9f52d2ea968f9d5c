# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Running the command line in the tests' own process."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from fedora_messaging import api, config
from fedora_messaging._message.message import registry
from fedora_messaging.cli import main
from fedora_messaging.message import Message

_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A configuration of the test's own; the reactor, the loggers and the process's configuration stay."""
    from twisted.internet import reactor  # noqa: F401, the command line leaves one that is there alone

    file = tmp_path / "config.toml"
    file.write_text("")
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", str(file))
    monkeypatch.setattr(config.LazyConfig, "setup_logging", lambda self: None)
    with mock.patch.dict(config.conf):
        yield
    config.conf.loaded = False


@pytest.fixture
def built() -> Iterator[type[Message]]:
    """A message class that is registered as ``example.built``."""

    class Built(Message):
        topic = "org.example.built"
        body_schema = _SCHEMA

    registry.load()
    registry.add("example.built", Built)
    yield Built
    del registry.classes["example.built"], registry.names[Built]


@pytest.fixture
def run() -> Callable[..., Result]:
    """A function that runs the command line, without a terminal."""
    # Before click 8.2, standard error has to be asked for.
    apart: dict[str, Any] = (
        {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    )
    runner = CliRunner(**apart)
    return lambda *args, **options: runner.invoke(main, [str(arg) for arg in args], **options)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Message, str | None]]:
    """What is published, instead of publishing it."""
    published: list[tuple[Message, str | None]] = []

    def publish_many(messages: list[Message], exchange: str | None, progress: object) -> int:
        published.extend((message, exchange) for message in messages)
        return len(messages)

    monkeypatch.setattr(api, "publish_many", publish_many)
    return published
