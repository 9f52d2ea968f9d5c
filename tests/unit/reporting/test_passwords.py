# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Passwords of URLs are in no text that is shown, wherever it is cut."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.delivery import Delivery
from fedora_messaging._reporting.log import SafeLog
from fedora_messaging._reporting.passwords import redacted, redacted_value
from fedora_messaging._reporting.text import shown, traceback_of
from fedora_messaging.exceptions import HaltConsumer, ValidationError, excerpt
from fedora_messaging.logging import JsonFormatter
from fedora_messaging.twisted._consuming.completion import log_end
from fedora_messaging.twisted._consuming.failures import failure_headers

URL = "amqp://me:CANARY-CANARY@db.example"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amqp://user:canary@host:1/%2F?heartbeat=5", "amqp://user:***@host:1/%2F?heartbeat=5"),
        ("see amqps://user:can:a@ry@host and", "see amqps://user:***@host and"),
        ("amqp://:canary@host", "amqp://:***@host"),
        ("amqp://h?ssl_options={'password':'canary'}&heartbeat=5", "amqp://h?ssl_options=***&heartbeat=5"),
        ("amqp://host/?a=b", "amqp://host/?a=b"),
        ("no url", "no url"),
    ],
)
def test_redacted(text: str, shown: str) -> None:
    """Passwords in URLs are hidden, everything else stays."""
    assert redacted(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("amqp://user:can ary@host:1/", "amqp://user:***@host:1/"),
        ("amqp://user:c@n@ry@host", "amqp://user:***@host"),
        ("amqp://user:c/a?n#a@ry@host", "amqp://user:***@host"),
        ("amqp://us@er:canary@host", "amqp://us@er:***@host"),
        ("amqp://DOMAIN/user:canary@host", "amqp://DOMAIN/user:***@host"),
        ("amqp://user:12/34@host", "amqp://user:***@host"),
        (" postgresql+psycopg://user:canary\t@host/db ", " postgresql+psycopg://user:***@host/db "),
        ("amqp://user:canary\n@host", "amqp://user:***@host"),
        (
            "amqps://h?ssl_options={'password': 'can ary'}&heartbeat=5",
            "amqps://h?ssl_options=***&heartbeat=5",
        ),
        ("amqp://user@host:5672/%2F", "amqp://user@host:5672/%2F"),
        ("amqp://[::1]:5672/%2F", "amqp://[::1]:5672/%2F"),
        ("https://example.org/path?mail=a@b", "https://example.org/path?mail=a@b"),
        ("text before amqp://user:canary@host behind", "text before amqp://user:***@host behind"),
    ],
)
def test_redacted_value(value: str, shown: str) -> None:
    """A value that is a URL loses the whole password, whatever it holds unquoted; addresses stay."""
    assert redacted_value(value) == shown


@given(st.text(min_size=1).map(lambda text: f"can{text}ary"), st.sampled_from(["u", "", "a/b", "a@b"]))
def test_no_password_is_shown(password: str, user: str) -> None:
    """No part of a password is left, whatever characters it has."""
    assert redacted_value(f"amqp://{user}:{password}@host:5672/%2F") == f"amqp://{user}:***@host:5672/%2F"


def error_with(before: int, after: int) -> OSError:
    """An exception that was raised, with a URL in the middle of a long text."""
    try:
        raise OSError(f"{'b' * before} {URL} {'a' * after}")
    except OSError as error:
        return error


@pytest.mark.parametrize("before", range(0, 60, 3))
def test_cut_texts(before: int) -> None:
    """Passwords are hidden before an exception's text is shortened."""
    assert "CANARY" not in shown(error_with(before, 100), 50)


@pytest.mark.parametrize("before", range(0, 500, 7))
def test_cut_tracebacks(before: int) -> None:
    """So they are in a traceback, whose middle is left out."""
    for after in (0, 300):
        assert "CANARY" not in traceback_of(error_with(before, after), 300)


@pytest.mark.parametrize("position", range(-60, 60, 4))
def test_cut_headers(position: int) -> None:
    """No header of a message in quarantine has a part of a password."""
    received = Delivery("q", "e", b"t", 1, 1, False, 0.0, b"\0\0", b"{}")
    for error in (
        error_with(960 + position, 0),
        error_with(1700 + position, 9000),
        error_with(0, 1940 + position),
    ):
        headers = failure_headers(received, error)

        assert "CANARY" not in str(headers)
        assert "OSError" in headers["fedora_messaging_failure_error"]


@pytest.mark.parametrize("before", range(499_940, 500_010))
def test_endless_texts(before: int) -> None:
    """Of a text of millions of characters the middle is left out, and no part of a password stays."""
    for url in (URL, "amqps://h?ssl_options={'password':'CANARY-CANARY'}"):
        for text in (f"{'b' * before} {url} {'a' * 10**6}", f"{'b' * 10**6} {url} {'a' * before}"):
            left = redacted(text)

            assert "CANARY" not in left
            assert 999_000 < len(left) < 1_000_100


@pytest.mark.parametrize("word", ["://", "a://b:", "://@", "@"])
def test_hostile_texts(word: str) -> None:
    """However many beginnings of URLs a text has, it is gone through once."""
    for text in (f"{word * 100_000} {'x ' * 600_000}", f"{'x ' * 600_000} {word * 100_000}", word * 600_000):
        assert len(redacted(text)) <= len(text)


def test_excerpts() -> None:
    """An excerpt of an error has no password, wherever it is cut."""
    for before in range(0, 60, 3):
        for error in (error_with(before, 100), ValidationError(f"{'b' * before} {URL} is no number")):
            assert "CANARY" not in excerpt(error, 50)


def test_the_end_of_a_consumer(caplog: pytest.LogCaptureFixture) -> None:
    """The line about a consumer that ends has none."""
    caplog.set_level(logging.INFO, "fedora_messaging")
    for error in (HaltConsumer(1, f"no {URL}"), error_with(0, 0)):
        log_end("q", error, callback_failed=False)

    assert 2 == len(caplog.records)
    assert "CANARY" not in caplog.text


def test_json_log() -> None:
    """Another formatter may have left a traceback in the record: it is not used."""
    error = error_with(0, 0)
    record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "It failed", (), (OSError, error, None))
    logging.Formatter().format(record)
    left = json.loads(JsonFormatter().format(record))["traceback"]
    record.exc_info = None

    assert "CANARY" in str(record.exc_text)
    assert "CANARY" not in left
    assert "CANARY" not in JsonFormatter().format(record)


def test_log_records(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the line about a callback that failed nor its traceback has a password."""
    error = error_with(0, 0)
    SafeLog("fedora_messaging").error("It failed: %s", shown(error), error=error)
    text = logging.Formatter().format(caplog.records[0])

    assert "CANARY" not in text
    assert 2 <= text.count("amqp://me:***@db.example")
