# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A pytest plugin for AMQPStorm's suite, which tidies up through RabbitMQ's management API: by AMQP instead.

Loaded with ``-p no_management``.
"""

import contextlib
from collections.abc import Iterable

from amqpstorm import AMQPError, Connection
from amqpstorm.tests import HOST, PASSWORD, USERNAME
from amqpstorm.tests.functional import utility


def _delete(kind: str, names: Iterable[str]) -> None:
    with Connection(HOST, USERNAME, PASSWORD) as connection:
        for name in names:
            with contextlib.suppress(AMQPError):  # it is gone, or still in use
                getattr(connection.channel(), kind).delete(name)


utility._delete_queues = lambda _, names: _delete("queue", names)
utility._delete_exchanges = lambda _, names: _delete("exchange", names)
