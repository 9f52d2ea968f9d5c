# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Permissions and alarms, which somebody has to set on both brokers first."""

from collections.abc import Callable
from typing import Any

import pytest
from pika import spec

from rabbitmq import Vhost

from .embedded import Embedded
from .lab import PATIENCE, Lab

pytestmark = pytest.mark.fedora_messaging_real_broker


class _Reference:
    """RabbitMQ, as the embedded broker's control."""

    def __init__(self, vhost: Vhost) -> None:
        self.block_publishers = vhost.node.block_publishers
        self.unblock_publishers = vhost.node.unblock_publishers
        self._vhost = vhost

    def url(self, user: str = "guest") -> str:
        return self._vhost.node.url(self._vhost.name, user=user, password=user)


@pytest.fixture(scope="session")
def rabbitmq_with_users(reference: Vhost) -> _Reference:
    for user in ("owner", "outsider"):
        reference.node.add_user(user, user)
    reference.node.set_permissions("owner", reference.name, "^own", "^own", "^own")
    for name, rights in _USERS.items():
        user = name.replace(" ", "-")
        reference.node.add_user(user, user)
        reference.node.set_permissions(user, reference.name, *rights)
    return _Reference(reference)


@pytest.fixture(params=["rabbitmq", "embedded"])
def broker(request: pytest.FixtureRequest) -> Embedded | _Reference:
    name = "rabbitmq_with_users" if request.param == "rabbitmq" else "embedded_broker"
    found: Embedded | _Reference = request.getfixturevalue(name)
    return found


def test_who_may_not_enter(broker: Embedded | _Reference, release: str) -> None:
    """A user without permissions in a virtual host does not get in, and is told so by name: 530."""
    client = Lab(broker.url("outsider"), release, "").raw()
    try:
        client.start()
        client.log_in(capabilities={"authentication_failure_close": True})
        client.tune()
        close = client.open()

        assert 530 == close.reply_code
        assert "refused for user 'outsider'" in close.reply_text
    finally:
        client.close()


_CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "declare own": (lambda c: c.queue_declare("own.q", durable=True), "ok"),
    "declare other": (lambda c: c.queue_declare("other", durable=True), "channel 403"),
    "declare none": (lambda c: c.queue_declare("", exclusive=True), "channel 403"),
    "passive other": (lambda c: c.queue_declare("theirs", passive=True), "channel 403 since 4.3"),
    "dead letters to other": (
        lambda c: c.queue_declare("own.d", durable=True, arguments={"x-dead-letter-exchange": "amq.topic"}),
        "channel 403",
    ),
    "dead letters to own": (
        lambda c: c.queue_declare("own.e", durable=True, arguments={"x-dead-letter-exchange": "own.x"}),
        "ok",
    ),
    "exchange own": (lambda c: c.exchange_declare("own.x", "topic"), "ok"),
    "exchange other": (lambda c: c.exchange_declare("other", "topic"), "channel 403"),
    "passive reply queue": (lambda c: c.queue_declare("amq.rabbitmq.reply-to", passive=True), "ok"),
    "consume replies": (lambda c: c.basic_consume("amq.rabbitmq.reply-to", print, auto_ack=True), "ok"),
    "passive exchange": (lambda c: c.exchange_declare("amq.topic", passive=True), "channel 403 since 4.3"),
    "alternate other": (
        lambda c: c.exchange_declare("own.a", "topic", arguments={"alternate-exchange": "amq.topic"}),
        "channel 403",
    ),
    "bind own": (lambda c: c.queue_bind("own.q", "own.x", "k"), "ok"),
    "bind to other": (lambda c: c.queue_bind("own.q", "amq.topic", "k"), "channel 403"),
    "bind other": (lambda c: c.queue_bind("theirs", "own.x", "k"), "channel 403"),
    "unbind other": (lambda c: c.queue_unbind("theirs", "own.x", "k"), "channel 403"),
    "bind exchange": (lambda c: c.exchange_bind("own.x", "amq.topic", "k"), "channel 403"),
    "publish own": (lambda c: c.basic_publish("own.x", "k", b""), "ok"),
    "publish other": (lambda c: c.basic_publish("amq.topic", "own", b""), "channel 403"),
    "publish default": (lambda c: c.basic_publish("", "own.q", b""), "channel 403"),
    "get own": (lambda c: c.basic_get("own.q"), "ok"),
    "get other": (lambda c: c.basic_get("theirs"), "channel 403"),
    "consume other": (lambda c: c.basic_consume("theirs", print), "channel 403"),
    "purge other": (lambda c: c.queue_purge("theirs"), "channel 403"),
    "delete other": (lambda c: c.queue_delete("theirs"), "channel 403"),
    "delete exchange": (lambda c: c.exchange_delete("other"), "channel 403"),
    "get none": (lambda c: c.basic_get("none"), "channel 403"),
}


