# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Users that may not declare what a policy needs: refused at the start, with the permissions to ask for."""

import re
import secrets
from collections.abc import Callable

import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.failing import KINDS, QUEUE, consumer_toml, kinds, toml
from support.programs import Program

pytestmark = pytest.mark.fedora_messaging_real_broker

Command = Callable[..., Program]

ON = ["requests_like:ConnectionError"]
OWN = f"^({QUEUE}|amq\\.topic)$"


class User:
    """A user that may consume from the queue, and do nothing else."""

    def __init__(self, vhost: Vhost) -> None:
        self._node, self._vhost = vhost.node, vhost.name
        self.name = f"user-{secrets.token_hex(4)}"
        self._node.add_user(self.name, "secret")
        self.url = self._node.url(self._vhost, user=self.name, password="secret")
        self.permit("^$")

    def permit(self, pattern: str) -> None:
        """Permit it to configure, write and read what the pattern matches as well."""
        self._node.set_permissions(self.name, self._vhost, *[f"{OWN}|{pattern}"] * 3)

    def permit_only(self, *, configure: str = "^$", write: str, read: str) -> None:
        """Permit it what these patterns match, and nothing else."""
        self._node.set_permissions(self.name, self._vhost, configure, write, read)


def error_of(program: Program, code: int = 2) -> str:
    """The one line with which it has ended; nothing was consumed."""
    assert code == program.ended(), program.said
    assert "Traceback" not in program.said
    errors = [line for line in program.errors if line.startswith("Error: ")]
    assert 1 == len(errors), program.said
    assert "Consuming" not in program.said
    return errors[0]


def missing(line: str) -> str:
    """The pattern that an error asks for."""
    found = re.search(
        r"permit the user configure, write and read on (\^\S+\$), and write on the queue ", line
    )
    assert found, line
    return found.group(1)


@pytest.mark.parametrize(
    ("kind", "policy", "key"),
    [
        ("classic", {"wait": "queue", "delays": [0.1, 60.0]}, "retry.wait"),
        ("quorum", {"wait": "queue", "delays": [0.1, 60.0], "then": "quarantine"}, "retry.wait"),
        ("classic", {"delays": [0.1], "then": "quarantine"}, "retry.then"),
    ],
    ids=["queue", "both", "quarantine"],
)
def test_the_rights_that_the_error_names_are_enough(
    vhost: Vhost, amqp: Amqp, command: Command, kind: str, policy: dict[str, object], key: str
) -> None:
    """`consume` ends with 2 and a line that names file, key and pattern; granted exactly that, it works."""
    user = User(vhost)
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.publish("t.1", {"n": 1})
    config = toml(kind, on=ON, **policy)
    refused = command("failing_once", config, user.url)
    line = error_of(refused)

    assert ".toml" in line
    assert f"{key}: " in line
    assert "secret" not in line
    assert {QUEUE} == set(vhost.queues())
    user.permit(missing(line))
    granted = command("failing_once", config, user.url)
    granted.wait_for("processed 1")
    granted.signal(15)
    assert 0 == granted.ended(), granted.said
    assert 0 == amqp.ready(QUEUE)


def test_twistd(vhost: Vhost, amqp: Amqp, command: Command) -> None:
    """The same for a consumer of twistd, whose policy is its own."""
    user = User(vhost)
    amqp.queue(QUEUE, "t.#")
    amqp.publish("t.1", {"n": 1})
    config = consumer_toml("policy_callbacks:failing_once", on=ON, wait="queue", delays=[0.1])
    refused = command("", config, user.url, entrance="twistd")

    assert 2 == refused.ended(), refused.said
    assert "Traceback" not in refused.said
    (line,) = [line for line in refused.errors + refused.lines if "permit the user" in line]
    assert "consumers.own.retry.wait: " in line
    assert ".toml" in line
    user.permit(missing(line))
    granted = command("", config, user.url, entrance="twistd")
    granted.wait_for("processed 1")
    granted.signal(15)
    assert 0 == granted.ended(), granted.said


POLICY = {"on": ON, "wait": "queue", "delays": [0.1], "then": "quarantine"}
PASSIVE = "passive_declares = true\n"


@kinds
def test_an_administrator_has_declared_everything(
    vhost: Vhost, amqp: Amqp, command: Command, kind: str
) -> None:
    """With passive_declares a user that may configure nothing consumes, and its messages wait and are
    quarantined."""
    user = User(vhost)
    administrator = command("printer", toml(kind, **POLICY))
    administrator.wait_for("Consuming from the queue 'work'")
    administrator.signal(15)
    assert 0 == administrator.ended(), administrator.said
    own = rf"^{QUEUE}(\.(retry\..*|requeue|quarantine))?$"
    user.permit_only(write=own, read=rf"{own}|^amq\.topic$")
    amqp.publish("t.1", {"n": 1})
    consumer = command("failing", PASSIVE + toml(kind, **POLICY), user.url)
    consumer.wait_for("tried 1", 2)
    amqp.wait_for_ready(f"{QUEUE}.quarantine", 1)
    consumer.signal(15)

    assert 0 == consumer.ended(), consumer.said
    assert ["t.1"] == [got.topic for got in amqp.take(f"{QUEUE}.quarantine")]


@kinds
def test_an_administrator_has_declared_the_queue_only(
    vhost: Vhost, amqp: Amqp, command: Command, kind: str
) -> None:
    """With passive_declares what the policy needs has to be there: the error names it, and nothing is
    consumed."""
    amqp.queue(QUEUE, "t.#", arguments=KINDS[kind])
    amqp.publish("t.1", {"n": 1})
    line = error_of(command("failing", PASSIVE + toml(kind, **POLICY)), 10)

    assert f"{QUEUE}.requeue" in line
    assert 1 == amqp.ready(QUEUE)
