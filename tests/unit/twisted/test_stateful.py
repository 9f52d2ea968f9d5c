# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The promises, under any order of what may happen to a client: publisher, consumer, connections and
broker on one clock.

Hypothesis chooses the order; after each step the invariants hold, and once everything is healed whatever
was promised has come true.
"""

import gc
import logging
import os
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from fedora_messaging import exceptions
from fedora_messaging.broker import Permissions, User
from fedora_messaging.message import Message
from support.jumping import DAY, HOUR, JumpingWorld

TOPOLOGY: dict[str, Any] = {
    "queues": {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}},
    "bindings": [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}],
}
GRACE = 20.0
GOOD, UNROUTABLE, MISSING = "amq.topic", "", "missing"
UNSENDABLE: list[Any] = ["x" * 300, "é" * 128, "\ud800", 5, b"amq.topic"]
# Those of 10 kB fit into no frame of 8 kB; 20,000 fit into none at all. Chosen by name: Hypothesis writes
# out, again and again, what it chooses from, which for the values would be 600 kB each time.
HEADERS: dict[str, dict[str, Any]] = {
    "none": {},
    "10 kB": {"h": "x" * 10_000},
    "20,000": {f"h{n}": n for n in range(20_000)},
    "an object": {"h": object()},
}


@pytest.fixture(autouse=True, scope="module")
def _only_new_objects() -> Iterator[None]:
    """The collections below look at what is made from here on, and not at a whole run of tests each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Sent:
    """One publish and what came of it."""

    def __init__(self, number: int, message: Message, exchange: Any, *, unsendable: bool) -> None:
        self.number = number
        self.message = message
        self.exchange = exchange
        self.unsendable = unsendable
        self.outcomes: list[Any] = []
        self.deferred: Deferred[None] | None = None

    @property
    def confirmed(self) -> bool:
        return self.outcomes == [None]

    @property
    def error(self) -> BaseException | None:
        return self.outcomes[0].value if self.outcomes and self.outcomes[0] is not None else None


