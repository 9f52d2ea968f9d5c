# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The wire: negotiation, channels, malformed frames and hostile content."""

import struct
import time
from typing import Any

from pika import spec

from .lab import Lab, case, table

CLOSE_CAPABLE = {"capabilities": {"authentication_failure_close": True}}


@table(
    {
        "0-9-1": b"AMQP\x00\x00\x09\x01",
        "0-9": b"AMQP\x01\x01\x00\x09",
        "0-8": b"AMQP\x01\x01\x08\x00",
        "0-10": b"AMQP\x01\x01\x00\x0a",
        "http": b"GET / HT",
        "zeros": b"\0" * 8,
    }
)
def a_protocol_header(lab: Lab, header: bytes) -> Any:
    """A header that the broker does not speak is answered with the one it does, and the end."""
    client = lab.raw()
    client.send(header)
    data = b""
    while len(data) < 8:
        more = client._socket.recv(8 - len(data))
        if not more:
            break
        data += more
    return data.decode("latin-1") if data.startswith(b"AMQP") else data[:1].hex()


@case
def what_the_broker_says_first(lab: Lab) -> Any:
    """`connection.start`: version, mechanisms, locales and capabilities."""
    start = lab.raw().start()
    capabilities = start.server_properties["capabilities"]
    return [
        (start.version_major, start.version_minor),
        sorted(word for word in start.mechanisms.split() if word in ("PLAIN", "AMQPLAIN", "EXTERNAL")),
        start.locales,
        sorted(name for name, on in capabilities.items() if on),
        sorted(
            set(start.server_properties) & {"cluster_name", "information", "platform", "product", "version"}
        ),
        start.server_properties["version"].startswith(lab.release),
    ]


@case
def what_the_broker_offers_to_tune(lab: Lab) -> Any:
    """`connection.tune`: channels, frame size and heartbeat."""
    client = lab.raw()
    client.start()
    tune = client.log_in()
    return [tune.channel_max, tune.frame_max, tune.heartbeat]


