# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The end of a consumer with a policy: after the last delay, and by a signal while a message is moved."""

import os
import signal
from collections.abc import Callable

import pytest

from faults import FrameProxy, Method
from rabbitmq import Vhost
from support.account import through
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, toml
from support.programs import Program

pytestmark = pytest.mark.fedora_messaging_real_broker

Command = Callable[..., Program]

ON = ["requests_like:ConnectionError"]


@pytest.mark.parametrize(
    ("kind", "wait", "callback"),
    [
        ("classic", "queue", "failing"),
        ("classic", "aside", "nacking"),
        ("quorum", "queue", "nacking"),
        ("quorum", "in-place", "failing"),
    ],
)
def test_stop(vhost: Vhost, amqp: Amqp, command: Command, kind: str, wait: str, callback: str) -> None:
    """After the last delay the command ends with 13 and one line, and the message is back in its queue."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    for n in (1, 2):
        amqp.publish(f"t.{n}", {"n": n}, message_id=f"id-{n}")
    config = toml(kind, on=ON, delays=[0.1, 0.1], wait=wait, then="stop")
    program = command(callback, f"[qos]\nprefetch_count = 1\n{config}")

    assert 13 == program.ended(), program.said
    (line,) = [each for each in program.errors if each.startswith("Error: ")]
    assert ("ConnectionError: the database is away" if callback == "failing" else "Nack") in line
    tried = [each for each in program.lines if each.startswith("tried ")]
    assert 3 == max(map(tried.count, tried))
    amqp.wait_for_ready(QUEUE, 2)
    assert {"id-1", "id-2"} == {got.id for got in amqp.take(QUEUE)}


@kinds
def test_a_signal_while_a_message_is_moved(vhost: Vhost, amqp: Amqp, command: Command, kind: str) -> None:
    """The consumer waits for the confirm and acknowledges: the message is where it waits, and only there."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.publish("t.1", {"n": 1}, message_id="id-1")
    started: list[Program] = []

    def passes(method: Method) -> bool:
        if method.name == "publish":
            os.kill(started[0].pid, signal.SIGTERM)
        return True

    with FrameProxy(vhost.node.port, passes) as proxy:
        config = toml(kind, on=ON, delays=[600], wait="queue")
        started.append(command("failing", config, through(vhost.url, proxy)))
        assert 0 == started[0].ended(), started[0].said

    assert ["tried 1"] == started[0].lines
    assert [0, 1] == [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.retry.600s")]


@kinds
def test_a_signal_and_no_confirm(vhost: Vhost, amqp: Amqp, command: Command, kind: str) -> None:
    """When the broker does not answer any more the grace period ends it: the message is in its queue, and
    perhaps a copy of the same id where it would have waited."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.publish("t.1", {"n": 1}, message_id="id-1")
    started: list[Program] = []

    def passes(method: Method) -> bool:
        if method.name == "ack" and not method.up:
            os.kill(started[0].pid, signal.SIGTERM)
            return False
        return True

    with FrameProxy(vhost.node.port, passes) as proxy:
        config = "shutdown_grace = 1\n" + toml(kind, on=ON, delays=[600], wait="queue")
        started.append(command("failing", config, through(vhost.url, proxy)))
        assert 0 == started[0].ended(20), started[0].said

    assert ["tried 1"] == started[0].lines
    amqp.wait_for_ready(QUEUE, 1)
    found = [*amqp.take(QUEUE), *amqp.take(f"{QUEUE}.retry.600s")]
    assert {"id-1"} == {got.id for got in found}
