# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An embedded broker for a test, in the reactor of the process."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any
from unittest import mock

from .. import _wire
from .._delivery import Delivery
from .._interception import interception
from ..config import conf
from ..message import Message

__all__ = ["EmbeddedBroker"]


class EmbeddedBroker:
    """A broker that listens on a free port of 127.0.0.1, with the configuration pointed at it. A
    context manager.

    The reactor that runs is used; if none does, it is started in a thread, as for blocking calls.

    Args:
        emulate: Which RabbitMQ it behaves as, ``"4.3"`` or ``"3.10"``.
        options: The other arguments of :class:`fedora_messaging.broker.Broker`.

    Attributes:
        url: The AMQP URL.
        broker: The :class:`fedora_messaging.broker.Broker`, for a closer look; use it with :meth:`run`.
        faults: What can go wrong, and when; its methods may be called from any thread.
    """

    def __init__(self, emulate: str = "4.3", **options: Any) -> None:
        from ..broker import Broker

        self.broker = Broker(emulate=emulate, **options)
        self.url = ""
        self._patch: Any = None
        self._guard: Any = None

    def __enter__(self) -> EmbeddedBroker:
        self.url = self.run(self.broker.listen)
        self._patch = mock.patch.dict(conf, {"amqp_url": self.url, "tls": {**conf["tls"], "ca_cert": None}})
        self._patch.start()
        # What is published arrives here: there is nothing to guard against.
        self._guard, interception.guard = interception.guard, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        from .. import api

        interception.guard = self._guard
        self._patch.stop()
        self.run(api._client._stop)
        self.run(self.broker.stop)

    @property
    def published(self) -> list[Message]:
        """The messages that were published so far, in order, as a consumer would be given them."""
        return self.run(lambda: [_decoded(each) for each in self.broker.published])  # type: ignore[no-any-return]

    @property
    def faults(self) -> _Faults:
        """What is to go wrong; see :class:`fedora_messaging.broker.faults.Faults`."""
        return _Faults(self)

    def queue(self, name: str) -> Any:
        """A look at a queue: ``ready``, ``unacked``, ``consumers``, ``messages``.

        Raises:
            KeyError: There is none of this name.
        """
        return self.run(lambda: self.broker.queue(name))

    def run(self, call: Callable[..., Any], *args: Any, timeout: float = 10.0) -> Any:
        """Call something in the reactor's thread, and wait for what it returns, awaitables included.

        Args:
            call: What to call; it may return a Deferred or a coroutine.
            args: Its arguments.
            timeout: How long it may take, in seconds.
        """
        from twisted.internet.defer import Deferred
        from twisted.python.threadable import isInIOThread

        from ..twisted._awaiting import drive

        def start() -> Any:
            return drive(call(*args))

        if isInIOThread():
            result = start()
            if isinstance(result, Deferred):
                fired: list[Any] = []
                result.addBoth(fired.append)
                if not fired:
                    raise RuntimeError("this takes a while: await it, as this is the reactor's thread")
                result = fired[0]
                getattr(result, "raiseException", lambda: None)()
            return result
        from .._crochet import reactor_thread, wait

        return wait(reactor_thread.call(start), timeout)


class _Faults:
    """The broker's faults, each called in the reactor's thread."""

    def __init__(self, embedded: EmbeddedBroker) -> None:
        self._embedded = embedded

    def __getattr__(self, name: str) -> Callable[..., Any]:
        fault = getattr(self._embedded.broker.faults, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._embedded.run(lambda: fault(*args, **kwargs))

        return call


def _decoded(published: Any) -> Message:
    return _wire.decode(
        Delivery(
            queue="",
            exchange=published.exchange,
            routing_key=published.routing_key.encode()
            if isinstance(published.routing_key, str)
            else published.routing_key,
            tag=0,
            generation=0,
            redelivered=False,
            arrived=0.0,
            properties=published.properties,
            body=published.body,
        )
    )