class Errors(logging.Handler):
    """What is logged with a traceback, and what Twisted logs as critical."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith("The callback Promises.callback failed with message"):
            return
        if record.exc_info or "Traceback" in text:
            self.lines.append(text + (str(record.exc_info[1]) if record.exc_info else ""))

    def observe(self, event: Any) -> None:
        if event.get("log_level") is LogLevel.critical:
            failure = event.get("log_failure")
            self.lines.append(formatEvent(event) + (failure.getTraceback() if failure else ""))


class Promises(RuleBasedStateMachine):
    """A service that publishes and consumes, and a broker that has a bad day."""

    def __init__(self) -> None:
        super().__init__()
        self.errors = Errors()
        logger = logging.getLogger("fedora_messaging")
        self.level = logger.level
        logger.addHandler(self.errors)
        self.observer = cast(Any, self.errors.observe)
        globalLogPublisher.addObserver(self.observer)
        self.world = JumpingWorld()
        self.broker = self.world.broker
        self.sent: list[Sent] = []
        self.finished: list[str | None] = []  # ids whose callback returned, or dropped them
        self.running: list[tuple[Message, Deferred[None]]] = []
        self.most_running = 0
        self.ended: list[Any] = []
        self.ends_expected = 0
        self.paused = False

    @initialize(small_frames=st.booleans())
    def begin(self, small_frames: bool) -> None:
        self.small_frames = small_frames
        self.start()

    def start(self) -> None:
        frames = "&frame_max=8192" if self.small_frames else ""
        self.service = self.world.service(
            None,
            amqp_url=f"amqp://guest:guest@localhost/%2F?heartbeat=4{frames}",
            mandatory=True,
            shutdown_grace=GRACE,
            **TOPOLOGY,
        )
        self.consume()
        self.service.startService()
        self.world.settle(1)
        self.paused = False

    def consume(self) -> None:
        self.service.consume(self.callback).addErrback(lambda _: None)
        for consumer in self.service.consumers:
            consumer.result.addBoth(self.ended.append)

    def callback(self, message: Message) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.running.append((message, done))
        self.most_running = max(self.most_running, len(self.running))
        return done

    # Publishing

    @rule(
        exchange=st.sampled_from([*[GOOD] * 16, UNROUTABLE, UNROUTABLE, MISSING, MISSING, *UNSENDABLE]),
        timeout=st.sampled_from([*[None] * 9, 3.0, 3.0, 0, float("inf"), -1, "5", True, float("nan")]),
        headers=st.sampled_from([*["none"] * 11, *HEADERS]),
        count=st.integers(1, 6),
        again=st.booleans(),
        then=st.sampled_from([None, 0.0, 0.0, 0.25]),
    )
    def publish(
        self,
        exchange: Any,
        timeout: Any,
        headers: str,
        count: int,
        again: bool,
        then: float | None,
    ) -> None:
        for _ in range(count):
            number = len(self.sent)
            message = Message(topic=f"t.{number}", body={"n": number}, headers=HEADERS[headers])
            if again and self.sent:
                message = self.sent[-1].message
            large = "h19999" in message._headers or (self.small_frames and "h" in message._headers)
            odd = not isinstance(message._headers.get("h", ""), str)
            unsendable = exchange in UNSENDABLE or large or odd
            sent = Sent(number, message, exchange, unsendable=unsendable)
            self.sent.append(sent)
            sent.deferred = self.service.publish(message, exchange, timeout=timeout)
            sent.deferred.addBoth(sent.outcomes.append)
            if unsendable or timeout not in (None, 3.0, 0, float("inf")) or timeout is True:
                # What can never be sent fails at once, whatever the connection is doing.
                assert isinstance(sent.error, (exceptions.ValidationError, ValueError)), sent.error
        if then is not None:
            self.world.settle(then)

    @precondition(lambda self: any(not sent.outcomes for sent in self.sent))
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        waiting = [sent for sent in self.sent if not sent.outcomes]
        chosen = data.draw(st.sampled_from(waiting))
        assert chosen.deferred is not None
        chosen.deferred.cancel()

    @rule(fault=st.sampled_from(["withhold", "release", "nack", "block", "unblock"]))
    def trouble_the_publisher(self, fault: str) -> None:
        faults = self.broker.faults
        if fault == "withhold":
            faults.withhold_confirms()
        elif fault == "release":
            faults.release_confirms()
        elif fault == "nack":
            faults.nack_publishes(2)
        elif fault == "block":
            faults.block("low on memory")
        else:
            faults.unblock()

    # Consuming

    @precondition(lambda self: self.running)
    @rule(outcome=st.sampled_from(["return", "return", "return", "nack", "drop", "fail", "halt"]))
    def finish(self, outcome: str) -> None:
        message, done = self.running.pop(0)
        error = {
            "nack": exceptions.Nack(),
            "drop": exceptions.Drop(),
            "fail": KeyError("surprise"),
            "halt": exceptions.HaltConsumer(requeue=True),
        }.get(outcome)
        if outcome in ("return", "drop"):
            self.finished.append(message.id)
        self.ends_expected += outcome in ("fail", "halt")
        if error is None:
            done.callback(None)
        else:
            done.errback(error)
        self.world.settle()

    @precondition(lambda self: not self.service.consumers)
    @rule()
    def consume_again(self) -> None:
        self.consume()

    @rule(count=st.integers(1, 10))
    def work(self, count: int) -> None:
        """Callbacks return, one after the other, as far as there are messages."""
        for _ in range(count):
            self.world.settle(0.25)
            if not self.running:
                break
            self.finish("return")

    @rule(fault=st.sampled_from(["redeliver", "cancel"]))
    def trouble_the_consumer(self, fault: str) -> None:
        if fault == "redeliver":
            self.broker.faults.redeliver("q")
        else:
            self.broker.faults.cancel_consumers("q")

    @rule()
    def pause_or_resume(self) -> None:
        connected = self.service.factory.when_connected()
        if not connected.called:
            connected.cancel()
            connected.addErrback(lambda _: None)
            return
        protocols: list[Any] = []
        connected.addCallback(protocols.append)
        if self.paused:
            protocols[0].resumeProducing()
        else:
            protocols[0].pauseProducing()
        self.paused = not self.paused

    # Connections

    @rule(then=st.sampled_from([0.0, 0.25, 2.0]))
    def lose(self, then: float) -> None:
        self.world.reactor.cut()
        self.world.settle(then)

    @rule(
        fault=st.sampled_from(
            [
                *("drop after", "close 320", "close 501", "close 541", "silence", "go away"),
                *("type", "size", "end", "method", "arguments", "header", "no rights", "password"),
            ]
        ),
        cut=st.booleans(),
        seconds=st.sampled_from([0.0, 1.0, 10.0]),
        healed=st.sampled_from([True, True, False]),
    )
    def trouble_the_connections(self, fault: str, cut: bool, seconds: float, healed: bool) -> None:
        """Something happens, for a while or until it is healed."""
        faults = self.broker.faults
        if fault == "drop after":
            faults.drop_after(2)
        elif fault.startswith("close"):
            faults.close_connections(int(fault[6:]), "CONNECTION_FORCED - a fault")
        elif fault == "silence":
            faults.silence()
        elif fault == "go away":
            self.world.reactor.reachable = False
        elif fault == "no rights":
            self.broker.users["guest"] = User("guest", {"/": Permissions(configure="")})
        elif fault == "password":
            self.broker.users["guest"] = User("another")
        else:
            faults.corrupt(fault)
        if cut:
            self.world.reactor.cut()
        self.world.settle(seconds)
        if healed:
            self.heal()

    @rule()
    def everything_is_well(self) -> None:
        self.heal()
        self.world.settle(9)

    # Time

    @rule(seconds=st.sampled_from([0.0, 0.0, 0.25, 1.0, 6.0, 15.0]))
    def wait(self, seconds: float) -> None:
        self.world.settle(seconds)

    @rule(jump=st.sampled_from([-DAY, -HOUR, -3.0, 3.0, HOUR, DAY]))
    def set_the_wall_clock(self, jump: float) -> None:
        """An administrator, or NTP, sets the clock that the reactor follows."""
        self.world.reactor.jump(jump)

    @rule(callbacks_finish=st.booleans())
    def stop_and_start(self, callbacks_finish: bool) -> None:
        """Whatever the state: it stops within the grace period, and every publish has an outcome."""
        stopped: list[Any] = []
        consumers = len(self.service.consumers)
        self.service.stopService().addBoth(stopped.append)
        self.world.settle(0.25)
        if callbacks_finish:
            while self.running:
                self.finish("return")
                self.world.settle(0.25)
        self.world.settle(GRACE + 1)

        assert [None] == stopped
        assert not self.service.consumers
        assert all(sent.outcomes for sent in self.sent), [
            sent.number for sent in self.sent if not sent.outcomes
        ]
        self.ends_expected += consumers
        # A callback that outlived its service: the application's affair, nobody listens any more.
        for _, done in self.running:
            done.callback(None)
        self.running.clear()
        self.world.settle(1)
        self.heal()
        self.start()

    # What always holds

    @invariant()
    def callbacks_are_serial(self) -> None:
        assert self.most_running <= 1

    @invariant()
    def one_outcome_at_most(self) -> None:
        assert all(len(sent.outcomes) <= 1 for sent in self.sent)

    @invariant()
    def only_documented_errors(self) -> None:
        for sent in self.sent:
            error = sent.error
            if error is not None:
                assert isinstance(error, (exceptions.BaseException, CancelledError, ValueError)), repr(error)
        for end in self.ended:
            error = end.value if isinstance(end, Failure) else None
            assert error is None or isinstance(error, (exceptions.BaseException, KeyError)), repr(error)

    @invariant()
    def what_cannot_arrive_is_never_confirmed(self) -> None:
        for sent in self.sent:
            assert not (sent.confirmed and sent.exchange != GOOD), (sent.number, sent.exchange)

    @invariant()
    def a_good_message_is_never_blamed_for_another(self) -> None:
        for sent in self.sent:
            error = sent.error
            if sent.exchange == GOOD and isinstance(error, exceptions.PublishReturned):
                assert "nacked" in str(error), (sent.number, str(error))

    @invariant()
    def what_can_be_sent_is_never_invalid(self) -> None:
        for sent in self.sent:
            assert sent.unsendable or not isinstance(sent.error, exceptions.ValidationError), sent.error

    @invariant()
    def never_a_zombie(self) -> None:
        """A consumer consumes, or tries to, or has ended and said how."""
        for consumer in self.service.consumers if hasattr(self, "service") else ():
            assert consumer.state in ("consuming", "connecting", "declaring", "backoff", "draining") or (
                # Resumed during a callback, it begins again when that has finished.
                consumer.state == "idle" and (self.paused or self.running)
            ), consumer

    @invariant()
    def nothing_unhandled(self) -> None:
        assert [] == self.errors.lines

    # What comes true

    def heal(self) -> None:
        self.world.reactor.reachable = True
        self.broker.users["guest"] = User("guest")
        self.broker.faults._drop_after = None
        self.broker.faults._nack = 0
        self.broker.faults.unblock()
        self.broker.faults.release_confirms()
        self.broker.faults.silence(False)

    def teardown(self) -> None:
        try:
            if hasattr(self, "service"):
                self.come_true()
        finally:
            logging.getLogger("fedora_messaging").removeHandler(self.errors)
            globalLogPublisher.removeObserver(self.observer)

    def come_true(self) -> None:
        self.heal()
        self.world.settle(1)
        if self.paused:
            self.pause_or_resume()
            if self.paused:
                self.world.settle(20)
                self.pause_or_resume()
        for _ in range(200):
            self.world.settle(0.5 if self.running else 2)
            if not self.service.consumers:
                self.consume()
                self.world.settle(1)
            if self.running:
                self.finish("return")
            elif self.service.consuming and not self.left() and all(sent.outcomes for sent in self.sent):
                break
        waiting = [sent.number for sent in self.sent if not sent.outcomes]
        lost = {sent.message.id for sent in self.sent if sent.confirmed} - set(self.finished)
        assert [] == waiting
        assert set() == lost
        assert 0 == self.left()
        assert self.service.consuming, self.service.consumers
        assert 1 == self.broker.queue("q").consumers
        stopped: list[Any] = []
        self.service.stopService().addBoth(stopped.append)
        self.world.settle(2)
        assert [None] == stopped
        assert [] == list(self.broker.connections)
        # Nothing of ours is left on the clock.
        assert [] == self.world.reactor.getDelayedCalls()
        gc.collect()
        self.nothing_unhandled()

    def left(self) -> int:
        queue = self.broker.queue("q")
        return int(queue.ready + queue.unacked)


TestPromises = Promises.TestCase
TestPromises.settings = settings(
    # Enough for every run; STATEFUL_EXAMPLES=1000 for a long look.
    max_examples=int(os.environ.get("STATEFUL_EXAMPLES", "12")),
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
