# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The fault proxy that the fault tests stand on, before a server that echoes."""

import select
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from faults import ProxyProcess


def _echo(listener: socket.socket) -> None:
    """Accept connections and send back what they send, until the listener is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_echo_one, args=(connection,), daemon=True).start()


def _echo_one(connection: socket.socket) -> None:
    with connection:
        try:
            while data := connection.recv(65536):
                connection.sendall(data)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[ProxyProcess]:
    """A proxy before an echo server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        with ProxyProcess(listener.getsockname()[1]) as running:
            yield running
        listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def client(proxy: ProxyProcess) -> Iterator[socket.socket]:
    """A connection through the proxy, in use already."""
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as connection:
        assert b"hello" == _exchange(connection, b"hello")
        yield connection


def _exchange(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return _receive(connection, len(data))


def _receive(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count and (chunk := connection.recv(65536)):
        received += chunk
    return received


def _silent(connection: socket.socket, seconds: float = 0.3) -> bool:
    return not select.select([connection], [], [], seconds)[0]


def test_forwards_and_counts(proxy: ProxyProcess, client: socket.socket) -> None:
    """Without a fault every byte arrives, and is counted in its direction."""
    data = bytes(range(256)) * 1000

    assert data == _exchange(client, data)
    counts = proxy.counts()
    assert (256005, 256005, 1, 1) == (counts.up, counts.down, counts.accepted, counts.open)


def test_cut(proxy: ProxyProcess, client: socket.socket) -> None:
    """A cut closes in order, and the next connection works."""
    proxy.cut()

    assert b"" == client.recv(1)
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as again:
        assert b"again" == _exchange(again, b"again")


def test_reset(proxy: ProxyProcess, client: socket.socket) -> None:
    """A reset is ECONNRESET for the client."""
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_cut_after(proxy: ProxyProcess, client: socket.socket) -> None:
    """A cut after N bytes lets exactly N bytes through."""
    proxy.cut_after(3, "down")

    assert b"abc" == _exchange(client, b"abcdef")
    assert b"" == client.recv(1)


def test_half_close() -> None:
    """After a half-close downwards the client reads the end of file, and what it sends still arrives."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ProxyProcess(listener.getsockname()[1]) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), 10) as client,
    ):
        listener.settimeout(10)
        with listener.accept()[0] as server:
            server.settimeout(10)
            server.sendall(b"hello")
            before = _receive(client, 5)
            proxy.half_close("down")
            after = client.recv(1)
            client.sendall(b"more")
            arrived = _receive(server, 4)

    assert (b"hello", b"", b"more") == (before, after, arrived)


@pytest.mark.parametrize("direction", ["up", "down", "both"])
def test_stall(proxy: ProxyProcess, client: socket.socket, direction: str) -> None:
    """A stalled direction is silent; after resume everything arrives in order."""
    proxy.stall(direction)
    client.sendall(b"one")

    assert _silent(client)
    client.sendall(b"two")
    proxy.resume()
    assert b"onetwo" == _receive(client, 6)


def test_delay(proxy: ProxyProcess, client: socket.socket) -> None:
    """Delayed bytes arrive, that much later each way."""
    proxy.delay(0.3)
    began = time.monotonic()
    client.sendall(b"late")

    assert b"late" == _receive(client, 4)
    assert 0.59 < time.monotonic() - began  # the clocks of two processes


def test_corrupt(proxy: ProxyProcess, client: socket.socket) -> None:
    """Exactly the next N bytes are inverted."""
    proxy.corrupt(2, "down")

    assert bytes([ord("a") ^ 0xFF, ord("b") ^ 0xFF]) + b"cd" == _exchange(client, b"abcd")
    assert b"abcd" == _exchange(client, b"abcd")


def test_refuse(proxy: ProxyProcess, client: socket.socket) -> None:
    """Who connects is refused, open connections go on, and resume listens on the same port."""
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), 10)

    assert b"open" == _exchange(client, b"open")
    proxy.resume()
    socket.create_connection(("127.0.0.1", proxy.port), 10).close()


def test_blackhole(proxy: ProxyProcess, client: socket.socket) -> None:
    """Connections are accepted and stay silent; those made after resume work."""
    proxy.blackhole()
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as lost:
        client.sendall(b"a")
        lost.sendall(b"b")

        assert _silent(client)
        assert _silent(lost)
        proxy.resume()
        assert _silent(lost)
    with socket.create_connection(("127.0.0.1", proxy.port), 10) as again:
        assert b"again" == _exchange(again, b"again")
