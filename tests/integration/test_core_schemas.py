# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Real message classes, of the packages in tests/schemas.txt, through a real broker."""

import json
from pathlib import Path

import pytest

from support.amqp import Amqp
from support.programs import Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_TESTS = str(Path(__file__).resolve().parents[1] / "lib")
_REAL = ("bodhi", "copr", "pagure")

_PUBLISH = f"""
import json, sys
from importlib.metadata import entry_points
from fedora_messaging import api, message
sys.path.insert(0, {_TESTS!r})
from support.samples import sample

severities = [message.DEBUG, message.INFO, message.WARNING, message.ERROR]
for number, entry in enumerate(sorted(entry_points(group="fedora.messages"), key=lambda entry: entry.name)):
    if entry.name.startswith({_REAL!r}):
        made = entry.load()(
            body=sample(entry.load().body_schema),
            topic=f"real.{{entry.name}}",
            severity=severities[number % 4],
        )
        api.publish(made)
        print(json.dumps([entry.name, entry.value, made.id, made.topic, made.severity, made.body]))
"""

_CONSUME = """
import json, sys
from fedora_messaging import api, exceptions, message
left = int(sys.argv[1])

def callback(received):
    global left
    cls = type(received)
    where = f"{cls.__module__}:{cls.__qualname__}"
    facts = [message.get_name(cls), where, received.id, received.topic, received.severity, received.body]
    print(json.dumps(facts))
    left -= 1
    if not left:
        raise exceptions.HaltConsumer

try:
    api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["real.#"]})
except exceptions.HaltConsumer:
    pass
"""


def test_real_messages_arrive_as_they_were_sent(programs: Programs, amqp: Amqp) -> None:
    """Every class of three real packages is received as itself, with equal body, topic, severity and id."""
    amqp.queue("q", "real.#")
    publisher = programs.start(_PUBLISH)
    assert 0 == publisher.ended(), publisher.said
    sent = [json.loads(line) for line in publisher.lines]
    consumer = programs.start(_CONSUME, len(sent))
    assert 0 == consumer.ended(), consumer.said

    received = [json.loads(line) for line in consumer.lines]
    assert sent == received
    assert set(_REAL) == {name.split(".")[0] for name, *_ in sent}
    assert {10, 20, 30, 40} == {severity for *_, severity, _ in sent}
