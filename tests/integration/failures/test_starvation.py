# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that always fail, as many as the prefetch count: what becomes of the others."""

import pytest

from rabbitmq import Vhost
from rabbitmq.installation import Installation
from support.account import Application
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, topology

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

POISON = 10  # also the prefetch count
GOOD = 100


def callback(number: int) -> None:
    if number < POISON:
        raise OSError("never")


def fill(amqp: Amqp, kind: str) -> None:
    """First the messages that always fail, then the others."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    for n in range(POISON + GOOD):
        amqp.publish(f"t.{n}", {"n": n}, message_id=f"id-{n}")


@kinds
def test_in_a_queue_they_hold_up_nobody(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """All good messages are processed while those that fail wait on the broker, and these alone are left."""
    fill(amqp, kind)
    policy = {"on": ["builtins:OSError"], "delays": [600], "wait": "queue"}
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("all", lambda: len(app.account.finished) == POISON + GOOD, 60)

    assert set(range(POISON + GOOD)) == app.account.numbers()
    assert GOOD == app.service.stats.consumed.processed
    assert [0, POISON] == [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.retry.600s")]


@kinds
def test_aside_they_starve_the_others(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """As many as the prefetch count, waiting aside, take all that the broker may deliver: the good ones stay
    in the queue."""
    fill(amqp, kind)
    policy = {"on": ["builtins:OSError"], "delays": [600], "then": "repeat"}
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("all that fail", lambda: len(app.account.finished) == POISON, 60)
        amqp.wait_for_ready(QUEUE, GOOD)
        finished = list(app.account.finished)

    assert [(n, f"id-{n}") for n in range(POISON)] == finished == app.account.finished
    assert 0 == app.service.stats.consumed.processed
    amqp.wait_for_ready(QUEUE, POISON + GOOD)


@kinds
def test_aside_they_come_again_first(vhost: Vhost, amqp: Amqp, kind: str, installation: Installation) -> None:
    """What was returned comes again before the others, which never get through; a quorum queue of RabbitMQ
    3 puts it behind them."""
    fill(amqp, kind)
    policy = {"on": ["builtins:OSError"], "delays": [0.5], "then": "repeat"}
    rounds = 3 * POISON + (0 if kind == "classic" or installation.since(4) else GOOD)
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("three rounds", lambda: len(app.account.finished) >= rounds, 60)

    assert max(app.account.numbers()) == (POISON - 1 if rounds == 3 * POISON else POISON + GOOD - 1)


@kinds
def test_aside_they_leave_after_the_last_delay(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """With a limit, the good ones are processed when those that fail have gone to quarantine."""
    fill(amqp, kind)
    policy = {"on": ["builtins:OSError"], "delays": [0.1, 0.1], "then": "quarantine"}
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("all", lambda: len(app.account.finished) == 3 * POISON + GOOD, 60)

    assert POISON + GOOD == len(app.account.numbers())
    assert [0, POISON] == [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.quarantine")]