@pytest.mark.parametrize("label", _CALLS)
def test_permissions(broker: Embedded | _Reference, release: str, emulated: str, label: str) -> None:
    """A user may configure, write and read what its patterns match, and nothing else: 403."""
    call, expected = _CALLS[label]
    if expected.endswith(" since 4.3"):
        played = emulated if isinstance(broker, Embedded) else release
        expected = expected.removesuffix(" since 4.3") if played == "4.3" else "ok"
    guest, owner = Lab(broker.url(), release, ""), Lab(broker.url("owner"), release, "")
    try:
        channel = guest.channel()
        for queue in ("own.q", "theirs"):
            channel.queue_declare(queue, durable=True)
        channel.exchange_declare("own.x", "topic")

        assert expected == owner.attempt(call, owner.channel())
    finally:
        guest.close()
        owner.close()


_USERS = {
    "configures": ("^own", "", ""),
    "writes": ("", "^own", ""),
    "reads": ("", "", "^own"),
    "does nothing": ("", "", ""),
}
_LOOKS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "queue": (lambda c: c.queue_declare("own.q", passive=True), True),
    "exchange": (lambda c: c.exchange_declare("own.x", passive=True), True),
    "another queue": (lambda c: c.queue_declare("theirs", passive=True), False),
    "another exchange": (lambda c: c.exchange_declare("amq.topic", passive=True), False),
}


@pytest.mark.parametrize("user", _USERS)
@pytest.mark.parametrize("label", _LOOKS)
def test_who_may_look(
    broker: Embedded | _Reference, release: str, emulated: str, user: str, label: str
) -> None:
    """A passive declaration needs one right to the thing, whichever, on 4.3, and none on 3.10 and 4.0."""
    look, own = _LOOKS[label]
    played = emulated if isinstance(broker, Embedded) else release
    allowed = played != "4.3" or (own and user != "does nothing")
    guest, lab = Lab(broker.url(), release, ""), Lab(broker.url(user.replace(" ", "-")), release, "")
    try:
        channel = guest.channel()
        for queue in ("own.q", "theirs"):
            channel.queue_declare(queue, durable=True)
        channel.exchange_declare("own.x", "topic")

        assert ("ok" if allowed else "channel 403") == lab.attempt(look, lab.channel())
    finally:
        guest.close()
        lab.close()


def test_an_alarm(broker: Embedded | _Reference, release: str) -> None:
    """A connection that publishes during an alarm is blocked, and unread until the alarm is over."""
    lab = Lab(broker.url(), release, "alarm")
    try:
        channel = lab.channel()
        queue = lab.declare(channel)
        client = lab.raw()
        client.start()
        client.log_in(capabilities={"connection.blocked": True})
        client.tune()
        client.open()
        client.method(1, spec.Channel.Open())
        client.read()
        client.method(1, spec.Confirm.Select())
        client.read()
        client._socket.settimeout(0.5)
        broker.block_publishers()
        try:
            quiet = client.ending()
            client.publish(1, queue, b"\0\0", b"x")
            client._socket.settimeout(PATIENCE)
            came = client.ending()
            client._socket.settimeout(0.5)
            client.method(1, spec.Basic.Qos())
            meanwhile = client.ending()
        finally:
            broker.unblock_publishers()
        client._socket.settimeout(PATIENCE)
        after = {client.ending() for _ in range(3)}

        assert "nothing" == quiet
        assert "Connection.Blocked" == came
        assert "nothing" == meanwhile
        assert {"Connection.Unblocked", "Basic.Ack", "Basic.QosOk"} == after
        assert 1 == lab.ready(channel, queue, 1)
    finally:
        lab.close()


def test_a_consumer_during_an_alarm(broker: Embedded | _Reference, release: str) -> None:
    """A connection that does not publish goes on consuming and acknowledging."""
    lab = Lab(broker.url(), release, "consumer")
    try:
        channel = lab.channel()
        queue = lab.declare(channel)
        lab.put(channel, queue, "1", "2")
        consumer = lab.channel()
        consumer.basic_qos(prefetch_count=1)
        broker.block_publishers()
        try:
            inbox = lab.collect(consumer, queue)
            inbox.wait(1)
            consumer.basic_ack(inbox.tags[0])

            assert ["1", "2"] == inbox.wait(2)
        finally:
            broker.unblock_publishers()
    finally:
        lab.close()
