# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The limit, what the broker itself sustains: a socket that sends encoded frames and counts confirms."""

import argparse
import json
import socket
import struct
from typing import Any
from urllib.parse import unquote, urlsplit

from pika import BasicProperties, frame, spec
from workload import EXCHANGE, QUEUE, URL, Stopwatch, make_body, make_headers, new_id, options

_ACK = struct.Struct(">BHIHHQBB")
_FRAME = struct.Struct(">BHI")
_SIZE = struct.Struct(">Q")


class Socket:
    """A connection with one channel."""

    def __init__(self) -> None:
        url = urlsplit(URL)
        self._socket = socket.create_connection((url.hostname, url.port or 5672))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(b"AMQP\0\0\x09\x01")
        self.wait(spec.Connection.Start)
        login = f"\0{url.username}\0{url.password}"
        self.method(0, spec.Connection.StartOk({"product": "raw"}, "PLAIN", login, "en_US"))
        tune = self.wait(spec.Connection.Tune)
        self.frame_max: int = tune.frame_max
        self.method(0, spec.Connection.TuneOk(tune.channel_max, tune.frame_max, 0))
        self.method(0, spec.Connection.Open(unquote(url.path[1:])))
        self.wait(spec.Connection.OpenOk)
        self.method(1, spec.Channel.Open())
        self.wait(spec.Channel.OpenOk)

    def send(self, data: bytes) -> None:
        """Bytes."""
        self._socket.sendall(data)

    def method(self, channel: int, method: Any) -> None:
        """A method's frame."""
        self.send(frame.Method(channel, method).marshal())

    def receive(self) -> bytes:
        """What is there."""
        data = self._socket.recv(1 << 18)
        if not data:
            raise EOFError
        return data

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def wait(self, kind: Any) -> Any:
        """The next method, which must be of this kind."""
        _, _, size = _FRAME.unpack(self._exactly(7))
        decoded: Any = frame.decode_frame(_FRAME.pack(1, 1, size) + self._exactly(size + 1))[1]
        method = decoded.method
        if not isinstance(method, kind):
            raise TypeError(f"{method} instead of {kind}")
        return method


def _encoded(arguments: argparse.Namespace, frame_max: int) -> bytes:
    body = json.dumps(make_body(arguments.size)).encode()
    properties = BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        headers=make_headers(),
        message_id=new_id(),
    )
    parts = [
        frame.Method(1, spec.Basic.Publish(exchange=EXCHANGE, routing_key=arguments.topic)).marshal(),
        frame.Header(1, len(body), properties).marshal(),
    ]
    room = frame_max - 8
    parts += [frame.Body(1, body[at : at + room]).marshal() for at in range(0, len(body), room)]
    return b"".join(parts)


def publish(arguments: argparse.Namespace, in_flight: int) -> None:
    """Publish, with so many unconfirmed at the most."""
    wire = Socket()
    wire.method(1, spec.Confirm.Select())
    wire.wait(spec.Confirm.SelectOk)
    one = _encoded(arguments, wire.frame_max)
    half = max(1, in_flight // 2)
    batch = one * half
    sent = confirmed = 0
    rest = b""
    watch = Stopwatch()
    while confirmed < arguments.count:
        while sent < arguments.count and sent - confirmed + min(half, arguments.count - sent) <= in_flight:
            due = min(half, arguments.count - sent)
            wire.send(batch if due == half else one * due)
            sent += due
        rest += wire.receive()
        whole = len(rest) // _ACK.size * _ACK.size
        for kind, _, _, cls, method, tag, multiple, _ in _ACK.iter_unpack(rest[:whole]):
            if (kind, cls, method) != (1, 60, 80):
                raise TypeError("not a confirm")
            # RabbitMQ confirms in order or all up to a tag.
            confirmed = max(confirmed, tag) if multiple else confirmed + 1
        rest = rest[whole:]
    watch.report(arguments.count)


def consume(arguments: argparse.Namespace) -> None:
    """Consume; only the sizes in frames are looked at. Acknowledged half a prefetch count at a time."""
    wire = Socket()
    wire.method(1, spec.Basic.Qos(prefetch_count=arguments.prefetch))
    wire.wait(spec.Basic.QosOk)
    wire.method(1, spec.Basic.Consume(queue=QUEUE, consumer_tag="raw"))
    wire.wait(spec.Basic.ConsumeOk)
    every = max(1, arguments.prefetch // 2)
    got = acknowledged = missing = 0
    data = bytearray()
    watch = Stopwatch()
    while got < arguments.count:
        data += wire.receive()
        at, end = 0, len(data)
        while end - at >= 7:
            kind, _, size = _FRAME.unpack_from(data, at)
            if end - at < size + 8:
                break
            if kind == 2:
                (missing,) = _SIZE.unpack_from(data, at + 11)
            elif kind == 3:
                missing -= size
                got += not missing
            at += size + 8
        del data[:at]
        if got - acknowledged >= every or got == arguments.count:
            wire.send(_ACK.pack(1, 1, 13, 60, 80, got, 1, 0xCE))
            acknowledged = got
    watch.report(arguments.count)
    wire.method(1, spec.Channel.Close(200, "", 0, 0))
    wire.wait(spec.Channel.CloseOk)  # the last acknowledgement has arrived


def main() -> None:
    """Do what is asked for."""
    arguments = options()
    if arguments.task == "publish":
        publish(arguments, 1)
    elif arguments.task == "pipeline":
        publish(arguments, arguments.in_flight)
    else:
        consume(arguments)


main()
