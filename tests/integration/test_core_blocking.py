# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The blocking functions of fedora_messaging.api, in processes of their own, as scripts use them."""

import json
import signal

import pytest

from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

# The two examples of the developer interface, as they stand there.
_PUBLISH = """
from fedora_messaging import api
message = api.Message(body={'Hello': 'world'}, topic='Hi')
api.publish(message)
"""

_CONSUME = """
from fedora_messaging import api
def my_callback(message):
    print(message)
bindings = [{'exchange': 'amq.topic', 'queue': 'demo', 'routing_keys': ['#']}]
api.consume(my_callback, bindings=bindings)
"""


def test_the_interfaces_examples_run_as_written(programs: Programs, amqp: Amqp) -> None:
    """One process prints what the other one has published, and ends with 0 when it is told to."""
    consumer = programs.start(_CONSUME)
    amqp.wait_for_consumers("demo")
    publisher = programs.start(_PUBLISH)

    assert 0 == publisher.ended()
    consumer.wait_for("Topic: Hi")
    consumer.wait_for('"Hello": "world"')
    consumer.signal(signal.SIGTERM)
    assert 0 == consumer.ended()
    assert [] == amqp.take("demo")
    assert [] == publisher.lines + publisher.errors


def test_the_queue_of_the_example_waits_for_its_consumer(programs: Programs, amqp: Amqp) -> None:
    """What is published while no consumer runs is printed by the next one."""
    first = programs.start(_CONSUME)
    amqp.wait_for_consumers("demo")
    first.signal(signal.SIGINT)
    first.ended()
    assert 0 == programs.start(_PUBLISH).ended()
    second = programs.start(_CONSUME)
    second.wait_for('"Hello": "world"')
    second.signal(signal.SIGINT)

    assert 0 == second.ended()


_SETTLED = """
import sys
from fedora_messaging import api, exceptions

class Callback:
    def __call__(self, message):
        print("got", message.topic, message.body["n"], flush=True)
        if sys.argv[1] == "halt":
            raise exceptions.HaltConsumer(exit_code=7, reason="that was all")
        if sys.argv[1] == "requeue":
            raise exceptions.HaltConsumer(requeue=True)
        raise KeyError("a defect")

try:
    api.consume(Callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]})
except exceptions.HaltConsumer as halt:
    print("halted", halt.exit_code, halt.reason, halt.requeue)
except Exception as error:
    print("ended", repr(error))
"""


@pytest.mark.parametrize(
    ("how", "said", "left"),
    [
        ("halt", "halted 7 that was all False", [2, 3]),
        ("requeue", "halted 0 None True", [1, 2, 3]),
        ("raise", "ended KeyError('a defect')", [1, 2, 3]),
    ],
)
def test_what_ends_consume_is_raised_by_it(
    programs: Programs, amqp: Amqp, how: str, said: str, left: list[int]
) -> None:
    """HaltConsumer and every other exception leave api.consume as they were raised; the rest is requeued."""
    amqp.queue("q")
    for n in (1, 2, 3):
        amqp.publish("q", {"n": n}, exchange="")
    consumer = programs.start(_SETTLED, how)

    assert 0 == consumer.ended()
    assert ["got q 1", said] == [line for line in consumer.lines if line.startswith(("got", said[:5]))]
    amqp.wait_for_ready("q", len(left))
    assert left == sorted(json.loads(got.body)["n"] for got in amqp.take("q"))


_BUSY = """
import os, sys
from fedora_messaging import api

def callback(message):
    print("started", message.body["n"], flush=True)
    os.read(0, 1)  # without Python's buffer, whose lock the end of the process could not take
    print("finished", message.body["n"], flush=True)

api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]})
print("returned")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_callback_finish(programs: Programs, amqp: Amqp, number: int) -> None:
    """The message being handled is acknowledged, those prefetched are requeued, and consume returns."""
    amqp.queue("q")
    for n in range(5):
        amqp.publish("q", {"n": n}, exchange="")
    consumer = programs.start(_BUSY)
    consumer.wait_for("started 0")
    consumer.signal(number)
    # That the signal has been taken shows at the broker: the others are ready again.
    left = [1, 2, 3, 4]
    assert left == _requeued(amqp, 4)
    consumer.tell("go on")

    assert 0 == consumer.ended()
    assert ["started 0", "finished 0", "returned"] == [
        line for line in consumer.lines if line.split()[0] in ("started", "finished", "returned")
    ]
    assert left == sorted(json.loads(got.body)["n"] for got in amqp.take("q"))


def _requeued(amqp: Amqp, count: int) -> list[int]:
    """Wait until so many messages of the queue are ready; they are put back."""
    return sorted(json.loads(body)["n"] for body in _ready(amqp, count))


def _ready(amqp: Amqp, count: int) -> list[bytes]:
    taken: list[bytes] = []
    while len(taken) < count:
        method, _, body = amqp.channel.basic_get("q")
        if method is not None:
            assert body is not None
            taken.append(body)
    amqp.channel.basic_nack(0, multiple=True, requeue=True)
    return taken


def test_a_second_signal_ends_it_at_once(programs: Programs, amqp: Amqp) -> None:
    """The callback that will not end is left alone, and its message goes back to the queue."""
    amqp.queue("q")
    for n in range(2):
        amqp.publish("q", {"n": n}, exchange="")
    consumer = programs.start(_BUSY)
    consumer.wait_for("started 0")
    consumer.signal(signal.SIGTERM)
    assert [1] == _requeued(amqp, 1)
    consumer.signal(signal.SIGTERM)

    assert 0 == consumer.ended()
    assert "finished 0" not in consumer.lines
    assert [0, 1] == _requeued(amqp, 2)


_PUBLISHES_LATE = """
import os
from fedora_messaging import api

