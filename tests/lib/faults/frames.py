# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A TCP proxy that shows each AMQP method to a test before it passes it on, so that a fault hits one frame.

In threads of its own: the test decides while nothing else passes.
"""

import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

from rabbitmq.ports import free_port

__all__ = ["FrameProxy", "Method"]

_HEADER = struct.Struct(">BHI")
_PUBLISH, _DELIVER, _ACK, _NACK, _REJECT = (60, 40), (60, 60), (60, 80), (60, 120), (60, 90)
_NAMES = {_PUBLISH: "publish", _DELIVER: "deliver", _ACK: "ack", _NACK: "nack", _REJECT: "reject"}


class Method(NamedTuple):
    """A method of class basic that is about to pass; other frames are not shown."""

    name: str  #: "publish", "deliver", "ack", "nack" or "reject"
    link: int  #: which connection: 1, 2, ...
    up: bool  #: from the client to the broker
    exchange: str = ""
    routing_key: str = ""
    tag: int = 0
    multiple: bool = False

    def settles(self, tag: int) -> bool:
        """Whether it acknowledges or refuses this delivery tag."""
        return self.name in ("ack", "nack", "reject") and (
            tag == self.tag or (self.multiple and (tag <= self.tag or not self.tag))
        )


class FrameProxy:
    """A proxy on a loopback port. A context manager.

    Args:
        target: The broker's port on 127.0.0.1.
        passes: Called with each method; False: it does not pass, and nothing does from then on.

    Attributes:
        port: Where it listens on 127.0.0.1.
        shut: Whether nothing passes any more.
    """

    def __init__(self, target: int, passes: Callable[[Method], bool]) -> None:
        self.port = free_port()
        self.shut = threading.Event()
        self._target = target
        self._passes = passes
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._links = 0
        self._listening = socket.create_server(("127.0.0.1", self.port))

    def __enter__(self) -> "FrameProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            self.shut.set()
            for each in self._sockets:
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # closed
                return
            broker = socket.create_connection(("127.0.0.1", self._target))
            self._links += 1
            for each in (client, broker):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(each)
            for source, sink in ((client, broker), (broker, client)):
                threading.Thread(
                    target=self._pump, args=(source, sink, self._links, source is client), daemon=True
                ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, link: int, up: bool) -> None:
        read = bytearray()
        begun = not up  # the client begins with the protocol header
        try:
            while data := source.recv(65536):
                read += data
                if not begun and len(read) >= 8:
                    begun = True
                    sink.sendall(read[:8])
                    del read[:8]
                while begun and len(read) >= 7:
                    size = _HEADER.unpack_from(read)[2] + 8
                    if len(read) < size:
                        break
                    with self._lock:
                        if not self._let_pass(bytes(read[:size]), link, up):
                            return
                        sink.sendall(read[:size])
                    del read[:size]
        except OSError:  # either end is gone
            pass
        finally:
            for each in (source, sink):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    each.close()

    def _let_pass(self, frame: bytes, link: int, up: bool) -> bool:
        if self.shut.is_set():
            return False
        method = _method(frame, link, up)
        if method is not None and not self._passes(method):
            self.shut.set()
            return False
        return True


def _method(frame: bytes, link: int, up: bool) -> Method | None:
    if frame[0] != 1:
        return None
    number: tuple[int, int] = struct.unpack_from(">HH", frame, 7)
    name = _NAMES.get(number)
    if name is None:
        return None
    if number == _PUBLISH:
        exchange, at = _short(frame, 13)
        return Method(name, link, up, exchange, _short(frame, at)[0])
    if number == _DELIVER:
        _, at = _short(frame, 11)
        (tag,) = struct.unpack_from(">Q", frame, at)
        exchange, after = _short(frame, at + 9)
        return Method(name, link, up, exchange, _short(frame, after)[0], tag)
    (tag,) = struct.unpack_from(">Q", frame, 11)
    return Method(name, link, up, tag=tag, multiple=number != _REJECT and bool(frame[19] & 1))


def _short(frame: bytes, at: int) -> tuple[str, int]:
    end = at + 1 + frame[at]
    return frame[at + 1 : end].decode(), end
