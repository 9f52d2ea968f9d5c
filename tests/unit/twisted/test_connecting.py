# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A connection that does not come about: what is said, what is final, and secrets that are updated."""

import logging
from pathlib import Path
from typing import Any

import pika
import pytest
from pika import spec
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from fedora_messaging._amqp import frames
from fedora_messaging._config.url import parameters
from fedora_messaging._core.address import Address
from fedora_messaging._core.lifecycle import CloseReason, Scope, State
from fedora_messaging._core.topology import Binding, Queue, Subscription
from fedora_messaging._core.verdict import verdict
from fedora_messaging.config import LazyConfig, parse
from fedora_messaging.exceptions import (
    BadDeclaration,
    ConfigurationException,
    ConnectionException,
    NoFreeChannels,
    PermissionException,
    PublishTimeout,
)
from fedora_messaging.message import Message
from fedora_messaging.twisted.protocol import FedoraMessagingProtocol
from support.world import World, result_of

SECRET = "canary-2Hw9"
QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}


class Peer:
    """A protocol and a broker whose every frame the test sends."""

    def __init__(self, version_minor: int = 9, **start: Any) -> None:
        self.clock = Clock()
        credentials = pika.PlainCredentials("ann", SECRET)
        self.protocol = FedoraMessagingProtocol(
            pika.ConnectionParameters(credentials=credentials, heartbeat=0), clock=self.clock
        )
        self.transport: Any = StringTransport()
        self.ready: Any = self.protocol.ready
        self.protocol.makeConnection(self.transport)
        method = {"mechanisms": "PLAIN", "server_properties": {}, "locales": "en_US", **start}
        self.send(spec.Connection.Start(0, version_minor, **method))

    def send(self, method: Any) -> None:
        self.protocol.dataReceived(frames.method(0, method))

    def open(self) -> None:
        self.send(spec.Connection.Tune(2047, 131072, 0))
        self.send(spec.Connection.OpenOk())
        result_of(self.ready)
        self.transport.clear()

    def lose(self) -> None:
        from twisted.internet.error import ConnectionDone
        from twisted.python.failure import Failure

        self.protocol.connectionLost(Failure(ConnectionDone()))


def test_a_secret_is_updated() -> None:
    """The method is sent, and the Deferred fires at the broker's answer, each at its own."""
    peer = Peer()
    peer.open()
    first, second = peer.protocol.update_secret("new", "why"), peer.protocol.update_secret("newer")
    written = peer.transport.value()
    peer.send(spec.Connection.UpdateSecretOk())

    assert written.startswith(frames.method(0, spec.Connection.UpdateSecret("new", "why")))
    assert result_of(first) is None
    assert not second.called
    peer.send(spec.Connection.UpdateSecretOk())
    assert result_of(second) is None
    assert [] == peer.clock.getDelayedCalls()


def test_a_secret_that_is_refused() -> None:
    """RabbitMQ closes the connection, and its words are in the error."""
    peer = Peer()
    peer.open()
    updating = peer.protocol.update_secret("new")
    peer.send(spec.Connection.Close(530, "NOT_ALLOWED - New secret was refused", 10, 70))
    peer.lose()

    with pytest.raises(ConnectionException, match="New secret was refused"):
        result_of(updating)


def test_a_secret_that_is_not_answered() -> None:
    """After the handshake's time-out the Deferred fails; a late answer is its own, not the next one's."""
    peer = Peer()
    peer.open()
    late = peer.protocol.update_secret("new")
    peer.clock.advance(10)
    with pytest.raises(ConnectionException, match=r"did not answer connection\.update-secret within 10 s"):
        result_of(late)
    following = peer.protocol.update_secret("newer")
    peer.send(spec.Connection.UpdateSecretOk())

    assert not following.called
    peer.send(spec.Connection.UpdateSecretOk())
    assert result_of(following) is None


def test_an_answer_that_nobody_asked_for() -> None:
    """An update-secret-ok that answers no call drops the connection."""
    peer = Peer()
    peer.open()
    peer.send(spec.Connection.UpdateSecretOk())

    assert "answers no call" in str(peer.protocol.reason)


