# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An embedded broker for a test, in the reactor of the process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any
from unittest import mock

from .._amqp import received
from .._client.interception import interception
from .._core.delivery import Delivery
from ..config import conf
from ..message import Message
from ._calling import call_in_reactor

__all__ = ["EmbeddedBroker"]


class EmbeddedBroker:
    """A broker on a free port of 127.0.0.1, as a context manager.

    Inside its block, the configuration names this broker. It uses the running reactor. If none is running, it
    starts one in a thread, as blocking calls do. In the reactor's thread, where Twisted's trial runs tests,
    use it as an asynchronous context manager: ``async with EmbeddedBroker() as broker`` in a coroutine.

    Args:
        emulate: Which RabbitMQ release it behaves like, ``"4.3"`` or ``"3.10"``.
        options: The other arguments of :class:`fedora_messaging.broker.Broker`.

    Attributes:
        url: The AMQP URL.
        broker: The :class:`fedora_messaging.broker.Broker`, for a closer look; use it with :meth:`run`.
        faults: Faults to inject; its methods may be called from any thread.

    Raises:
        RuntimeError: On entering, without ``async``, in the reactor's thread, which must not wait.
    """

    def __init__(self, emulate: str = "4.3", **options: Any) -> None:
        from ..broker import Broker

        self.broker = Broker(emulate=emulate, **options)
        self.url = ""
        self._patch: Any = None
        self._guard: Any = None

    def __enter__(self) -> EmbeddedBroker:
        if _reactor_is_here():
            raise RuntimeError(
                "this is the reactor's thread, which cannot wait for a broker to stop: make the test a "
                "coroutine function, and use 'async with EmbeddedBroker() as broker'"
            )
        return self._enter(self.run(self.broker.listen))

    async def __aenter__(self) -> EmbeddedBroker:
        return self._enter(await self._wait(self.broker.listen))

    def _enter(self, url: str) -> EmbeddedBroker:
        self.url = url
        self._patch = mock.patch.dict(conf, {"amqp_url": self.url, "tls": {**conf["tls"], "ca_cert": None}})
        self._patch.start()
        # What is published arrives here: there is nothing to guard against.
        self._guard, interception.guard = interception.guard, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.run(self._leave())
        self.run(self.broker.stop)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._wait(self._leave())
        await self._wait(self.broker.stop)

    def _leave(self) -> Callable[[], Any]:
        """Restore the configuration; returns a function that is to be called in the reactor's thread."""
        from .. import api

        interception.guard = self._guard
        self._patch.stop()
        return api._client._current.stop

    async def _wait(self, call: Callable[[], Any]) -> Any:
        """Call a function in the reactor's thread and await its result; in other threads as :meth:`run`."""
        if not _reactor_is_here():
            return self.run(call)
        from ..twisted._callbacks.awaiting import is_awaitable

        result = call()
        return await result if is_awaitable(result) else result

    @property
    def published(self) -> list[Message]:
        """The messages that were published so far, in order, as a consumer would receive them."""
        return self.run(lambda: [_decoded(each) for each in self.broker.published])  # type: ignore[no-any-return]

    @property
    def faults(self) -> _Faults:
        """The faults to inject; see :class:`fedora_messaging.broker.faults.Faults`."""
        return _Faults(self)

    def queue(self, name: str) -> Any:
        """Return the state of a queue: ``ready``, ``unacked``, ``consumers``, ``messages``.

        Args:
            name: The queue.

        Raises:
            KeyError: There is no such queue.
        """
        return self.run(lambda: self.broker.queue(name))

    def run(self, call: Callable[..., Any], *args: Any, timeout: float = 10.0) -> Any:
        """Call a function in the reactor's thread, and wait for its result.

        If the result is awaitable, it is awaited.

        Args:
            call: The function; it may return a Deferred or a coroutine.
            args: Its arguments.
            timeout: How long it may take, in seconds.
        """
        from twisted.internet.defer import Deferred

        from ..twisted._callbacks.awaiting import start_awaitable

        def start() -> Any:
            return start_awaitable(call(*args))

        if _reactor_is_here():
            result = start()
            if isinstance(result, Deferred):
                fired: list[Any] = []
                result.addBoth(fired.append)
                if not fired:
                    raise RuntimeError("this takes a while: await it, as this is the reactor's thread")
                result = fired[0]
                getattr(result, "raiseException", lambda: None)()
            return result
        return call_in_reactor(start, timeout)


class _Faults:
    """The broker's faults, each called in the reactor's thread."""

    def __init__(self, embedded: EmbeddedBroker) -> None:
        self._embedded = embedded

    def __getattr__(self, name: str) -> Callable[..., Any]:
        fault = getattr(self._embedded.broker.faults, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._embedded.run(lambda: fault(*args, **kwargs))

        return call


def _reactor_is_here() -> bool:
    """Whether the reactor runs in this thread, or will as soon as trial waits for the present test."""
    from twisted.python.threadable import isInIOThread

    if isInIOThread():
        return True
    trial = "twisted.trial._asynctest"
    frame = sys._getframe() if trial in sys.modules else None
    while frame is not None:
        if frame.f_globals.get("__name__") == trial:
            return True
        frame = frame.f_back
    return False


def _decoded(published: Any) -> Message:
    return received.decode(
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
