# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Several brokers, on a clock: which is connected to, what is logged, and when a refusal is one."""

from typing import Any

import pytest
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from fedora_messaging.broker import Broker
from fedora_messaging.config import parse
from fedora_messaging.exceptions import (
    ConfigurationException,
    ConnectionException,
    PermissionException,
    PublishTimeout,
)
from fedora_messaging.twisted._from_config import brokers
from fedora_messaging.twisted.service import FedoraMessagingService
from fedora_messaging.twisted.tap import Options
from support.several import SECRET, TOPOLOGY, Several
from support.world import MemoryReactor, result_of


def messages_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "fedora_messaging.connection"]


def test_a_round_without_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    """Brokers that refuse connections are passed over at once, and the log says where it goes on."""
    caplog.set_level("INFO")
    cluster = Several("ann", "bob", "ann")
    cluster.reactor.nodes["127.0.0.1", 1] = cluster.reactor.nodes["127.0.0.1", 2] = None
    cluster.start()

    said = "nothing listens at the broker's address: Connection was refused by other side"
    user = "(virtual host '/', user {!r})"
    assert [1, 2, 3] == cluster.ports
    assert [
        f"Not connected to the broker at h:1 {user.format('ann')}: {said}. Trying h:2 next.",
        f"Not connected to the broker at h:2 {user.format('bob')}: {said}. Trying h:3 next.",
        f"Connected to the broker at h:3 {user.format('ann')}.",
    ] == messages_of(caplog)


def test_a_round_that_fails_is_followed_by_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    """When none can be connected to, the next round begins after a back-off."""
    cluster = Several("ann", "ann", reconnect={"base": 9.0, "cap": 9.0})
    cluster.reactor.reachable = False
    cluster.start()
    first, texts = cluster.ports[:2], messages_of(caplog)
    cluster.reactor.settle(10.0)

    assert [1, 2] == first
    assert [1, 2] == cluster.ports[2:4]
    assert "Trying h:2 next." in texts[0]
    assert "Next try in " in texts[1]


def test_shuffled() -> None:
    """Services begin with different brokers, unless they are told to keep the order."""
    first = {Several("ann", "ann", "ann", failover="shuffle").start().ports[0] for _ in range(40)}

    assert {1, 2, 3} == first


@pytest.mark.parametrize("how", ["dropped", "closed with 320"])
def test_a_connection_that_is_lost(how: str) -> None:
    """Another broker is connected to at once, messages that wait are published there, and it is kept."""
    cluster = Several("ann", "ann", **TOPOLOGY).start()
    result_of_first = cluster.publish()
    cluster.reactor.settle(60.0)
    before = list(cluster.ports)
    faults = cluster.brokers[0].faults
    faults.drop_connections() if how == "dropped" else faults.close_connections(320, "CONNECTION_FORCED")
    published = cluster.publish()
    cluster.reactor.settle()

    assert result_of(result_of_first) is None
    assert result_of(published) is None
    assert [1, 1] == before
    assert [2, 2] == cluster.ports[2:]
    assert 2 == len(cluster.received)
    cluster.reactor.settle(60.0)
    assert 4 == len(cluster.ports)


def test_connections_that_are_lost_again_and_again() -> None:
    """Each broker is tried once at once; then there are pauses."""
    cluster = Several("ann", "ann", "ann", reconnect={"base": 8.0, "cap": 8.0})
    cluster.start()
    for broker in cluster.brokers * 2:
        broker.faults.drop_connections()
        cluster.reactor.settle()

    assert [1, 2, 3] == cluster.ports


def test_an_error_that_may_be_the_clients() -> None:
    """A connection that is closed for one is followed by a pause, since the next broker may close its own."""
    cluster = Several("ann", "ann", reconnect={"base": 8.0, "cap": 8.0}).start()
    cluster.brokers[0].faults.close_connections(501, "FRAME_ERROR")
    cluster.reactor.settle()
    at_once = list(cluster.ports)
    cluster.reactor.settle(8.0)

    assert ([1], [1, 2]) == (at_once, cluster.ports)


