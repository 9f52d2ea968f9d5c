# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Text that a peer sent is one harmless line of 1 kB wherever people see it."""

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import BasicProperties
from twisted.internet import error as twisted_error

from fedora_messaging import exceptions
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging._reporting.repeats import Repeats
from fedora_messaging.exceptions import from_wire
from fedora_messaging.message import Message
from fedora_messaging.twisted._connection.errors import transport_reason
from fedora_messaging.twisted._connection.pika_log import PikaLog
from support.scripted import HOSTILE

#: 1 kB, and the words that say that something was left out.
LONGEST = 1_000 + len("... (more)") + 12
HUGE = HOSTILE + "é" * 100_000


def harmless(text: str) -> None:
    assert text.isprintable(), repr(text)
    assert len(text.encode()) <= LONGEST


@given(st.text(st.characters()) | st.binary(max_size=3000) | st.text(st.characters(), min_size=900))
def test_any_text_is_a_short_line(text: str | bytes) -> None:
    """Whatever the characters or bytes and however many: one printable line of 1 kB."""
    harmless(from_wire(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NOT_FOUND - no queue 'q' in vhost '/'", "NOT_FOUND - no queue 'q' in vhost '/'"),
        ("Grüße, 日本", "Grüße, 日本"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("\u202eabc\x9b", "\\u202eabc\\x9b"),
        (b"caf\xc3\xa9 \xff\n", "café \\xff\\n"),
    ],
)
def test_useful_text_stays(text: str | bytes, expected: str) -> None:
    """What is printable is left as it is; what is not is escaped as in Python's source."""
    assert expected == from_wire(text)


@pytest.mark.parametrize("text", [HOSTILE, HUGE, HOSTILE.encode(), b"\xff" * 100_000, ""])
@pytest.mark.parametrize("scope", list(Scope))
def test_reasons_of_closes(scope: Scope, text: Any) -> None:
    """A CloseReason, its text and its documented errors are harmless, however it was made."""
    for opened in (True, False):
        for code in (0, 320, 403, 530, 541):
            reason = CloseReason(scope, code, text, opened=opened)
            harmless(reason.text)
            assert str(reason.error()).isprintable()
            assert len(str(reason.error()).encode()) < LONGEST + 200  # and what is around it


def test_the_error_of_a_transport_is_harmless() -> None:
    """What an error of the transport or of TLS says may come from the peer's certificate."""

    class VerificationError(Exception):
        """As service_identity's."""

    VerificationError.__module__ = "service_identity.exceptions"
    for failure in (
        twisted_error.ConnectionLost(HUGE),
        twisted_error.DNSLookupError(HOSTILE),
        ValueError(HUGE),
        VerificationError(HOSTILE),
    ):
        reason = transport_reason(failure, opened=False)
        harmless(reason.text)
        assert str(reason.error()).isprintable()


def test_a_printed_message_is_harmless() -> None:
    """Id, topic, headers and body of a printed message carry no control characters of their own."""
    properties = BasicProperties(message_id=HOSTILE, headers={HOSTILE: HOSTILE})
    message = Message(topic=HOSTILE, body={HOSTILE: HOSTILE}, properties=properties)
    lines = str(message).split("\n")

    assert all(line.isprintable() for line in lines)
    assert repr(message).isprintable()
    assert lines[0].startswith("Id: x\\n2026")
    assert lines[1].startswith("Topic: x\\n2026")


def test_an_ordinary_message_is_printed_as_ever() -> None:
    """Escaping changes nothing of usual ids and topics."""
    message = Message(topic="org.example.t", body={"a": 1})

    assert f"Id: {message.id}\nTopic: org.example.t\nHeaders: " in str(message)


def test_repeated_facts() -> None:
    """A fact is due at once, then once a second, with the number of times it was left out; each by itself."""
    now = 0.0
    repeats = Repeats(lambda: now)
    assert ["", None, None] == [repeats.due("a") for _ in range(3)]
    assert "" == repeats.due("b")
    now = 0.9
    assert repeats.due("a") is None
    now = 1.0
    assert " (3 more of the same were left out)" == repeats.due("a")
    now = 2.5
    assert "" == repeats.due("a")
    now = -3600.0  # a clock that was set back
    assert "" == repeats.due("a")


def test_repeated_facts_fill_no_memory() -> None:
    """However many different facts there are, few are remembered."""
    repeats = Repeats(lambda: 0.0)
    for n in range(1_000):
        repeats.due(n)

    assert len(repeats._facts) <= 100


@pytest.fixture
def pika_logger() -> Any:
    """A logger with a filter of its own, and that filter."""
    logger = logging.getLogger("pika.tests-of-the-filter")
    now = [0.0]
    made = PikaLog(Repeats(lambda: now[0]))
    logger.addFilter(made)
    yield logger, made, now
    logger.removeFilter(made)


def test_pikas_lines_become_debug_lines(pika_logger: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What pika logs for our connections is a short DEBUG line, without traceback, once a second."""
    logger, made, now = pika_logger
    caplog.set_level(logging.DEBUG)
    with made.ours():
        for at in (0.0, 0.1, 0.2, 1.5):
            now[0] = at
            try:
                raise ValueError(HUGE)
            except ValueError:
                logger.exception("Calling %s failed", HOSTILE)

    first, second = caplog.records
    for record in (first, second):
        assert (logging.DEBUG, "DEBUG", None) == (record.levelno, record.levelname, record.exc_info)
        harmless(record.getMessage().partition(" (2 more")[0])
    assert second.getMessage().endswith("(2 more of the same were left out)")


def test_pikas_lines_are_not_seen_without_debug(pika_logger: Any, caplog: pytest.LogCaptureFixture) -> None:
    """At the usual level nothing of them is seen."""
    logger, made, _ = pika_logger
    caplog.set_level(logging.INFO)
    with made.ours():
        logger.critical("Received %s", "frames")
    logger.error("outside")

    assert ["outside"] == [record.getMessage() for record in caplog.records]


def test_excerpts_are_short_as_before() -> None:
    """The other escape, for what strangers' messages hold, keeps its own limit."""
    assert len(exceptions.excerpt(HUGE)) <= 312