@pytest.mark.parametrize(
    ("secret", "reason", "words"),
    [
        (5, "r", "the secret must be a string, not int"),
        (b"x", "r", "the secret must be a string, not bytes"),
        ("x", None, "the reason must be a string"),
        ("x", "r" * 256, "the reason has 256 bytes"),
        ("x" * 100_001, "r", "the secret has 100001 bytes"),
        (SECRET + "\ud800", "r", "the secret is not valid Unicode"),
    ],
)
def test_secrets_that_cannot_be_sent(secret: Any, reason: Any, words: str) -> None:
    """They are refused, and nothing is sent or kept."""
    peer = Peer()
    peer.open()
    with pytest.raises(ValueError, match=words) as raised:
        peer.protocol.update_secret(secret, reason)
    service = World().service()
    with pytest.raises(ValueError, match=words):
        result_of(service.update_secret(secret, reason))

    assert b"" == peer.transport.value()
    assert SECRET not in str(raised.value)
    assert pika.PlainCredentials("guest", "guest") == service.factory.brokers[0].parameters.credentials


def test_without_a_connection_a_secret_is_for_the_next_one() -> None:
    """The Deferred fires at once; a protocol by itself says that it is not connected."""
    service = World().service()

    assert result_of(service.update_secret("new")) is None
    assert pika.PlainCredentials("guest", "new") == service.factory.brokers[0].parameters.credentials
    with pytest.raises(ConnectionException, match="not connected"):
        result_of(Peer().protocol.update_secret("new"))


def test_a_login_by_certificate_has_no_secret(tmp_path: Path) -> None:
    """Updating the secret of a login by certificate is a ValueError that says so."""
    service = World().service()
    service.factory.brokers[0].parameters.credentials = pika.credentials.ExternalCredentials()

    with pytest.raises(ValueError, match="by certificate"):
        result_of(service.update_secret("new"))


# Refusals


@pytest.mark.parametrize("mechanisms", ["EXTERNAL", "", "AMQPLAIN EXTERNAL", "\x1b[31mX\n"])
def test_a_login_that_the_broker_does_not_offer(mechanisms: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is refused with the cause, without pika's traceback, and what the broker offers is escaped."""
    peer = Peer(mechanisms=mechanisms)
    peer.lose()

    with pytest.raises(PermissionException, match="log in by PLAIN, and the broker offers only") as raised:
        result_of(peer.ready)
    assert str(raised.value).isprintable()
    assert "Traceback" not in caplog.text
    assert peer.protocol.reason is not None
    assert peer.protocol.reason.refused_login


def test_another_version_of_the_protocol(caplog: pytest.LogCaptureFixture) -> None:
    """A broker of another version of AMQP is refused in one line, which names the version."""
    peer = Peer(version_minor=8)
    peer.lose()

    with pytest.raises(ConnectionException, match="another version of the protocol, 0-8") as raised:
        result_of(peer.ready)
    assert str(raised.value).isprintable()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"\x15\x03\x03\x00\x02\x02\x46", "speaks TLS"), (b"HTTP/1.1 400 Bad Request\r\n", "speaks HTTP")],
)
def test_peers_of_another_kind(data: bytes, words: str) -> None:
    """They are recognised by how they begin, and are no reason to try again."""
    protocol = FedoraMessagingProtocol(pika.ConnectionParameters(), clock=Clock())
    protocol.makeConnection(StringTransport())
    protocol.dataReceived(data)

    assert protocol.reason is not None
    assert words in str(protocol.reason)
    assert verdict(protocol.reason, consumed_once=False).state is State.STOPPED
    assert verdict(protocol.reason, consumed_once=True).error is None


QUEUE = ("queue", "q")
LOCKED = "RESOURCE_LOCKED - cannot obtain exclusive access to locked queue 'q' in vhost '/'"


@pytest.mark.parametrize(
    ("scope", "code", "text", "opened", "error"),
    [
        (Scope.CHANNEL, 405, LOCKED, True, None),
        (Scope.CHANNEL, 403, "ACCESS_REFUSED - queue 'q' in vhost '/' in exclusive use", True, None),
        (
            Scope.CHANNEL,
            403,
            "ACCESS_REFUSED - access to queue 'in exclusive use' refused",
            True,
            BadDeclaration,
        ),
        (Scope.CHANNEL, 406, "PRECONDITION_FAILED - queue limit in vhost '/' (5) is reached", True, None),
        (
            Scope.CHANNEL,
            406,
            "PRECONDITION_FAILED - invalid arg 'x-limit (5) is reached' for q",
            True,
            BadDeclaration,
        ),
        (Scope.CONNECTION, 506, "RESOURCE_ERROR - no memory", True, None),
        (Scope.CONNECTION, 501, "FRAME_ERROR", True, BadDeclaration),
        (Scope.CONNECTION, 504, "CHANNEL_ERROR", True, BadDeclaration),
        (Scope.CONNECTION, 540, "NOT_IMPLEMENTED", True, BadDeclaration),
        (Scope.CONNECTION, 530, "NOT_ALLOWED - x", True, BadDeclaration),
        (Scope.CONNECTION, 402, "INVALID_PATH - no such virtual host", False, PermissionException),
        (
            Scope.CONNECTION,
            530,
            "NOT_ALLOWED - vhost 'limit (1) is reached' not found",
            False,
            PermissionException,
        ),
        (Scope.CONNECTION, 530, "NOT_ALLOWED - access refused: connection limit (0) is reached", False, None),
    ],
)
def test_what_is_final_at_the_first_start(
    scope: Scope, code: int, text: str, opened: bool, error: type[Exception] | None
) -> None:
    """What others hold or fill is waited for; what no waiting mends is an error."""
    reason = CloseReason(scope, code, text, opened=opened)
    judged = verdict(reason, consumed_once=False, declared=QUEUE if opened else None)

    assert (None if error is None else error) == (None if judged.error is None else type(judged.error))


