# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""AMQP over TLS: certificates on both sides, and everything about them that can be wrong."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging import api, config
from fedora_messaging.exceptions import (
    ConfigurationException,
    ConnectionException,
    HaltConsumer,
    PermissionException,
    PublishTimeout,
)
from rabbitmq import Certificates, Node, Settings
from support.amqp import Amqp
from support.programs import Programs
from support.waiting import until

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.usefixtures("no_unhandled_errors")]

_EXTERNAL = (
    "auth_mechanisms.1 = PLAIN",
    "auth_mechanisms.2 = AMQPLAIN",
    "auth_mechanisms.3 = EXTERNAL",
    "ssl_cert_login_from = common_name",
)


@pytest.fixture(scope="module")
def node(certificates: Certificates) -> Iterator[Node]:
    """A node that speaks TLS, and takes a client's certificate for its login."""
    settings = Settings(
        tls=certificates,
        client_certificate="optional",
        conf=_EXTERNAL,
        plugins=("rabbitmq_auth_mechanism_ssl",),
    )
    with Node(settings) as started:
        yield started


@pytest.fixture
def tls_client(node: Node, no_unhandled_errors: None) -> Iterator[Callable[..., api.Client]]:
    """Makes clients of that node; the arguments are the keys of the section `tls`, and a URL."""
    with ExitStack() as clients:

        def make(url: str | None = None, **tls: Any) -> api.Client:
            values = {"amqp_url": url or node.url(tls=True), "tls": {k: str(v) for k, v in tls.items()}}
            return clients.enter_context(api.Client(config.parse(values)))

        yield make


def _message() -> api.Message:
    return api.Message(topic="tls", body={})


def _only(node: Node) -> tuple[str, str, str, str]:
    """User, mechanism, TLS and its version of the only connection, once those of other tests have gone."""
    found: list[dict[str, Any]] = []

    def alone() -> bool:
        found[:] = node.rows("list_connections", "user", "auth_mechanism", "ssl", "ssl_protocol")
        return len(found) == 1

    until(alone, what=lambda: found)
    (row,) = found
    return row["user"], row["auth_mechanism"], str(row["ssl"]), row["ssl_protocol"]


def _halt(message: api.Message) -> None:
    raise HaltConsumer


def test_a_password_over_tls(
    tls_client: Callable[..., api.Client], certificates: Certificates, node: Node, tmp_path: Path
) -> None:
    """With the authority's certificate a client publishes and consumes over TLS 1.2 or later."""
    ca, _, _ = certificates.write_client(tmp_path)
    client = tls_client(ca_cert=ca)
    with Amqp(node.url()) as amqp:
        amqp.queue("q", "tls")
    client.publish(_message())
    connection = _only(node)
    with pytest.raises(HaltConsumer):
        client.consume(_halt, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["tls"]})

    assert ("guest", "PLAIN", "True") == connection[:3]
    assert connection[3] in ("tlsv1.2", "tlsv1.3")


@pytest.mark.parametrize("first", ["amqp", "amqps"])
def test_a_list_of_both_kinds(
    node: Node, certificates: Certificates, first: str, no_unhandled_errors: None, tmp_path: Path
) -> None:
    """In a list with and without TLS each broker is spoken to as its URL says, whichever answers."""
    ca, _, _ = certificates.write_client(tmp_path)
    plain, secure = node.url(), node.url(tls=True)
    away = {"amqp": secure.replace("amqps:", "amqp:"), "amqps": plain.replace("amqp:", "amqps:")}[first]
    values = {
        "amqp_url": [away, secure if first == "amqp" else plain],
        "failover": "in-order",
        "tls": {"ca_cert": str(ca)},
    }
    with api.Client(config.parse(values)) as client:
        client.publish(_message(), timeout=30)


@pytest.mark.parametrize("intermediate", [False, True])
def test_a_certificate_is_the_login(
    tls_client: Callable[..., api.Client],
    certificates: Certificates,
    node: Node,
    tmp_path: Path,
    intermediate: bool,
) -> None:
    """With certificate and key the login is EXTERNAL; authorities in between are sent along."""
    ca, key, certificate = certificates.write_client(tmp_path, "guest", intermediate=intermediate)
    client = tls_client(
        node.url(tls=True, user="nobody", password="wrong"), ca_cert=ca, keyfile=key, certfile=certificate
    )
    client.publish(_message())

    assert ("guest", "EXTERNAL", "True") == _only(node)[:3]


def test_a_certificate_of_nobody_is_refused(
    tls_client: Callable[..., api.Client], certificates: Certificates, tmp_path: Path
) -> None:
    """The certificate of a user whom the broker does not know is refused like a wrong password."""
    ca, key, certificate = certificates.write_client(tmp_path, "stranger")
    client = tls_client(ca_cert=ca, keyfile=key, certfile=certificate)
    with pytest.raises(ConnectionException, match="403 ACCESS_REFUSED") as caught:
        client.publish(_message())
    with pytest.raises(PermissionException, match="403 ACCESS_REFUSED"):
        client.consume(_halt)

    assert not isinstance(caught.value, PublishTimeout)


