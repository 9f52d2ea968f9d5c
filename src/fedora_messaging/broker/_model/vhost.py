# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A virtual host: the exchanges and queues in it, and the way of a message through them."""

from __future__ import annotations

import time
from typing import Protocol

from .._clock import Clock
from .._wire.errors import AMQPError, not_found
from .._wire.fields import Malformed, Table
from .._wire.properties import Properties
from .deadletter import UNROUTED, Refused, dead_message, recorded
from .emulation import Emulation
from .exchanges import (
    Destination,
    DirectExchange,
    Exchange,
    FanoutExchange,
    HeadersExchange,
    TopicExchange,
    exchange_class,
)
from .message import Message, Target
from .options import Options
from .policies import Policies, Policy
from .ports import Connection, DeadLettering
from .queue import Queue
from .quorum import QuorumQueue
from .replies import Replies

PREDECLARED = (
    DirectExchange("amq.direct"),
    FanoutExchange("amq.fanout"),
    HeadersExchange("amq.headers"),
    HeadersExchange("amq.match"),
    TopicExchange("amq.topic"),
    TopicExchange("amq.rabbitmq.trace", internal=True),
)


class Broker(Protocol):
    """What a virtual host needs of its broker."""

    @property
    def clock(self) -> Clock:
        """The broker's clock."""

    @property
    def emulation(self) -> Emulation:
        """The release of RabbitMQ that is emulated."""

    @property
    def replies(self) -> Replies:
        """The addresses of direct reply-to."""

    def flush(self) -> None:
        """Write what all connections have gathered."""


