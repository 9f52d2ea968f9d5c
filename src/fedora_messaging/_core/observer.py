# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Observers: objects that are called with plain values when something happens in a running client.

Metrics are one; tests use others. The Twisted layer calls an observer only when one is set, and only
through :func:`guarded`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .._reporting.text import name_of, shown
from .delivery import Delivery, Settlement
from .lifecycle import CloseReason, State
from .outgoing import Outgoing

__all__ = ["NullObserver", "Observer", "Run", "Timed", "guarded", "implemented"]

_log = SafeLog(MAIN)


#: A callback that has ended: the delivery, the message's headers, for how many seconds it ran, and what it
#: raised. Where a message was not valid, so that no callback ran: None for the headers, and 0.0 seconds. The
#: message itself is not kept: that it is freed before the next one is decoded saves a twentieth of all time.
Run = tuple[Delivery, Mapping[str, Any] | None, float, Exception | None]


class Timed(Protocol):
    """The callbacks of one consumer."""

    @property
    def longest(self) -> float:
        """For how many seconds the longest running callback has run; 0.0 if none runs."""


class Observer(Protocol):
    """Called in the reactor's thread unless it is said otherwise, in the order of the events; must not block.

    The first thing that it raises is logged with a traceback; what it raises has no other effect.
    """

    # Connections; each is for "consuming" or for "publishing".

    def connected(self, connection: str, peer: str, broker: str) -> None:
        """A connection is open, to this address, of a broker of this product and version."""

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        """A connection was lost, or could not be made; not called for one that this client closes."""

    def blocked(self, connection: str, reason: str | None) -> None:
        """The broker has blocked a connection, or (None) unblocked it."""

    # Messages sent

    def publish_started(self, outgoing: Outgoing) -> None:
        """A message was accepted to be published. :meth:`publish_ended` follows, once."""

    def publish_ended(self, outgoing: Outgoing, error: Exception | None) -> None:
        """The broker confirmed a message, or (with an error) nothing waits for that any more."""

    def publish_refused(self, exchange: str, error: Exception) -> None:
        """A message was not accepted to be published; called in the thread that publishes."""

    # Consumers

    def state_changed(self, consumer: str, queue: str, before: State, after: State) -> None:
        """A consumer is in another state.

        Args:
            consumer: The consumer's name, "" unless it has one.
            queue: The queue's name, "" before the broker has named it.
            before: The state before.
            after: The state now.
        """

    def declared(self, queue: str, generation: int) -> None:
        """A consumer has its queue and begins to consume."""

    def rested(self, queue: str, seconds: float, reason: str) -> None:
        """A consumer begins a rest of so many seconds, for a reason in words."""

    def timed(self, queue: str, callbacks: Timed) -> None:
        """The callbacks of a consumer are timed from now on.

        Args:
            queue: The queue's name, "" if the broker names it.
            callbacks: Says how long they run. It lives as long as one may run: keep a weak reference.
        """

    # Messages received

    def delivered(self, delivery: Delivery) -> None:
        """A message came in."""

    def started(self, delivery: Delivery, message: Any) -> None:
        """A callback is about to be called with a message; called in the callback's thread and context.

        Args:
            delivery: The delivery.
            message: The :class:`~fedora_messaging.message.Message` made of it.
        """

    def ended(self, delivery: Delivery, error: Exception | None) -> None:
        """A callback has returned, or (with the error) raised; called in the callback's thread.

        An :class:`~fedora_messaging._core.delivery.InvalidMessage` was not handed to the callback, and
        :meth:`started` not called.
        """

    def processed(self, runs: Sequence[Run]) -> None:
        """Callbacks of one consumer have ended; what is decided of their messages is told afterwards.

        Only where an observer implements this are callbacks timed.

        Args:
            runs: At least one, in the order in which they have ended.
        """

    def held(self, delivery: Delivery, settlement: Settlement) -> None:
        """A message is kept, unacknowledged, until the delay of its settlement is over."""

    def settled(self, deliveries: Sequence[Delivery], settlement: Settlement) -> None:
        """Messages were acknowledged, requeued or rejected.

        Args:
            deliveries: At least one, in their order; of one consumer.
            settlement: What was done with each of them.
        """


