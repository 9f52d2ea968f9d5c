# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Records as JSON, and what the package's own records have besides their text."""

import json
import logging
import logging.config
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from fedora_messaging.exceptions import Nack
from fedora_messaging.logging import JsonFormatter
from fedora_messaging.message import Message
from support.world import World

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["t.#"]}],
}


def formatted(record: logging.LogRecord) -> dict[str, Any]:
    """The object of a record; it is one line."""
    line = JsonFormatter().format(record)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line)
    return found


def record(**values: Any) -> logging.LogRecord:
    """A record with these attributes."""
    given = {"name": "app", "levelname": "INFO", "created": 1.5, "processName": "MainProcess", **values}
    return logging.makeLogRecord(given)


def test_a_record() -> None:
    """Time, level, logger, text, and whatever else the record has."""
    found = formatted(record(msg="a %s\nline", args=("long",), fm_queue="q", odd=object))

    assert {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "INFO",
        "logger": "app",
        "message": "a long\nline",
        "fm_queue": "q",
        "odd": "<class 'object'>",
    } == found


def test_a_text_that_cannot_be_made() -> None:
    """The line says so; no other error takes its place."""
    assert "cannot be shown" in formatted(record(msg="%d", args=("x",)))["message"]


def test_a_traceback_and_a_process() -> None:
    """They are there where the record has them."""
    try:
        raise OSError("x")
    except OSError:
        found = formatted(record(msg="", exc_info=sys.exc_info(), processName="worker-2"))

    assert found["traceback"].endswith("OSError: x")
    assert "worker-2" == found["process"]


def test_the_present_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ids are written as hexadecimal numbers of their full length; where there is none, nothing is."""
    context = SimpleNamespace(is_valid=True, trace_id=255, span_id=16)
    span = SimpleNamespace(get_span_context=lambda: context)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", SimpleNamespace(get_current_span=lambda: span))
    inside = formatted(record(msg=""))
    context.is_valid = False

    assert ("ff".zfill(32), "10".zfill(16)) == (inside["trace_id"], inside["span_id"])
    assert "trace_id" not in formatted(record(msg=""))


def test_in_a_configuration() -> None:
    """It is named as any formatter of the application is."""
    from fedora_messaging.config import parse

    given = {
        "version": 1,
        "formatters": {"json": {"()": "fedora_messaging.logging.JsonFormatter"}},
        "handlers": {"h": {"class": "logging.StreamHandler", "formatter": "json"}},
    }
    configured: Any = logging.config.DictConfigurator(dict(parse({"log_config": given}).log_config))

    assert isinstance(
        configured.configure_formatter({**configured.config["formatters"]["json"]}), JsonFormatter
    )


def test_the_packages_own_events(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind of event has a name, and values under the same names in all of them."""
    caplog.set_level(logging.INFO, "fedora_messaging")
    world = World()

    def fail(message: Message) -> None:
        raise OSError if message.topic == "t.fail" else Nack

    policy = {"on": ["builtins:OSError"], "delays": [2], "rest_after": 2, "jitter": 0}
    service = world.service(fail, retry=policy, **TOPOLOGY)
    service.startService()
    world.settle(1)
    service.publish(Message(topic="t.fail", body={}))
    service.publish(Message(topic="t.fail", body={}))
    world.settle(1)
    world.reactor.cut()
    world.settle(1)
    service.stopService()
    world.settle(1)
    found = [formatted(each) for each in reversed(caplog.records) if hasattr(each, "fm_event")]
    events = {each["fm_event"]: each for each in found}  # the first of each kind

    expected = {"connected", "consuming", "callback_failed", "consumer_rests", "connection_failed"}
    assert expected <= set(events)
    failed = events["callback_failed"]
    keys = ("fm_queue", "fm_schema", "fm_attempt", "fm_outcome", "fm_seconds")
    assert ["q", "base.message", 1, "requeued", 2.0] == [failed[key] for key in keys]
    assert failed["fm_id"] in failed["message"]
    assert "closed" == events["connection_failed"]["fm_reason"]
    assert "q" == events["consumer_rests"]["fm_queue"]


def test_the_same_failures(caplog: pytest.LogCaptureFixture) -> None:
    """Messages that are given up for the same reason are logged once a second, with how many were not."""
    caplog.set_level(logging.WARNING, "fedora_messaging")
    world = World()

    def fail(message: Message) -> None:
        raise OSError(message.topic)

    policy = {"on": ["builtins:OSError"], "delays": [0.1], "then": "reject", "jitter": 0}
    service = world.service(fail, retry=policy, **TOPOLOGY)
    service.startService()
    world.settle(1)
    for _ in range(3):
        service.publish(Message(topic="t.fail", body={}))
    world.settle(2)
    service.publish(Message(topic="t.fail", body={}))
    world.settle(1)
    lines = [each.getMessage() for each in caplog.records if "is rejected after" in each.getMessage()]

    assert 2 == len(lines)
    assert lines[1].endswith("OSError: t.fail (2 more of the same were left out)")


def test_the_default_has_the_time() -> None:
    """The default lines begin with the time, and go to standard error."""
    from fedora_messaging.config import DEFAULTS

    log_config = DEFAULTS["log_config"]

    assert log_config["formatters"]["simple"]["format"].startswith("%(asctime)s ")
    assert "ext://sys.stderr" == log_config["handlers"]["console"]["stream"]
