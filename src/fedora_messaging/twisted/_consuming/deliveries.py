# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The deliveries of one consumer on one channel: handed to the worker, held, settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._amqp import frames
from ..._core.clock import Clock
from ..._core.delivery import Delivery, Settlement, Verb
from ..._core.observer import Observer
from ..._core.unacked import UnackedTags
from ..._reporting.log import SafeLog
from .._callbacks.thread_worker import Worker
from .._connection.channel import Channel

__all__ = ["Deliveries", "SlowCallbackWarning"]

_log = SafeLog(__name__)


#: A broker that delivers more than this many times the prefetch count does not keep to it: the connection is
#: dropped before what it sends fills the memory. RabbitMQ never does: it counts each delivery for longer.
_TOLERANCE = 2


class SlowCallbackWarning:
    """Decides when to warn of a callback that runs for long: once, whatever becomes of its channel."""

    __slots__ = ("_delivery", "_logged", "_since")

    def __init__(self) -> None:
        self._delivery: Delivery | None = None
        self._since = 0.0
        self._logged = False

    def due(self, running: Delivery | None, now: float, limit: float) -> bool:
        """Whether to warn: the callback was running ``limit`` seconds ago, and there was no warning yet."""
        if running is not self._delivery:
            self._delivery, self._since, self._logged = running, now, False
            return False
        if running is None or self._logged or now - self._since < limit - 1e-6:
            return False
        self._logged = True
        return True


