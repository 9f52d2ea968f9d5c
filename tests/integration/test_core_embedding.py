# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The Twisted interface: service, factory and protocol in an application's own reactor."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
import pytest

from fedora_messaging import api
from fedora_messaging.exceptions import (
    ConnectionException,
    HaltConsumer,
    PermissionException,
    PublishReturned,
    ValidationError,
)
from fedora_messaging.message import Message
from rabbitmq import Node, Vhost
from support.amqp import Amqp
from support.programs import Program, Programs
from support.reactor import in_reactor, outcome
from support.waiting import until

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_Q = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t"]}


def _message(**body: Any) -> Message:
    return Message(topic="t", body=body)


def _service(vhost: Vhost, on_message: Any, bindings: Any = None, **keys: Any) -> Any:
    from fedora_messaging import config
    from fedora_messaging.twisted.service import FedoraMessagingService

    return FedoraMessagingService(
        on_message, bindings=bindings, config=config.parse({"amqp_url": vhost.url, **keys})
    )


class Collecting:
    """A callback that collects messages; `all` fires when there are enough of them."""

    def __init__(self, count: int) -> None:
        from twisted.internet.defer import Deferred

        self.all: Deferred[None] = Deferred()
        self.bodies: list[Any] = []
        self._count = count

    def __call__(self, message: Message) -> None:
        self.bodies.append(message.body)
        if len(self.bodies) == self._count:
            self.all.callback(None)


# The examples