class VirtualHost:
    """The exchanges and queues of one virtual host."""

    def __init__(self, name: str, broker: Broker) -> None:
        self.name = name
        self.emulation = broker.emulation
        self._broker = broker
        self._policies = Policies()
        self.queues: dict[str, Queue] = {}
        self.exchanges: dict[str, Exchange] = {"": DirectExchange("")}
        for each in PREDECLARED:
            cls = exchange_class(each.type, broker.emulation)
            self.exchanges[each.name] = cls(each.name, internal=each.internal)

    @property
    def clock(self) -> Clock:
        """The broker's clock."""
        return self._broker.clock

    def flush(self) -> None:
        """Write what all connections have gathered, after an event that no client's frame caused."""
        self._broker.flush()

    def exchange(self, name: str) -> Exchange:
        """Return an exchange.

        Raises:
            AMQPError: 404, there is no such exchange.
        """
        found = self.exchanges.get(name)
        if found is None:
            raise not_found("exchange", name, self.name)
        return found

    def queue(self, name: str, connection: Connection | None = None, *, checked: bool = True) -> Queue:
        """Return a queue that the connection may use.

        Raises:
            AMQPError: 404, there is no such queue; 405, it is another connection's exclusive queue.
        """
        found = self.queues.get(name)
        if found is None:
            raise not_found("queue", name, self.name)
        if checked:
            found.check_access(connection)
        return found

    def add_queue(
        self,
        name: str,
        options: Options,
        *,
        durable: bool,
        auto_delete: bool,
        owner: Connection | None,
        arguments: Table,
    ) -> Queue:
        """Create a queue."""
        cls = QuorumQueue if options.type == "quorum" else Queue
        queue = self.queues[name] = cls(
            self,
            name,
            options,
            self._policies.merged(name, options),
            durable=durable,
            auto_delete=auto_delete,
            owner=owner,
            arguments=arguments,
        )
        return queue

    def delete_queue(self, queue: Queue) -> int:
        """Delete a queue with its bindings and messages, and notify its consumers.

        Returns:
            How many messages were ready.
        """
        if queue.deleted:
            return 0
        count = len(queue.ready)
        del self.queues[queue.name]
        queue.close()
        self._forget(queue)
        for consumer in list(queue.rotation.consumers):
            consumer.notify_cancelled()
        return count

    def remove_queue(self, name: str) -> None:
        """Delete the queue with a name."""
        self.delete_queue(self.queues[name])

    def set_policy(self, policy: Policy) -> None:
        """Set a policy for the queues there are and will be."""
        self._policies.set(policy)
        self._policies_changed()

    def clear_policy(self, name: str) -> None:
        """Remove a policy.

        Raises:
            KeyError: There is no such policy.
        """
        self._policies.clear(name)
        self._policies_changed()

    def _policies_changed(self) -> None:
        for queue in list(self.queues.values()):
            options = self._policies.merged(queue.name, queue.declared)
            if options != queue.options:
                queue.adopt(options)
        self.flush()

    def delete_exchange(self, exchange: Exchange) -> None:
        """Delete an exchange with its bindings."""
        self.exchanges.pop(exchange.name, None)
        exchange.bindings.clear()
        self._forget(exchange)

    def unbound(self, exchange: Exchange) -> None:
        """Delete an auto-delete exchange that has lost its last binding."""
        if exchange.auto_delete and not exchange.bindings and exchange.name in self.exchanges:
            self.delete_exchange(exchange)

    def route(self, exchange: Exchange, message: Message) -> list[Target]:
        """Return the queues a message goes to, each once, also through bound and alternate exchanges."""
        if not exchange.name:
            return self._named(message)
        queues: dict[Target, None] = {}
        seen = {exchange.name}
        todo = [exchange]
        headers: Table | None = None
        while todo:
            current = todo.pop()
            if not current.name:
                queues.update(dict.fromkeys(self._named(message)))
                continue
            if headers is None and isinstance(current, HeadersExchange):
                headers = _headers(message)
            destinations = current.match(message.keys, headers or {})
            for destination in destinations:
                if isinstance(destination, Queue):
                    queues[destination] = None
                elif isinstance(destination, Exchange) and destination.name not in seen:
                    seen.add(destination.name)
                    todo.append(destination)
            alternate = current.alternate
            if not destinations and alternate is not None and alternate not in seen:
                seen.add(alternate)
                if alternate in self.exchanges:
                    todo.append(self.exchanges[alternate])
        return list(queues)

    def dead_letter(
        self, queue: DeadLettering, message: Message, reason: str, *, marked: bool = False
    ) -> Refused | None:
        """Send a message on to the queue's dead-letter exchange, if it has one.

        Args:
            queue: the queue that drops the message.
            message: the message.
            reason: why it is dead-lettered, as in ``x-death``.
            marked: whether the message counts as redelivered from now on.

        Returns:
            None if it has arrived wherever it was to go.
        """
        name = queue.options.dead_letter_exchange
        exchange = None if name is None else self.exchanges.get(name)
        if exchange is None:
            return UNROUTED
        try:
            deaths = recorded(
                message,
                queue.name,
                reason,
                int(time.time()),
                from_headers=self.emulation.client_deaths_count,
            )
            key = queue.options.dead_letter_routing_key
            last = self.emulation.last_death_headers
            dead = dead_message(message, deaths, key, exchange.name, last)
        except Malformed:
            return None
        dead.redelivered |= marked and self.emulation.reject_marks
        try:
            targets = self.route(exchange, dead)
        except AMQPError:  # the key is a malformed reply address, and there is no client to report it to
            return None
        queues = tuple(target for target in targets if not deaths.cycles(target.name))
        return Refused(dead, queues).offered() if queues else UNROUTED

    def owner_gone(self, connection: Connection) -> None:
        """Delete the exclusive queues of a closed connection."""
        for queue in [queue for queue in self.queues.values() if queue.owner is connection]:
            self.delete_queue(queue)

    def _named(self, message: Message) -> list[Target]:
        """Route a message as the default exchange does: to the queues named by its routing keys."""
        targets: dict[Target, None] = dict.fromkeys(
            self.queues[name] for name in message.keys if name in self.queues
        )
        if len(targets) < len(message.keys):
            targets.update(dict.fromkeys(self._broker.replies.route(message)))
        return list(targets)

    def _forget(self, destination: Destination) -> None:
        """Remove all bindings to a destination."""
        for source in list(self.exchanges.values()):
            if source.forget(destination):
                self.unbound(source)


def _headers(message: Message) -> Table:
    try:
        return Properties(message.properties).headers
    except Malformed:
        return {}
