# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Every error says something, carries what it is given, and fits the interface's lists of errors."""

import inspect

import pytest

from fedora_messaging import exceptions
from fedora_messaging.exceptions import excerpt

ALL = [getattr(exceptions, name) for name in exceptions.__all__]


@pytest.mark.parametrize("cls", ALL)
def test_says_something_without_arguments(cls: type[Exception]) -> None:
    """An error raised without arguments has a text."""
    assert str(cls()).strip()


@pytest.mark.parametrize("cls", ALL)
def test_is_a_base_exception(cls: type[Exception]) -> None:
    """One except clause catches everything."""
    assert issubclass(cls, exceptions.BaseException)


def test_all_is_complete() -> None:
    """Every class of the module is exported."""
    classes = {
        name
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and issubclass(value, exceptions.BaseException) and name[0] != "_"
    }

    assert sorted(classes) == exceptions.__all__


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        (exceptions.Nack, exceptions.ConsumeException),
        (exceptions.Drop, exceptions.ConsumeException),
        (exceptions.HaltConsumer, exceptions.ConsumeException),
        (exceptions.ConsumerCanceled, exceptions.ConsumeException),
        (exceptions.PublishReturned, exceptions.PublishException),
        (exceptions.PublishForbidden, exceptions.PublishReturned),
        (exceptions.PublishTimeout, exceptions.PublishException),
        (exceptions.PublishTimeout, exceptions.ConnectionException),
        (exceptions.NoFreeChannels, exceptions.ConnectionException),
        (exceptions.BadDeclaration, exceptions.PermissionException),
    ],
)
def test_family(cls: type, base: type) -> None:
    """Code written to the interface's lists of errors catches the newer ones too."""
    assert issubclass(cls, base)


@pytest.mark.parametrize(
    "cls", [exceptions.ConnectionException, exceptions.PublishReturned, exceptions.PublishTimeout]
)
def test_reason_and_more(cls: type[exceptions.PublishException]) -> None:
    """The reason is the text, and extra keyword arguments become attributes."""
    error = cls("no route", exchange="amq.topic")

    assert "no route" == str(error)
    assert "no route" == error.reason
    assert "amq.topic" == vars(error)["exchange"]


def test_permission() -> None:
    """A refusal says what was refused, and the broker's words."""
    error = exceptions.BadDeclaration("queue", "demo", "PRECONDITION_FAILED")

    assert ("queue", "demo", "PRECONDITION_FAILED") == (error.obj_type, error.description, error.reason)
    assert "The broker refused a declaration (queue demo): PRECONDITION_FAILED" == str(error)


def test_configuration_text() -> None:
    """The text of a configuration error starts in the way that people search for."""
    error = exceptions.ConfigurationException("qos: wrong")

    assert "qos: wrong" == error.message
    assert "Configuration error: qos: wrong" == str(error)


def test_halt() -> None:
    """HaltConsumer shows its reason."""
    error = exceptions.HaltConsumer(3, "maintenance", requeue=True, ticket=7)

    assert (3, "maintenance", True) == (error.exit_code, error.reason, error.requeue)
    assert 7 == vars(error)["ticket"]
    assert "maintenance" == str(error)
    assert "3" in str(exceptions.HaltConsumer(3))


def test_summary_is_one_line() -> None:
    """The summary is the first line of the error."""
    assert "first" == exceptions.ValidationError("first\nsecond").summary


def test_excerpt_escapes_control_characters() -> None:
    """What a stranger sent cannot forge lines of a log."""
    shown = excerpt("id\r\nERROR forged\x1b[2J\u2028\x00\ud800")

    assert "id\\r\\nERROR forged\\x1b[2J\\u2028\\x00\\ud800" == shown


@pytest.mark.parametrize(
    "value",
    [
        "x" * 20_000_000,
        "\n" * 5000,
        b"\x00" * 20_000_000,
        {"a" * 1000: ["b" * 1000] * 1000},
        list(range(100_000)),
        exceptions.ValidationError("z" * 100_000),
        ValueError("\n" * 10_000),
        2**100_000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_excerpt_is_short(value: object) -> None:
    """An excerpt has 1 kB at most, whatever it is of."""
    shown = excerpt(value)

    assert len(shown.encode()) < 1000
    assert shown.isprintable()


def test_excerpt_of_hostile_objects() -> None:
    """Objects that cannot show themselves are shown nevertheless."""

    class Hostile:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    assert "Hostile" in excerpt(Hostile())
    assert "[[[" in excerpt(deep)
