# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The broker: its virtual hosts, its users, and the connections to it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import BaseProtocol, Factory

from .._steady import steady
from ._clock import Clock
from ._connection.connection import Connection
from ._connection.ports import Flushable
from ._memory import Pump, connect
from ._model.access import User
from ._model.access import users as _users
from ._model.emulation import emulation
from ._model.message import Message
from ._model.policies import read_policy
from ._model.replies import Replies
from ._model.vhost import VirtualHost
from ._wire.errors import AMQPError
from .faults import Faults

_log = logging.getLogger("fedora_messaging.broker")


if TYPE_CHECKING:
    _Base = Factory[Connection]
else:
    _Base = Factory  # older Twisted has no generic one


class _Factory(_Base):
    noisy = False

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def buildProtocol(self, addr: object) -> Connection:
        return Connection(self._broker)


@dataclass(frozen=True)
class QueueInfo:
    """A snapshot of a queue.

    Attributes:
        ready: the number of messages that wait to be delivered.
        unacked: the number of messages that were delivered but not acknowledged.
        consumers: the number of consumers.
        delayed: the number of messages in a quorum queue that wait for a delayed retry.
        messages: the messages that are ready, in order.
    """

    name: str
    vhost: str
    type: str
    durable: bool
    exclusive: bool
    auto_delete: bool
    ready: int
    unacked: int
    consumers: int
    delayed: int
    messages: tuple[Message, ...]


