# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Brokers that send what they must not: the client gives documented errors and short lines in the log, and
goes on as soon as the broker behaves."""

import logging
import struct
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pika import spec
from twisted.internet.defer import Deferred

from fedora_messaging import exceptions
from fedora_messaging.message import Message
from support.scripted import HOSTILE, Scripted, body, header, method
from support.world import World, no_unhandled_errors, result_of

QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}]
HUGE = HOSTILE + "x" * 100_000
#: Lines of more than 1 kB of the broker's text, and what stands around it, are too long.
LONGEST = 1_400


@pytest.fixture(autouse=True)
def clean_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test does: nothing is left unhandled, and every line of the log is short and harmless."""
    caplog.set_level(logging.DEBUG)
    with no_unhandled_errors():
        yield
    harmless(caplog.records)


def harmless(records: list[logging.LogRecord]) -> None:
    for record in records:
        line = record.getMessage()
        assert line.isprintable(), repr(line)
        assert len(line.encode()) < LONGEST, line
        assert not record.exc_info, record.exc_text or record.exc_info
        if record.name.startswith("pika"):
            assert record.levelno == logging.DEBUG, line


class Attacked:
    """A client that consumes and publishes, and a scripted broker."""

    def __init__(
        self, answers: dict[Any, Any] | None = None, callback: Callable[[Any], Any] | None = None, **keys: Any
    ) -> None:
        self.world = World()
        self.broker = Scripted(self.world.reactor)
        self.broker.answers.update(answers or {})
        self.world.reactor.broker = self.broker  # type: ignore[assignment]
        values: dict[str, Any] = {"queues": QUEUES, "bindings": BINDINGS, **keys}
        self.service = self.world.service(callback or (lambda _: None), **values)
        self.outcomes: list[Any] = []
        self.service.startService()
        for consumer in self.service.consumers:
            consumer.result.addBoth(self.outcomes.append)
        self.publish()
        self.world.settle()

    def publish(self) -> None:
        self.service.publish(Message(topic="t"), timeout=20).addBoth(self.outcomes.append)

    @property
    def consuming(self) -> Any:
        """The newest session that consumes."""
        return next(session for session in reversed(self.broker.sessions) if session.channel)

    @property
    def publishing(self) -> Any:
        """The newest session that publishes."""
        return next(each for each in reversed(self.broker.sessions) if "Basic.Publish" in each.received)

    def ends_well(self) -> None:
        """The outcomes so far are documented, and a publish is confirmed once a better broker is there."""
        self.world.settle(11)
        self.broker.answers.clear()
        self.world.reactor.cut()
        self.world.settle(9)
        for outcome in self.outcomes:
            error = getattr(outcome, "value", None)
            assert error is None or isinstance(error, exceptions.BaseException), repr(error)
            shown(str(error))
        done = self.service.publish(Message(topic="t"), timeout=60)
        self.world.settle(9)
        assert result_of(done) is None
        stopped = self.service.stopService()
        self.world.settle(3)
        assert result_of(stopped) is None


def shown(text: str) -> None:
    """The text of an error is one harmless line."""
    assert text.isprintable(), repr(text)
    assert len(text.encode()) < LONGEST


def sends(*frames: bytes) -> Callable[..., None]:
    """An answer of these bytes."""
    return lambda session, number, _: session.send(*frames)


def replies(*methods: Any) -> Callable[..., None]:
    """An answer of these methods, on the channel of what is answered."""
    return lambda session, number, _: session.send(*(method(number, each) for each in methods))


def start(**fields: Any) -> bytes:
    values = {
        "version_major": 0,
        "version_minor": 9,
        "server_properties": {},
        "mechanisms": "PLAIN",
        "locales": "en_US",
    }
    return method(0, spec.Connection.Start(**{**values, **fields}))


STAGES = [None, spec.Connection.StartOk, spec.Connection.TuneOk, spec.Connection.Open]
CODES = [0, 320, 403, 404, 530, 541]


@pytest.mark.parametrize(("stage", "code"), list(product(STAGES, CODES)))
def test_a_close_in_the_handshake(stage: Any, code: int) -> None:
    """connection.close with any code and hostile text, at any stage, is a documented error."""
    attacked = Attacked({stage: sends(method(0, spec.Connection.Close(code, HOSTILE, 0, 0)))})
    attacked.ends_well()


