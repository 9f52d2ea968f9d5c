# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How processes begin and end: other reactors, other configurations, and ends in the middle of things."""

import json
import signal
import socket
from typing import Any

import pytest

from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_NOBODY = "amqp://127.0.0.1:1"  # a port that nothing listens on

_TIMES_OUT = """
from fedora_messaging import api, exceptions
try:
    api.publish(api.Message(topic="t", body={}), timeout=0.2)
except exceptions.PublishTimeout as error:
    print("timed out")
"""


def test_a_process_ends_after_a_timeout(programs: Programs) -> None:
    """What was given up does not keep a process from ending, though the broker never was there."""
    program = programs.start(_TIMES_OUT, url=_NOBODY)

    assert 0 == program.ended()
    assert ["timed out"] == program.lines


_INTERRUPTED = """
import logging
from fedora_messaging import api
logging.basicConfig(level=logging.INFO)
try:
    api.publish(api.Message(topic="t", body={}), timeout=None)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_control_c_interrupts_a_publish(programs: Programs) -> None:
    """KeyboardInterrupt leaves publish; the message is given up, and the process ends."""
    program = programs.start(_INTERRUPTED, url=_NOBODY)
    program.wait_for("Not connected to the broker")
    program.signal(signal.SIGINT)

    assert 0 == program.ended()
    assert ["interrupted"] == program.lines


_WAITS_FOR_A_BROKER = """
import logging
from fedora_messaging import api
logging.basicConfig(level=logging.INFO)
api.consume(print)
print("returned")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_waiting_for_a_broker(programs: Programs, number: int) -> None:
    """A consumer whose broker is not there tries for ever, and ends when it is told to."""
    program = programs.start(_WAITS_FOR_A_BROKER, url=_NOBODY)
    program.wait_for("Not connected to the broker", 2)
    program.signal(number)

    assert 0 == program.ended()
    assert ["returned"] == program.lines


_DAEMON = """
import threading
from fedora_messaging import api

started = threading.Event()

def callback(message):
    print("got", message.topic)
    started.set()

binding = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t"]}
threading.Thread(target=api.consume, args=[callback, binding], daemon=True).start()
started.wait(30)
print("the main thread ends")
"""


def test_a_consumer_in_a_daemon_thread_ends_with_the_process(programs: Programs, amqp: Amqp) -> None:
    """The end of the main thread ends consuming in order: what was handled is acknowledged."""
    amqp.queue("q", "t")
    amqp.publish("t")
    program = programs.start(_DAEMON)

    assert 0 == program.ended()
    assert ["got t", "the main thread ends"] == program.lines
    assert [] == amqp.take("q")


_ASYNCIO = """
from twisted.internet import asyncioreactor
asyncioreactor.install()
import asyncio
from fedora_messaging import api, exceptions

async def callback(message):
    await asyncio.sleep(0.01)
    published = api.twisted_publish(api.Message(topic="out", body=message.body))
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.01, "both"))
    await published
    print("handled", message.body["n"], asyncio.get_running_loop() is not None)
    if message.body["n"] == 2:
        raise exceptions.HaltConsumer

try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t"]})
except exceptions.HaltConsumer:
    print("halted")
"""


def test_coroutines_on_the_asyncio_reactor(programs: Programs, amqp: Amqp) -> None:
    """With the asyncio reactor installed a coroutine callback awaits asyncio's futures and our Deferreds."""
    amqp.queue("q", "t")
    amqp.queue("out", "out")
    for n in range(3):
        amqp.publish("t", {"n": n})
    program = programs.start(_ASYNCIO)

    assert 0 == program.ended(), program.said
    assert [*(f"handled {n} True" for n in range(3)), "halted"] == program.lines
    assert [{"n": n} for n in range(3)] == [json.loads(got.body) for got in amqp.take("out")]


_REACTOR = """
import sys
from twisted.internet import reactor
from fedora_messaging import api

def done(result):
    print("done", result)
    reactor.stop()

def go():
    if sys.argv[1] == "publish":
        api.twisted_publish(api.Message(topic="t", body={})).addBoth(done)
    else:
        def callback(message):
            api.publish(api.Message(topic="t", body={}))
            reactor.callFromThread(done, None)
        api.twisted_consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["none"]})

reactor.callWhenRunning(go)
reactor.run()
"""


@pytest.mark.parametrize("what", ["publish", "consume"])
def test_an_application_runs_the_reactor_itself(programs: Programs, amqp: Amqp, what: str) -> None:
    """The twisted functions work in an application's reactor; its end settles what was handled."""
    amqp.queue("q")
    amqp.queue("out", "t")  # another queue: what the callback publishes is not for itself
    if what == "consume":
        amqp.publish("q", exchange="", message_id="consumed")
    program = programs.start(_REACTOR, what)

    assert 0 == program.ended(), program.said
    assert ["done None"] == program.lines
    assert ["t"] == [got.topic for got in amqp.take("out")]
    assert [] == amqp.take("q")


