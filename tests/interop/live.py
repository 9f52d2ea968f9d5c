# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the public interface does with a broker: each function is run on both implementations.

Run as a program it prints a JSON object: what each function gives, or what it raises.
"""

import json
import logging
import sys
import threading
import uuid
import warnings
from collections.abc import Callable
from typing import Any

import crochet

from fedora_messaging import api, config, exceptions, message

SNIPPETS: dict[str, Callable[[], Any]] = {}
WAIT = 20
# Names of release 3.9.1, which are made when they are asked for.
_NAMES: Any = api


def snippet(function: Callable[[], Any]) -> Callable[[], Any]:
    """Register a function."""
    SNIPPETS[function.__name__] = function
    return function


def outcome(function: Any, *arguments: Any, **named: Any) -> Any:
    """What a call gives, or the class of what it raises."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        return {"raises": type(error).__name__, "family": family(error)}


def family(error: Any) -> Any:
    """The public exceptions that an error is."""
    return sorted(
        name
        for name in ("PublishException", "ConnectionException", "ValidationError", "ConsumeException")
        if isinstance(error, getattr(exceptions, name))
    )


def topology(**changes: Any) -> Any:
    """A durable queue of its own, and its binding."""
    name = f"live-{uuid.uuid4()}"
    queue = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}, **changes}
    return name, [{"queue": name, "exchange": "amq.topic", "routing_keys": [f"{name}.#"]}], {name: queue}


def consume(callback: Any, count: int = 1, **changes: Any) -> Any:
    """Consume until it ends; messages are published once it consumes. Returns how it ended."""
    name, bindings, queues = topology(**changes)

    @crochet.run_in_reactor
    def start() -> Any:
        return api.twisted_consume(callback, bindings, queues)

    (consumer,) = start().wait(WAIT)
    for number in range(count):
        api.publish(message.Message(topic=f"{name}.n{number}", body={"number": number}))
    return consumer, ended(consumer)


def ended(consumer: Any) -> Any:
    """How a consumer ends: the value or the exception of its result."""
    done = threading.Event()
    found = []

    def result(value: Any) -> None:
        found.append(value)
        done.set()

    @crochet.run_in_reactor
    def watch() -> None:
        consumer.result.addBoth(result)

    watch().wait(WAIT)
    assert done.wait(WAIT)
    value = found[0]
    if hasattr(value, "value"):
        return {"raises": type(value.value).__name__, "text": str(value.value)[:200]}
    return "the consumer" if value is consumer else repr(value)


# Publishing


@snippet
def published() -> Any:
    """What publish returns."""
    return outcome(api.publish, message.Message(topic="a"))


@snippet
def published_with_signals() -> Any:
    """Which signals are sent, with what, for a message that is published."""
    return signalled(lambda: api.publish(message.Message(topic="a")))


@snippet
def published_by_twisted() -> Any:
    """twisted_publish: what its Deferred fires with."""

    @crochet.run_in_reactor
    def publish() -> Any:
        return api.twisted_publish(message.Message(topic="a"))

    return publish().wait(WAIT)


@snippet
def published_invalid_with_signals() -> Any:
    """Which signals are sent for a message that is not valid."""
    return signalled(lambda: api.publish(message.get_class("interop.strict")(topic="a", body={})))


def signalled(function: Any) -> Any:
    """The signals that a call sends."""
    fired = []

    def receiver(name: str) -> Any:
        def receive(sender: Any, **given: Any) -> None:
            fired.append([name, sender is api.publish, sorted(given)])

        return receive

    names = ("pre_publish_signal", "publish_signal", "publish_failed_signal")
    receivers = [receiver(name) for name in names]
    for name, each in zip(names, receivers, strict=True):
        getattr(api, name).connect(each)
    raised = outcome(function)
    for name, each in zip(names, receivers, strict=True):
        getattr(api, name).disconnect(each)
    return [fired, raised]


@snippet
def mutated_by_a_receiver() -> Any:
    """A message that a receiver of pre_publish changes."""

    def receive(sender: Any, message: Any) -> None:
        message.topic = "changed"

    api.pre_publish_signal.connect(receive)
    made = message.Message(topic="a")
    api.publish(made)
    api.pre_publish_signal.disconnect(receive)
    return made.topic


# Consuming


@snippet
def halted() -> Any:
    """A callback that halts."""

    def callback(received: Any) -> None:
        raise exceptions.HaltConsumer(exit_code=3, reason="enough")

    consumer, result = consume(callback)
    return [result, consumer.running, consumer.stats.as_dict()]


@snippet
def halted_well() -> Any:
    """A callback that halts with exit code 0."""

    def callback(received: Any) -> None:
        raise exceptions.HaltConsumer

    consumer, result = consume(callback)
    return [result["raises"] if isinstance(result, dict) else result, consumer.running]


@snippet
def failed() -> Any:
    """A callback that fails."""

    def callback(received: Any) -> None:
        raise KeyError("it fails")

    consumer, result = consume(callback)
    return [result, consumer.running, consumer.stats.as_dict()]


