# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The stages of a check that need no broker, and how the command prints what was found."""

import sys
from pathlib import Path
from typing import Any

import pytest
from pika import spec
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from fedora_messaging import check
from fedora_messaging._check.configuration import check_configuration
from fedora_messaging._check.findings import Report
from fedora_messaging._check.packages import check_callbacks, check_schemas
from fedora_messaging._check.probe import Probe
from fedora_messaging._check.releases import check_release
from fedora_messaging.check import Finding
from fedora_messaging.cli._check import lines_of, summary
from fedora_messaging.config import parse
from fedora_messaging.message import Message


class _Dist:
    def __init__(self, name: str) -> None:
        self.name = name


class _EntryPoint:
    """An entry point whose class is there, or whose import raises."""

    def __init__(self, package: str, name: str, value: str, loaded: Any) -> None:
        self.dist = _Dist(package)
        self.name = name
        self.value = value
        self._loaded = loaded

    def load(self) -> Any:
        if isinstance(self._loaded, BaseException):
            raise self._loaded
        return self._loaded


class _Own(Message):
    pass


def findings_of(*entry_points: _EntryPoint) -> list[tuple[str, str, str]]:
    report = Report()
    check_schemas(report, entry_points)
    return [(each.level, each.text, each.fix) for each in report.findings]


def test_schema_packages() -> None:
    """Packages and classes are counted."""
    assert [("ok", "2 packages, 3 classes", "")] == findings_of(
        _EntryPoint("a", "a.x", "a:X", _Own),
        _EntryPoint("a", "a.y", "a:Y", Message),
        _EntryPoint("b", "b.x", "b:X", _Own),
    )


def test_a_package_that_lacks_another() -> None:
    """One line for all its classes, with the module that is to be installed."""
    missing = ModuleNotFoundError("No module named 'koji.client'", name="koji.client")
    assert [
        (
            "problem",
            "k: k.a and 1 more: ModuleNotFoundError: No module named 'koji.client'",
            "install what has the module koji, or remove k",
        ),
        ("ok", "2 packages, 1 class without the 2 above", ""),
    ] == findings_of(
        _EntryPoint("k", "k.a", "k:A", missing),
        _EntryPoint("k", "k.b", "k:B", missing),
        _EntryPoint("l", "l.a", "l:A", _Own),
    )


def test_an_import_that_ends_the_process() -> None:
    """A package that calls sys.exit() is broken, and the check goes on."""
    level, text, _ = findings_of(_EntryPoint("k", "k.a", "k:A", SystemExit(3)))[0]

    assert ("problem", "k: k.a: SystemExit: 3") == (level, text)


def test_two_packages_with_one_schema() -> None:
    """Both are named, and which of them messages are received as."""
    warning = findings_of(
        _EntryPoint("first", "x", "first:X", _Own), _EntryPoint("second", "x", "second:X", Message)
    )[0]

    assert (
        "warning",
        "first and second both register the schema x: messages are received as first:X",
        "remove first or second",
    ) == warning


def test_what_is_no_message_class() -> None:
    """An entry point for something else is a problem."""
    level, text, fix = findings_of(_EntryPoint("a", "a.x", "a:X", str))[0]

    assert ("problem", "a: a.x (a:X) is not a message class") == (level, text)
    assert "remove a" in fix


@pytest.mark.parametrize(
    ("named", "level", "words"),
    [
        ("fedora_messaging.example:printer", "ok", "callback: fedora_messaging.example:printer"),
        ("no_such_module:x", "problem", "No module named"),
        ("fedora_messaging.message:get_class", "ok", "get_class"),
        ("fedora_messaging.message:INFO", "problem", "cannot be called"),
    ],
)
def test_callbacks(named: str, level: str, words: str) -> None:
    """The callback of the configuration is imported."""
    report = Report()
    check_callbacks(report, parse({"callback": named}), lambda found: found)
    (finding,) = report.findings

    assert ("callback", level) == (finding.stage, finding.level)
    assert words in finding.text


