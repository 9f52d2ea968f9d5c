# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The deliveries of one consumer on one channel: handed to the worker, held, settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..._amqp import frames
from ..._core.clock import Clock
from ..._core.delivery import ACK, Delivery, Settlement, Verb
from ..._core.observer import Observer, implemented
from ..._core.retry import longest_hold
from ..._core.unacked import UnackedTags
from .._callbacks.worker import Worker
from .._connection.channel import Channel
from .forwarder import Forwarder
from .held import Forwards, Held, KeptBack
from .slow_callbacks import SlowCallbackWarning

__all__ = ["Deliveries"]

#: A broker that delivers more than this many times the prefetch count does not keep to it: the connection is
#: dropped before what it sends fills the memory. RabbitMQ never does: it counts each delivery for longer.
_TOLERANCE = 2

#: Seconds before a message goes back that could not be published to where it should wait.
_LEAST_PAUSE = 1.0


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
        forwarder: Publishes what is to wait on the broker, or goes to quarantine.
        forwarded: Called with the settlement of each delivery that was published so, or goes back instead.
        renew: Subscribes again, when one that is tried in place has been held for long, if it returns true.
        observer: Notified of deliveries and settlements, when given.

    Attributes:
        arrivals: How many deliveries there have been.
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
        forwarder: Forwarder,
        forwarded: Callable[[Settlement], None],
        renew: Callable[[], bool] = lambda: False,
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
        self.arrivals = 0
        self._ack_timeout = ack_timeout
        self._longest_hold = longest_hold(ack_timeout)
        self._received = received
        self._tell_delivered = implemented(observer, "delivered")
        self._tell_held = implemented(observer, "held")
        self._tell_settled = implemented(observer, "settled")
        self._unacked = UnackedTags()
        self._held = Held(clock, self._release)
        self._forwards = Forwards(forwarder, self._published, clock.seconds)
        self._forwarded = forwarded
        self._renew = renew
        self._kept_back = KeptBack(worker.put)
        self._closed = False
        self._watch: Any = None
        self._slow_callback = slow_callback
        if worker.running is not None:  # a callback of an earlier channel
            self._watch = clock.callLater(self._longest_hold, self._check_waiting)

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
        self.arrivals += 1
        delivery = Delivery(
            self.queue,
            exchange.decode("utf-8", "replace"),
            routing_key,
            tag,
            self.generation,
            redelivered,
            self._clock.seconds(),
            properties,
            body,
        )
        self._unacked.arrived(tag)
        if self._most and (len(self._unacked) > self._most or self._after_close > self._most):
            raise frames.ProtocolBreach(
                f"the broker delivered more than {self._most} messages without an acknowledgement; "
                f"the prefetch count is {self._prefetch}"
            )
        self._received()
        if self._tell_delivered is not None:
            self._tell_delivered(delivery)
        if self._closed:
            self._after_close += 1
            self._settle_now(delivery, _REQUEUE)
            return
        if self._kept_back.keeps:
            self._kept_back.add(delivery)
        else:
            self._worker.put(delivery)
        if self._watch is None:
            self._watch = self._clock.callLater(self._longest_hold, self._check_waiting)

    def settle(self, settled: list[tuple[Delivery, Settlement]]) -> None:
        """Settle deliveries; consecutive acknowledgements are sent as one."""
        acknowledged: list[Delivery] = []
        for delivery, settlement in settled:
            if delivery.generation != self.generation:
                continue  # its channel is gone, and the broker has requeued it
            if settlement.forward:
                if delivery.tag in self._unacked:
                    self._forwards.start(delivery, settlement)
                continue
            if settlement is ACK:
                acknowledged.append(delivery)
                continue
            self._acknowledge(acknowledged)
            acknowledged = []
            if settlement.verb is Verb.ACK:
                self._acknowledge([delivery], settlement)
            elif (settlement.delay or settlement.again) and not self._closed:
                self._hold(delivery, settlement)
            else:
                self._settle_now(delivery, settlement)
                if self._tell_settled is not None:
                    self._tell_settled((delivery,), replace(settlement, delay=0.0, again=False))
        self._acknowledge(acknowledged)

    def keep_back(self) -> None:
        """Deliveries wait here, unacknowledged, until :meth:`resume`; those not started yet as well."""
        self._kept_back.begin(self._worker.take_back())

    def let_through(self, count: int) -> None:
        """Hand over so many of the deliveries that are kept back, or of those that arrive."""
        self._kept_back.let_through(count)

    def runs_again(self, delivery: Delivery) -> bool:
        """Whether a delivery is held that the worker is to run once more."""
        return delivery.generation == self.generation and self._held.runs_again(delivery)

    def resume(self) -> None:
        """Hand over the deliveries that were kept back."""
        for delivery in self._kept_back.end():
            self._worker.put(delivery)

    def give_back(self) -> None:
        """Requeue all that was not started or is held, at once, and whatever arrives from now on."""
        self._closed = True
        self._stop_watch()
        self._requeue_held()

    def lost(self) -> None:
        """The channel has ended: the broker requeues its deliveries, so that none may be started now."""
        self._closed = True
        self._stop_watch()
        self._kept_back.end()
        self._worker.take_back()
        self._unacked.take_all()
        self._let_go()
        self._forwards.cancel()

    @property
    def unsettled(self) -> int:
        """How many deliveries are not settled."""
        return len(self._unacked)

    @property
    def kept_back(self) -> int:
        """How many deliveries wait until the consumer receives again."""
        return len(self._kept_back)

    @property
    def held(self) -> int:
        """How many deliveries are kept until the delay of their settlement is over."""
        return len(self._held)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _acknowledge(self, deliveries: list[Delivery], settlement: Settlement = ACK) -> None:
        if deliveries:
            acks = self._unacked.acknowledge([delivery.tag for delivery in deliveries])
            if acks:
                number = self.channel.number
                self.channel.settle(b"".join(frames.ack(number, tag, multiple) for tag, multiple in acks))
            if self._tell_settled is not None:
                self._tell_settled(deliveries, settlement)

    def _let_go(self) -> list[Delivery]:
        """Hold nothing any more. The worker does not wait any more for one that it was to run again."""
        held = self._held.let_go()
        if any(settlement.again for _, settlement in held):
            self._worker.proceed()
        return [delivery for delivery, _ in held]

    def _hold(self, delivery: Delivery, settlement: Settlement) -> None:
        self._held.hold(delivery, settlement)
        if self._tell_held is not None:
            self._tell_held(delivery, settlement)

    def _release(self, delivery: Delivery, settlement: Settlement) -> None:
        """The delay of a delivery is over."""
        if not settlement.again:
            self._settle_now(delivery, settlement)
            if self._tell_settled is not None:
                self._tell_settled((delivery,), settlement)
        elif self._kept_back.keeps:
            self._kept_back.add_first(delivery)
            self._worker.proceed()
        elif self._clock.seconds() - delivery.arrived < self._longest_hold:
            self._worker.proceed(delivery)
        else:  # in its place again as soon as the broker has delivered it once more
            self._held.hold(delivery, settlement)
            if not self._renew():
                self._requeue_held()

    def _published(self, delivery: Delivery, settlement: Settlement, error: Exception | None) -> None:
        """A delivery is where it is to wait, or (with an error) may not be, and goes back."""
        if error is None:
            self._acknowledge([delivery], settlement)
            self._forwarded(settlement)
            return
        delay = min(max(settlement.delay, _LEAST_PAUSE), self._longest_hold / 2)
        back = replace(_REQUEUE, delay=0.0 if self._closed else delay, counts="rejected")
        (self._release if self._closed else self._hold)(delivery, back)
        self._forwarded(back)

    def _requeue_held(self) -> None:
        # What waits comes first: letting go of what is held may let the worker go on.
        self._requeue(self._worker.take_back() + self._kept_back.end() + self._let_go())

    def _requeue(self, deliveries: list[Delivery]) -> None:
        for delivery in sorted(deliveries, key=lambda each: each.tag):
            self._settle_now(delivery, _REQUEUE)

    def _settle_now(self, delivery: Delivery, settlement: Settlement) -> None:
        if not self._unacked.settle(delivery.tag):
            return
        frame = frames.nack if settlement.verb is Verb.NACK else frames.reject
        self.channel.settle(frame(self.channel.number, delivery.tag, requeue=settlement.requeue))

    def _check_waiting(self) -> None:
        """Requeue what has waited for too long, and warn of a callback that runs for too long."""
        self._watch = None
        now = self._clock.seconds()
        before = now - self._longest_hold + 1e-6
        self._requeue(self._worker.take_back(before) + self._kept_back.take_back(before))
        running = self._worker.running
        self._slow_callback.check(running, now, self.queue, self._ack_timeout)
        arrivals = [each for each in (self._worker.oldest, self._kept_back.oldest) if each is not None]
        if arrivals:
            self._watch = self._clock.callLater(max(min(arrivals) - before, 0.0), self._check_waiting)
        elif running is not None or self._unacked:
            self._watch = self._clock.callLater(self._longest_hold, self._check_waiting)


_REQUEUE = Settlement(Verb.NACK, requeue=True)
