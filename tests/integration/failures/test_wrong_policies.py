# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Policies that cannot be used: exit code 2, file and key named, and the broker as it was."""

from collections.abc import Callable
from typing import Any

import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.failing import QUEUE, consumer_toml, toml
from support.programs import Program

pytestmark = pytest.mark.fedora_messaging_real_broker

Command = Callable[..., Program]

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "wait": ({"wait": "elsewhere"}, "retry.wait", "aside, in-place, queue, broker"),
    "then": ({"then": "forget"}, "retry.then", "repeat, reject, quarantine, stop"),
    "no module": ({"on": ["nowhere.at_all:Error"]}, "retry.on", "nowhere.at_all"),
    "no class": ({"on": ["requests_like:Nothing"]}, "retry.on", "requests_like:Nothing"),
    "negative": ({"delays": [1, -1]}, "retry.delays", "-1"),
    "empty": ({"delays": []}, "retry.delays", "1 to 100"),
    "broker": ({"wait": "broker"}, "retry.wait", "quorum"),
}

wrong = pytest.mark.parametrize(("policy", "key", "words"), WRONG.values(), ids=WRONG)


def check(program: Program, vhost: Vhost, amqp: Amqp, key: str, words: str) -> None:
    """It has ended with 2 and a line that names file, key and reason; nothing was declared or consumed."""
    assert 2 == program.ended(), program.said
    assert "Traceback" not in program.said
    (line,) = [each for each in program.lines + program.errors if key in each]
    assert ".toml" in line
    assert words in line
    assert len(line) < 600
    assert {QUEUE} == set(vhost.queues())
    assert 1 == amqp.ready(QUEUE)


@wrong
def test_consume(
    vhost: Vhost, amqp: Amqp, command: Command, policy: dict[str, Any], key: str, words: str
) -> None:
    """`fedora-messaging consume` says what is wrong before anything has changed."""
    amqp.queue(QUEUE)
    amqp.publish(QUEUE, exchange="")

    check(command("printer", toml(**policy)), vhost, amqp, key, words)


@pytest.mark.parametrize("which", ["wait", "no module", "broker"])
def test_twistd(vhost: Vhost, amqp: Amqp, command: Command, which: str) -> None:
    """So does twistd, with the consumer's name."""
    policy, key, words = WRONG[which]
    amqp.queue(QUEUE)
    amqp.publish(QUEUE, exchange="")
    config = consumer_toml("policy_callbacks:printer", **policy)

    check(command("", config, entrance="twistd"), vhost, amqp, f"consumers.own.{key}", words)


@pytest.mark.parametrize(
    ("gone", "policy"), [("exclusive", {"wait": "queue"}), ("auto_delete", {"then": "quarantine"})]
)
def test_a_queue_that_goes_with_its_consumer(
    vhost: Vhost, amqp: Amqp, command: Command, gone: str, policy: dict[str, Any]
) -> None:
    """Nothing can wait for a queue that is exclusive or deleted automatically."""
    config = toml(**policy).replace(f"{gone} = false", f"{gone} = true")
    amqp.queue("another")
    failed = command("printer", config)

    assert 2 == failed.ended(), failed.said
    (line,) = [each for each in failed.errors if f"retry.{next(iter(policy))}" in each]
    assert ".toml" in line
    assert f"{QUEUE} goes with its consumer" in line
    assert {"another"} == set(vhost.queues())
