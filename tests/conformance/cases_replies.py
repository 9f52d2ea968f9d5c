# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Direct reply-to: the pseudo-queue `amq.rabbitmq.reply-to` and the addresses it gives."""

import struct
from typing import Any

import pika
from pika import spec

from .lab import Lab, case, plain, table

QUEUE = "amq.rabbitmq.reply-to"
#: Seconds to wait for an answer; for some there is none.
_PATIENCE = 10.0


def _client(lab: Lab, channels: int = 1) -> Any:
    client = lab.raw().connected(channels=channels)
    client._socket.settimeout(_PATIENCE)
    return client


def _consume(queue: str = QUEUE, tag: str = "t", **options: Any) -> Any:
    return spec.Basic.Consume(queue=queue, consumer_tag=tag, **{"no_ack": True, **options})


def _reply_to(name: str) -> bytes:
    return b"\x02\x00" + bytes([len(name)]) + name.encode()


def _asking(lab: Lab) -> tuple[Any, str]:
    """A client that consumes replies, and its address."""
    channel = lab.channel()
    queue = lab.declare(channel, "questions")
    client = _client(lab)
    client.method(1, _consume())
    client.read()
    client.publish(1, queue, _reply_to(QUEUE), b"question")
    lab.ready(channel, queue, 1)
    _, properties, _ = channel.basic_get(queue, True)
    assert properties is not None
    return client, properties.reply_to


def _arrived(client: Any) -> Any:
    """What is delivered, or what else comes."""
    try:
        method = client.read()
    except TimeoutError:
        return "nothing"
    if not isinstance(method, spec.Basic.Deliver):
        return method and method.NAME
    _, body = client.read_content()
    return [method.consumer_tag, method.delivery_tag, method.exchange, method.redelivered, body.decode()]


def _quiet(client: Any) -> str:
    client._socket.settimeout(0.3)
    ending = client.ending()
    client._socket.settimeout(_PATIENCE)
    return str(ending)


@table(
    {
        "the name": "",
        "an address that is none": ".none",
        "two parts that are none": ".none.none",
        "an empty address": ".",
        "a longer name": "x",
    }
)
def declaring_the_reply_queue(lab: Lab, rest: str) -> Any:
    """It is always there, whatever the declaration says."""
    outcomes = []
    for options in ({"passive": True}, {}, {"durable": True}, {"exclusive": True}, {"auto_delete": True}):
        client = _client(lab)
        client.method(1, spec.Queue.Declare(queue=QUEUE + rest, **options))
        answer = client.read()
        if isinstance(answer, spec.Queue.DeclareOk):
            outcomes.append([answer.queue, answer.message_count, answer.consumer_count])
        else:
            outcomes.append([answer.NAME, answer.reply_code])
    return outcomes


@table(
    {
        "once": [_consume()],
        "without a tag": [_consume(tag="")],
        "exclusively": [_consume(exclusive=True)],
        "with a priority of another type": [_consume(arguments={"x-priority": "high"})],
        "to acknowledge": [_consume(no_ack=False)],
        "twice": [_consume(), _consume(tag="u")],
        "twice with one tag": [_consume(), _consume()],
        "again after a cancel": [_consume(), spec.Basic.Cancel("t"), _consume()],
        "as the queue declared last": [spec.Queue.Declare(queue=QUEUE), _consume("")],
        "an address that is none": [_consume(QUEUE + ".none")],
        "a longer name": [_consume(QUEUE + "x")],
    }
)
def consuming_replies(lab: Lab, *methods: Any) -> Any:
    """One consumer a channel, without acknowledgements."""
    client = _client(lab)
    for method in methods:
        client.method(1, method)
    return client.answers(len(methods))


@case
def a_reply_consumer_on_each_channel(lab: Lab) -> Any:
    """The limit of one consumer is the channel's."""
    client = _client(lab, 2)
    client.method(1, _consume())
    client.method(2, _consume())
    return client.answers(2)