@snippet
def cancelled() -> Any:
    """A consumer that is cancelled."""
    name, bindings, queues = topology()

    @crochet.run_in_reactor
    def start() -> Any:
        return api.twisted_consume(lambda received: None, bindings, queues)

    (consumer,) = start().wait(WAIT)
    before = [consumer.running, consumer.queue == name, callable(consumer.callback)]

    @crochet.run_in_reactor
    def cancel() -> Any:
        return consumer.cancel()

    cancel().wait(WAIT)
    return [before, ended(consumer), consumer.running]


@snippet
def dropped_and_requeued() -> Any:
    """Outcomes that are counted."""
    seen = []

    def callback(received: Any) -> None:
        number = received.body["number"]
        seen.append(number)
        if number == 0:
            raise exceptions.Drop
        if number == 1 and seen.count(1) == 1:
            raise exceptions.Nack
        if len(seen) == 5:
            raise exceptions.HaltConsumer

    consumer, _ = consume(callback, count=4)
    return [sorted(seen), consumer.stats.as_dict()]


@snippet
def consumed_by_many() -> Any:
    """Several queues are several consumers."""
    (one, bindings, queues), (two, more_bindings, more_queues) = topology(), topology()

    @crochet.run_in_reactor
    def start() -> Any:
        return api.twisted_consume(print, bindings + more_bindings, {**queues, **more_queues})

    consumers = start().wait(WAIT)

    @crochet.run_in_reactor
    def cancel() -> Any:
        return _NAMES._twisted_service.factory.cancel(consumers)

    found = sorted(consumer.queue for consumer in consumers) == sorted([one, two])
    return [len(consumers), found, cancel().wait(WAIT)]


@snippet
def consumed_without_a_name() -> Any:
    """A queue that the broker names."""
    queue = {"durable": False, "auto_delete": True, "exclusive": True, "arguments": {}}
    bindings = [{"queue": "", "exchange": "amq.topic", "routing_keys": ["#"]}]

    @crochet.run_in_reactor
    def start() -> Any:
        return api.twisted_consume(print, bindings, {"": queue})

    consumers = start().wait(WAIT)
    queue_name = consumers[0].queue

    @crochet.run_in_reactor
    def cancel() -> Any:
        return consumers[0].cancel()

    cancel().wait(WAIT)
    return [len(consumers), queue_name.startswith("amq.gen-")]


@snippet
def consumed_from_nothing() -> Any:
    """An exchange that is not there."""
    _, bindings, queues = topology()
    bindings[0]["exchange"] = "nowhere"

    @crochet.run_in_reactor
    def start() -> Any:
        return api.twisted_consume(print, bindings, queues)

    return outcome(start().wait, WAIT)


@snippet
def declared_otherwise() -> Any:
    """A queue that is there with other properties."""
    name, bindings, queues = topology()

    @crochet.run_in_reactor
    def start(given: Any) -> Any:
        return api.twisted_consume(print, bindings, given)

    (consumer,) = start(queues).wait(WAIT)

    @crochet.run_in_reactor
    def cancel() -> Any:
        return consumer.cancel()

    cancel().wait(WAIT)
    return outcome(start({name: {**queues[name], "arguments": {"x-max-length": 5}}}).wait, WAIT)


@snippet
def blocked_until_halted() -> Any:
    """The blocking consume, ended by its callback."""
    name, bindings, queues = topology()

    def callback(received: Any) -> None:
        raise exceptions.HaltConsumer(exit_code=4)

    ended = threading.Event()

    def publish() -> None:
        while not ended.wait(1):  # the first may come before the queue
            api.publish(message.Message(topic=f"{name}.x"))

    from_elsewhere = threading.Thread(target=publish)
    from_elsewhere.start()
    try:
        api.consume(callback, bindings, queues)
    except exceptions.HaltConsumer as halt:
        return halt.exit_code
    finally:
        ended.set()
        from_elsewhere.join()
    return "it returned"


@snippet
def service() -> Any:
    """The running service."""
    running = _NAMES._twisted_service
    return [
        running is not None,
        hasattr(running, "factory"),
        callable(running.factory.publish),
        sorted(running.stats.as_dict()),
        running.stats.published > 0,
        bool(running.running),
    ]


# 3.9.1 goes on with these until the time-out, and beyond.


@snippet
def published_nowhere() -> Any:
    """An exchange that is not there."""
    return outcome(api.publish, message.Message(topic="a"), exchange="nowhere", timeout=10)


@snippet
def published_nowhere_with_signals() -> Any:
    """Which signals are sent for a message that the broker refuses."""
    return signalled(lambda: api.publish(message.Message(topic="a"), exchange="nowhere", timeout=10))


def main(only: Any) -> None:
    """Run them all, or those that are named."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    config.conf.load_config()
    shown = {name: outcome(SNIPPETS[name]) for name in only or SNIPPETS}
    text = json.dumps(shown, sort_keys=True, default=repr)
    print(text, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