def test_a_queue_that_is_locked_is_waited_for() -> None:
    """A consumer whose exclusive queue another connection still holds consumes when that has gone."""
    world = World()
    queues = {"q": {"durable": False, "exclusive": True, "auto_delete": False, "arguments": {}}}
    holder, waiter = (world.service(lambda _: None, queues=queues, bindings=[]) for _ in range(2))
    holder.startService()
    world.settle()
    waiter.startService()
    world.settle(2)
    before = waiter.consuming, [consumer.ended for consumer in waiter.consumers]
    holder.stopService()
    world.settle(30)

    assert (False, [False]) == before
    assert waiter.consuming


@pytest.mark.parametrize("limit", [1, 2])
def test_more_queues_than_channels(limit: int) -> None:
    """The consumers that get no channel end with the limit named; the others consume."""
    world = World()
    names = [f"q{n}" for n in range(limit + 1)]
    service = world.service(
        lambda _: None,
        amqp_url=f"amqp://localhost/?channel_max={limit}",
        queues=dict.fromkeys(names, QUEUES["q"]),
        bindings=[],
    )
    consuming = service.consume(lambda _: None)
    results: list[Any] = []
    for consumer in service.consumers:
        consumer.result.addErrback(lambda failure: results.append(failure.type))
    service.factory.connect()
    world.settle(1)

    with pytest.raises(BadDeclaration, match=f"channel_max is {limit}, amqp_url says so"):
        result_of(consuming)
    assert [BadDeclaration] == results


def test_no_channel_for_publishing() -> None:
    """Where consumers have all channels of a factory that does both, a publish fails with the limit named."""
    from fedora_messaging.twisted.factory import FedoraMessagingFactory

    world = World()
    url = pika.URLParameters("amqp://guest:guest@localhost/%2F?channel_max=1")
    factory = FedoraMessagingFactory(url, (), queues=QUEUES, clock=world.reactor)
    factory.consume(lambda _: None)
    world.reactor.connectTCP("localhost", 5672, factory)
    world.settle()
    publishing = factory.publish(Message(topic="t"))
    world.settle(3)

    with pytest.raises(NoFreeChannels, match="channel_max is 1"):
        result_of(publishing)


# Texts


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("h", 1, False, "/", "ann"), "h:1 (virtual host '/', user 'ann')"),
        (
            Address("::1", 2, True, "v", None),
            "[::1]:2 over TLS (virtual host 'v', the user of the certificate)",
        ),
        (Address("h", 1, False, "a\nb", "x\x1b", "o"), "h:1 (virtual host 'a\\nb', user 'x\\x1b', o)"),
    ],
)
def test_addresses_in_words(address: Address, text: str) -> None:
    """Host, port, virtual host, user and origin, on one line."""
    assert text == str(address)


def test_the_line_about_a_broker_that_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    """It names address, virtual host, user, cause and the next try; the time-out of a publish does, too."""
    world = World()
    world.reactor.reachable = False
    service = world.service(amqp_url=f"amqp://ann:{SECRET}@h:77/v")
    publishing = service.publish(Message(topic="t"), timeout=3)
    world.settle(4)
    (line, *_) = [each for each in caplog.messages if "Not connected" in each]

    # The reactor in memory resolves every name to this machine, and the name is what is shown.
    assert line.startswith(
        "Not connected to the broker at h:77 (virtual host 'v', user 'ann'): nothing listens"
    )
    assert "Next try in" in line
    with pytest.raises(PublishTimeout, match=r"at h:77 \(virtual host 'v', user 'ann'\)"):
        result_of(publishing)
    assert SECRET not in caplog.text