_LOGINS: dict[str, tuple[str, bytes]] = {
    "plain": ("PLAIN", b"\0guest\0guest"),
    "wrong password": ("PLAIN", b"\0guest\0wrong"),
    "wrong user": ("PLAIN", b"\0nobody\0guest"),
    "empty password": ("PLAIN", b"\0guest\0"),
    "not plain": ("PLAIN", b"nonsense"),
    "empty": ("PLAIN", b""),
    "amqplain": ("AMQPLAIN", b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05guest"),
    "amqplain wrong": ("AMQPLAIN", b"\x05LOGINS\0\0\0\x05guest\x08PASSWORDS\0\0\0\x05wrong"),
    "amqplain half": ("AMQPLAIN", b"\x05LOGINS\0\0\0\x05guest"),
    "external": ("EXTERNAL", b""),
    "unknown": ("SCRAM-SHA-256", b""),
    "lower case": ("plain", b"\0guest\0guest"),
}


@case
def logging_in(lab: Lab) -> Any:
    """Who can log in, and what the others are told."""
    clients = {}
    for label, (mechanism, response) in _LOGINS.items():
        client = clients[label] = lab.raw()
        client.start()
        client.method(
            0,
            spec.Connection.StartOk(
                client_properties=CLOSE_CAPABLE, mechanism=mechanism, response=response, locale="en_US"
            ),
        )
    return {label: client.ending() for label, client in clients.items()}


@case
def a_client_that_cannot_be_told_of_a_refusal(lab: Lab) -> Any:
    """Without the capability a refused login ends the connection without a word."""
    client = lab.raw()
    client.start()
    client.method(
        0,
        spec.Connection.StartOk(
            client_properties={}, mechanism="PLAIN", response=b"\0guest\0x", locale="en_US"
        ),
    )
    return client.ending()


_TUNINGS = {
    "as offered": (2047, 131072),
    "channels 0": (0, 131072),
    "frames 0": (2047, 0),
    "both 0": (0, 0),
    "more channels": (2048, 131072),
    "larger frames": (2047, 131073),
    "frames 4096": (2047, 4096),
    "frames 4095": (2047, 4095),
    "frames 8192": (2047, 8192),
    "frames 8191": (2047, 8191),
    "one channel": (1, 131072),
}


@case
def tuning(lab: Lab) -> Any:
    """What a client may ask for."""
    clients = {}
    for label, (channel_max, frame_max) in _TUNINGS.items():
        client = clients[label] = lab.raw()
        client.start()
        client.log_in(**CLOSE_CAPABLE)
        client.tune(channel_max, frame_max)
        client.method(0, spec.Connection.Open(client.parameters.virtual_host))
    return {label: client.ending() for label, client in clients.items()}


@case
def more_channels_than_agreed(lab: Lab) -> Any:
    """The number of open channels is limited."""
    client = lab.raw().connected(channels=2, channel_max=2)
    client.method(2, spec.Channel.Close(200, "", 0, 0))
    endings = [client.ending()]
    for number in (7, 8):
        client.method(number, spec.Channel.Open())
        endings.append(client.ending())
    return endings


@case
def a_vhost_that_is_not_there(lab: Lab) -> Any:
    """A missing virtual host ends the connection."""
    client = lab.raw()
    client.start()
    client.log_in(**CLOSE_CAPABLE)
    client.tune()
    client.method(0, spec.Connection.Open(lab.name("none")))
    return client.ending()


@case
def closing_a_connection(lab: Lab) -> Any:
    """A close is answered; it is the client that hangs up."""
    client = lab.raw().connected()
    client.method(0, spec.Connection.Close(200, "bye", 0, 0))
    closed = client.ending()
    client._socket.settimeout(1)
    return [closed, client.ending()]


@case
def closing_a_channel(lab: Lab) -> Any:
    """A close is answered, and the number can be used again."""
    client = lab.raw().connected()
    client.method(1, spec.Channel.Close(200, "bye", 0, 0))
    closed = client.ending()
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def a_channel_that_the_broker_closed(lab: Lab) -> Any:
    """On a closed channel everything but the answer is ignored; then its number is free."""
    client = lab.raw().connected()
    client.method(1, spec.Queue.Declare(queue=lab.name("none"), passive=True))
    closed = client.ending()
    client.method(1, spec.Queue.Declare(queue=lab.name("none"), passive=True))
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def two_closes_that_cross(lab: Lab) -> Any:
    """A client's close on a channel that the broker has closed is answered."""
    client = lab.raw().connected()
    client.method(1, spec.Queue.Declare(queue=lab.name("none"), passive=True))
    closed = client.ending()
    client.method(1, spec.Channel.Close(200, "bye", 0, 0))
    return [closed, client.ending()]


@table(
    {
        "second open": lambda c: c.method(1, spec.Channel.Open()),
        "no open": lambda c: c.method(2, spec.Queue.Declare(queue="q", passive=True)),
        "channel too high": lambda c: c.method(3000, spec.Channel.Open()),
        "connection method on a channel": lambda c: c.method(1, spec.Connection.Open("/")),
        "channel method on 0": lambda c: c.method(0, spec.Channel.Open()),
        "basic on 0": lambda c: c.method(0, spec.Basic.Get(queue="q")),
        "open again": lambda c: c.method(0, spec.Connection.Open("/")),
        "tune-ok again": lambda c: c.method(0, spec.Connection.TuneOk(10, 8192, 0)),
        "close-ok on a channel": lambda c: c.method(2, spec.Channel.CloseOk()),
        "close on no channel": lambda c: c.method(2, spec.Channel.Close(200, "", 0, 0)),
        "a server's method": lambda c: c.method(1, spec.Basic.GetEmpty()),
        "a server's method, consume-ok": lambda c: c.method(1, spec.Basic.ConsumeOk("t")),
        "unknown method": lambda c: c.frame(1, 1, struct.pack(">HH", 60, 999)),
        "unknown class": lambda c: c.frame(1, 1, struct.pack(">HH", 999, 10)),
        "unknown method on 0": lambda c: c.frame(1, 0, struct.pack(">HH", 10, 999)),
        "half a method id": lambda c: c.frame(1, 1, b"\0\x3c"),
        "empty method": lambda c: c.frame(1, 1, b""),
        "arguments cut off": lambda c: c.frame(1, 1, struct.pack(">HHHB", 50, 10, 0, 9) + b"ab"),
        "arguments missing": lambda c: c.frame(1, 1, struct.pack(">HH", 50, 10)),
        "arguments too long": lambda c: c.frame(1, 1, struct.pack(">HHB", 20, 20, 1) + b"more"),
        "bad table": lambda c: c.frame(
            1, 1, struct.pack(">HHHBB", 50, 10, 0, 0, 2) + struct.pack(">I", 6) + b"\x01a?abc"
        ),
        "table too long": lambda c: c.frame(
            1, 1, struct.pack(">HHHBB", 50, 10, 0, 0, 2) + struct.pack(">I", 100) + b"\x01aI"
        ),
        "unknown frame": lambda c: c.frame(9, 1, b"abc"),
        "frame 0": lambda c: c.frame(0, 0, b""),
        "bad end": lambda c: c.frame(1, 1, struct.pack(">HHB", 20, 20, 1), end=b"\0"),
        "frame too large": lambda c: c.frame(3, 1, b"x" * 131065),
        "heartbeat on a channel": lambda c: c.frame(8, 1, b""),
        "heartbeat with content": lambda c: c.frame(8, 0, b"abc"),
        "body first": lambda c: c.frame(3, 1, b"abc"),
        "header first": lambda c: c.header(1, 3),
        "body on 0": lambda c: c.frame(3, 0, b"abc"),
        "body on no channel": lambda c: c.frame(3, 5, b"abc"),
    }
)
def what_nobody_should_send(lab: Lab, send: Any) -> Any:
    """Methods out of place and malformed frames get RabbitMQ's reply codes."""
    client = lab.raw().connected()
    send(client)
    return client.reaction()


@table(
    {
        "method instead of header": lambda c: c.method(1, spec.Basic.Get(queue="q")),
        "body instead of header": lambda c: c.frame(3, 1, b"abc"),
        "another class": lambda c: c.header(1, 3, class_id=50),
        "weight": lambda c: c.header(1, 3, weight=1),
        "header too short": lambda c: c.frame(2, 1, b"\0\x3c\0\0"),
        "header without flags": lambda c: c.frame(2, 1, struct.pack(">HHQ", 60, 0, 0)),
        "method instead of body": lambda c: (c.header(1, 3), c.method(1, spec.Basic.Get(queue="q"))),
        "header instead of body": lambda c: (c.header(1, 3), c.header(1, 3)),
        "too much body": lambda c: (c.header(1, 3), c.frame(3, 1, b"abcdef")),
        "a body after no body": lambda c: (c.header(1, 0), c.frame(3, 1, b"abc")),
        "empty body frames": lambda c: (c.header(1, 3), c.frame(3, 1, b""), c.frame(3, 1, b"abc")),
    }
)
def content_that_does_not_fit(lab: Lab, send: Any) -> Any:
    """A publish whose frames do not belong together."""
    client = lab.raw().connected()
    client.method(1, spec.Basic.Publish(exchange="amq.topic", routing_key=lab.name("k")))
    send(client)
    return client.reaction()


def _headers(table_bytes: bytes) -> bytes:
    return b"\x20\x00" + struct.pack(">I", len(table_bytes)) + table_bytes


def _nested(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        inner = b"\x01n" + value
        value = b"F" + struct.pack(">I", len(inner)) + inner
    return b"\x01n" + value


def _arrays(depth: int) -> bytes:
    value = b"V"
    for _ in range(depth):
        value = b"A" + struct.pack(">I", len(value)) + value
    return b"\x01n" + value


_PROPERTIES = {
    "none": b"\0\0",
    "time 2^40": _headers(b"\x01tT" + struct.pack(">Q", 2**40)),
    "time 2^63": _headers(b"\x01tT" + struct.pack(">Q", 2**63)),
    "timestamp 2^63": b"\x00\x40" + struct.pack(">Q", 2**63),
    "tables 500 deep": _headers(_nested(500)),
    "arrays 500 deep": _headers(_arrays(500)),
    "keys not UTF-8": _headers(b"\x02\xff\xfeI\0\0\0\x01"),
    "text not UTF-8": _headers(b"\x01aS\0\0\0\x02\xff\xfe"),
    "message id not UTF-8": b"\x00\x80\x02\xff\xfe",
    "equal keys": _headers(b"\x01aI\0\0\0\x01\x01aI\0\0\0\x02"),
    "empty key": _headers(b"\0I\0\0\0\x01"),
    "every type": _headers(
        b"\x01at\x01\x01bb\xff\x01cB\xff\x01ds\xff\xff\x01eu\xff\xff\x01fI\xff\xff\xff\xff\x01gi\xff\xff\xff\xff"
        b"\x01hl" + b"\xff" * 8 + b"\x01jf\x40\x00\x00\x00\x01kd\x40" + b"\0" * 7 + b"\x01lD\x02\0\0\0\x0f"
        b"\x01mx\0\0\0\x01\xff\x01nV"
    ),
    "type L": _headers(b"\x01aL" + b"\xff" * 8),
    "type U": _headers(b"\x01aU\xff\xff"),
    "unknown type": _headers(b"\x01a?\x01"),
    "table cut off": _headers(b"\x01aI\0\0"),
    "longer than it is": b"\x20\x00\0\0\0\xff\x01aI\0\0\0\x01",
    "flags without values": b"\xff\xfc",
    "second word of flags": b"\x80\x01\x00\x00\x03a/b",
    "bytes behind": b"\0\0more",
    "bool 2": _headers(b"\x01at\x02"),
}


@table({label: (label,) for label in _PROPERTIES})
def properties_of_any_kind(lab: Lab, label: str) -> Any:
    """Property bytes are passed on as they are, or refused."""
    channel = lab.channel()
    queue = lab.declare(channel)
    client = lab.raw().connected()
    client.method(1, spec.Confirm.Select())
    client.read()
    client.publish(1, queue, _PROPERTIES[label], b"body")
    sent = client.ending()
    if sent != "Basic.Ack":
        return sent
    client.method(1, spec.Basic.Get(queue=queue, no_ack=True))
    got = client.ending()
    return [sent, got, client.read_content()[0] == _PROPERTIES[label] if got == "Basic.GetOk" else None]


@table({label: (label,) for label in _PROPERTIES})
def dead_letters_of_any_kind(lab: Lab, label: str) -> Any:
    """Whatever the properties, a message can be dead-lettered, and keeps its body."""
    channel = lab.channel()
    grave = lab.declare(channel, "grave")
    queue = lab.declare(
        channel, "q", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": grave}
    )
    client = lab.raw().connected()
    client.method(1, spec.Confirm.Select())
    client.read()
    client.publish(1, queue, _PROPERTIES[label], b"body")
    if client.ending() != "Basic.Ack":
        return "refused"
    client.method(1, spec.Basic.Get(queue=queue))
    got = client.read()
    client.read_content()
    client.method(1, spec.Basic.Nack(delivery_tag=got.delivery_tag, requeue=False))
    if lab.ready(channel, grave, 1) != 1:
        return "lost"
    client.method(1, spec.Basic.Get(queue=grave, no_ack=True))
    client.read()
    return client.read_content()[1].decode()


@table(
    {label: (label,) for label in ("none", "tables 500 deep", "keys not UTF-8", "time 2^63", "every type")}
)
def a_headers_exchange_with_content_of_any_kind(lab: Lab, label: str) -> Any:
    """A headers exchange routes whatever comes."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "headers")
    channel.queue_bind(queue, exchange, arguments={"x-match": "any", "n": None, "f": None})
    client = lab.raw().connected()
    client.method(1, spec.Confirm.Select())
    client.read()
    client.publish(1, "", _PROPERTIES[label], b"body", exchange)
    return [client.ending(), lab.ready(channel, queue)]


@table(
    {
        "queue": lambda: spec.Queue.Declare(queue=b"\xff", durable=True),
        "exchange": lambda: spec.Exchange.Declare(exchange=b"\xff", type="direct"),
        "exchange type": lambda: spec.Exchange.Declare(exchange="x", type=b"\xff"),
        "passive": lambda: spec.Queue.Declare(queue=b"\xff", passive=True),
        "binding key": lambda: spec.Exchange.Bind(
            destination="amq.direct", source="amq.topic", routing_key=b"\xff"
        ),
        "consumer tag": lambda: spec.Basic.Cancel(consumer_tag=b"\xff"),
        "publish": lambda: spec.Basic.Publish(exchange=b"\xff", routing_key="k"),
        "get": lambda: spec.Basic.Get(queue=b"\xff"),
        "argument": lambda: spec.Exchange.Declare(exchange="x", type="direct", arguments={"a": "\u00ff"}),
    }
)
def names_that_are_not_utf8(lab: Lab, method: Any) -> Any:
    """Which names may be any bytes."""
    client = lab.raw().connected()
    client.method(1, method())
    if isinstance(method(), spec.Basic.Publish):
        client.header(1, 0)
    return client.ending()


@case
def a_routing_key_that_is_not_utf8(lab: Lab) -> Any:
    """A routing key may be any bytes."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "topic", "#")
    client = lab.raw().connected()
    client.method(1, spec.Confirm.Select())
    client.read()
    client.method(1, spec.Basic.Publish(exchange=exchange, routing_key=b"\xff.a"))
    client.header(1, 0)
    return [client.ending(), lab.ready(channel, queue)]


@case
def heartbeats_come(lab: Lab) -> Any:
    """A silent connection gets heartbeats as often as agreed."""
    client = lab.raw()
    client.start()
    client.log_in()
    client.tune(heartbeat=1)
    client.open()
    client._socket.settimeout(10)
    return client._socket.recv(8).hex()


@case
def a_silent_client_is_dropped(lab: Lab) -> Any:
    """A client that sends nothing for two or three heartbeats is disconnected."""
    client = lab.raw()
    client.start()
    client.log_in()
    start = time.monotonic()
    client.tune(heartbeat=1)
    client.open()
    ending = client.ending()
    return [ending, 1.4 < time.monotonic() - start < 10]


@case
def a_stream_queue(lab: Lab) -> Any:
    """Streams (the embedded broker refuses them)."""
    return lab.attempt(
        lab.channel().queue_declare, lab.name("q"), durable=True, arguments={"x-queue-type": "stream"}
    )


@case
def methods_before_their_time(lab: Lab) -> Any:
    """Opening before tuning ends the connection."""
    client = lab.raw()
    client.start()
    client.method(0, spec.Connection.Open("/"))
    return client.ending()


@case
def the_first_frame_is_a_heartbeat(lab: Lab) -> Any:
    """Heartbeats are welcome before the handshake is over."""
    client = lab.raw()
    client.start()
    client.send(b"\x08\0\0\0\0\0\0\xce")
    return getattr(client.log_in(), "NAME", None)
