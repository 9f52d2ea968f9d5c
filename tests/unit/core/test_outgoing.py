# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The errors with which a publish can end."""

from fedora_messaging._core.outgoing import Outgoing, refusal, timeout_words
from fedora_messaging.exceptions import PublishForbidden, PublishReturned


def test_refusals() -> None:
    """403 is PublishForbidden, all else PublishReturned, both with code and words once."""
    assert PublishForbidden is type(refusal(403, "ACCESS_REFUSED - no"))
    assert "403 ACCESS_REFUSED - no" == refusal(403, "ACCESS_REFUSED - no").reason
    assert PublishReturned is type(refusal(404, "404 gone"))
    assert "404 gone" == refusal(404, "404 gone").reason


def test_what_a_return_identifies_it_by() -> None:
    """A returned message is recognised by its id, its exchange and its routing key."""
    outgoing = Outgoing(b"e", b"t", b"properties", b"body", b"id", True)

    assert (b"id", b"e", b"t") == outgoing.key


def test_the_words_of_a_timeout() -> None:
    """A timeout says how long was waited, and for what."""
    assert "not confirmed within 2.5 s; last state: connecting" == timeout_words(2.5, "connecting")
