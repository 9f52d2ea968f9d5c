# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What becomes of messages: every outcome of a callback, every kind of callback."""

import functools
import json
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from fedora_messaging import api
from fedora_messaging.exceptions import Drop, HaltConsumer, Nack
from rabbitmq import Vhost
from support.amqp import Amqp
from support.reactor import in_reactor, outcome

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_Q = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}


class Recorder:
    """A callback that does what each message's body says, and ends consuming at the topic "end"."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def __call__(self, message: api.Message) -> None:
        self.seen.append(message.body.get("n"))
        if message.topic == "end":
            raise HaltConsumer


def _bodies(amqp: Amqp, queue: str) -> list[Any]:
    return [json.loads(got.body)["n"] for got in amqp.take(queue)]


def test_returning_acknowledges(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A message whose callback returned is gone from the queue; its order is the queue's."""
    amqp.queue("q", "#")
    for n in range(30):
        amqp.publish("t" if n < 29 else "end", {"n": n})
    recorder = Recorder()
    with pytest.raises(HaltConsumer):
        client().consume(recorder, _Q)

    assert list(range(30)) == recorder.seen
    assert [] == amqp.take("q")


def test_nack_requeues_after_a_while(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A refused message comes back, not before what was behind it, and is counted as rejected."""
    amqp.queue("q", "#")
    for n in range(3):
        amqp.publish("t", {"n": n})
    seen = []

    def callback(message: api.Message) -> None:
        seen.append(message.body["n"])
        if seen == [0]:
            raise Nack
        if len(seen) == 4:
            raise HaltConsumer

    consuming = client(nack_delay={"first": 1.0})
    with pytest.raises(HaltConsumer):
        consuming.consume(callback, _Q)

    assert [0, 1, 2, 0] == seen
    assert [] == amqp.take("q")


def test_drop_and_invalid_messages_are_dead_lettered(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """Drop, and bodies that are no messages, go to the dead-letter exchange; the next one is handled."""
    amqp.queue("dead")
    amqp.queue("q", "#", arguments={"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"})
    amqp.publish("t", {"n": 1})
    amqp.publish("t", b"\xff not JSON")
    amqp.publish("t", b"[]")
    amqp.publish("t", {"n": 2}, headers={"fedora_messaging_severity": "high"})
    amqp.publish("end", {"n": 3})
    seen = []

    def callback(message: api.Message) -> None:
        seen.append(message.body["n"])
        if message.body["n"] == 1:
            raise Drop
        raise HaltConsumer

    made = client()
    with pytest.raises(HaltConsumer):
        made.consume(callback, _Q)
    dead = amqp.take("dead")

    assert [1, 3] == seen
    assert [b'{"n": 1}', b"\xff not JSON", b"[]", b'{"n": 2}'] == [got.body for got in dead]
    assert {"rejected"} == {got.properties.headers["x-death"][0]["reason"] for got in dead}
    assert [] == amqp.take("q")


def test_dropped_messages_are_gone_without_a_dead_letter_exchange(
    client: Callable[..., api.Client], amqp: Amqp
) -> None:
    """Drop discards a message where nothing takes dead letters."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    amqp.publish("end", {"n": 2})

    def callback(message: api.Message) -> None:
        raise Drop if message.topic == "t" else HaltConsumer

    with pytest.raises(HaltConsumer):
        client().consume(callback, _Q)

    assert [] == amqp.take("q")


def test_outcomes_are_counted(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A consumer's statistics count each outcome once."""
    from twisted.internet.defer import Deferred

    amqp.queue("q", "#")
    for n, body in enumerate([{"n": 0}, {"n": 1}, b"null", {"n": 3}]):
        amqp.publish("t", body, message_id=f"m{n}")
    made = client()

    async def scenario() -> Any:
        done: Deferred[BaseException] = Deferred()

        async def callback(message: api.Message) -> None:
            if message.id == "m1":
                raise Drop
            if message.id == "m3":
                raise HaltConsumer(requeue=True)

        (consumer,) = await made.twisted_consume(callback, _Q)
        consumer.result.addBoth(lambda result: done.callback(result.value))
        return await done, consumer.stats.as_dict(), consumer.running

    halted, stats, running = in_reactor(scenario)

    assert isinstance(halted, HaltConsumer)
    assert {"received": 4, "processed": 1, "dropped": 1, "rejected": 2, "failed": 0} == stats
    assert not running
    assert ["m3"] == [got.id for got in amqp.take("q")]


def _plain(seen: list[Any], ended: Callable[[], None]) -> Any:
    def callback(message: api.Message) -> None:
        seen.append(message.body["n"])
        ended()

    return callback


def _class(seen: list[Any], ended: Callable[[], None]) -> Any:
    class Callback:
        def __call__(self, message: api.Message) -> None:
            seen.append(message.body["n"])
            ended()

    return Callback


def _partial(seen: list[Any], ended: Callable[[], None]) -> Any:
    def callback(where: list[Any], message: api.Message) -> None:
        where.append(message.body["n"])
        ended()

    return functools.partial(callback, seen)


def _coroutine(seen: list[Any], ended: Callable[[], None]) -> Any:
    async def callback(message: api.Message) -> None:
        await _later()
        seen.append(message.body["n"])
        ended()

    return callback


def _coroutine_partial(seen: list[Any], ended: Callable[[], None]) -> Any:
    async def callback(where: list[Any], message: api.Message) -> None:
        await _later()
        where.append(message.body["n"])
        ended()

    return functools.partial(callback, seen)


def _coroutine_object(seen: list[Any], ended: Callable[[], None]) -> Any:
    class Callback:
        async def __call__(self, message: api.Message) -> None:
            await _later()
            seen.append(message.body["n"])
            ended()

    return Callback()


def _inline_callbacks(seen: list[Any], ended: Callable[[], None]) -> Any:
    from twisted.internet.defer import Deferred, inlineCallbacks

    @inlineCallbacks
    def callback(message: api.Message) -> Generator["Deferred[Any]", Any, None]:
        yield _later()
        seen.append(message.body["n"])
        ended()

    return callback


def _deferred(seen: list[Any], ended: Callable[[], None]) -> Any:
    def callback(message: api.Message) -> Any:
        def later(_: Any) -> None:
            seen.append(message.body["n"])
            ended()

        return _later().addCallback(later)

    return callback


def _later() -> Any:
    from twisted.internet import reactor, task

    return task.deferLater(reactor, 0)


@pytest.mark.parametrize(
    "kind",
    [
        _plain,
        _class,
        _partial,
        _coroutine,
        _coroutine_partial,
        _coroutine_object,
        _inline_callbacks,
    ],
)
@pytest.mark.parametrize("blocking", [True, False])
def test_kinds_of_callbacks(
    client: Callable[..., api.Client], amqp: Amqp, kind: Callable[..., Any], blocking: bool
) -> None:
    """Each kind of callback is given one message at a time, in order, and can end its consumer."""
    amqp.queue("q", "#")
    for n in range(20):
        amqp.publish("t", {"n": n})
    seen: list[Any] = []

    def ended() -> None:
        if len(seen) == 10:
            raise HaltConsumer(reason="that was all")

    made = client()
    callback = kind(seen, ended)

    async def scenario() -> Any:
        (consumer,) = await made.twisted_consume(callback, _Q)
        return await consumer.result

    with pytest.raises(HaltConsumer):
        made.consume(callback, _Q) if blocking else in_reactor(scenario)

    assert list(range(10)) == seen
    made.close()
    assert list(range(10, 20)) == _bodies(amqp, "q")


def test_a_callback_on_the_reactor_may_return_a_deferred(vhost: Vhost, amqp: Amqp) -> None:
    """A plain function given to a service may return a Deferred; its message waits for it."""
    from twisted.internet.defer import Deferred

    from fedora_messaging import config
    from fedora_messaging.twisted.service import FedoraMessagingService

    amqp.queue("q", "#")
    for n in range(4):
        amqp.publish("t", {"n": n})
    seen: list[Any] = []

    async def scenario() -> Any:
        done: Deferred[None] = Deferred()
        callback = _deferred(seen, lambda: done.callback(None) if len(seen) == 4 else None)
        service = FedoraMessagingService(callback, bindings=_Q, config=config.parse({"amqp_url": vhost.url}))
        service.startService()
        await done
        await service.stopService()

    in_reactor(scenario)

    assert [0, 1, 2, 3] == seen
    assert [] == amqp.take("q")


@pytest.mark.parametrize("callback", [None, 3, "print", object(), type("NotCallable", (), {})])
def test_what_is_not_callable_is_refused(client: Callable[..., api.Client], callback: Any) -> None:
    """A callback that is neither callable nor a class of callables is a ValueError, at once."""
    made = client()

    async def scenario() -> Any:
        return await made.twisted_consume(callback, _Q)

    with pytest.raises(ValueError, match="callback"):
        made.consume(callback, _Q)
    with pytest.raises(ValueError, match="callback"):
        in_reactor(scenario)


def test_a_defect_in_the_callback_requeues(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """Any other exception ends the consumer with it, and its message is in the queue again, redelivered."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})

    def callback(message: api.Message) -> None:
        raise ZeroDivisionError("of the application")

    made = client()

    async def scenario() -> Any:
        (consumer,) = await made.twisted_consume(callback, _Q)
        return await outcome(consumer.result), consumer.stats.failed

    error, failed = in_reactor(scenario)
    method, _, _ = amqp.channel.basic_get("q", auto_ack=True)

    assert "ZeroDivisionError('of the application')" == repr(error)
    assert 1 == failed
    assert method is not None
    assert method.redelivered


def test_a_callback_publishes_what_it_consumes(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A callback that publishes for each message never blocks its own consumer."""
    amqp.queue("q", "in")
    amqp.queue("out", "out")
    for n in range(50):
        amqp.publish("in", {"n": n})
    made = client()
    finished = threading.Event()

    def callback(message: api.Message) -> None:
        made.publish(api.Message(topic="out", body={"n": message.body["n"]}))
        if message.body["n"] == 49:
            finished.set()
            raise HaltConsumer

    with pytest.raises(HaltConsumer):
        made.consume(callback, {**_Q, "routing_keys": ["in"]})

    assert finished.is_set()
    assert list(range(50)) == _bodies(amqp, "out")


def test_a_coroutine_publishes_what_it_consumes(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A coroutine callback awaits twisted_publish."""
    amqp.queue("q", "in")
    amqp.queue("out", "out")
    for n in range(50):
        amqp.publish("in", {"n": n})
    made = client()

    async def callback(message: api.Message) -> None:
        await made.twisted_publish(api.Message(topic="out", body={"n": message.body["n"]}))
        if message.body["n"] == 49:
            raise HaltConsumer

    with pytest.raises(HaltConsumer):
        made.consume(callback, {**_Q, "routing_keys": ["in"]})

    assert list(range(50)) == _bodies(amqp, "out")


def test_halting_one_of_several_consumers_ends_consume(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """With several queues HaltConsumer of one ends the others too."""
    for name in ("a", "b"):
        amqp.queue(name, name)
    amqp.publish("a", {"n": 1})

    def callback(message: api.Message) -> None:
        raise HaltConsumer

    bindings = [{"exchange": "amq.topic", "queue": name, "routing_keys": [name]} for name in ("a", "b")]
    made = client()
    with pytest.raises(HaltConsumer):
        made.consume(callback, bindings)
    amqp.wait_for_consumers("a", 0)
    amqp.wait_for_consumers("b", 0)
    amqp.publish("b", {"n": 2})

    assert [2] == _bodies(amqp, "b")


def test_closing_ends_consuming(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """A client closed in one thread ends its consume in another, after the callback that runs."""
    amqp.queue("q", "#")
    for n in range(3):
        amqp.publish("t", {"n": n})
    started, go_on = threading.Event(), threading.Event()

    def callback(message: api.Message) -> None:
        started.set()
        go_on.wait(30)

    made = client()
    consuming = threading.Thread(target=made.consume, args=[callback, _Q])
    consuming.start()
    assert started.wait(30)
    closing = threading.Thread(target=made.close)
    closing.start()
    amqp.wait_for_consumers("q", 0)
    go_on.set()
    closing.join(30)
    consuming.join(30)

    assert not consuming.is_alive()
    assert [1, 2] == sorted(_bodies(amqp, "q"))


def test_consuming_again_while_closing(client: Callable[..., api.Client], amqp: Amqp) -> None:
    """What is started while the client is still closing consumes on connections of its own."""
    amqp.queue("q", "#")
    amqp.publish("t", {"n": 1})
    made = client()

    async def scenario() -> Any:
        from twisted.internet.defer import Deferred

        started: Deferred[None] = Deferred()
        go_on: Deferred[None] = Deferred()
        second: Deferred[Any] = Deferred()

        async def slow(message: api.Message) -> None:
            started.callback(None)
            await go_on

        async def quick(message: api.Message) -> None:
            second.callback(message.body["n"])

        await made.twisted_consume(slow, _Q)
        await started
        stopped = made.running_service().stopService()
        (consumer,) = await made.twisted_consume(quick, _Q)
        await made.twisted_publish(api.Message(topic="t", body={"n": 2}))
        received = await second
        early = stopped.called
        go_on.callback(None)
        await stopped
        return received, early, consumer.running

    assert (2, False, True) == in_reactor(scenario)
