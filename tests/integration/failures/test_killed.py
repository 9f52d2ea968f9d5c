# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consumers that are killed while messages that failed are on their way to a queue where they wait."""

import json
import os
import signal
from collections import defaultdict
from collections.abc import Callable

import pytest

from faults import FrameProxy, Method
from rabbitmq import Vhost
from support.account import through
from support.amqp import Amqp, Got
from support.failing import KINDS, QUEUE, kept, kinds, toml
from support.programs import Program, Programs
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker

COUNT = 1000
PREFETCH = 10

#: What is about to pass when a consumer is killed: the message on its way to where it waits; the broker's
#: confirm; the acknowledgement of its delivery. "waiting": all of them have passed.
WINDOWS = ["publish", "confirm", "ack", "waiting"]

#: One message in ten fails three times; the broker has the count, so that a new process knows it.
_CONSUMER = """
import json, sys
from fedora_messaging import api

def callback(message):
    n, properties = message.body["n"], message._properties
    if n % 10 == 0 and properties.headers.get("fedora_messaging_attempts", 0) < 3:
        raise OSError("not yet")
    kept = {name: repr(value) for name, value in vars(properties).items() if name != "headers"}
    kept["headers"] = repr({
        name: value for name, value in sorted(properties.headers.items())
        if not name.startswith("x-") and name != "fedora_messaging_attempts"
    })
    line = json.dumps([n, message.topic, message._encoded_body.decode(), kept])
    sys.stdout.write(f"processed {line}\\n")  # in one piece, since it may be killed after each

api.consume(callback)
"""


class Window:
    """Watches the consumer's frames, and kills it at one of them.

    Args:
        where: One of WINDOWS.
        which: Which failure of the process it is: 1, 2, ...
    """

    def __init__(self, where: str, which: int = 20) -> None:
        self.where = where
        self.pid = 0
        self._left = which
        self._publishing = 0  # the link
        self._published = 0  # on it
        self._key = ""
        self._acked = False
        self._tags: dict[tuple[int, str], int] = {}

    def passes(self, method: Method) -> bool:
        """Whether a frame passes; the consumer is dead when one does not."""
        if self._is_it(method):
            os.kill(self.pid, signal.SIGKILL)
            return False
        return True

    def _is_it(self, method: Method) -> bool:
        if method.name == "deliver":
            self._tags[method.link, method.routing_key] = method.tag
        elif method.name == "publish" and method.exchange.startswith(f"{QUEUE}.retry."):
            self._publishing = method.link
            self._left -= 1
            if self._left >= 0:
                self._published += 1
            if not self._left:
                self._key = method.routing_key
                return self.where == "publish"
        elif self._acked:
            return True
        elif self._key and method.up and method.link != self._publishing:
            self._acked = method.settles(self._tags[method.link, self._key])
            return self._acked and self.where == "ack"
        elif self._key and not method.up and method.link == self._publishing:
            return self.where == "confirm" and method.settles(self._published)
        return False


def fill(amqp: Amqp, kind: str) -> dict[int, Got]:
    """Put the messages into the queue, and return them as another consumer of the exchange gets them."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.queue("copies", "t.#")
    for n in range(COUNT):
        amqp.publish(
            f"t.{n}",
            json.dumps({"n": n}, separators=(",", ":")).encode(),
            message_id=f"id-{n}",
            content_type="application/json",
            content_encoding="utf-8",
            priority=n % 3,
            correlation_id=f"correlation-{n}",
            headers={"fedora_messaging_schema": "base.message", "own": {"n": n, "list": [1, "two"]}},
        )
    copies = amqp.take("copies")
    amqp.channel.queue_delete("copies")
    return {json.loads(got.body)["n"]: got for got in copies}


def processed(programs: list[Program]) -> dict[int, list[object]]:
    """What the callbacks of some programs have processed, by number: each time, all of the message."""
    found: dict[int, list[object]] = defaultdict(list)
    for program in programs:
        for line in program.lines:
            word, _, rest = line.partition(" ")
            if word == "processed":
                n, *message = json.loads(rest)
                found[n].append(message)
    return found


def expected(got: Got) -> object:
    """What the program prints of a message."""
    topic, body, properties = kept(got)
    shown = {name: repr(properties.get(name)) for name in vars(got.properties)}
    shown["headers"] = repr(dict(sorted(properties["headers"].items())))
    return [topic, body.decode(), shown]


@kinds
def test_killed(
    vhost: Vhost, amqp: Amqp, programs: Programs, kind: str, measured: Callable[..., None]
) -> None:
    """Of 1,000 messages, one in ten of which fails three times, none is lost when consumers are killed at
    certain frames; the copies are of what they had in hand, and have the same id; no message has changed."""
    sent = fill(amqp, kind)
    config = toml(kind, wait="queue", delays=[0.5], on=["builtins:OSError"])
    config = f"[qos]\nprefetch_count = {PREFETCH}\n{config}"
    started: list[Program] = []
    for where in WINDOWS:
        window = Window(where)
        with FrameProxy(vhost.node.port, window.passes) as proxy:
            program = programs.start(_CONSUMER, url=through(vhost.url, proxy), config=config)
            window.pid = program.pid
            started.append(program)
            assert -signal.SIGKILL == program.ended(), program.said
            assert proxy.shut.is_set(), where
    measured(before=len(processed(started)))

    last = programs.start(_CONSUMER, config=config)
    started.append(last)
    while True:
        # Counted first: a line that comes in between must not be waited for a second time.
        said = sum(line.startswith("processed ") for line in last.lines)
        missing = COUNT - len(processed(started))
        if not missing:
            break
        last.wait_for("processed ", said + missing)
    # The copies of what was in hand may come back after the last one that was missing: two seconds are longer
    # than they wait.
    counts: list[int] = []

    def still() -> bool:
        counts.append(len(last.lines))
        ready = [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.retry.500ms")]
        return ready == [0, 0] and counts[-1:] == counts[-2:-1]

    until(still, pause=2)
    last.signal(signal.SIGTERM)
    assert 0 == last.ended(), last.said
    found = processed(started)
    copies = sum(map(len, found.values())) - COUNT
    measured(copies=copies)

    assert {n: expected(got) for n, got in sent.items()} == {n: got[0] for n, got in found.items()}
    assert all(each == got[0] for got in found.values() for each in got)
    assert copies <= PREFETCH * len(WINDOWS)
    assert [0, 0] == [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.retry.500ms")]
