# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A broker by script: it answers as a good one does, but where a test has its own answer to a method."""

import struct
from collections.abc import Callable
from typing import Any

from pika import frame, spec
from twisted.internet.protocol import Protocol

from fedora_messaging.broker._memory import Pump, connect

__all__ = ["HOSTILE", "Scripted", "body", "header", "method"]

#: A forged line, ANSI and C1 sequences, a bidirectional override, line separators, a zero-width space, NUL.
HOSTILE = (
    "x\n2026-01-01 root CRITICAL forged\r\x1b[31m red \x9b31m \u202e over \u2028\u2029\u200b\x00\x7f ü end"
)

#: A client that sends more methods than this, unasked, is in an endless loop.
MOST = 10_000

Answer = Callable[["Session", int, Any], None]


def method(number: int, sent: Any) -> bytes:
    """A method frame."""
    return bytes(frame.Method(number, sent).marshal())


def header(number: int, size: int, properties: bytes = b"\0\0") -> bytes:
    """A content header frame."""
    payload = struct.pack(">HHQ", 60, 0, size) + properties
    return struct.pack(">BHI", 2, number, len(payload)) + payload + b"\xce"


def body(number: int, data: bytes) -> bytes:
    """A content body frame."""
    return struct.pack(">BHI", 3, number, len(data)) + data + b"\xce"


class Session(Protocol):
    """One connection of a client.

    Attributes:
        received: The names of the methods that came.
        channel: The number of the channel that consumes, once one does.
        published: How many messages came, by channel.
    """

    transport: Any

    def __init__(self, broker: "Scripted") -> None:
        self.broker = broker
        self.received: list[str] = []
        self.channel = 0
        self.tag = 0
        self._data = b""
        self._greeted = False
        self.published: dict[int, int] = {}

    def send(self, *frames: bytes) -> None:
        self.transport.write(b"".join(frames))

    def deliver(self, count: int = 1, properties: bytes = b"\0\0", data: bytes = b"{}") -> None:
        """Deliver to the consumer."""
        for _ in range(count):
            self.tag += 1
            self.send(
                method(self.channel, spec.Basic.Deliver("tag", self.tag, False, "amq.topic", "t")),
                header(self.channel, len(data), properties),
                body(self.channel, data),
            )

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        if not self._greeted and len(self._data) >= 8:
            self._greeted = True
            self._data = self._data[8:]
            self._answer(0, None)
        while self._greeted and len(self._data) >= 8:
            kind, number, size = struct.unpack_from(">BHI", self._data)
            if len(self._data) < size + 8:
                break
            payload, self._data = self._data[7 : size + 7], self._data[size + 8 :]
            if kind == 1:
                sent = spec.methods[struct.unpack_from(">I", payload)[0]]().decode(payload, 4)
                self.received.append(sent.NAME)
                self.broker.methods += 1
                assert self.broker.methods < MOST, f"the client never rests: {self.received[-20:]}"
                if isinstance(sent, spec.Basic.Consume):
                    self.channel, self.tag = number, 0
                self._answer(number, sent)

    def _answer(self, number: int, sent: Any) -> None:
        answer = self.broker.answers.get(type(sent), _good)
        if answer is not None:
            answer(self, number, sent)


def _good(session: Session, number: int, sent: Any) -> None:
    """What a good broker answers."""
    if sent is None:
        session.send(method(0, spec.Connection.Start(0, 9, {"product": "scripted"}, "PLAIN", "en_US")))
    elif isinstance(sent, spec.Connection.StartOk):
        session.send(method(0, spec.Connection.Tune(2047, 131072, 60)))
    elif isinstance(sent, spec.Channel.Open):
        session.published[number] = 0
        session.send(method(number, spec.Channel.OpenOk()))
    elif isinstance(sent, spec.Queue.Declare):
        session.send(method(number, spec.Queue.DeclareOk(sent.queue or "amq.gen-1", 0, 0)))
    elif isinstance(sent, spec.Basic.Consume):
        session.send(method(number, spec.Basic.ConsumeOk("tag")))
    elif isinstance(sent, spec.Basic.Cancel):
        session.send(method(number, spec.Basic.CancelOk("tag")))
    elif isinstance(sent, spec.Basic.Publish):
        session.published[number] = session.published.get(number, 0) + 1
        session.send(method(number, spec.Basic.Ack(session.published[number], False)))
    else:
        replies = {
            spec.Connection.Open: spec.Connection.OpenOk,
            spec.Connection.Close: spec.Connection.CloseOk,
            spec.Channel.Close: spec.Channel.CloseOk,
            spec.Exchange.Declare: spec.Exchange.DeclareOk,
            spec.Queue.Bind: spec.Queue.BindOk,
            spec.Basic.Qos: spec.Basic.QosOk,
            spec.Confirm.Select: spec.Confirm.SelectOk,
        }
        reply = replies.get(type(sent))
        if reply is not None:
            session.send(method(number, reply()))
        if isinstance(sent, spec.Connection.Close):
            session.transport.loseConnection()


class Scripted:
    """The broker, in the place of the embedded one of a :class:`support.world.World`.

    Attributes:
        answers: By class of method (None: the protocol header), what is done when it comes; None: nothing is.
        sessions: The connections so far.
        methods: How many methods came.
    """

    def __init__(self, clock: Any) -> None:
        self.answers: dict[Any, Answer | None] = {}
        self.sessions: list[Session] = []
        self.methods = 0
        self._clock = clock

    def join(self, protocol: Any) -> Pump:
        session = Session(self)
        self.sessions.append(session)
        return connect(protocol, session, self._clock)

    @property
    def now(self) -> Session:
        """The newest connection."""
        return self.sessions[-1]