def callback(message):
    print("started", flush=True)
    os.read(0, 1)
    for n in range(3):
        api.publish(api.Message(topic="late", body={"n": n}))
    print("published")

api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["none"]})
print("returned")
"""


@pytest.mark.parametrize("published_before", [True, False])
def test_a_callback_publishes_after_the_signal(
    programs: Programs, amqp: Amqp, published_before: bool
) -> None:
    """While the last callback finishes it may publish, with or without a connection for that so far."""
    amqp.queue("q")
    amqp.queue("late", "late")
    for _ in range(2):
        amqp.publish("q", exchange="")
    first = 'api.publish(api.Message(topic="early", body={}))' if published_before else ""
    consumer = programs.start(_PUBLISHES_LATE.replace("api.consume(", f"{first}\napi.consume("))
    consumer.wait_for("started")
    consumer.signal(signal.SIGTERM)
    assert 1 == len(_ready(amqp, 1))
    consumer.tell("go on")

    assert 0 == consumer.ended(), consumer.said
    assert ["started", "published", "returned"] == consumer.lines
    assert [0, 1, 2] == [json.loads(got.body)["n"] for got in amqp.take("late")]
    assert 1 == len(amqp.take("q"))


_THREAD = """
import signal, sys, threading
from fedora_messaging import api, exceptions

def stop(*_):  # in one piece each: two threads write
    sys.stdout.write("the application's own\\n")
signal.signal(signal.SIGTERM, stop)
before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
done = threading.Event()

def callback(message):
    print("same handlers", before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)))
    sys.stdin.readline()
    raise exceptions.HaltConsumer

def consume():
    try:
        api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]})
    except exceptions.HaltConsumer:
        sys.stdout.write("halted\\n")

thread = threading.Thread(target=consume)
thread.start()
thread.join()
"""


def test_signals_are_left_alone_in_another_thread(programs: Programs, amqp: Amqp) -> None:
    """Consuming in a thread touches no signal handler; the application's own are called."""
    amqp.queue("q")
    amqp.publish("q", exchange="")
    consumer = programs.start(_THREAD)
    assert "same handlers True" == consumer.wait_for("same handlers")
    consumer.signal(signal.SIGTERM)
    consumer.tell("go on")

    assert 0 == consumer.ended()
    assert "the application's own" in consumer.lines
    assert "halted" in consumer.lines


_HANDLERS = """
import signal
from fedora_messaging import api, exceptions

def stop(message):
    raise exceptions.HaltConsumer

before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
for turn in range(2):
    try:
        api.consume(stop, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]})
    except exceptions.HaltConsumer:
        print("halted", before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)))
    api.publish(api.Message(topic="q", body={}), exchange="")
"""


def test_consume_may_be_called_again(programs: Programs, amqp: Amqp) -> None:
    """After consume the handlers are as before it, and the same process consumes and publishes again."""
    amqp.queue("q")
    amqp.publish("q", exchange="")
    program = programs.start(_HANDLERS)

    assert 0 == program.ended()
    assert ["halted True"] * 2 == [line for line in program.lines if line.startswith("halted")]
    assert 1 == len(amqp.take("q"))


_CALL_IN_CALLBACK = """
from fedora_messaging import api, exceptions

def callback(message):
    api.publish(api.Message(topic="answer", body={"to": message.id}))
    if message.body["last"]:
        raise exceptions.HaltConsumer

try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["question"]})
except exceptions.HaltConsumer:
    print("halted")
"""


def test_callbacks_publish(programs: Programs, amqp: Amqp) -> None:
    """api.publish works inside a callback, the last one before the end included."""
    amqp.queue("q")
    amqp.queue("answers", "answer")
    for n in range(10):
        amqp.publish("q", {"last": n == 9}, exchange="", message_id=f"m{n}")
    program = programs.start(_CALL_IN_CALLBACK)

    assert 0 == program.ended()
    assert "halted" in program.lines
    assert [f"m{n}" for n in range(10)] == [json.loads(got.body)["to"] for got in amqp.take("answers")]


def test_a_script_that_has_published_ends(programs: Programs) -> None:
    """It ends by itself: no thread of ours keeps the process alive."""
    program = programs.start(_PUBLISH + "print('published')")

    assert 0 == program.ended()
    assert "published" in program.lines
