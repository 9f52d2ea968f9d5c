# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client that speaks in frames, for what no well-behaved client sends."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Any

import pika
from pika import frame, spec

#: Seconds to wait for what has to come.
PATIENCE = 30.0


class RawClient:
    """A socket to a broker. Methods go out and come in as objects of `pika.spec`."""

    def __init__(self, parameters: pika.URLParameters) -> None:
        self.parameters = parameters
        self._socket = socket.create_connection((parameters.host, parameters.port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b""

    def close(self) -> None:
        with suppress(OSError):
            self._socket.close()

    def send(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self._socket.sendall(data)

    def method(self, channel: int, method: Any) -> None:
        self.send(frame.Method(channel, method).marshal())

    def frame(self, kind: int, channel: int, payload: bytes, end: bytes = b"\xce") -> None:
        self.send(struct.pack(">BHI", kind, channel, len(payload)) + payload + end)

    def header(
        self, channel: int, size: int, properties: bytes = b"\0\0", class_id: int = 60, weight: int = 0
    ) -> None:
        self.frame(2, channel, struct.pack(">HHQ", class_id, weight, size) + properties)

    def publish(self, channel: int, key: str, properties: bytes, body: bytes, exchange: str = "") -> None:
        """A publish with raw properties."""
        self.method(channel, spec.Basic.Publish(exchange=exchange, routing_key=key))
        self.header(channel, len(body), properties)
        if body:
            self.frame(3, channel, body)

    def read_frame(self) -> tuple[int, int, bytes] | None:
        """The next frame: kind, channel and payload. None at the end of the stream."""
        while True:
            if len(self._data) >= 7:
                kind, channel, size = struct.unpack_from(">BHI", self._data)
                if len(self._data) >= size + 8:
                    payload = self._data[7 : 7 + size]
                    self._data = self._data[size + 8 :]
                    if kind != 8:
                        return kind, channel, payload
                    continue
            try:
                more = self._socket.recv(65536)
            except ConnectionError:
                return None
            if not more:
                return None
            self._data += more

    def read(self) -> Any:
        """The next method, or None at the end of the stream; contents are skipped."""
        while (found := self.read_frame()) is not None:
            kind, _channel, payload = found
            if kind == 1:
                index = struct.unpack_from(">I", payload)[0]
                return spec.methods[index]().decode(payload, 4)
        return None

    def read_content(self) -> tuple[bytes, bytes]:
        """The raw properties and the body that follow."""
        _, _, payload = self.read_frame() or (0, 0, b"")
        size = struct.unpack_from(">HHQ", payload)[2]
        body = b""
        while len(body) < size:
            body += (self.read_frame() or (0, 0, b""))[2]
        return payload[12:], body

    def start(self, *, header: bytes = b"AMQP\0\0\x09\x01") -> Any:
        """Sends the protocol header and returns what comes back."""
        self.send(header)
        return self.read()

    def log_in(self, mechanism: str = "PLAIN", response: bytes | None = None, **properties: Any) -> Any:
        """Answers `start` and returns what comes back: a tune, when all is well."""
        credentials = self.parameters.credentials
        if response is None:
            assert isinstance(credentials, pika.PlainCredentials)
            response = f"\0{credentials.username}\0{credentials.password}".encode()
        self.method(
            0,
            spec.Connection.StartOk(
                client_properties=properties, mechanism=mechanism, response=response, locale="en_US"
            ),
        )
        return self.read()

    def tune(self, channel_max: int = 2047, frame_max: int = 131072, heartbeat: int = 0) -> None:
        self.method(0, spec.Connection.TuneOk(channel_max, frame_max, heartbeat))

    def open(self, vhost: str | None = None) -> Any:
        self.method(0, spec.Connection.Open(vhost if vhost is not None else self.parameters.virtual_host))
        return self.read()

    def connected(self, *, channels: int = 1, **tuning: int) -> RawClient:
        """A connection with open channels."""
        self.start()
        self.log_in(capabilities={"authentication_failure_close": True, "consumer_cancel_notify": True})
        self.tune(**tuning)
        self.open()
        for number in range(1, channels + 1):
            self.method(number, spec.Channel.Open())
            self.read()
        return self

    def reaction(self, patience: float = 5.0) -> str:
        """How it goes on after something odd; when nothing comes, how it answers connection.close.

        The close is sent only then: RabbitMQ's channels are processes of their own, and one that is about to
        complain may be overtaken by it.
        """
        self._socket.settimeout(patience)
        reaction = self.ending()
        self._socket.settimeout(PATIENCE)
        if reaction == "nothing":
            self.method(0, spec.Connection.Close(200, "still here", 0, 0))
            reaction = self.ending()
        return reaction

    def answers(self, count: int) -> list[str]:
        """The next answers, in the words of `ending`."""
        return [self.ending() for _ in range(count)]

    def ending(self) -> str:
        """How it goes on: a close with its code, the end of the stream, or the next method."""
        try:
            method = self.read()
        except TimeoutError:
            return "nothing"
        if method is None:
            return "disconnected"
        if isinstance(method, spec.Connection.Close):
            return f"connection {method.reply_code}"
        if isinstance(method, spec.Channel.Close):
            return f"channel {method.reply_code}"
        return str(method.NAME)
