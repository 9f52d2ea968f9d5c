# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing through a client factory: over its own connection, or that of another factory."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from .._amqp import messages
from .._core.topology import Exchange
from ..exceptions import ValidationError
from ..message import Message
from ._connection.choosing import ChoosingBrokers
from ._connection.managed import ConnectionT
from ._publishing.publisher import Publisher

__all__ = ["Publishing"]


class Publishing(ChoosingBrokers[ConnectionT]):
    """Publishes; messages on their way survive its connections.

    Args:
        connecting: The arguments of :class:`~fedora_messaging.twisted._connection.choosing.ChoosingBrokers`.
        publisher: Another factory, to which everything is delegated. None means that this one publishes.
        settings: What messages are checked against and encoded with.
        confirms: Whether a publish waits for the broker's confirm.
        mandatory: Whether publishing a message that no queue receives is an error.
        exchanges: The exchanges to declare, once a connection.
        passive_declares: They must exist already.
        max_pending: How many messages may be in flight; 0: any number.
        max_pending_bytes: How many bytes of messages may be in flight; 0: any number.
    """

    def __init__(
        self,
        *connecting: Any,
        publisher: Publishing[ConnectionT] | None,
        settings: messages.PublishSettings,
        confirms: bool,
        mandatory: bool,
        exchanges: tuple[Exchange, ...],
        passive_declares: bool,
        max_pending: int,
        max_pending_bytes: int,
    ) -> None:
        super().__init__(*connecting)
        self.confirms = confirms
        self.mandatory = mandatory
        self._publish_settings = settings
        self._publisher_factory = publisher
        self._publisher = Publisher(
            self._clock,
            confirms=confirms,
            exchanges=exchanges,
            passive_declares=passive_declares,
            observer=self._observer,
            wanted=self.connect,
            progressed=self._made_progress,
            frame_max=settings.frame_max,
            max_pending=max_pending,
            max_pending_bytes=max_pending_bytes,
            elsewhere=self,
            broker=lambda: self.address,
        )

    def publish(
        self, message: Message, exchange: str | None = None, *, timeout: float | None = None
    ) -> Deferred[None]:
        """Publish a message.

        Args:
            message: The message.
            exchange: The name of the exchange. None means ``publish_exchange``.
            timeout: The time limit in seconds. None means no limit.

        Returns:
            A Deferred that fires with None when the broker has confirmed the message; cancelling it
            gives up. It waits for a connection if there is none, and sends the message again (with the
            same id) if the connection is lost before its confirm. It fails with ValidationError
            (nothing was sent), PublishReturned (the broker refused it), PublishForbidden,
            PublishTimeout, PublishBacklog (twice ``max_pending`` messages are waiting; nothing was sent),
            ConnectionException (credentials, virtual host or TLS refused; the
            factory was stopped), or ValueError (``timeout`` is no number of seconds, 0 at least; nothing
            was sent).
        """
        if self._publisher_factory is not None:
            return self._publisher_factory.publish(message, exchange, timeout=timeout)
        try:
            timeout = messages.check_timeout(timeout)
            encoded = self.prepare(message, exchange)
        except Exception as error:
            return fail(error)
        return self.publish_encoded(encoded, timeout=timeout)

    def prepare(self, message: Message, exchange: str | None = None) -> messages.Encoded:
        """Check and encode a message; see :func:`fedora_messaging._amqp.messages.prepare`.

        Any thread may call it.
        """
        try:
            return messages.prepare(message, exchange, self._publish_settings)
        except ValidationError as error:
            self.invalid(exchange, error)
            raise

    def publish_encoded(
        self, encoded: messages.Encoded, *, timeout: float | None = None, patient: bool = False
    ) -> Deferred[None]:
        """Publish an encoded message; see :meth:`publish`.

        Args:
            encoded: The message.
            timeout: The time limit in seconds. None means no limit.
            patient: Wait also where it would be refused, because so many others wait: for callers who wait
                for it before they publish another.
        """
        if self._publisher_factory is not None:
            return self._publisher_factory.publish_encoded(encoded, timeout=timeout, patient=patient)
        return self._publisher.publish(encoded, mandatory=self.mandatory, timeout=timeout, patient=patient)

    @property
    def is_used(self) -> bool:
        """Whether something was published over it, or is to be."""
        return bool(self._publisher.published or self._publisher.pending)

    @property
    def pending(self) -> int:
        """The number of messages that are waiting to be sent or confirmed."""
        return (self._publisher_factory or self)._publisher.pending

    @property
    def in_flight(self) -> int:
        """The number of messages that were sent but not confirmed."""
        return (self._publisher_factory or self)._publisher.in_flight

    def invalid(self, exchange: str | None, error: ValidationError) -> None:
        """Tell observers of a message that cannot be encoded; any thread may call it.

        Args:
            exchange: Where it was to be published. None means to the configured exchange.
            error: Why not.
        """
        if self._observer is not None:
            named = self._publish_settings.exchange.decode() if exchange is None else exchange
            self._observer.publish_refused(named, error)

    @property
    def publishing_state(self) -> str:
        """What an unconfirmed message is waiting for, in words."""
        return (self._publisher_factory or self)._publisher.state

    def _forward(self, encoded: messages.Encoded, timeout: float) -> Deferred[None]:
        """Publish a message that failed to where it waits, on the publishing connection."""
        publisher = (self._publisher_factory or self)._publisher
        return publisher.publish(encoded, mandatory=True, timeout=timeout)