def _refused(client: api.Client) -> str:
    """Both directions are refused at once, with one line; returns it."""
    with pytest.raises(ConnectionException) as published:
        client.publish(_message())
    with pytest.raises(ConnectionException) as consumed:
        client.consume(_halt)
    assert not isinstance(published.value, PublishTimeout)
    assert str(published.value) == str(consumed.value)
    assert "\n" not in str(published.value)
    return str(published.value)


def test_another_authority_is_refused(tls_client: Callable[..., api.Client], tmp_path: Path) -> None:
    """A broker whose certificate is of an authority that is not trusted is refused, with the cause."""
    ca, _, _ = Certificates().write_client(tmp_path)

    assert "certificate verify failed" in _refused(tls_client(ca_cert=ca))
    assert "certificate verify failed" in _refused(tls_client())


def test_another_host_is_refused(
    tls_client: Callable[..., api.Client], own_node: Callable[..., Node], tmp_path: Path
) -> None:
    """A certificate of a trusted authority for another host name is refused."""
    others = Certificates("elsewhere.example")
    ca, _, _ = others.write_client(tmp_path)
    elsewhere = own_node(tls=others)

    assert "not valid for this host" in _refused(tls_client(elsewhere.url(tls=True), ca_cert=ca))
    by_address = elsewhere.url(tls=True).replace("@localhost:", "@127.0.0.1:")
    assert "not valid for this host" in _refused(tls_client(by_address, ca_cert=ca))


def test_the_address_of_the_certificate_is_accepted(
    tls_client: Callable[..., api.Client], certificates: Certificates, node: Node, tmp_path: Path
) -> None:
    """A certificate may be for an address."""
    ca, _, _ = certificates.write_client(tmp_path)
    tls_client(node.url(tls=True).replace("@localhost:", "@127.0.0.1:"), ca_cert=ca).publish(_message())


def test_a_broker_without_tls_is_refused(
    tls_client: Callable[..., api.Client], certificates: Certificates, node: Node, tmp_path: Path
) -> None:
    """amqps at a port that speaks plain AMQP is an error of TLS."""
    ca, _, _ = certificates.write_client(tmp_path)
    url = node.url(tls=True).replace(f":{node.tls_port}/", f":{node.port}/")

    assert "TLS failed" in _refused(tls_client(url, ca_cert=ca))


@pytest.mark.parametrize("only", ["keyfile", "certfile"])
def test_half_a_pair_is_refused(certificates: Certificates, tmp_path: Path, only: str) -> None:
    """A key without its certificate, or the reverse, is a ConfigurationException, never a password login."""
    ca, key, certificate = certificates.write_client(tmp_path)
    files = {"keyfile": str(key), "certfile": str(certificate)}
    with pytest.raises(ConfigurationException, match=r"keyfile|certfile"):
        config.parse({"amqp_url": "amqps://localhost", "tls": {"ca_cert": str(ca), only: files[only]}})


@pytest.mark.parametrize("name", ["ca_cert", "keyfile", "certfile"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_unusable_files_are_refused(
    tls_client: Callable[..., api.Client],
    certificates: Certificates,
    tmp_path: Path,
    name: str,
    content: bytes | None,
) -> None:
    """A file that is missing or holds nothing of use is a ConfigurationException that names key and file."""
    ca, key, certificate = certificates.write_client(tmp_path)
    bad = tmp_path / "bad.pem"
    if content is not None:
        bad.write_bytes(content)
    files = {"ca_cert": ca, "keyfile": key, "certfile": certificate, name: bad}
    with pytest.raises(ConfigurationException, match=rf"tls\.{name}.*bad\.pem"):
        tls_client(**files).publish(_message())


def test_a_key_of_another_certificate_is_refused(
    tls_client: Callable[..., api.Client], certificates: Certificates, tmp_path: Path
) -> None:
    """Key and certificate must belong together."""
    (tmp_path / "other").mkdir()
    _, other_key, _ = certificates.write_client(tmp_path / "other")
    ca, _, certificate = certificates.write_client(tmp_path)
    with pytest.raises(ConfigurationException, match="does not belong"):
        tls_client(ca_cert=ca, keyfile=other_key, certfile=certificate).publish(_message())


_PUBLISH = """
from fedora_messaging import api
api.publish(api.Message(topic="t", body={}))
print("published")
"""


def test_a_script_takes_tls_from_its_file(
    programs: Programs, certificates: Certificates, node: Node, tmp_path: Path
) -> None:
    """The section `tls` of the configuration file is all that a script needs; it ends by itself."""
    ca, key, certificate = certificates.write_client(tmp_path)
    section = f'[tls]\nca_cert = "{ca}"\nkeyfile = "{key}"\ncertfile = "{certificate}"\n'
    program = programs.start(_PUBLISH, url=node.url(tls=True), config=section)

    assert 0 == program.ended(), program.said
    assert ["published"] == program.lines
    assert [] == program.errors