def test_a_broker_that_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It has handshake_timeout seconds, then the next is tried."""
    cluster = Several("ann", "ann", handshake_timeout=3.0)
    cluster.reactor.silent = {cluster.brokers[0]}
    cluster.start()
    cluster.reactor.settle(1.75)
    before = list(cluster.ports)
    cluster.reactor.settle(0.5)

    assert ([1], [1, 2]) == (before, cluster.ports)
    assert "did not complete the AMQP handshake within 3 s. Trying h:2 next." in messages_of(caplog)[0]


def test_one_refusal_is_none(caplog: pytest.LogCaptureFixture) -> None:
    """While another broker accepts, a refused login fails nothing: it is logged, without the password."""
    cluster = Several("mallory", "ann", **TOPOLOGY)
    published = cluster.publish()
    cluster.start()

    assert result_of(published) is None
    assert sorted([1, 1, 2, 2]) == sorted(cluster.ports)
    (consumer,) = cluster.service.consumers
    assert not consumer.result.called
    assert "user 'mallory'): 403 ACCESS_REFUSED" in messages_of(caplog)[0]
    assert SECRET not in caplog.text


def test_a_refusal_and_a_broker_that_is_away() -> None:
    """Nothing has been refused by all, so messages wait, and each broker is asked once a round."""
    cluster = Several("mallory", "ann", reconnect={"base": 8.0, "cap": 8.0})
    cluster.reactor.nodes["127.0.0.1", 2] = None
    published = cluster.publish(timeout=5.0)
    cluster.start()
    cluster.reactor.settle(5.0)

    assert [1, 2] * (len(cluster.ports) // 2) == cluster.ports
    with pytest.raises(PublishTimeout, match=r"h:[12]"):  # whichever was asked last
        result_of(published)


def test_each_broker_has_its_own_name_for_tls() -> None:
    """In a list of amqp and amqps each certificate must carry the host name of its own URL."""
    hosts = [b"one.example", b"two.example", b"three.example"]
    urls = ["amqps://one.example", "amqp://two.example", "amqps://three.example"]
    named: list[list[bytes] | None] = []
    for each in brokers(parse({"amqp_url": urls})):
        if each.tls is None:
            named.append(None)
            continue
        factory: Any = Factory.forProtocol(Protocol)
        wrapper = TLSMemoryBIOFactory(each.tls, True, factory)
        protocol, transport = wrapper.buildProtocol(None), StringTransport()
        protocol.makeConnection(transport)
        named.append([host for host in hosts if host in transport.value()])  # in the clear, for the peer

    assert [[hosts[0]], None, [hosts[2]]] == named


def test_when_all_refuse() -> None:
    """That is a refusal, whose error names every broker with its user and virtual host, and no password."""
    cluster = Several("mallory", "mallory", **TOPOLOGY)
    published = cluster.publish()
    cluster.service.startService()
    consumers = cluster.service.consumers
    cluster.reactor.settle()

    assert 1 == len(consumers)
    for error in (published, *[each.result for each in consumers]):
        with pytest.raises((ConnectionException, PermissionException)) as caught:
            result_of(error)
        assert "h:1 (virtual host '/', user 'mallory') or h:2 (virtual host '/'" in str(caught.value)
        assert SECRET not in str(caught.value)


def test_a_consumer_that_has_consumed_outlives_refusals() -> None:
    """A consumer goes on trying when a login is refused that was accepted before, once a round."""
    cluster = Several("ann", "ann", reconnect={"base": 8.0, "cap": 8.0}, **TOPOLOGY).start()
    cluster.reactor.settle(60.0)
    cluster.reactor.tried.clear()
    for broker in cluster.brokers:
        broker.users = {}
    cluster.brokers[0].faults.drop_connections()
    cluster.reactor.settle()
    at_once = list(cluster.ports)
    cluster.reactor.settle(8.0)

    (consumer,) = cluster.service.consumers
    assert not consumer.result.called
    assert [2] == at_once
    assert [2, 1, 2] == cluster.ports[:3]


def test_a_name_with_several_addresses() -> None:
    """One URL is enough: when the broker at one of its addresses is lost, another is connected to at once."""
    cluster = Several("ann", "ann", amqp_url=f"amqp://ann:{SECRET}@nodes:9/%2F")
    cluster.reactor.nameResolver.names = {"nodes": ["192.0.2.1", "192.0.2.2"]}
    cluster.reactor.nodes = {("192.0.2.1", 9): cluster.brokers[0], ("192.0.2.2", 9): cluster.brokers[1]}
    cluster.start()
    cluster.reactor.settle(60.0)
    cluster.brokers[0].faults.drop_connections()
    cluster.reactor.settle()

    assert [("192.0.2.1", 9), ("192.0.2.2", 9)] == cluster.reactor.tried
    assert result_of(cluster.service.whenConnected()).is_open


def test_a_secret_of_all_urls() -> None:
    """A new password is used at all brokers, by a connection that is made to another one too."""
    cluster = Several("ann", "ann").start()
    for broker in cluster.brokers:
        broker.users = Broker(users={"ann": "new"}).users
    updating = cluster.service.update_secret("new")
    cluster.reactor.settle()
    cluster.reactor.settle(60.0)
    cluster.stop(1)

    assert result_of(updating) is None
    assert result_of(cluster.service.whenConnected()).is_open
    assert [1, 2] == cluster.ports


def test_a_secret_and_several_users() -> None:
    """Whose secret it is would be a guess, so it is refused, and nothing is sent."""
    cluster = Several("ann", "bob").start()

    with pytest.raises(ValueError, match="several users"):
        result_of(cluster.service.update_secret("new"))


@pytest.mark.parametrize("urls", [[], ["amqp://a/x", "amqp://a/y"], ["amqp://a", 5]])
def test_urls_that_cannot_be_used(urls: Any) -> None:
    """The argument of a service is checked like the key of the configuration."""
    with pytest.raises(ConfigurationException, match="amqp_url"):
        FedoraMessagingService(None, urls, config=parse({}), clock=MemoryReactor({}))


def test_twistd() -> None:
    """Its option --amqp-url may be given several times."""
    options = Options()
    options.parseOptions(["--amqp-url", "amqp://a", "-u", "amqp://b"])

    assert ["amqp://a", "amqp://b"] == options["amqp-urls"]


def test_the_argument() -> None:
    """Several URLs may be given to a service, which are used in the place of the configured ones."""
    reactor = MemoryReactor({})
    reactor.nodes = {("127.0.0.1", 1): None}
    service = FedoraMessagingService(
        None,
        ["amqp://guest:guest@h:1", "amqp://guest:guest@h:2"],
        config=parse({"failover": "in-order"}),
        clock=reactor,
    )
    service.startService()
    reactor.settle(1.0)

    assert [("127.0.0.1", 1), ("127.0.0.1", 2)] == reactor.tried