class Deliveries:
    """What arrived on one channel and is not settled yet.

    Args:
        channel: The channel, which has one consumer.
        queue: The queue's name.
        generation: The consumer's generation, which every delivery carries.
        worker: Runs the callback.
        clock: The source of time.
        prefetch: How many deliveries the broker may leave unacknowledged; 0: any number.
        ack_timeout: A delivery that was not started after half of these seconds goes back to its queue.
        received: Called for each delivery.
        slow_callback: The consumer's, shared by all its channels.
        observer: Notified of deliveries and settlements, when given.
    """

    def __init__(
        self,
        channel: Channel,
        queue: str,
        generation: int,
        worker: Worker,
        clock: Clock,
        *,
        prefetch: int,
        ack_timeout: float,
        received: Callable[[], None],
        slow_callback: SlowCallbackWarning,
        observer: Observer | None = None,
    ) -> None:
        self.channel = channel
        self.queue = queue
        self.generation = generation
        self._worker = worker
        self._clock = clock
        self._most = prefetch * _TOLERANCE
        self._prefetch = prefetch
        self._after_close = 0
        self._ack_timeout = ack_timeout
        self._received = received
        self._observer = observer
        self._ledger = UnackedTags()
        self._held: dict[int, tuple[Delivery, Settlement, Any]] = {}
        self._kept_back: list[Delivery] | None = None
        self._closed = False
        self._watch: Any = None
        self._slow_callback = slow_callback
        if worker.running is not None:  # a callback of an earlier channel
            self._watch = clock.callLater(ack_timeout / 2, self._check_waiting)

    def arrived(
        self,
        tag: int,
        redelivered: bool,
        exchange: bytes,
        routing_key: bytes,
        properties: bytes,
        body: bytes | None,
    ) -> None:
        """The broker delivered a message.

        Raises:
            ProtocolBreach: It has delivered far more than the prefetch count allows, and will not stop.
        """
        now = self._clock.seconds()
        delivery = Delivery(
            self.queue,
            exchange.decode("utf-8", "replace"),
            routing_key,
            tag,
            self.generation,
            redelivered,
            now,
            properties,
            body,
        )
        self._ledger.arrived(tag)
        if self._most and (len(self._ledger) > self._most or self._after_close > self._most):
            raise frames.ProtocolBreach(
                f"the broker delivered more than {self._most} messages without an acknowledgement; "
                f"the prefetch count is {self._prefetch}"
            )
        self._received()
        if self._observer is not None:
            self._observer.delivered(delivery)
        if self._closed:
            self._after_close += 1
            self._settle_now(delivery, _REQUEUE)
        elif self._kept_back is not None:
            self._kept_back.append(delivery)
        else:
            self._worker.put(delivery)
            if self._watch is None:
                self._watch = self._clock.callLater(self._ack_timeout / 2, self._check_waiting)

    def settle(self, settled: list[tuple[Delivery, Settlement]]) -> None:
        """Settle deliveries; consecutive acknowledgements are sent as one."""
        acknowledged: list[int] = []
        observer = self._observer
        for delivery, settlement in settled:
            if delivery.generation != self.generation:
                continue  # its channel is gone, and the broker has requeued it
            if settlement.verb is Verb.ACK:
                acknowledged.append(delivery.tag)
            else:
                self._acknowledge(acknowledged)
                acknowledged = []
                if settlement.delay and not self._closed:
                    timer = self._clock.callLater(settlement.delay, self._release, delivery.tag)
                    self._held[delivery.tag] = delivery, settlement, timer
                    continue
                self._settle_now(delivery, settlement)
            if observer is not None:
                observer.settled(delivery, settlement)
        self._acknowledge(acknowledged)

    def keep_back(self) -> None:
        """Deliveries wait here, unacknowledged, until :meth:`resume`; those not started yet as well."""
        if self._kept_back is None:
            self._kept_back = self._worker.take_back()

    def resume(self) -> None:
        """Hand over the deliveries that were kept back."""
        kept, self._kept_back = self._kept_back or [], None
        for delivery in kept:
            self._worker.put(delivery)

    def give_back(self) -> None:
        """Requeue all that was not started or is held, at once, and whatever arrives from now on."""
        self._closed = True
        self._stop_timers()
        kept, self._kept_back = self._kept_back or [], None
        held = [delivery for delivery, _, _ in self._held.values()]
        self._held.clear()
        for delivery in sorted(self._worker.take_back() + kept + held, key=lambda each: each.tag):
            self._settle_now(delivery, _REQUEUE)

    def lost(self) -> None:
        """The channel has ended: the broker requeues its deliveries, so that none may be started now."""
        self._closed = True
        self._stop_timers()
        self._held.clear()
        self._kept_back = None
        self._worker.take_back()
        self._ledger.take_all()

    @property
    def unsettled(self) -> int:
        """How many deliveries are not settled."""
        return len(self._ledger)

    def _stop_timers(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for _, _, timer in self._held.values():
            timer.cancel()

    def _acknowledge(self, tags: list[int]) -> None:
        if tags:
            number = self.channel.number
            acks = self._ledger.acknowledge(tags)
            if acks:
                self.channel.settle(b"".join(frames.ack(number, tag, multiple) for tag, multiple in acks))

    def _release(self, tag: int) -> None:
        delivery, settlement, _ = self._held.pop(tag)
        self._settle_now(delivery, settlement)
        if self._observer is not None:
            self._observer.settled(delivery, settlement)

    def _settle_now(self, delivery: Delivery, settlement: Settlement) -> None:
        if not self._ledger.settle(delivery.tag):
            return
        frame = frames.nack if settlement.verb is Verb.NACK else frames.reject
        self.channel.settle(frame(self.channel.number, delivery.tag, requeue=settlement.requeue))

    def _check_waiting(self) -> None:
        """Requeue what has waited for too long, and warn of a callback that runs for too long."""
        self._watch = None
        now = self._clock.seconds()
        half = self._ack_timeout / 2
        for delivery in self._worker.take_back(now - half + 1e-6):
            self._settle_now(delivery, _REQUEUE)
        running = self._worker.running
        if self._slow_callback.due(running, now, half):
            _log.warning(
                "A callback on the queue %r has been running for more than %g s. After its consumer_timeout "
                "(30 minutes unless configured) the broker gives the message to somebody else. Only a longer "
                "consumer_timeout prevents that, or, where messages wait for slow callbacks, a smaller "
                "qos.prefetch_count.",
                self.queue,
                self._ack_timeout,
            )
        oldest = self._worker.oldest
        if oldest is not None:
            self._watch = self._clock.callLater(max(oldest + half - now, 0.0), self._check_waiting)
        elif running is not None or self._ledger:
            self._watch = self._clock.callLater(half, self._check_waiting)


_REQUEUE = Settlement(Verb.NACK, requeue=True)