@case
def the_tag_of_a_reply_consumer(lab: Lab) -> Any:
    """Its tag is not one of the channel's other consumers; a cancel means it first."""
    queue = lab.declare(lab.channel())
    found = []
    for methods in (
        (_consume(), _consume(queue), spec.Basic.Cancel("t"), spec.Basic.Cancel("t")),
        (_consume(queue), _consume()),
    ):
        client = _client(lab)
        for method in methods:
            client.method(1, method)
            found.append(client.ending())
    return found


_OPERATIONS = {
    "get": lambda name: spec.Basic.Get(queue=name),
    "purge": lambda name: spec.Queue.Purge(queue=name),
    "bind": lambda name: spec.Queue.Bind(queue=name, exchange="amq.topic", routing_key="k"),
    "unbind": lambda name: spec.Queue.Unbind(queue=name, exchange="amq.topic", routing_key="k"),
    "consume": lambda name: _consume(name, "u"),
    "delete": lambda name: spec.Queue.Delete(queue=name),
    "delete if unused": lambda name: spec.Queue.Delete(queue=name, if_unused=True),
    "declare": lambda name: spec.Queue.Declare(queue=name),
    "declare passively": lambda name: spec.Queue.Declare(queue=name, passive=True),
}


@table(_OPERATIONS)
def what_is_done_with_the_reply_queue(lab: Lab, operation: Any) -> Any:
    """It is no queue for anything else."""
    outcomes = []
    for consuming in (False, True):
        client = _client(lab)
        if consuming:
            client.method(1, _consume())
            client.read()
        client.method(1, operation(QUEUE))
        outcomes.append(client.ending())
    return outcomes


@table(_OPERATIONS)
def what_is_done_with_an_address(lab: Lab, operation: Any) -> Any:
    """What can be done from another channel with an address: live, of an ended consumer, with a wrong key."""
    outcomes = []
    asking, address = _asking(lab)
    for name in (address, address[:-4] + "abc=", QUEUE + ".none"):
        client = _client(lab)
        client.method(1, operation(name))
        outcomes.append(client.ending())
    asking.method(1, spec.Basic.Cancel("t"))
    asking.read()
    client = _client(lab)
    client.method(1, operation(address))
    return [*outcomes, client.ending()]


@case
def an_address_declared_by_its_own_channel(lab: Lab) -> Any:
    """The one channel that cannot look for an address is its own."""
    asking, address = _asking(lab)
    asking.method(1, spec.Queue.Declare(queue=address, passive=True))
    return asking.ending()


@table({"no exchange": ("none", False), "nobody consumes": ("", False), "no more": ("", True)})
def asking_without_a_consumer(lab: Lab, exchange: str, cancelled: bool) -> Any:
    """The pseudo-queue in `reply_to` needs a consumer on the same channel: 406."""
    client = _client(lab)
    if cancelled:
        client.method(1, _consume())
        client.method(1, spec.Basic.Cancel("t"))
        client.answers(2)
    client.publish(1, "q", _reply_to(QUEUE), b"x", exchange)
    return client.ending()


@case
def the_consumer_of_another_channel(lab: Lab) -> Any:
    """It does not count."""
    client = _client(lab, 2)
    client.method(1, _consume())
    client.read()
    client.publish(2, "q", _reply_to(QUEUE), b"x")
    return client.ending()


@case
def any_other_reply_to(lab: Lab) -> Any:
    """Only the pseudo-queue's name is replaced, and nothing but the property."""
    channel = lab.channel()
    queue = lab.declare(channel)
    client = _client(lab)
    client.method(1, _consume())
    client.read()
    found = []
    for reply_to in (QUEUE, QUEUE + "x", QUEUE + ".none", "other"):
        options = pika.BasicProperties(
            content_type=QUEUE,
            headers={"h": QUEUE},
            priority=1,
            correlation_id="c",
            reply_to=reply_to,
            expiration="60000",
            message_id="m",
            app_id="a",
        )
        encoded = b"".join(options.encode())
        client.publish(1, queue, encoded, QUEUE.encode())
        lab.ready(channel, queue, 1)
        _, properties, body = channel.basic_get(queue, True)
        assert body is not None
        kept = {k: plain(v) for k, v in properties.__dict__.items() if v is not None}
        address = kept.pop("reply_to")
        found.append([address == reply_to, address.startswith(QUEUE + "."), kept, body.decode()])
    return found