class Broker:
    """An AMQP 0-9-1 broker in this process, for development, demonstrations and tests.

    It keeps everything in memory. Its clients see the behaviour of RabbitMQ.

    Args:
        clock: a Twisted reactor or a ``twisted.internet.task.Clock``; the global reactor when None.
        emulate: which RabbitMQ release to emulate, ``"4.3"`` or ``"3.10"``.
        permit_transient: only for 4.3: whether a queue that is neither durable nor exclusive is accepted with
            a warning, or closes the connection with code 541.
        users: who can log in: passwords by name, or ``User`` values.
        vhosts: names of the virtual hosts.
        remember: how many of the last published messages ``published`` keeps.

    Attributes:
        published: the messages that were accepted, oldest first.
        connections: the open connections.
        faults: the faults to inject.

    Raises:
        ValueError: There is no such release to emulate.
    """

    name = "fedora-messaging"

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        emulate: str = "4.3",
        permit_transient: bool = True,
        users: Mapping[str, str | User] | None = None,
        vhosts: Iterable[str] = ("/",),
        remember: int = 10_000,
    ) -> None:
        self._clock = None if clock is None else cast(Clock, steady(clock))
        self.emulation = emulation(emulate)
        self.permit_transient = permit_transient
        self.users = _users(users if users is not None else {"guest": "guest"})
        self.vhosts: dict[str, VirtualHost] = {}
        for name in vhosts:
            self.add_vhost(name)
        self.published: deque[Message] = deque(maxlen=remember)
        self.connections: list[Connection] = []
        self.unflushed: dict[Flushable, None] = {}
        self.alarm: str | None = None
        self.faults = Faults(self)
        self.replies = Replies(self.emulation)
        self._ports: list[Any] = []

    def __repr__(self) -> str:
        return f"Broker(emulate={self.emulation.version!r}, connections={len(self.connections)})"

    @property
    def clock(self) -> Clock:
        """The clock. It is the global reactor if none was given."""
        if self._clock is None:
            from twisted.internet import reactor

            self._clock = cast(Clock, steady(reactor))
        return self._clock

    def add_vhost(self, name: str) -> None:
        """Add an empty virtual host."""
        self.vhosts[name] = VirtualHost(name, self)

    # For applications

    async def listen(
        self, port: int = 0, interface: str = "127.0.0.1", ssl_context_factory: Any = None
    ) -> str:
        """Listen for connections.

        Args:
            port: 0 chooses a free one.
            interface: the address to listen on.
            ssl_context_factory: for TLS, a context factory for Twisted's ``listenSSL``.

        Returns:
            The URL for clients, with the first user's password.

        Raises:
            twisted.internet.error.CannotListenError: It cannot listen on this port.
        """
        reactor: Any = self.clock
        factory = self.factory()
        if ssl_context_factory is None:
            listening = reactor.listenTCP(port, factory, interface=interface)
        else:
            listening = reactor.listenSSL(port, factory, ssl_context_factory, interface=interface)
        self._ports.append(listening)
        return self.url(listening.getHost().port, interface, tls=ssl_context_factory is not None)

    def url(self, port: int, host: str = "127.0.0.1", *, tls: bool = False) -> str:
        """Return the URL of the first virtual host, for the first user and the given port."""
        name, user = next(iter(self.users.items()))
        login = quote(name, safe="") + (f":{quote(user.password, safe='')}" if user.password else "")
        where = f"[{host}]" if ":" in host else host
        vhost = quote(next(iter(self.vhosts)), safe="")
        return f"{'amqps' if tls else 'amqp'}://{login}@{where}:{port}/{vhost}"

    def factory(self) -> Factory[Connection]:
        """Return a Twisted factory of the broker's protocol, for any endpoint."""
        return _Factory(self)

    def join(self, client: BaseProtocol) -> Pump:
        """Connect the protocol of a client to the broker in memory, without sockets.

        Returns:
            A pump that moves the bytes when you ask for it.
        """
        return connect(client, Connection(self), self.clock)

    async def stop(self) -> None:
        """Stop listening, and end all connections at once."""
        ports, self._ports = self._ports, []
        for port in ports:
            await maybeDeferred(port.stopListening)
        for connection in list(self.connections):
            connection.abort()
        for vhost in self.vhosts.values():
            for queue in list(vhost.queues.values()):
                vhost.delete_queue(queue)

    def queue(self, name: str, vhost: str = "/") -> QueueInfo:
        """Return a snapshot of a queue.

        Raises:
            KeyError: There is no such queue or virtual host.
        """
        queue = self.vhosts[vhost].queues[name]
        return QueueInfo(
            name=queue.name,
            vhost=vhost,
            type=queue.type,
            durable=queue.durable,
            exclusive=queue.owner is not None,
            auto_delete=queue.auto_delete,
            ready=len(queue.ready),
            unacked=queue.unacked,
            consumers=queue.consumer_count,
            delayed=queue.delayed_count,
            messages=tuple(entry.message for entry in queue.ready),
        )

    def set_policy(
        self,
        name: str,
        pattern: str,
        definition: Mapping[str, str | int],
        *,
        vhost: str = "/",
        priority: int = 0,
    ) -> None:
        """Set a policy for existing and future queues, like ``rabbitmqctl set_policy``.

        Args:
            name: the name. An existing policy with this name is replaced.
            pattern: a regular expression, which is searched for in queue names.
            definition: the settings by key: ``message-ttl``, ``expires``, ``max-length``,
                ``max-length-bytes``, ``overflow``, ``dead-letter-exchange``, ``dead-letter-routing-key``,
                ``dead-letter-strategy``, ``delivery-limit``, and with 4.3 ``delayed-retry-type``,
                ``delayed-retry-min`` and ``delayed-retry-max``; times in ms.
            vhost: the virtual host.
            priority: if several policies match a queue, only the one with the highest priority applies.

        Raises:
            KeyError: There is no such virtual host.
            ValueError: The pattern or the definition is invalid. The error says which.
        """
        self.vhosts[vhost].set_policy(read_policy(name, pattern, definition, priority, self.emulation))

    def clear_policy(self, name: str, *, vhost: str = "/") -> None:
        """Remove a policy.

        Raises:
            KeyError: There is no such policy or virtual host.
        """
        self.vhosts[vhost].clear_policy(name)

    # For connections and channels

    def connected(self, connection: Connection) -> None:
        """Add a connection."""
        self.connections.append(connection)

    def disconnected(self, connection: Connection) -> None:
        """Remove a connection."""
        if connection in self.connections:
            self.connections.remove(connection)
        self.unflushed.pop(connection, None)

    def flush(self) -> None:
        """Write what all connections have gathered."""
        while self.unflushed:
            connections, self.unflushed = self.unflushed, {}
            for connection in connections:
                connection.flush()

    def record(self, message: Message) -> None:
        """Add a message to ``published``."""
        self.published.append(message)

    def transient_queue(self, name: str) -> None:
        """Warn of a queue that is neither durable nor exclusive, or refuse it.

        Raises:
            AMQPError: 541, if the emulated release refuses it.
        """
        if not self.emulation.transient_deprecated:
            return
        feature = "Feature `transient_nonexcl_queues` is deprecated."
        if not self.permit_transient:
            raise AMQPError(541, feature)
        _log.warning("queue %r is neither durable nor exclusive: RabbitMQ 4.3.0 refuses such queues", name)