def test_a_reply_text_that_is_no_text() -> None:
    """Reply texts that are not UTF-8 are escaped."""
    bad = struct.pack(">IHB", 0x000A0032, 541, 4) + b"\xff\x1b[m" + bytes(4)
    attacked = Attacked({spec.Connection.Open: sends(struct.pack(">BHI", 1, 0, len(bad)) + bad + b"\xce")})
    attacked.ends_well()


@pytest.mark.parametrize(
    "answer",
    [
        start(server_properties={"product": HUGE, "version": HUGE, HOSTILE: HOSTILE}),
        start(mechanisms=HUGE),
        start(mechanisms="EXTERNAL"),
        start(mechanisms=""),
        start(locales=HUGE),
        start(version_major=1, version_minor=255),
        start(server_properties={"capabilities": HOSTILE}),
        start() + start(),
        method(0, spec.Connection.Tune(1, 8192, 1)),
        method(0, spec.Connection.OpenOk()),
        method(0, spec.Connection.Secure(HUGE)),
        method(0, spec.Connection.CloseOk()),
        method(0, spec.Connection.Blocked(HOSTILE)),
        method(0, spec.Basic.Ack(1, True)),
        method(7, spec.Channel.OpenOk()),
        method(65535, spec.Basic.Cancel(HOSTILE)),
        header(0, 5),
        header(1, 2**63),
        body(0, b"x"),
        b"AMQP\0\x01\0\0",
        b"HTTP/1.1 400 Bad Request\r\n\x1b[31m" * 100,
        b"\0" * 1000,
        b"\xff" * 1000,
        struct.pack(">BHI", 1, 0, 0) + b"\xce",
        struct.pack(">BHI", 1, 0, 4) + b"\0\x0a\0\x0a\xce",
        struct.pack(">BHI", 2, 1, 2**31),
    ],
)
@pytest.mark.parametrize("stage", STAGES)
def test_out_of_place_in_the_handshake(stage: Any, answer: bytes) -> None:
    """Whatever comes in the place of what the handshake expects ends in a documented error."""
    attacked = Attacked({stage: sends(answer)})
    attacked.ends_well()


TUNES = [0, 1, 4095, 4096, 65535]


