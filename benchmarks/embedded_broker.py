# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How fast the embedded broker is, and how large: `python benchmarks/embedded_broker.py [MESSAGES]`.

A publisher and a consumer, bare sockets in this process, talk to a broker in another: publish, confirm,
deliver and acknowledge 1 KB messages. Then 100,000 of them are queued in a broker in this process.
"""

import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pika
from pika import frame, spec

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "lib"))

_SERVE = """
from twisted.internet import defer, reactor
from fedora_messaging.broker import Broker

async def serve():
    print(await Broker().listen(), flush=True)

defer.ensureDeferred(serve())
reactor.run()
"""
_BODY = b"x" * 1024
_PROPERTIES = b"".join(
    pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        message_id="0" * 36,
        headers={"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20},
    ).encode()
)
_PUBLISH = b"".join(
    (
        frame.Method(1, spec.Basic.Publish(exchange="", routing_key="bench")).marshal(),
        struct.pack(">BHIHHQ", 2, 1, 12 + len(_PROPERTIES), 60, 0, len(_BODY)),
        _PROPERTIES,
        b"\xce",
        frame.Body(1, _BODY).marshal(),
    )
)


def _publish(client: socket.socket, count: int, window: int = 500) -> None:
    sent = acked = 0
    while acked < count:
        batch = min(window - (sent - acked), count - sent)
        client.sendall(_PUBLISH * batch)
        sent += batch
        data = client.recv(65536)
        for at in range(0, len(data) - 20, 21):  # a frame with basic.ack has 21 octets
            acked = struct.unpack_from(">Q", data, at + 11)[0]


def _consume(client: socket.socket, count: int) -> None:
    got, deliver = 0, struct.pack(">I", spec.Basic.Deliver.INDEX)
    while got < count:
        new = client.recv(262144).count(deliver)
        got += new
        if new:
            client.sendall(frame.Method(1, spec.Basic.Ack(got, multiple=True)).marshal())


def end_to_end(count: int) -> float:
    """Messages a second through a broker in another process."""
    from wire.raw import RawClient

    with subprocess.Popen([sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, text=True) as broker:
        try:
            assert broker.stdout is not None
            parameters = pika.URLParameters(broker.stdout.readline().strip())
            publisher, consumer = (RawClient(parameters).connected() for _ in range(2))
            for client, method in (
                (publisher, spec.Queue.Declare(queue="bench", durable=True)),
                (publisher, spec.Confirm.Select()),
                (consumer, spec.Basic.Qos(prefetch_count=500)),
                (consumer, spec.Basic.Consume(queue="bench", consumer_tag="t")),
            ):
                client.method(1, method)
                client.read()
            begin = time.perf_counter()
            thread = threading.Thread(target=_publish, args=(publisher._socket, count))
            thread.start()
            _consume(consumer._socket, count)
            thread.join()
            return count / (time.perf_counter() - begin)
        finally:
            broker.kill()


def memory(count: int) -> float:
    """MB that queued messages take in this process."""
    from twisted.internet.task import Clock

    from fedora_messaging.broker import Broker
    from wire import joined

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    begin = time.perf_counter()
    broker = Broker(clock=Clock())
    print(f"start: {(time.perf_counter() - begin) * 1000:.2f} ms")
    client = joined(broker)
    client.call(spec.Queue.Declare(queue="bench", durable=True))
    before = resident()
    for number in range(count):
        client.publish("bench", number.to_bytes(8, "big") * 128, properties=_PROPERTIES)
        if number % 100 == 99:
            client.pump.flush()
    assert broker.queue("bench").ready == count
    return resident() - before


if __name__ == "__main__":
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print(f"publish, confirm, deliver, ack: {end_to_end(messages):,.0f} messages/s of 1 KB")
    print(f"100,000 queued messages of 1 KB: {memory(100_000):.0f} MB")
