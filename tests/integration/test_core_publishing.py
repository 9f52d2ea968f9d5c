# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishing: what is on the wire, many messages in flight, and everything that is refused."""

import datetime
import decimal
import json
import math
import socket
from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging._amqp import messages
from fedora_messaging.exceptions import (
    ConnectionException,
    HaltConsumer,
    PermissionException,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from rabbitmq import Node, Vhost
from support.amqp import Amqp
from support.programs import Programs
from support.reactor import in_reactor, outcome

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]


def _message(topic: str = "t", **body: Any) -> api.Message:
    return api.Message(topic=topic, body=body)


def test_what_is_sent(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """Routing key, properties, headers and body are what every version of the protocol understands."""
    amqp.queue("q", "org.fedora.t")
    message = api.Message(topic="t", body={"naïve": "☃"}, severity=30)
    client(topic_prefix="org.fedora", publish_priority=4).publish(message)
    (got,) = amqp.take("q")

    assert "org.fedora.t" == got.topic
    assert {"naïve": "☃"} == json.loads(got.body)
    assert message.id == got.id
    assert ("application/json", "utf-8", 2, 4) == (
        got.properties.content_type,
        got.properties.content_encoding,
        got.properties.delivery_mode,
        got.properties.priority,
    )
    assert {"base.message", 30} <= set(got.properties.headers.values())


def test_where_it_is_sent(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """The exchange is the one named, else the configured one; the priority the message's own, if any."""
    amqp.channel.exchange_declare("ours", "topic", durable=True)
    amqp.queue("q", "t")
    amqp.queue("others")
    amqp.channel.queue_bind("others", "ours", "t")
    made = client(publish_exchange="ours", publish_priority=1)
    urgent = _message(n=2)
    urgent.priority = 7
    made.publish(_message(n=1))
    made.publish(urgent)
    made.publish(_message(n=3), "amq.topic")
    made.publish(_message("q", n=4), exchange="")

    assert [(1, 1), (2, 7)] == [
        (json.loads(got.body)["n"], got.properties.priority) for got in amqp.take("others")
    ]
    assert [3, 4] == [json.loads(got.body)["n"] for got in amqp.take("q")]


def test_a_thousand_are_in_flight_at_once(
    client: Callable[..., api.Client], amqp: Amqp, rabbitmq: Node, vhost: Vhost
) -> None:
    """All of 1,000 messages reach the queue while not one confirm arrives; then every Deferred fires."""
    from faults import ProxyProcess

    amqp.queue("q", "t")
    with ProxyProcess(rabbitmq.port) as proxy:
        made = client(amqp_url=vhost.url.replace(f":{rabbitmq.port}/", f":{proxy.port}/"))
        made.publish(_message("other"))
        proxy.stall("down")
        fired: list[Any] = []

        async def start() -> list[Any]:
            return [made.twisted_publish(_message(n=n)).addBoth(fired.append) for n in range(1000)]

        deferreds = in_reactor(start)
        while 1000 > vhost.queues()["q"]:
            assert [] == fired
        in_flight = len(fired)
        proxy.resume()

        async def finish() -> list[Any]:
            return [await deferred for deferred in deferreds]

        in_reactor(finish)
        made.close()

    assert 0 == in_flight
    assert [None] * 1000 == fired
    assert list(range(1000)) == [json.loads(got.body)["n"] for got in amqp.take("q")]


def test_each_of_a_thousand_has_its_own_outcome(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """Of 1,000 in flight, those to a missing exchange and those that no queue takes fail, and no others."""
    amqp.queue("q", "kept")
    made = client(mandatory=True)
    twice = _message("lost", n=-1)

    def send(n: int) -> Any:
        if n in (300, 700):
            return made.twisted_publish(twice)
        if n in (250, 501, 502):
            return made.twisted_publish(_message("kept", n=n), "missing")
        return made.twisted_publish(_message("kept" if n % 2 else "lost", n=n))

    async def scenario() -> list[Any]:
        return [await outcome(deferred) for deferred in [send(n) for n in range(1000)]]

    outcomes = in_reactor(scenario)
    made.publish(_message("kept", n=1000))

    def expected(n: int) -> str:
        if n in (250, 501, 502):
            return "no exchange"
        return "None" if n % 2 and n not in (300, 700) else "NO_ROUTE"

    assert [expected(n) for n in range(1000)] == [
        next((words for words in ("no exchange", "NO_ROUTE", "None") if words in str(each)), str(each))
        for each in outcomes
    ]
    assert {PublishReturned, type(None)} == {type(each) for each in outcomes}
    kept = amqp.take("q")
    assert {n for n in range(1001) if expected(n) == "None" or n == 1000} == {
        json.loads(got.body)["n"] for got in kept
    }
    ids: dict[Any, set[str | None]] = {}
    for got in kept:
        ids.setdefault(json.loads(got.body)["n"], set()).add(got.id)
    assert {1} == {len(each) for each in ids.values()}  # sent again only as the same message


def test_a_missing_exchange_is_told(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """PublishReturned has the broker's words, and the next message is published."""
    amqp.queue("q", "t")
    made = client()
    with pytest.raises(PublishReturned, match=r"404 NOT_FOUND - no exchange 'missing'"):
        made.publish(_message(n=1), exchange="missing")
    made.publish(_message(n=2))

    assert [2] == [json.loads(got.body)["n"] for got in amqp.take("q")]


def test_mandatory(client: Callable[..., api.Client]) -> None:
    """A message that no queue takes is lost silently, unless `mandatory` is configured."""
    client().publish(_message())
    with pytest.raises(PublishReturned, match="312 NO_ROUTE"):
        client(mandatory=True).publish(_message())


def _deep(levels: int) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for _ in range(levels):
        body = {"a": body}
    return body


_INVALID = {
    "a text": "a message",
    "nothing": None,
    "a dictionary": {"topic": "t", "body": {}},
    "the class": api.Message,
    "topic of 256 bytes": api.Message(topic="t" * 256),
    "topic of 256 bytes in UTF-8": api.Message(topic="é" * 128),
    "topic a number": api.Message(topic=3),  # type: ignore[arg-type]
    "topic bytes": api.Message(topic=b"t"),  # type: ignore[arg-type]
    "body a list": api.Message(topic="t", body=["a"]),  # type: ignore[arg-type]
    "body an empty list": api.Message(topic="t", body=[]),  # type: ignore[arg-type]
    "body a text": api.Message(topic="t", body="text"),  # type: ignore[arg-type]
    "body with a set": _message(a={1, 2}),
    "body with a date": _message(a=datetime.datetime.now(datetime.timezone.utc)),
    "body with NaN": _message(a=math.nan),
    "body with bytes": _message(a=b"bytes"),
    "body with half a surrogate pair": _message(a="\ud800"),
    "body 300 deep": api.Message(topic="t", body=_deep(300)),
    "body 100,000 deep": api.Message(topic="t", body=_deep(100_000)),
    "too large": _message(a="x" * 20_000),
}


@pytest.mark.parametrize("message", _INVALID.values(), ids=_INVALID)
def test_what_is_no_valid_message_is_refused(
    client: Callable[..., api.Client], amqp: Amqp, message: Any
) -> None:
    """ValidationError, from both kinds of publish, and nothing is sent."""
    amqp.queue("q", "#")
    made = client(max_message_size=10_000)

    async def scenario() -> Any:
        return await outcome(made.twisted_publish(message))

    error = in_reactor(scenario)
    with pytest.raises(ValidationError) as caught:
        made.publish(message)
    made.publish(_message("after"))

    assert ValidationError is type(error)
    assert "" != str(error) == str(caught.value)
    assert ["after"] == [got.topic for got in amqp.take("q")]


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def test_without_a_broker_it_times_out(client: Callable[..., api.Client]) -> None:
    """Where nothing listens, publish ends at its deadline with PublishTimeout, which names the state."""
    made = client(amqp_url=f"amqp://127.0.0.1:{_closed_port()}")

    async def scenario() -> Any:
        return await outcome(made.twisted_publish(_message(), timeout=0.5))

    error = in_reactor(scenario)
    with pytest.raises(PublishTimeout, match=r"not confirmed within 0.5 s.*connecting.*refused") as caught:
        made.publish(_message(), timeout=0.5)

    assert PublishTimeout is type(error)
    assert isinstance(caught.value, ConnectionException)
    assert str(error) == str(caught.value)


def test_a_silent_broker_times_out(client: Callable[..., api.Client], vhost: Vhost, rabbitmq: Node) -> None:
    """A message that was sent and not confirmed in time is a PublishTimeout that says so."""
    from faults import ProxyProcess

    with ProxyProcess(rabbitmq.port) as proxy:
        made = client(amqp_url=vhost.url.replace(f":{rabbitmq.port}/", f":{proxy.port}/"))
        made.publish(_message())
        proxy.stall("down")
        with pytest.raises(PublishTimeout, match="waiting for the confirm"):
            made.publish(_message(), timeout=0.5)
        proxy.resume()
        made.publish(_message())
        made.close()


_REFUSED = {
    "bad password": ("s3cr3t", None, "403 ACCESS_REFUSED"),
    "missing vhost": ("guest", "nowhere", "530 NOT_ALLOWED|not found"),
}


@pytest.mark.parametrize(("password", "name", "words"), _REFUSED.values(), ids=_REFUSED)
def test_refused_credentials(
    client: Callable[..., api.Client], vhost: Vhost, password: str, name: str | None, words: str
) -> None:
    """publish raises ConnectionException, consume PermissionException, at once, without the password."""
    made = client(amqp_url=vhost.node.url(name or vhost.name, password=password))
    with pytest.raises(ConnectionException, match=words) as published:
        made.publish(_message())
    with pytest.raises(PermissionException, match=words) as consumed:
        made.consume(print)

    assert not isinstance(published.value, PublishTimeout)
    assert "s3cr3t" not in f"{published.value!r} {published.value} {consumed.value!r} {consumed.value}"


def test_publish_in_the_reactor_is_refused(client: Callable[..., api.Client]) -> None:
    """Called where it would block the reactor, publish says what to use instead."""
    made = client()

    async def scenario() -> None:
        made.publish(_message())

    with pytest.raises(RuntimeError, match="twisted_publish"):
        in_reactor(scenario)


def test_a_closed_client_starts_again(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """After close the next publish opens a new connection."""
    amqp.queue("q", "t")
    made = client()
    for _ in range(2):
        made.publish(_message())
        made.close()

    assert 2 == len(amqp.take("q"))


_FORK = """
import os, sys
from fedora_messaging import api, exceptions

def publish():
    try:
        api.publish(api.Message(topic="t", body={}), timeout=20)
        return "published"
    except exceptions.PublishTimeout as error:
        return f"timed out {error}"
    except exceptions.ConnectionException as error:
        return f"{type(error).__name__}: {error}"

if sys.argv[1] == "after":
    api.publish(api.Message(topic="t", body={}))
child = os.fork()
if not child:
    print("child", publish())
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
print("parent", publish())
"""


def test_a_fork_after_use_fails_at_once(programs: Programs, amqp: Amqp) -> None:
    """The child of a process that has published gets ConnectionException; the parent goes on."""
    amqp.queue("q", "t")
    program = programs.start(_FORK, "after")

    assert 0 == program.ended()
    assert ["child ConnectionException", "parent published"] == [line.split(":")[0] for line in program.lines]
    assert "forked" in program.lines[0]
    assert 2 == len(amqp.take("q"))


def test_a_fork_before_use_works(programs: Programs, amqp: Amqp) -> None:
    """Parent and child of a fork before the first use both publish."""
    amqp.queue("q", "t")
    program = programs.start(_FORK, "before")

    assert 0 == program.ended()
    assert ["child published", "parent published"] == program.lines
    assert 2 == len(amqp.take("q"))


_THREADS = """
import threading
from fedora_messaging import api

barrier = threading.Barrier(20)

def publish(number):
    barrier.wait()
    for turn in range(5):
        api.publish(api.Message(topic="t", body={"n": [number, turn]}))
    done.append(number)

done = []
threads = [threading.Thread(target=publish, args=[number]) for number in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sorted(done) == list(range(20)))
"""


def test_twenty_threads_use_it_first_at_the_same_time(programs: Programs, amqp: Amqp) -> None:
    """Configuration, reactor and connection are made once, and every thread's messages arrive."""
    amqp.queue("q", "t")
    program = programs.start(_THREADS)

    assert 0 == program.ended()
    assert ["True"] == program.lines
    got = [tuple(json.loads(got.body)["n"]) for got in amqp.take("q")]
    assert sorted((number, turn) for number in range(20) for turn in range(5)) == sorted(got)
    assert [] == program.errors


_ANOTHERS_REACTOR = """
import crochet
crochet.setup()
from fedora_messaging import api

@crochet.run_in_reactor
def nothing():
    pass

nothing().wait(5)
api.publish(api.Message(topic="t", body={}))

@crochet.wait_for(timeout=10)
def publish():
    return api.twisted_publish(api.Message(topic="t", body={}))

publish()
print("published")
"""


def test_an_application_that_uses_crochet_itself(programs: Programs, amqp: Amqp) -> None:
    """Where the application has set up crochet, its reactor is used."""
    amqp.queue("q", "t")
    program = programs.start(_ANOTHERS_REACTOR)

    assert 0 == program.ended()
    assert ["published"] == program.lines
    assert 2 == len(amqp.take("q"))


def test_signals_tell_of_every_publish(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """pre_publish, whose receivers may change the message, then publish_success or publish_failed."""
    amqp.queue("q", "#")
    made = client()
    told: list[Any] = []

    def before(sender: Any, message: api.Message) -> None:
        told.append(("before", message.topic))
        message.body["added"] = True

    def success(sender: Any, message: api.Message) -> None:
        told.append(("success", message.topic))

    def failed(sender: Any, message: api.Message, error: Exception) -> None:
        told.append((type(error).__name__, message.topic))

    async def scenario() -> list[Any]:
        return [
            await outcome(made.twisted_publish(_message("c"))),
            await outcome(made.twisted_publish(_message("d"), "missing")),
        ]

    with (
        api.pre_publish_signal.connected_to(before),
        api.publish_signal.connected_to(success),
        api.publish_failed_signal.connected_to(failed),
    ):
        made.publish(_message("a"))
        with pytest.raises(PublishReturned):
            made.publish(_message("b"), exchange="missing")
        in_reactor(scenario)

    assert [
        ("before", "a"),
        ("success", "a"),
        ("before", "b"),
        ("PublishReturned", "b"),
        ("before", "c"),
        ("success", "c"),
        ("before", "d"),
        ("PublishReturned", "d"),
    ] == told
    assert [{"added": True}] * 2 == [json.loads(got.body) for got in amqp.take("q")]


@pytest.mark.parametrize("frame_max", [None, 8192])
def test_headers_of_the_size_of_a_frame(
    client: Callable[..., api.Client], amqp: Amqp, vhost: Vhost, frame_max: int | None
) -> None:
    """RabbitMQ takes a header frame of exactly frame_max; larger ones are refused before they reach it."""
    amqp.queue("q", "t")
    made = client(amqp_url=f"{vhost.url}?frame_max={frame_max}" if frame_max else vhost.url)
    limit = frame_max or 131_072
    for headers in ({f"h{n}": "x" * 30 for n in range(5000)}, {"h": "x" * limit}):
        with pytest.raises(ValidationError, match=f"frame_max is {limit}"):
            made.publish(api.Message(topic="t", headers=headers))
    empty = messages.prepare(api.Message(topic="t", headers={"h": ""}), None, messages.PublishSettings())
    left = limit - 22 - len(empty.properties)
    made.publish(api.Message(topic="t", headers={"h": "x" * left}))
    with pytest.raises(ValidationError, match=f"The header frame is {limit + 1} bytes long"):
        made.publish(api.Message(topic="t", headers={"h": "x" * (left + 1)}))
    made.publish(_message())

    assert 2 == len(amqp.take("q"))


def test_headers_of_every_type_come_back_from_the_broker(
    client: Callable[..., api.Client], amqp: Amqp
) -> None:
    """What RabbitMQ passes on of each type is what was sent."""
    amqp.queue("q", "t")
    headers: dict[str, Any] = {
        "none": None,
        "float": 3.75,
        "large": -(2**63),
        "decimal": decimal.Decimal("-1.50"),
        "bytes": b"\0\xff",
        "time": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        "list": [1, [True, "a"], {"in": 0.5}],
        "table": {"a": {"b": [None]}},
    }
    made = client()
    made.publish(api.Message(topic="t", headers=headers))
    received: list[api.Message] = []

    def callback(message: api.Message) -> None:
        received.append(message)
        raise HaltConsumer()

    with pytest.raises(HaltConsumer):
        made.consume(callback, bindings=[], queues={"q": {"durable": True, "auto_delete": False}})

    assert headers == {key: value for key, value in received[0]._headers.items() if key in headers}
