# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Twisted protocol that sends what it is told and keeps what it gets."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from pika import frame, spec
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from fedora_messaging.broker import Broker, Pump

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"


@dataclass
class Content:
    """A method that came with a content."""

    method: Any
    properties: bytes = b""
    body: bytes = b""
    size: int = -1


class Client(Protocol):
    """One AMQP client.

    Attributes:
        received: the methods (or `Content`) received and not taken yet, each with its channel.
        heartbeats: how many came.
        lost: why the connection ended, once it has.
    """

    transport: Any
    pump: Pump

    def __init__(self) -> None:
        self.received: list[tuple[int, Any]] = []
        self.heartbeats = 0
        self.lost: BaseException | None = None
        self.raw = b""
        self._data = b""
        self._contents: dict[int, Content] = {}

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.lost = reason.value if reason is not None else None

    def dataReceived(self, data: bytes) -> None:
        self.raw += data
        self._data += data
        while len(self._data) >= 7:
            kind, channel, size = struct.unpack_from(">BHI", self._data)
            if len(self._data) < size + 8:
                break
            payload, self._data = self._data[7 : size + 7], self._data[size + 8 :]
            self._frame(kind, channel, payload)

    def _frame(self, kind: int, channel: int, payload: bytes) -> None:
        if kind == 8:
            self.heartbeats += 1
        elif kind == 1:
            method = spec.methods[struct.unpack_from(">I", payload)[0]]().decode(payload, 4)
            if isinstance(method, spec.Basic.Deliver | spec.Basic.GetOk | spec.Basic.Return):
                self._contents[channel] = Content(method)
            else:
                self.received.append((channel, method))
        else:
            content = self._contents[channel]
            if kind == 2:
                content.size = struct.unpack_from(">HHQ", payload)[2]
                content.properties = payload[12:]
            else:
                content.body += payload
            if len(content.body) == content.size:
                self.received.append((channel, self._contents.pop(channel)))

    def take(self) -> list[Any]:
        """What has come, without channels."""
        taken = [each for _, each in self.received]
        self.received.clear()
        return taken

    def names(self) -> list[str]:
        """What has come, by name."""
        return [(each.method if isinstance(each, Content) else each).NAME for each in self.take()]

    def send(self, method: Any, channel: int = 1) -> None:
        self.transport.write(frame.Method(channel, method).marshal())

    def call(self, method: Any, channel: int = 1) -> Any:
        """Sends a method and returns the next that comes; None when nothing does."""
        self.send(method, channel)
        self.pump.flush()
        return self.received.pop(0)[1] if self.received else None

    def publish(
        self,
        routing_key: str,
        body: bytes = b"x",
        *,
        exchange: str = "",
        properties: bytes = b"\0\0",
        mandatory: bool = False,
        channel: int = 1,
    ) -> None:
        self.send(
            spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory), channel
        )
        head = struct.pack(">HHQ", 60, 0, len(body)) + properties
        self.transport.write(struct.pack(">BHI", 2, channel, len(head)) + head + b"\xce")
        if body:
            self.transport.write(struct.pack(">BHI", 3, channel, len(body)) + body + b"\xce")

    def log_in(
        self,
        *,
        user: str = "guest",
        password: str = "guest",
        vhost: str = "/",
        heartbeat: int = 0,
        frame_max: int = 131072,
        capabilities: tuple[str, ...] = (
            "authentication_failure_close",
            "connection.blocked",
            "consumer_cancel_notify",
        ),
    ) -> Any:
        """Goes through the handshake; returns the last that came."""
        self.transport.write(PROTOCOL_HEADER)
        self.pump.flush()
        self.take()
        tune = self.call(
            spec.Connection.StartOk(
                client_properties={"capabilities": dict.fromkeys(capabilities, True)},
                mechanism="PLAIN",
                response=f"\0{user}\0{password}",
                locale="en_US",
            ),
            0,
        )
        if not isinstance(tune, spec.Connection.Tune):
            return tune
        self.send(spec.Connection.TuneOk(2047, frame_max, heartbeat), 0)
        return self.call(spec.Connection.Open(vhost), 0)

    def open(self, channel: int = 1) -> Client:
        self.call(spec.Channel.Open(), channel)
        return self


def joined(broker: Broker, **options: Any) -> Client:
    """A client that is logged in and has one open channel."""
    client = Client()
    client.pump = broker.join(client)
    client.log_in(**options)
    return client.open()
