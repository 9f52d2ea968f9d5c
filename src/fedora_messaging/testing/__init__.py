# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Tools for testing publishers and consumers of an application, without a server.

pytest loads a plugin automatically. It has the fixture ``fedora_messaging_broker``, and a guard: a publish
that the test has not prepared for raises :class:`UnmockedPublish`.
"""

from ._broker import EmbeddedBroker
from ._deliver import Outcome, deliver, deliver_async
from ._frozen import check_frozen_schemas
from ._guard import UnmockedPublish
from ._mock import mock_sends

__all__ = [
    "EmbeddedBroker",
    "Outcome",
    "UnmockedPublish",
    "check_frozen_schemas",
    "deliver",
    "deliver_async",
    "mock_sends",
]
