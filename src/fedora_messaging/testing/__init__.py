# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Tools for testing publishers and consumers of an application, without a server.

For pytest there is a plugin, which is loaded by itself: the fixture ``fedora_messaging_broker``, and a
guard that makes a publish which the test has not prepared for raise :class:`UnmockedPublish`.
"""

from ._broker import EmbeddedBroker
from ._deliver import Outcome, deliver
from ._guard import UnmockedPublish
from ._mock import mock_sends

__all__ = ["EmbeddedBroker", "Outcome", "UnmockedPublish", "deliver", "mock_sends"]
