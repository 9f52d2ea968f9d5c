# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An embedded AMQP 0-9-1 broker for development, demonstrations and tests.

It keeps everything in memory, and behaves like RabbitMQ 4.3 or, on request, 3.10. In production, use
RabbitMQ.
"""

from ._memory import MemoryTransport, Pump
from ._model.access import Permissions, User
from ._model.message import Message
from ._server import Broker, QueueInfo

__all__ = ["Broker", "MemoryTransport", "Message", "Permissions", "Pump", "QueueInfo", "User"]
