# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Who waits until no message is on its way."""

from twisted.internet.task import Clock

from fedora_messaging._core.outbox import Outbox, Outgoing
from fedora_messaging.twisted._publishing.idle import Idle
from fedora_messaging.twisted._publishing.waiters import Waiters


def test_nothing_is_on_its_way() -> None:
    """Where no message is on its way, the wait is over at once."""
    assert Idle(Outbox()).wait().called


def test_the_last_message() -> None:
    """All who wait are told once, when the last message that somebody waits for has its outcome."""
    outbox = Outbox()
    idle = Idle(outbox)
    waiters = Waiters(Clock(), lambda _: None, str)
    first, second = (Outgoing(b"", b"key", b"", b"", b"", False) for _ in range(2))
    for each in (first, second):
        waiters.add(each, None)
        outbox.add(each)
    waiting = [idle.wait(), idle.wait()]
    seen = []
    for each in (first, second):
        waiters.settle(each, None)
        idle.check()
        seen.append([done.called for done in waiting])
    idle.check()

    assert [[False, False], [True, True]] == seen