def _twistd(programs: Programs) -> Program:
    twistd = Path(sys.executable).with_name("twistd")
    return programs.run(
        [str(twistd), "--nodaemon", "--pidfile=", "--python", str(_EXAMPLES / "embedded.tac")]
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_example_application_runs_under_twistd(
    programs: Programs, client: Callable[..., api.Client], amqp: Amqp, vhost: Vhost, number: int
) -> None:
    """It answers what it receives and ends in order, with the signal as twistd does; nothing is left."""
    amqp.queue("answers", "answer")
    application = _twistd(programs)
    amqp.wait_for_consumers("questions")
    questions = [Message(topic="question.easy", body={"text": f"number {n}"}) for n in range(3)]
    for question in questions:
        client().publish(question)
    application.wait_for("received question.easy", 3)
    application.signal(number)

    assert -number == application.ended(), application.said
    assert [{"to": questions[n].id, "text": f"NUMBER {n}"} for n in range(3)] == [
        json.loads(got.body) for got in amqp.take("answers")
    ]
    assert {"answers": 0, "questions": 0} == vhost.queues()


def test_the_example_program_runs(programs: Programs, vhost: Vhost) -> None:
    """It receives what it sends, and ends by itself; its queue goes with it."""
    program = programs.run([sys.executable, str(_EXAMPLES / "embedded.py"), "20"])

    assert 0 == program.ended(), program.said
    assert 20 == sum(line.startswith("received   embedded.hello") for line in program.lines)
    until(lambda: {} == vhost.queues())


# The service


def test_stopping_finishes_what_runs(vhost: Vhost, amqp: Amqp) -> None:
    """stopService fires when the callback has returned, its message acknowledged, its publish confirmed."""
    from twisted.internet.defer import Deferred

    amqp.queue("q", "t")
    amqp.queue("out", "out")
    for n in range(5):
        amqp.publish("t", {"n": n})

    async def scenario() -> Any:
        started: Deferred[None] = Deferred()
        go_on: Deferred[None] = Deferred()

        async def callback(message: Message) -> None:
            started.callback(None)
            await go_on
            await service.publish(Message(topic="out", body=message.body))

        service = _service(vhost, callback, _Q)
        service.startService()
        await started
        stopped = service.stopService()
        early = stopped.called
        go_on.callback(None)
        await stopped
        return early, service.consuming, service.running

    assert (False, False, 0) == in_reactor(scenario)
    assert [{"n": 0}] == [json.loads(got.body) for got in amqp.take("out")]
    assert [1, 2, 3, 4] == sorted(json.loads(got.body)["n"] for got in amqp.take("q"))


def test_stopping_waits_for_confirms(vhost: Vhost, amqp: Amqp) -> None:
    """What was published before stopService is confirmed; what comes after is a ConnectionException."""
    amqp.queue("q", "t")

    async def scenario() -> Any:
        service = _service(vhost, None)
        service.startService()
        publishing = [service.publish(_message(n=n)) for n in range(200)]
        await service.stopService()
        late = await outcome(service.publish(_message(n=-1)))
        return [await outcome(each) for each in publishing], late

    outcomes, late = in_reactor(scenario)

    assert [None] * 200 == outcomes
    assert list(range(200)) == [json.loads(got.body)["n"] for got in amqp.take("q")]
    assert ConnectionException is type(late)


def test_a_service_inside_an_application(vhost: Vhost, amqp: Amqp) -> None:
    """As the child of an Application it starts and stops with it."""
    from twisted.application.service import Application, IService

    amqp.queue("q", "t")

    async def scenario() -> Any:
        callback = Collecting(1)
        application = Application("test")
        _service(vhost, callback, _Q).setServiceParent(application)
        root: Any = IService(application)
        root.startService()
        amqp.publish("t", {"n": 1})
        await callback.all
        await root.stopService()
        return callback.bodies

    assert [{"n": 1}] == in_reactor(scenario)
    assert [] == amqp.take("q")


def test_a_service_takes_its_url_from_the_argument(vhost: Vhost, amqp: Amqp) -> None:
    """amqp_url overrides the configured one; without a callback the service publishes only."""
    from fedora_messaging import config
    from fedora_messaging.twisted.service import FedoraMessagingService

    amqp.queue("q", "t")

    async def scenario() -> Any:
        service = FedoraMessagingService(
            None, vhost.url, config=config.parse({"amqp_url": "amqp://127.0.0.1:1"})
        )
        service.startService()
        connected = await service.whenConnected()
        await service.publish(_message())
        await service.stopService()
        return type(connected).__name__

    assert "FedoraMessagingProtocol" == in_reactor(scenario)
    assert 1 == len(amqp.take("q"))


def test_stopping_before_it_is_connected(vhost: Vhost) -> None:
    """A service whose broker is not there stops all the same; what waits fails."""

    async def scenario() -> Any:
        service = _service(vhost, lambda message: None, _Q, amqp_url="amqp://127.0.0.1:1")
        service.startService()
        publishing = service.publish(_message(), timeout=0.2)
        waiting = service.whenConnected()
        first = await outcome(publishing)
        await service.stopService()
        return type(first).__name__, type(await outcome(waiting)).__name__

    assert ("PublishTimeout", "ConnectionException") == in_reactor(scenario)


# The factory


def _connect(port: int, factory: Any) -> Any:
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    return reactor.connectTCP("127.0.0.1", port, factory)


def _factory(vhost: Vhost, bindings: Any = (), **keys: Any) -> Any:
    from fedora_messaging.twisted.factory import FedoraMessagingFactory

    return FedoraMessagingFactory(pika.URLParameters(vhost.url), bindings, **keys)


def test_a_factory_alone(vhost: Vhost, amqp: Amqp) -> None:
    """connectTCP with a factory is enough to consume and to publish, on one connection."""
    amqp.queue("q", "t")

    async def scenario() -> Any:
        factory = _factory(vhost, [_Q])
        callback = Collecting(100)
        consuming = factory.consume(callback)
        connector = _connect(vhost.node.port, factory)
        (consumer,) = await consuming
        protocol = await factory.when_connected()
        publishing = [factory.publish(_message(n=n)) for n in range(100)]
        confirmed = [await each for each in publishing]
        refused = await outcome(factory.publish(_message(), "missing"))
        await callback.all
        await factory.cancel([consumer])
        stats = factory.stats.as_dict()
        factory.stopTrying()
        await protocol.close()
        return callback.bodies, confirmed, refused, stats, connector, consumer

    async def afterwards() -> Any:
        return connector.state, consumer.running

    bodies, confirmed, refused, stats, connector, consumer = in_reactor(scenario)

    assert [{"n": n} for n in range(100)] == bodies
    assert [None] * 100 == confirmed
    assert PublishReturned is type(refused)
    assert 100 == stats["published"]
    assert {"received": 100, "processed": 100, "dropped": 0, "rejected": 0, "failed": 0} == stats["consumed"]
    assert ("disconnected", False) == in_reactor(afterwards)


def test_a_factory_reconnects(vhost: Vhost, amqp: Amqp, rabbitmq: Node) -> None:
    """When its connection is cut the factory connects again; consumers and messages on their way go on."""
    from twisted.internet.defer import Deferred

    from faults import ProxyProcess

    amqp.queue("q", "t")
    with ProxyProcess(rabbitmq.port) as proxy:

        async def scenario() -> Any:
            factory = _factory(vhost, [_Q])
            numbers: set[int] = set()
            both: Deferred[None] = Deferred()

            def callback(message: Message) -> None:
                numbers.add(message.body["n"])
                if numbers == {1, 2} and not both.called:
                    both.callback(None)

            consuming = factory.consume(callback)
            _connect(proxy.port, factory)
            (consumer,) = await consuming
            first = await factory.when_connected()
            await factory.publish(_message(n=1))
            proxy.stall("up")
            waiting = factory.publish(_message(n=2))
            proxy.cut()  # while nothing passes: once it does, the confirm may come before the cut is noticed
            proxy.resume()
            await waiting
            await both
            second = await factory.when_connected()
            factory.stopTrying()
            await second.close()
            return first is second, consumer.ended

        assert (False, False) == in_reactor(scenario)


def test_stop_trying(vhost: Vhost) -> None:
    """After stopTrying a factory that could not connect does not connect again; the reactor is left clean."""
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor

    async def scenario() -> Any:
        from twisted.internet.defer import Deferred

        factory = _factory(vhost, [_Q])
        failed: Deferred[None] = Deferred()
        original = factory.clientConnectionFailed

        def failing(connector: Any, reason: Any) -> None:
            original(connector, reason)
            failed.callback(None)

        factory.clientConnectionFailed = failing
        before = len(reactor.getDelayedCalls())
        connector = _connect(1, factory)
        await failed
        factory.stopTrying()
        return connector.state, len(reactor.getDelayedCalls()) - before

    assert ("disconnected", 0) == in_reactor(scenario)


def test_two_factories_in_one_process(vhost: Vhost, vhosts: Any) -> None:
    """Each has its own broker, consumers and statistics."""
    other = vhosts.take()

    async def scenario() -> Any:
        counts = []
        for where, count in ((vhost, 1), (other, 2)):
            factory = _factory(where, [_Q])
            callback = Collecting(count)
            consuming = factory.consume(callback)
            _connect(where.node.port, factory)
            await consuming
            for _ in range(count):
                await factory.publish(_message())
            await callback.all
            counts.append(factory.stats.published)
            factory.stopTrying()
            await (await factory.when_connected()).close()
        return counts

    assert [1, 2] == in_reactor(scenario)


# The protocol


async def _protocol(vhost: Vhost, **keys: Any) -> Any:
    from twisted.internet import reactor
    from twisted.internet.endpoints import HostnameEndpoint, connectProtocol

    from fedora_messaging.twisted.protocol import FedoraMessagingProtocol

    parameters = pika.URLParameters(keys.pop("url", vhost.url))
    endpoint = HostnameEndpoint(reactor, "127.0.0.1", vhost.node.port)
    protocol: Any = await connectProtocol(endpoint, FedoraMessagingProtocol(parameters, **keys))
    if protocol.ready is not None:
        await protocol.ready
    return protocol


def test_a_protocol_alone_publishes(vhost: Vhost, amqp: Amqp) -> None:
    """A protocol connected through an endpoint publishes, each message with its own outcome, and closes."""
    amqp.queue("q", "t")

    async def scenario() -> Any:
        protocol = await _protocol(vhost)
        good = [protocol.publish(_message(n=n), "amq.topic") for n in range(10)]
        bad = [
            protocol.publish(_message(), "missing"),
            protocol.publish(Message(topic="t" * 300), "amq.topic"),
            protocol.publish("no message", "amq.topic"),
        ]
        outcomes = [await outcome(each) for each in [*good, *bad]]
        await protocol.close()
        return outcomes, await outcome(protocol.publish(_message(), "amq.topic"))

    outcomes, late = in_reactor(scenario)

    assert [None] * 10 == outcomes[:10]
    assert [PublishReturned, ValidationError, ValidationError] == [type(each) for each in outcomes[10:]]
    assert ConnectionException is type(late)
    assert set(range(10)) == {json.loads(got.body)["n"] for got in amqp.take("q")}


def test_a_protocol_without_confirms(vhost: Vhost, amqp: Amqp) -> None:
    """With confirms=False a Deferred fires when the message is written."""
    amqp.queue("q", "t")

    async def scenario() -> Any:
        protocol = await _protocol(vhost, confirms=False)
        fired = [protocol.publish(_message(n=n), "amq.topic") for n in range(10)]
        for each in fired:
            await each
        await protocol.close()

    in_reactor(scenario)

    assert 10 == len(amqp.take("q"))


def test_a_protocol_that_is_refused(vhost: Vhost) -> None:
    """`ready` fails with what the broker said; the password is not in it."""

    async def scenario() -> Any:
        url = vhost.node.url(vhost.name, password="s3cr3t")
        return await outcome(_protocol(vhost, url=url))

    error = in_reactor(scenario)

    assert isinstance(error, PermissionException)
    assert "403 ACCESS_REFUSED" in str(error)
    assert "s3cr3t" not in f"{error} {error!r}"


def test_pausing(vhost: Vhost, amqp: Amqp) -> None:
    """Between pauseProducing and resumeProducing nothing is received, and the connection stays."""
    amqp.queue("q", "t")

    async def scenario() -> Any:
        factory = _factory(vhost, [_Q])
        first, second = Collecting(1), Collecting(2)
        calls = []

        def callback(message: Message) -> None:
            calls.append(message.body["n"])
            for each in (first, second):
                if not each.all.called:
                    each(message)

        consuming = factory.consume(callback)
        _connect(vhost.node.port, factory)
        (consumer,) = await consuming
        protocol = await factory.when_connected()
        await factory.publish(_message(n=1))
        await first.all
        await protocol.pauseProducing()
        paused = consumer.running
        await factory.publish(_message(n=2))
        await factory.publish(_message(n=3), "amq.topic")
        seen = list(calls)
        waiting = vhost.queues()["q"]
        await protocol.resumeProducing()
        await second.all
        same = protocol is await factory.when_connected()
        factory.stopTrying()
        await factory.cancel([consumer])
        await protocol.close()
        return paused, seen, waiting, same, calls

    paused, seen, waiting, same, calls = in_reactor(scenario)

    assert not paused
    assert [1] == seen
    assert 2 == waiting
    assert same
    assert [1, 2] == calls[:2]


def test_pausing_an_exclusive_queue_keeps_it(vhost: Vhost) -> None:
    """A queue that would go with its consumer stays; what arrives meanwhile is handled after the pause."""

    async def scenario() -> Any:
        factory = _factory(vhost, [{"exchange": "amq.topic", "routing_keys": ["t"]}])
        callback = Collecting(3)
        consuming = factory.consume(callback)
        _connect(vhost.node.port, factory)
        (consumer,) = await consuming
        protocol = await factory.when_connected()
        await protocol.pauseProducing()
        for n in range(3):
            await factory.publish(_message(n=n))
        seen = list(callback.bodies)
        await protocol.resumeProducing()
        await callback.all
        factory.stopTrying()
        await factory.cancel([consumer])
        await protocol.close()
        return seen, callback.bodies

    assert ([], [{"n": 0}, {"n": 1}, {"n": 2}]) == in_reactor(scenario)


def test_halting_a_service(vhost: Vhost, amqp: Amqp) -> None:
    """HaltConsumer in a service's callback ends its consumer, whose result tells; the service goes on."""
    amqp.queue("q", "t")
    amqp.publish("t", {"n": 1})

    def callback(message: Message) -> None:
        raise HaltConsumer(exit_code=3)

    async def scenario() -> Any:
        service = _service(vhost, callback, _Q)
        service.startService()
        (consumer,) = service.consumers
        halted = await outcome(consumer.result)
        await service.publish(_message(n=2))
        await service.stopService()
        return halted.exit_code

    assert 3 == in_reactor(scenario)
    assert [2] == [json.loads(got.body)["n"] for got in amqp.take("q")]
