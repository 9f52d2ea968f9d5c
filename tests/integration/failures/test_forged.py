# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Headers that another client forges: they count for nothing, and cost no message."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from rabbitmq import Vhost
from support.account import Application
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, kinds, topology

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

DEATH = {
    "count": 99,
    "reason": "expired",
    "queue": f"{QUEUE}.retry.1s",
    "exchange": f"{QUEUE}.retry.1s",
    "routing-keys": ["another.topic"],
}
FORGED: dict[str, dict[str, Any]] = {
    "attempts": {"fedora_messaging_attempts": 99},
    "failure": {
        "fedora_messaging_failure_attempts": 99,
        "fedora_messaging_failure_error": "none",
        "fedora_messaging_failure_queue": "another",
        "fedora_messaging_failure_own": "kept?",
    },
    "deaths": {
        "x-death": [DEATH, {**DEATH, "queue": QUEUE, "reason": "rejected"}],
        "x-first-death-queue": QUEUE,
        "x-first-death-reason": "expired",
        "x-last-death-queue": f"{QUEUE}.retry.1s",
    },
    "delivery counts": {"x-delivery-count": 99, "x-acquired-count": 99},
    "not what they should be": {"fedora_messaging_attempts": "many", "x-death": "often"},
}


def publish(amqp: Amqp, kind: str, headers: Iterable[dict[str, Any]]) -> None:
    """One message with each."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    for n, forged in enumerate(headers):
        amqp.publish(f"t.{n}", {"n": n}, message_id=f"id-{n}", headers={**forged, "own": "kept"})


@kinds
@pytest.mark.parametrize("wait", ["queue", "aside", "in-place"])
def test_attempts(vhost: Vhost, amqp: Amqp, kind: str, wait: str) -> None:
    """Messages that fail twice are tried a third time, whatever their headers say, and are not given up.

    Where a message waits aside, its queue's own count is believed once it is redelivered.
    """
    tried: Counter[int] = Counter()

    def callback(number: int) -> None:
        tried[number] += 1
        if tried[number] < 3:
            raise OSError("not yet")

    headers = [forged for name, forged in FORGED.items() if wait != "aside" or name != "delivery counts"]
    publish(amqp, kind, headers)
    policy = {"on": ["builtins:OSError"], "delays": [1, 0.1], "wait": wait, "then": "quarantine", "jitter": 0}
    if wait == "in-place":
        policy["delays"] = [0.1, 0.1]
    with Application(vhost.url, callback, **topology(kind), retry=policy) as app:
        app.account.wait_for("all", lambda: len(app.account.finished) == 3 * len(headers), 60)

    assert Counter({(n, f"id-{n}"): 3 for n in range(len(headers))}) == Counter(app.account.finished)
    assert len(headers) == app.service.stats.consumed.processed
    assert [0, 0] == [amqp.ready(name) for name in (QUEUE, f"{QUEUE}.quarantine")]


@kinds
def test_quarantine(vhost: Vhost, amqp: Amqp, kind: str) -> None:
    """What is said about messages in quarantine is what happened, and their topics are their own."""
    publish(amqp, kind, FORGED.values())
    policy = {"on": ["builtins:OSError"], "delays": [0.1], "wait": "queue", "then": "quarantine"}

    def callback(number: int) -> None:
        raise OSError("no")

    with Application(vhost.url, callback, **topology(kind), retry=policy):
        amqp.wait_for_ready(f"{QUEUE}.quarantine", len(FORGED))
    taken = amqp.take(f"{QUEUE}.quarantine")

    assert {(f"t.{n}", f"id-{n}") for n in range(len(FORGED))} == {(got.topic, got.id) for got in taken}
    for got in taken:
        found = got.properties.headers
        assert "kept" == found["own"]
        assert "OSError: no" == found["fedora_messaging_failure_error"]
        assert 2 == found["fedora_messaging_failure_attempts"]
        assert QUEUE == found["fedora_messaging_failure_queue"]
        assert "fedora_messaging_failure_own" not in found
        assert "x-death" not in found