def test_files(tmp_path: Path) -> None:
    """A file that is not there is a problem, a key that everybody can read a warning."""
    key = tmp_path / "client.key"
    key.write_text("")
    key.chmod(0o644)
    report = Report()
    tls = {"certfile": str(tmp_path / "gone.pem"), "keyfile": str(key)}
    assert check_configuration(report, {"tls": tls}, "fedora.toml") is not None

    assert [
        ("ok", "fedora.toml", ""),
        (
            "problem",
            f"tls.certfile: {tmp_path}/gone.pem: No such file or directory",
            "correct tls.certfile, or let the user that runs this read the file",
        ),
        ("warning", f"tls.keyfile: {key} can be read by everybody on this machine", f"chmod o= {key}"),
    ] == [(each.level, each.text, each.fix) for each in report.findings]


def test_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tracing is enabled, OpenTelemetry's API has to be installed."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "fedora_messaging._tracing.publish", raising=False)
    monkeypatch.delitem(sys.modules, "fedora_messaging._tracing.telemetry", raising=False)
    report, without = Report(), Report()
    check_configuration(report, {"tracing": {"enabled": True}}, "fedora.toml")
    check_configuration(without, {}, "fedora.toml")
    (problem,) = [each for each in report.findings if each.level == "problem"]

    assert problem.text.startswith("tracing.enabled: opentelemetry-api cannot be imported")
    assert 'pip install "fedora-messaging[otel]"' == problem.fix
    assert ["ok"] == [each.level for each in without.findings]


def test_a_value_that_cannot_be_used() -> None:
    """The key is named, and there is no configuration to go on with."""
    report = Report()
    assert check_configuration(report, {"qos": {"prefetch_count": "x"}}, "fedora.toml") is None
    (finding,) = report.findings

    assert "problem" == finding.level
    assert "fedora.toml: qos.prefetch_count" in finding.text


def test_unknown_keys_at_each_depth() -> None:
    """All are found, and what is known stays."""
    report = Report()
    given = {"x1": 1, "tls": {"x2": 1}, "topic_prefix": "p"}
    config = check_configuration(report, given, "f")

    assert ["f: x1: unknown key", "f: tls.x2: unknown key"] == [each.text for each in report.findings]
    assert config is not None
    assert "p" == config.topic_prefix


_NO_EXCHANGE = "q: a quorum queue without dead-letter exchange"
_CLOSES = "closes the channel of a consumer that holds a message for 1,800 s"
_BACK = "and go back where they wait over 900 s"
_SLOW = "with callbacks that take over 0.045 s the last messages wait over 900 s, and go back"
_QUORUM = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {"x-queue-type": "quorum"}}


@pytest.mark.parametrize(
    ("version", "given", "found"),
    [
        ("4.3.1", {}, []),
        ("3.10.0", {"queues": {"q": {"durable": False, "exclusive": False}}}, []),
        (
            "4.3.1",
            {"queues": {"q": {"durable": False, "exclusive": False}}},
            [("problem", "q: neither durable nor exclusive, which RabbitMQ 4.3 refuses")],
        ),
        (
            "3.13.2",
            {"queues": {"q": {"durable": True, "arguments": {"x-queue-mode": "lazy"}}}},
            [("warning", "q: x-queue-mode has no effect on RabbitMQ 3.13")],
        ),
        ("3.13.2", {"queues": {"q": _QUORUM}}, []),
        (
            "4.1.0",
            {"queues": {"q": _QUORUM}},
            [
                (
                    "warning",
                    f"{_NO_EXCHANGE}; RabbitMQ 4.1 drops a message that has come back 20 times",
                )
            ],
        ),
        (
            "4.0.1",
            {"max_message_size": 2**25},
            [("warning", "max_message_size is 33,554,432; RabbitMQ 4.0 takes 16,777,216 bytes by default")],
        ),
        (
            "4.0.1",
            {"ack_timeout": 3600},
            [
                (
                    "warning",
                    f"ack_timeout is 3600 s; RabbitMQ 4.0 by default {_CLOSES}",
                )
            ],
        ),
        ("4.0.1", {"qos": {"prefetch_count": 9_000}}, []),
        (
            "4.0.1",
            {"qos": {"prefetch_count": 0}},
            [
                (
                    "warning",
                    f"qos.prefetch_count is 0: all messages of a queue come at once, {_BACK}",
                )
            ],
        ),
        (
            "4.0.1",
            {
                "consumers": {
                    "slow": {
                        "callback": "a:b",
                        "queues": {"q": {"durable": True}},
                        "bindings": [],
                        "qos": {"prefetch_count": 20_000},
                    }
                }
            },
            [
                (
                    "warning",
                    f"consumers.slow.qos.prefetch_count is 20,000: {_SLOW}",
                )
            ],
        ),
    ],
)
def test_releases(version: str, given: dict[str, Any], found: list[tuple[str, str]]) -> None:
    """What a release of RabbitMQ means for the configuration."""
    queues = {"queues": {"q": {"durable": True}}}
    config = parse({**queues, "bindings": [], **given})
    report = Report()
    check_release(report, config, "RabbitMQ", version)
    assert found == [(each.level, each.text) for each in report.findings]

    other = Report()
    check_release(other, config, "LavinMQ", version)
    assert [] == other.findings