class NullObserver:
    """An observer that does nothing: a base class for those that implement a few of the calls."""

    def connected(self, connection: str, peer: str, broker: str) -> None:
        """See :class:`Observer`."""

    def disconnected(self, connection: str, reason: CloseReason) -> None:
        """See :class:`Observer`."""

    def blocked(self, connection: str, reason: str | None) -> None:
        """See :class:`Observer`."""

    def publish_started(self, outgoing: Outgoing) -> None:
        """See :class:`Observer`."""

    def publish_ended(self, outgoing: Outgoing, error: Exception | None) -> None:
        """See :class:`Observer`."""

    def publish_refused(self, exchange: str, error: Exception) -> None:
        """See :class:`Observer`."""

    def state_changed(self, consumer: str, queue: str, before: State, after: State) -> None:
        """See :class:`Observer`."""

    def declared(self, queue: str, generation: int) -> None:
        """See :class:`Observer`."""

    def rested(self, queue: str, seconds: float, reason: str) -> None:
        """See :class:`Observer`."""

    def timed(self, queue: str, callbacks: Timed) -> None:
        """See :class:`Observer`."""

    def delivered(self, delivery: Delivery) -> None:
        """See :class:`Observer`."""

    def started(self, delivery: Delivery, message: Any) -> None:
        """See :class:`Observer`."""

    def ended(self, delivery: Delivery, error: Exception | None) -> None:
        """See :class:`Observer`."""

    def processed(self, runs: Sequence[Run]) -> None:
        """See :class:`Observer`."""

    def held(self, delivery: Delivery, settlement: Settlement) -> None:
        """See :class:`Observer`."""

    def settled(self, deliveries: Sequence[Delivery], settlement: Settlement) -> None:
        """See :class:`Observer`."""


#: The calls of an observer.
_CALLS = tuple(name for name in vars(NullObserver) if not name.startswith("_"))

#: Calls with two arguments that are made for each message.
_PER_MESSAGE = frozenset({"started", "ended", "publish_ended"})


def _nothing(*_: Any) -> None:
    """What is called where no observer has implemented a call."""


class _Guarded:
    """The calls of observers, none of which raises.

    Args:
        observers: The observers, in the order in which they are called.
    """

    def __init__(self, observers: Iterable[Observer]) -> None:
        guards = [_Guard(observer) for observer in observers]
        for name in _CALLS:
            calls = [call for guard in guards if (call := guard.call(name)) is not None]
            setattr(self, name, _one_after_the_other(calls))


class _Guard:
    """Wraps the calls of one observer, and logs the first thing that they raise."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._logged = False

    def call(self, name: str) -> Callable[..., None] | None:
        """Return the observer's call of this name, which does not raise; None: there is nothing to call."""
        if getattr(type(self._observer), name, None) is getattr(NullObserver, name):
            return None
        try:
            method = getattr(self._observer, name)
        except BaseException as error:
            self._log(name, error)
            return None

        # An observer must not stop the work, whatever it raises. What is called for each message has a
        # wrapper of its own: unpacking the arguments takes longer than some observers do.
        if name in _PER_MESSAGE:

            def call_two(first: Any, second: Any) -> None:
                try:
                    method(first, second)
                except BaseException as error:
                    self._log(name, error)

            return call_two

        def call(*values: Any) -> None:
            try:
                method(*values)
            except BaseException as error:
                self._log(name, error)

        return call

    def _log(self, name: str, error: BaseException) -> None:
        if self._logged:
            return
        self._logged = True
        _log.error(
            "The observer %s: its %s() raised %s. What it raises from now on is not logged.",
            name_of(self._observer),
            name,
            shown(error, 300),
            error=error,
        )


def _one_after_the_other(calls: list[Callable[..., None]]) -> Callable[..., None]:
    if not calls:
        return _nothing
    if len(calls) == 1:
        return calls[0]

    def call_all(*values: Any) -> None:
        for call in calls:
            call(*values)

    return call_all


def guarded(observer: Observer | Iterable[Observer] | None) -> Observer | None:
    """Wrap observers so that what their calls raise is logged.

    Args:
        observer: One observer, or several, which are called in their order; None: none.

    Returns:
        One observer that calls all of them; None when there is none.
    """
    if observer is None or isinstance(observer, _Guarded):
        return cast("Observer | None", observer)
    observers = list(observer) if isinstance(observer, (list, tuple)) else [cast(Observer, observer)]
    return cast(Observer, _Guarded(observers)) if observers else None


def implemented(observer: Observer | None, name: str) -> Callable[..., None] | None:
    """Return a call of guarded observers; None where none of them implements it, so that it need not be made.

    Args:
        observer: The result of :func:`guarded`.
        name: The name of the call.
    """
    call: Callable[..., None] | None = None if observer is None else getattr(observer, name)
    return None if call is _nothing else call