def test_a_wrong_password_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """The error of the consumer is the one line about it, with what to check."""
    world = World()
    caplog.set_level(logging.INFO)
    service = world.service(
        lambda _: None, amqp_url=f"amqp://guest:{SECRET}@h/%2F", queues=QUEUES, bindings=[]
    )
    service.startService()
    world.settle(1)
    (line,) = [
        each.message
        for each in caplog.records
        if "refused" in each.message and not each.name.startswith("fedora_messaging.broker")
    ]

    assert "connection to h:5672 (virtual host '/', user 'guest')" in line
    assert line.endswith("check the user name and the password (the broker's log says more)")
    assert SECRET not in caplog.text


def test_a_refusal_that_nobody_waits_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A service that only publishes warns, since there is no error for anybody."""
    world = World()
    service = world.service(amqp_url="amqp://guest:bad@h/%2F", queues={}, bindings=[])
    service.startService()
    world.settle(1)

    warnings = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert 1 == len([each for each in warnings if "refused" in each])


@pytest.mark.parametrize(
    ("subscription", "missing", "text"),
    [
        (
            Subscription(Queue("q"), (Binding("q", "e", ("a", "b")),)),
            False,
            ", bound to e with 'a', e with 'b'",
        ),
        (
            Subscription(Queue("q"), (Binding("q", "e", ("a",)),)),
            True,
            ", declared because it was not there, bound to e with 'a'",
        ),
        (Subscription(Queue("")), False, ", named by the broker; its bindings were left as they are"),
        (
            Subscription(Queue("q"), (Binding("q", "e", tuple("abcdefghijklm")),)),
            False,
            ", bound to " + ", ".join(f"e with {key!r}" for key in "abcdefghij") + " and 3 more",
        ),
    ],
)
def test_what_was_prepared(subscription: Subscription, missing: bool, text: str) -> None:
    """It says whether the queue was there and what is bound to it."""
    assert text == subscription.preparation(missing=missing)


def test_the_line_of_a_consumer_that_starts(caplog: pytest.LogCaptureFixture) -> None:
    """One line says that the queue was not there, and what is bound to it; the next start finds it."""
    world = World()
    caplog.set_level(logging.INFO)
    bindings = [{"exchange": "amq.topic", "queue": "new", "routing_keys": ["a.#"]}]
    for _ in range(2):
        service = world.service(lambda _: None, queues={}, bindings=bindings)
        service.startService()
        world.settle()
        service.stopService()
        world.settle(1)

    assert [
        "Consuming from the queue 'new', declared because it was not there, bound to amq.topic with 'a.#'.",
        "Consuming from the queue 'new', bound to amq.topic with 'a.#'.",
    ] == [each for each in caplog.messages if each.startswith("Consuming")]


def _loaded(path: Path, text: str) -> LazyConfig:
    path.write_text(text)
    return LazyConfig().load_config(str(path))


def test_where_the_url_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, with the variable that named it, the program, or the default."""
    monkeypatch.delenv("FEDORA_MESSAGING_CONF", raising=False)
    path = tmp_path / "c.toml"
    written = _loaded(path, 'amqp_url = "amqp://h"\n')
    changed = _loaded(path, 'amqp_url = "amqp://h"\n')
    changed["amqp_url"] = "amqp://other"
    without = _loaded(path, "mandatory = true\n")
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", str(path))

    assert f"amqp_url in {path}, named by FEDORA_MESSAGING_CONF" == written.parsed().origin
    monkeypatch.delenv("FEDORA_MESSAGING_CONF")
    assert f"amqp_url in {path}" == written.parsed().origin
    assert "amqp_url as set by the program" == changed.parsed().origin
    assert f"amqp_url's default, since {path} has none" == without.parsed().origin
    assert "" == parse({}).origin
    assert written.parsed() == parse(dict(written))


@pytest.mark.parametrize("host", ["a..b", "x" * 64, ".a", ".".join(["x" * 60] * 5)])
def test_host_names_that_are_none(host: str) -> None:
    """A name that no resolver could be asked for is refused with the configuration."""
    with pytest.raises(ConfigurationException, match="host name"):
        parameters(f"amqp://{host}/")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("my_broker", "my_broker"),
        ("a.b.", "a.b."),
        ("bücher.example", "bücher.example"),
        ("[::1]", "::1"),
        ("[fe80::1%lo]", "fe80::1%lo"),
        ("[fe80::1%25lo]", "fe80::1%lo"),
        ("1.2.3.4", "1.2.3.4"),
        ("", "localhost"),
    ],
)
def test_host_names(host: str, expected: str) -> None:
    """Names with an underscore, international ones and addresses are taken as they are."""
    assert expected == parameters(f"amqp://{host}/").host