_TWO_BROKERS = """
import sys
from unittest import mock
from fedora_messaging import api, config

def publish(n):
    api.publish(api.Message(topic="t", body={"n": n}))

publish(1)
with mock.patch.dict(config.conf, {"amqp_url": sys.argv[1], "topic_prefix": "elsewhere"}):
    publish(2)
with mock.patch.dict(config.conf, {"topic_prefix": "here"}):
    publish(3)
publish(4)
"""


def test_a_changed_configuration_applies_to_the_next_publish(
    programs: Programs, amqp: Amqp, vhosts: Any
) -> None:
    """Another amqp_url makes the next call use another connection; another prefix only another topic."""
    amqp.queue("q", "#")
    other = vhosts.take()
    with Amqp(other.url) as others:
        others.queue("q", "#")
        program = programs.start(_TWO_BROKERS, other.url)

        assert 0 == program.ended(), program.said
        assert [("elsewhere.t", b'{"n":2}')] == [
            (got.topic, got.body.replace(b" ", b"")) for got in others.take("q")
        ]
    assert [("t", 1), ("here.t", 3), ("t", 4)] == [
        (got.topic, json.loads(got.body)["n"]) for got in amqp.take("q")
    ]


_SYSTEM_EXIT = """
import sys
from fedora_messaging import api

def callback(message):
    sys.exit(3)

try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["t"]})
except Exception as error:
    print("ended", error)
"""


def test_system_exit_in_a_callback_ends_consuming(programs: Programs, amqp: Amqp) -> None:
    """SystemExit in a callback is no silent end of its thread: consume raises, the message is requeued."""
    amqp.queue("q", "t")
    amqp.publish("t", {"n": 1})
    program = programs.start(_SYSTEM_EXIT)

    assert 0 == program.ended(), program.said
    assert ["ended SystemExit: 3"] == program.lines
    amqp.wait_for_ready("q", 1)
    assert 1 == len(amqp.take("q"))


_CONFIGURATIONS = """
from fedora_messaging import api, exceptions
try:
    api.publish(api.Message(topic="t", body={}))
except exceptions.ConfigurationException as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("url", "config", "words"),
    [
        ("http://localhost", "", "http"),
        ("amqp://localhost:port", "", "port"),
        ("amqp://localhost?colour=red", "", "colour"),
        ("amqp://localhost", "colour = 'red'\n", "topic_prefix"),  # the known keys are listed
        ("amqp://localhost", "topic_prefix = 3\n", "topic_prefix"),
        ("amqp://localhost", "[tls]\ncertfile = 'one'\n", "keyfile"),
        ("amqp://localhost", "not TOML\n", "config"),
    ],
)
def test_a_bad_configuration_is_told_by_the_first_publish(
    programs: Programs, url: str, config: str, words: str
) -> None:
    """ConfigurationException, on one line that names the culprit."""
    program = programs.start(_CONFIGURATIONS, url=url, config=config)

    assert 0 == program.ended(), program.said
    (line,) = program.lines
    assert line.startswith("Configuration error: ")
    assert words in line


_PUBLISHES_AND_CONSUMES = """
import asyncio, urllib.request
import fedora_messaging.asyncio as messaging
from fedora_messaging import api, config, exceptions

api.publish(api.Message(topic="a.blocking"), timeout=10)
asyncio.run(messaging.publish(api.Message(topic="a.asyncio"), timeout=10))
try:
    api.consume(print)
except exceptions.ConfigurationException as error:
    print(error)
input()

def callback(message):
    port = config.conf["monitoring"]["port"]
    print(urllib.request.urlopen(f"http://127.0.0.1:{port}/ready").status)
    raise exceptions.HaltConsumer

api.publish(api.Message(topic="a.last"), timeout=10)
try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["a.#"]})
except exceptions.HaltConsumer:
    print("halted")
"""


def test_pages_are_served_by_those_who_consume(programs: Programs, amqp: Amqp) -> None:
    """A process that publishes leaves the port of the monitoring pages to the consumer with the same file."""
    amqp.queue("q", "a.#")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = f'[monitoring]\naddress = "127.0.0.1"\nport = {port}\n'
        program = programs.start(_PUBLISHES_AND_CONSUMES, config=config)
        program.wait_for(f"monitoring.port: cannot listen on 127.0.0.1, port {port}")
    assert ["a.blocking", "a.asyncio"] == [got.topic for got in amqp.take("q")]
    program.tell("")

    assert 0 == program.ended()
    assert ["200", "halted"] == program.lines[-2:]
