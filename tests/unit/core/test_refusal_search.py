# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The search for the message that the broker refused."""

import pytest

from fedora_messaging._core.outgoing import Outgoing
from fedora_messaging._core.refusal_search import SEARCHING, RefusalSearch


def outgoing(n: int, exchange: bytes = b"e", topic: bytes = b"t", *, size: int = 1) -> Outgoing:
    return Outgoing(exchange, topic, b"", b"x" * size, b"id%d" % n, False, object())


@pytest.mark.parametrize(
    ("code", "text", "refused"),
    [
        (404, "NOT_FOUND - no exchange 'other' in vhost 'v'", [1]),
        (403, "ACCESS_REFUSED - write access to exchange 'other' in vhost 'v' refused for user 'u'", [1]),
        (
            403,
            "ACCESS_REFUSED - write access to topic 'secret' in exchange 'e' in vhost 'v' refused",
            [2],
        ),
        (406, "PRECONDITION_FAILED - message size 400 is larger than configured max size 100", [3]),
        (404, "NOT_FOUND - no exchange 'elsewhere' in vhost 'v'", []),
        (311, "CONTENT_TOO_LARGE", []),
        (404, "NOT_FOUND", []),
    ],
)
def test_the_brokers_words_name_the_message(code: int, text: str, refused: list[int]) -> None:
    """Where the close says which message it was, none has to be looked for among the others."""
    messages = [outgoing(0), outgoing(1, b"other"), outgoing(2, topic=b"secret"), outgoing(3, size=400)]
    search = RefusalSearch()

    assert [messages[n] for n in refused] == search.channel_refused(code, text, messages)
    assert search.running == (not refused)


def test_a_single_message_in_flight_is_the_one() -> None:
    """Of a channel that is closed with one message in flight, that message is refused, whatever is said."""
    message = outgoing(0)
    search = RefusalSearch()

    assert [message] == search.channel_refused(311, "CONTENT_TOO_LARGE", [message])
    assert not search.running


def test_the_first_without_an_answer_is_the_one() -> None:
    """While it runs a few messages are in flight, and the broker's answers exclude those before the one."""
    messages = [outgoing(n) for n in range(3)]
    search = RefusalSearch()
    search.channel_refused(311, "CONTENT_TOO_LARGE", messages)
    for message in messages:
        search.sent(message)
    search.answered()

    assert search.asking
    assert search.allows(SEARCHING - 1)
    assert not search.allows(SEARCHING)
    assert [messages[1]] == search.channel_refused(311, "CONTENT_TOO_LARGE", messages)


def test_it_ends_when_no_suspect_is_left() -> None:
    """Confirmed messages are suspected no longer; with the last of them, and the last answer, it ends."""
    messages = [outgoing(n) for n in range(2)]
    search = RefusalSearch()
    search.channel_refused(311, "CONTENT_TOO_LARGE", messages)
    search.sent(messages[0])
    search.clear(messages)
    assert search.running
    search.answered()

    assert not search.running


def test_what_was_given_up_is_not_suspected() -> None:
    """A message that nothing waits for is not sent again, so it is not looked for."""
    messages = [outgoing(n) for n in range(2)]
    for message in messages:
        message.waiter = None
    search = RefusalSearch()

    assert [] == search.channel_refused(311, "CONTENT_TOO_LARGE", messages)
    assert not search.running


def test_a_connection_closed_twice_over_one_message() -> None:
    """After a close of the connection one message at a time is sent; one that repeats it is recognised."""
    messages = [outgoing(n) for n in range(2)]
    search = RefusalSearch()

    assert not search.connection_refused(messages)
    assert not search.allows(1)
    search.sent(messages[0])
    assert not search.asking
    assert search.connection_refused(messages[:1])