@case
def replies_arrive(lab: Lab) -> Any:
    """Whatever is sent to the address arrives, as often as it is sent."""
    asking, address = _asking(lab)
    client = _client(lab)
    client.method(1, spec.Confirm.Select())
    found = [client.ending()]
    for body in (b"one", b"two", b"three"):
        client.publish(1, address, b"\0\0", body)
        found.append([client.ending(), _arrived(asking)])
    return found


@case
def a_channel_answers_itself(lab: Lab) -> Any:
    """Asking and answering may be on one channel."""
    asking, address = _asking(lab)
    asking.publish(1, address, b"\0\0", b"one")
    return _arrived(asking)


@case
def replies_among_other_deliveries(lab: Lab) -> Any:
    """Which delivery tags replies use up."""
    queue = lab.declare(lab.channel())
    asking, address = _asking(lab)
    asking.method(1, _consume(queue, "q", no_ack=False))
    asking.read()
    client = _client(lab)
    found = []
    for key in (queue, address, queue, address, address, queue):
        client.publish(1, key, b"\0\0", b"x")
        found.append(_arrived(asking)[:2])
    return found


@table(
    {
        "live": lambda a: a,
        "wrong key": lambda a: a[:-4] + "abc=",
        "the pseudo-queue": lambda a: QUEUE,
        "not an address": lambda a: QUEUE + ".none",
        "empty": lambda a: QUEUE + ".",
        "two parts": lambda a: QUEUE + ".none.none",
        "a longer name": lambda a: QUEUE + "x",
    }
)
def a_mandatory_reply(lab: Lab, name: Any) -> Any:
    """What counts as routed, with and without the flag, and what arrives."""
    outcomes = []
    asking, address = _asking(lab)
    for mandatory in (False, True):
        client = _client(lab)
        client.method(1, spec.Confirm.Select())
        client.read()
        client.method(1, spec.Basic.Publish(exchange="", routing_key=name(address), mandatory=mandatory))
        client.header(1, 2)
        client.frame(3, 1, b"ab")
        outcomes.append(client.answers(2 if mandatory and lab.release == "3.10" else 1))
        outcomes.append(_arrived(asking) if name(address) == address else _quiet(asking))
    return outcomes


@table({"cancelled": "cancel", "channel closed": "channel", "connection closed": "connection"})
def a_reply_that_comes_too_late(lab: Lab, how: str) -> Any:
    """An address ends with its consumer."""
    asking, address = _asking(lab)
    if how == "cancel":
        asking.method(1, spec.Basic.Cancel("t"))
    elif how == "channel":
        asking.method(1, spec.Channel.Close(200, "", 0, 0))
    else:
        asking.method(0, spec.Connection.Close(200, "", 0, 0))
    ended = asking.ending()
    client = _client(lab)
    client.method(1, spec.Confirm.Select())
    client.read()
    client.method(1, spec.Basic.Publish(exchange="", routing_key=address, mandatory=True))
    client.header(1, 0)
    first = client.ending()
    client.method(1, spec.Queue.Declare(queue=address, passive=True))
    return [ended, first, client.answers(2 if first == "Basic.Return" else 1)]


@case
def a_carbon_copy_to_an_address(lab: Lab) -> Any:
    """Addresses in `CC` count, too."""
    asking, address = _asking(lab)
    name = address.encode()
    value = b"S" + struct.pack(">I", len(name)) + name
    headers = b"\x02CCA" + struct.pack(">I", len(value)) + value
    client = _client(lab)
    client.publish(1, lab.name("none"), b"\x20\0" + struct.pack(">I", len(headers)) + headers, b"x")
    return _arrived(asking)


@case
def a_dead_letter_to_an_address(lab: Lab) -> Any:
    """A dead letter arrives, too."""
    asking, address = _asking(lab)
    channel = lab.channel()
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": address, "x-max-length": 0}
    queue = lab.declare(channel, arguments=arguments)
    lab.put(channel, queue, "m")
    return _arrived(asking)
