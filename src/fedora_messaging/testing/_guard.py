# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The error of a publish in a test that has not prepared for it, instead of a wait for a broker."""

from __future__ import annotations

from ..message import Message

__all__ = ["UnmockedPublish"]


class UnmockedPublish(AssertionError):
    """A test published a message without saying what should happen to it.

    It is an AssertionError, so that ``except PublishException`` in an application does not catch it.

    Args:
        message: The message.
    """

    def __init__(self, message: Message) -> None:
        super().__init__(
            f"{message.topic!r} was published, and nothing in this test is there to receive it. Say that it "
            "is expected with fedora_messaging.testing.mock_sends(...), or take the fixture "
            "fedora_messaging_broker. To publish to a real broker mark the test with "
            "fedora_messaging_real_broker; to switch this guard off set fedora_messaging_guard = false in "
            "pytest's configuration or FEDORA_MESSAGING_GUARD=0 in the environment."
        )