def test_an_unknown_stage() -> None:
    """It is refused with the stages that there are."""
    with pytest.raises(ValueError) as raised:
        check.run({}, ["tea"])

    assert "there is no stage 'tea'" in str(raised.value)


class _Silent:
    """A connection to a broker that answers nothing, or nothing on its channels."""

    def __init__(self, *, opens: bool) -> None:
        self._opens = opens
        self.ended = None

    def open_channel(self) -> Deferred[Any]:
        return succeed(self) if self._opens else Deferred()

    def call(self, method: object, reply: object) -> Deferred[Any]:
        return Deferred()


@pytest.mark.parametrize("opens", [True, False])
def test_a_broker_that_falls_silent(opens: bool) -> None:
    """No answer is waited for longer than a step may take."""
    clock = Clock()
    connection: Any = _Silent(opens=opens)
    probe = Probe(connection, clock, 7)
    asking = Deferred.fromCoroutine(
        probe.ask(spec.Queue.Declare(queue="q", passive=True), spec.Queue.DeclareOk)
    )
    failed: list[Any] = []
    asking.addErrback(failed.append)
    clock.advance(6.9)
    assert [] == failed
    clock.advance(0.2)

    assert "the broker does not answer within 7 s" == str(failed[0].value.reason)


def test_no_secrets() -> None:
    """Whatever is quoted, passwords of URLs are not."""
    report = Report()
    report.problem("TCP", "amqp://u:canary@h/ says\nno", "correct amqp://u:canary@h/")

    assert [
        Finding("TCP", "problem", "amqp://u:***@h/ says no", "correct amqp://u:***@h/")
    ] == report.findings


_PROBLEM = Finding("TLS", "problem", "the certificate of the broker expired 3 days ago", "have it renewed")


@pytest.mark.parametrize("width", [59, 79])
def test_lines(width: int) -> None:
    """Lines are wrapped at the width of the terminal, and are the same but for colours."""
    import click

    coloured = list(lines_of(_PROBLEM, width))
    plain = [click.unstyle(line) for line in coloured]

    assert coloured[0].startswith("\x1b[31m")
    assert all(len(line) <= width for line in plain)
    expected = {
        79: [
            "FAIL  TLS             the certificate of the broker expired 3 days ago",
            "                      → have it renewed",
        ],
        59: [
            "FAIL  TLS             the certificate of the broker expired",
            "                      3 days ago",
            "                      → have it renewed",
        ],
    }
    assert expected[width] == plain


def test_summary() -> None:
    """Problems and warnings are counted."""
    warning = Finding("queues", "warning", "x", "y")

    assert "1 problem, 2 warnings" == summary([_PROBLEM, warning, warning])
    assert "no problem" == summary([])