@pytest.mark.parametrize(
    ("channel_max", "frame_max"), list(product([0, 1, 65535], [*TUNES, 2**31, 2**32 - 1]))
)
@pytest.mark.parametrize("heartbeat", [0, 65535])
def test_odd_tunes(
    channel_max: int, frame_max: int, heartbeat: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Limits that AMQP allows are taken. A frame_max below 4096 ends a new consumer and what waits to be
    published, with an error that names the limit."""
    tune = sends(method(0, spec.Connection.Tune(channel_max, frame_max, heartbeat)))
    attacked = Attacked({spec.Connection.StartOk: tune})
    if 0 < frame_max < 4096:
        assert all(f"frame_max {frame_max} " in str(outcome.value) for outcome in attacked.outcomes)
        assert all(isinstance(each.value, exceptions.ConnectionException) for each in attacked.outcomes)
        assert 2 == len(attacked.outcomes)
        told = [each for each in caplog.records if each.levelno > logging.INFO]
        assert len(told) <= 3
        assert any("frame_max" in each.getMessage() for each in told)
    else:
        assert [None] == attacked.outcomes
        assert attacked.consuming
    attacked.ends_well()


def test_a_bad_tune_after_the_first_connection_is_retried(caplog: pytest.LogCaptureFixture) -> None:
    """A consumer that has consumed waits for the broker to be mended, and says why in one line an attempt."""
    attacked = Attacked()
    attacked.broker.answers[spec.Connection.StartOk] = sends(method(0, spec.Connection.Tune(0, 100, 0)))
    caplog.clear()
    attacked.world.reactor.cut()
    attacked.world.settle(20)
    (consumer,) = attacked.service.consumers

    assert not consumer.ended
    lines = [each for each in caplog.records if "frame_max 100" in each.getMessage()]
    attempts = sum("Connection.StartOk" in session.received for session in attacked.broker.sessions)
    assert 0 < len(lines) <= attempts

    attacked.broker.answers.clear()
    attacked.world.settle(20)
    assert consumer.running
    attacked.ends_well()


CALLS = [
    spec.Channel.Open,
    spec.Queue.Declare,
    spec.Queue.Bind,
    spec.Basic.Qos,
    spec.Basic.Consume,
    spec.Confirm.Select,
    spec.Basic.Publish,
]


@pytest.mark.parametrize(("call", "code"), list(product(CALLS, [0, 311, 403, 404, 405, 541])))
def test_a_close_of_the_channel(call: Any, code: int) -> None:
    """channel.close with hostile text as the answer to any call is a documented error."""
    attacked = Attacked({call: replies(spec.Channel.Close(code, HOSTILE, 0, 0))})
    attacked.ends_well()


@pytest.mark.parametrize(("call", "code"), list(product(CALLS, [200, 320, 403, 530, 541])))
def test_a_close_of_the_connection(call: Any, code: int) -> None:
    """connection.close with hostile text as the answer to any call is a documented error."""
    attacked = Attacked({call: sends(method(0, spec.Connection.Close(code, HOSTILE, 0, 0)))})
    attacked.ends_well()


WRONG = [
    spec.Channel.OpenOk(),
    spec.Channel.CloseOk(),
    spec.Channel.Flow(False),
    spec.Channel.Flow(True),
    spec.Channel.FlowOk(True),
    spec.Exchange.DeclareOk(),
    spec.Queue.DeclareOk(HOSTILE, 0, 0),
    spec.Queue.BindOk(),
    spec.Queue.DeleteOk(7),
    spec.Basic.QosOk(),
    spec.Basic.ConsumeOk(HOSTILE),
    spec.Basic.Cancel(HOSTILE),
    spec.Basic.CancelOk(HOSTILE),
    spec.Basic.GetEmpty(),
    spec.Basic.GetOk(1, False, HOSTILE, HOSTILE, 3),
    spec.Basic.Return(312, HOSTILE, HOSTILE, HOSTILE),
    spec.Basic.Deliver(HOSTILE, 1, False, HOSTILE, HOSTILE),
    spec.Basic.Deliver("tag", 7, False, HOSTILE, HOSTILE),
    spec.Basic.Ack(99, True),
    spec.Basic.Nack(0, False, False),
    spec.Basic.RecoverOk(),
    spec.Confirm.SelectOk(),
    spec.Tx.SelectOk(),
    spec.Connection.Blocked(HOSTILE),
    spec.Connection.OpenOk(),
    spec.Connection.Start(0, 9, {HOSTILE: HUGE}, HUGE, HUGE),
    spec.Basic.Publish(0, HOSTILE, HOSTILE),
    spec.Basic.Consume(0, HOSTILE),
]


@pytest.mark.parametrize(("call", "reply"), list(product(CALLS, WRONG)), ids=lambda value: value.NAME)
def test_wrong_replies(call: Any, reply: Any) -> None:
    """Any method as the answer to any call is taken, ignored, or the end of the connection."""
    attacked = Attacked({call: replies(reply)})
    attacked.ends_well()


PROPERTIES = spec.BasicProperties(
    content_type=HOSTILE, message_id=HOSTILE, headers={"fedora_messaging_schema": HUGE, HOSTILE: HUGE}
)
OUT_OF_PLACE = [
    lambda n: [method(n, spec.Basic.Deliver("tag", 2, False, "e", "t"))],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t"))] * 2,
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), header(n, 0), header(n, 0)],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), header(n, 3), body(n, b"toolong")],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), body(n, b"")],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), body(n, b"x")],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), header(n, 2**64 - 1), body(n, b"x")],
    lambda n: [
        method(n, spec.Basic.Deliver("tag", 1, False, HOSTILE, HOSTILE)),
        header(n, 2, b"".join(PROPERTIES.encode())),
        body(n, b"{}"),
    ],
    lambda n: [method(n, spec.Basic.Deliver("tag", 1, False, "e", "t")), method(n, spec.Basic.CancelOk("t"))],
    lambda n: [header(n, 5)],
    lambda n: [body(n, b"x")],
    lambda n: [method(n, spec.Basic.Return(312, HOSTILE, HOSTILE, HOSTILE)), header(n, 1), body(n, b"x")],
    lambda n: [method(n, spec.Basic.Ack(2**63, True))],
    lambda n: [method(n, spec.Channel.Close(541, HOSTILE, 0, 0))] * 3,
    lambda n: [method(n, spec.Channel.CloseOk())] * 3,
    lambda n: [method(0, spec.Connection.Close(320, HOSTILE, 0, 0))] * 3,
    lambda n: [method(0, spec.Connection.CloseOk())] * 3,
    lambda n: [method(0, spec.Connection.Tune(0, 100, 1))],
    lambda n: [method(0, spec.Connection.OpenOk())] * 2,
    lambda n: [method(n - 7, spec.Basic.Cancel(HOSTILE))],
    lambda n: [struct.pack(">BHI", 8, n, 100) + HOSTILE.encode()[:100].ljust(100, b"x") + b"\xce"],
]


@pytest.mark.parametrize("frames", OUT_OF_PLACE)
@pytest.mark.parametrize("where", ["consuming", "publishing"])
def test_frames_out_of_place(frames: Any, where: str) -> None:
    """Frames that do not follow from what was before, on a channel that consumes or publishes, do no lasting
    harm."""
    attacked = Attacked()
    session = getattr(attacked, where)
    numbers = {"consuming": session.channel or 65535, "publishing": max(session.published, default=65535)}
    session.send(*frames(numbers[where]))
    attacked.ends_well()


@given(st.lists(st.tuples(st.sampled_from(CALLS), st.sampled_from([*WRONG, None])), max_size=4), st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_frames_at_any_time(answers: list[tuple[Any, Any]], data: st.DataObject) -> None:
    """A broker that answers wrongly or never, and sends anything at any time, does no lasting harm."""
    attacked = Attacked({call: reply if reply is None else replies(reply) for call, reply in answers})
    for _ in range(data.draw(st.integers(0, 4))):
        number = data.draw(st.sampled_from([0, 1, 2046, 2047]))
        frame = data.draw(st.sampled_from([*WRONG, b"\x08\0\0\0\0\0\0\xce"]))
        attacked.broker.now.send(frame if isinstance(frame, bytes) else method(number, frame))
        attacked.world.settle(data.draw(st.sampled_from([0, 1, 20])))
    attacked.ends_well()


# Floods


@pytest.mark.parametrize("prefetch", [1, 10])
def test_deliveries_beyond_the_prefetch_count(prefetch: int, caplog: pytest.LogCaptureFixture) -> None:
    """A broker that delivers on and on loses the connection at twice the prefetch count, with the reason."""
    attacked = Attacked(callback=lambda _: Deferred(), qos={"prefetch_count": prefetch})
    (consumer,) = attacked.service.consumers
    session = attacked.consuming
    session.deliver(10_000)
    attacked.world.settle()

    assert not session.transport.connected
    line = next(each.getMessage() for each in caplog.records if "the prefetch count is" in each.getMessage())
    assert f"more than {2 * prefetch} messages without an acknowledgement" in line
    assert 2 * prefetch == consumer.stats.received


def test_no_prefetch_count_is_no_limit() -> None:
    """With a prefetch count of 0 the broker may deliver as much as it likes."""
    attacked = Attacked(callback=lambda _: Deferred(), qos={"prefetch_count": 0})
    (consumer,) = attacked.service.consumers
    attacked.consuming.deliver(5_000)
    attacked.world.settle()

    assert 5_000 == consumer.stats.received
    assert consumer.running


@pytest.mark.parametrize("paused", ["kept back", "given back", "held nacks"])
def test_deliveries_beyond_the_prefetch_count_while_few_are_wanted(paused: str) -> None:
    """The same bound holds while deliveries are kept back, given back after a pause, or held as nacks."""

    def refuse(_: Any) -> None:
        raise exceptions.Nack

    queues = {"q": {**QUEUES["q"], "durable": False, "exclusive": True}} if paused == "kept back" else QUEUES
    attacked = Attacked({spec.Basic.Cancel: None}, callback=refuse, queues=queues)
    session = attacked.consuming
    if paused != "held nacks":
        Deferred.fromCoroutine(attacked.service.consumers[0].pause())
        attacked.world.settle()
    session.deliver(10_000, data=b'{"a": 1}')
    attacked.world.settle()

    assert not session.transport.connected


def test_every_callback_in_turn_stays_within_the_prefetch_count() -> None:
    """A broker that keeps to the prefetch count is never cut off, however much goes by."""
    seen: list[Any] = []
    attacked = Attacked(callback=seen.append, qos={"prefetch_count": 3})
    session = attacked.consuming
    for _ in range(300):
        session.deliver(3)
        attacked.world.settle()

    assert 900 == len(seen)
    assert session.transport.connected


def test_frames_for_a_channel_that_is_gone(caplog: pytest.LogCaptureFixture) -> None:
    """They are dropped before pika sees them, and their number is logged once a second."""
    attacked = Attacked()
    session = attacked.consuming
    attacked.service.consumers[0].cancel()
    attacked.world.settle()
    caplog.clear()
    session.send(*[method(session.channel, spec.Basic.Cancel("tag"))] * 5_000)
    attacked.world.settle(0.5)
    session.send(*[method(session.channel, spec.Basic.Cancel("tag"))] * 5_000)
    attacked.world.settle(3)
    lines = [each.getMessage() for each in caplog.records if "Dropped frames" in each.getMessage()]

    assert session.transport.connected
    assert [1, 9_999] == [int(line.rstrip(".").rpartition(" ")[2]) for line in lines]
    assert len(caplog.records) < 100
    attacked.ends_well()


@pytest.mark.parametrize("number", [1, 1000, 65535])
def test_frames_for_a_channel_that_never_was(number: int, caplog: pytest.LogCaptureFixture) -> None:
    """They are a breach of the protocol: the connection is dropped, and the channel is named."""
    attacked = Attacked()
    session = attacked.consuming
    session.send(*[method(number, spec.Basic.Cancel("tag"))] * 100)
    attacked.world.settle()

    assert not session.transport.connected
    assert any(f"frame for channel {number}, which was never" in each.getMessage() for each in caplog.records)
    attacked.ends_well()


@pytest.mark.parametrize(
    "sent",
    [
        spec.Basic.Cancel("tag"),
        spec.Channel.Flow(True),
        spec.Connection.Blocked(HOSTILE),
        spec.Connection.Unblocked(),
        spec.Connection.OpenOk(),
        spec.Connection.Tune(0, 100, 0),
    ],
    ids=lambda sent: sent.NAME,
)
def test_floods_of_methods(sent: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Any number of the same method is a handful of lines in the log, at the levels that people see."""
    caplog.set_level(logging.INFO)
    attacked = Attacked()
    session = attacked.consuming
    number = 0 if sent.NAME.startswith("Connection.") else session.channel
    session.send(*[method(number, sent)] * 3_000)
    attacked.world.settle(3)

    assert len(caplog.records) < 40
    attacked.ends_well()


def test_a_flood_of_returned_messages(caplog: pytest.LogCaptureFixture) -> None:
    """Messages returned that were never sent are logged once a second."""
    attacked = Attacked()
    caplog.clear()
    session = attacked.publishing
    number = max(session.published)
    returned = method(number, spec.Basic.Return(312, HOSTILE, HOSTILE, HOSTILE)) + header(number, 0)
    session.send(*[returned] * 2_000)
    attacked.world.settle()
    attacked.world.settle(2)
    session.send(returned)
    attacked.world.settle()
    lines = [each.getMessage() for each in caplog.records if "not in flight" in each.getMessage()]

    assert 2 == len(lines)
    assert lines[1].endswith("(1999 more of the same were left out)")
    attacked.ends_well()


def test_a_broker_that_cancels_every_consumer_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first is sought at once, the next after delays that grow."""
    attacked = Attacked({spec.Basic.Consume: replies(spec.Basic.ConsumeOk("tag"), spec.Basic.Cancel("tag"))})
    attacked.world.settle(60)
    consumes = sum(session.received.count("Basic.Consume") for session in attacked.broker.sessions)

    assert 3 < consumes < 60
    attacked.ends_well()


def test_a_body_in_very_small_pieces() -> None:
    """A body in frames of two bytes, with frames without a byte among them, arrives whole."""
    seen: list[Any] = []
    attacked = Attacked(callback=seen.append)
    session = attacked.consuming
    text = b'{"a": "' + b"x" * 20_000 + b'"}'
    session.send(method(session.channel, spec.Basic.Deliver("tag", 1, False, "e", "t")))
    session.send(header(session.channel, len(text)))
    for at in range(0, len(text), 2):
        session.send(body(session.channel, b""), body(session.channel, text[at : at + 2]))
    attacked.world.settle()

    assert ["x" * 20_000] == [each.body["a"] for each in seen]


# What people see


@pytest.mark.parametrize("name", [HOSTILE, "\u202e" * 80])
def test_a_queue_named_by_a_hostile_broker(name: str) -> None:
    """A queue's name from the broker is used as it is, and shown escaped."""
    answers = {
        spec.Queue.Declare: replies(spec.Queue.DeclareOk(name, 0, 0)),
        spec.Queue.Bind: replies(spec.Channel.Close(403, HOSTILE, 0, 0)),
    }
    attacked = Attacked(answers, queues={"": {"exclusive": True}}, bindings=[{**BINDINGS[0], "queue": ""}])
    (error,) = [each.value for each in attacked.outcomes if each is not None]

    assert isinstance(error, exceptions.BadDeclaration)
    shown(str(error))
    shown(str(error.description))
    attacked.ends_well()


def test_hostile_reasons_reach_the_application_escaped() -> None:
    """The text of a refused publish, a returned message and a blocked connection is one line."""
    attacked = Attacked({spec.Basic.Publish: replies(spec.Channel.Close(403, HOSTILE, 0, 0))}, mandatory=True)
    (error,) = [each.value for each in attacked.outcomes if each is not None]
    assert isinstance(error, exceptions.PublishForbidden)
    shown(str(error))
    assert "forged" in str(error)

    attacked.publishing.send(method(0, spec.Connection.Blocked(HOSTILE)))
    attacked.world.settle()
    blocked = attacked.service.publish(Message(topic="t"), timeout=1)
    attacked.world.settle(2)
    with pytest.raises(exceptions.PublishTimeout) as refused:
        result_of(blocked)
    shown(str(refused.value))
    assert "forged" in str(refused.value)
    attacked.publishing.send(method(0, spec.Connection.Unblocked()))
    attacked.ends_well()


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_what_the_application_logs_of_pika_stays(level: int, caplog: pytest.LogCaptureFixture) -> None:
    """pika's lines about other connections of the process keep their level and their text."""
    caplog.set_level(level)
    Attacked()
    caplog.clear()
    logging.getLogger("pika.connection").error("the application's own: %s", "text")

    assert [(logging.ERROR, "the application's own: text")] == [
        (each.levelno, each.getMessage()) for each in caplog.records
    ]
    caplog.clear()


# Ending with a broker that does not answer

NEVER = [
    (),
    (spec.Basic.Cancel,),
    (spec.Channel.Close,),
    (spec.Connection.Close,),
    (spec.Basic.Cancel, spec.Channel.Close, spec.Connection.Close),
]


@pytest.mark.parametrize("silent", NEVER, ids=lambda silent: "+".join(each.NAME for each in silent) or "none")
@pytest.mark.parametrize("busy", [False, True])
def test_stopping_ends_within_the_grace_period(silent: tuple[Any, ...], busy: bool) -> None:
    """stopService ends within the grace period though the broker never answers a step, or a callback runs."""
    attacked = Attacked(dict.fromkeys(silent), callback=lambda _: Deferred(), shutdown_grace=12.0)
    if busy:
        attacked.consuming.deliver()
        attacked.world.settle()
    before = attacked.world.reactor.seconds()
    stopped = attacked.service.stopService()
    ended: list[float] = []
    stopped.addBoth(lambda _: ended.append(attacked.world.reactor.seconds() - before))
    attacked.world.settle(20)

    assert ended
    assert ended[0] <= 12.5


@pytest.mark.parametrize("silent", NEVER[1:4], ids=lambda silent: silent[0].NAME)
def test_cancelling_a_consumer_ends(silent: tuple[Any, ...]) -> None:
    """cancel() ends though the broker never answers basic.cancel or channel.close."""
    attacked = Attacked(dict.fromkeys(silent))
    (consumer,) = attacked.service.consumers
    cancelled = consumer.cancel()
    attacked.world.settle(15)

    assert result_of(cancelled) is None
    assert result_of(consumer.result) is consumer
