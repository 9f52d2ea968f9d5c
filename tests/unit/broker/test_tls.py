# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The broker behind TLS, in memory: certificates as credentials."""

from pathlib import Path
from typing import Any

import pytest
import trustme
from OpenSSL import SSL
from pika import spec
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from fedora_messaging.broker import Broker, User
from fedora_messaging.broker._memory import connect
from wire import Client


@implementer(IOpenSSLClientConnectionCreator, IOpenSSLServerConnectionCreator)
class _Context:
    """What Twisted makes TLS connections from: an authority, and perhaps a certificate."""

    def __init__(self, folder: Path, authority: trustme.CA, issued: trustme.LeafCert | None) -> None:
        folder.mkdir()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self.context = SSL.Context(SSL.TLS_METHOD)
        self.context.load_verify_locations(str(folder / "ca.pem"))
        self.context.set_verify(SSL.VERIFY_PEER, lambda *each: bool(each[-1]))
        if issued is not None:
            issued.private_key_and_cert_chain_pem.write_to_path(folder / "own.pem")
            self.context.use_certificate_chain_file(str(folder / "own.pem"))
            self.context.use_privatekey_file(str(folder / "own.pem"))

    def clientConnectionForTLS(self, protocol: object) -> SSL.Connection:
        connection = SSL.Connection(self.context, None)
        connection.set_connect_state()
        return connection

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        connection = SSL.Connection(self.context, None)
        connection.set_accept_state()
        return connection


def _over_tls(broker: Broker, name: str | None, folder: Path) -> Client:
    """A client joined through TLS; with a certificate for a name, or without any."""
    authority = trustme.CA()
    own = None if name is None else authority.issue_cert(common_name=name)
    client = Client()
    factory: Any = Factory()
    factory.buildProtocol = lambda address: client
    ours: Any = _Context(folder / "client", authority, own)
    theirs: Any = _Context(folder / "server", authority, authority.issue_cert("localhost"))
    served: Any = broker.factory()
    clock: Any = broker.clock
    near: Any = TLSMemoryBIOFactory(ours, True, factory, clock)
    far: Any = TLSMemoryBIOFactory(theirs, False, served, clock)
    client.pump = connect(near.buildProtocol(None), far.buildProtocol(None), broker.clock)
    client.transport.write(b"AMQP\x00\x00\x09\x01")
    client.pump.advance(1)
    return client


def _external(client: Client) -> Any:
    """Logs in with the certificate. TLS gathers small writes, which the clock lets go."""
    client.take()
    capabilities = {"capabilities": {"authentication_failure_close": True}}
    client.send(spec.Connection.StartOk(capabilities, "EXTERNAL", "", "en_US"), 0)
    client.pump.advance(1)
    return client.take()[0] if client.received else None


@pytest.fixture
def broker() -> Broker:
    return Broker(clock=Clock(), users={"guest": "guest", "alice": User()})


def test_a_certificate_is_a_credential(broker: Broker, tmp_path: Path) -> None:
    """With a verified certificate, EXTERNAL is offered and logs in the user it names."""
    client = _over_tls(broker, "alice", tmp_path)
    (_, start), *_ = client.received
    answer = _external(client)

    assert "EXTERNAL" in start.mechanisms.decode().split()
    assert isinstance(answer, spec.Connection.Tune)
    assert "alice" == broker.connections[0].user


def test_a_certificate_of_nobody(broker: Broker, tmp_path: Path) -> None:
    """A certificate that names no user is refused: 403."""
    assert 403 == _external(_over_tls(broker, "mallory", tmp_path)).reply_code


def test_no_certificate_no_external(broker: Broker, tmp_path: Path) -> None:
    """Without a certificate, EXTERNAL is neither offered nor taken."""
    client = _over_tls(broker, None, tmp_path)
    (_, start), *_ = client.received
    answer = _external(client)

    assert "EXTERNAL" not in start.mechanisms.decode().split()
    assert answer is None


def test_a_user_without_a_password_has_none() -> None:
    """A user that comes with a certificate cannot log in with an empty password."""
    broker = Broker(clock=Clock(), users={"alice": User()})
    client = Client()
    client.pump = broker.join(client)
    close = client.log_in(user="alice", password="")

    assert 403 == close.reply_code
