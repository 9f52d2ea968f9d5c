# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Both implementations on TLS with client certificates, which are their only credentials."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from interop.conftest import Side
from interop.test_directions import FIELDS, each_direction, travelled, without_queue

from rabbitmq import Certificates, Installation, Node, Settings
from support.amqp import Amqp

pytestmark = pytest.mark.fedora_messaging_real_broker


@pytest.fixture(scope="module")
def secure(certificates: Certificates, installation: Installation) -> Iterator[Node]:
    """A node that takes the name in a client's certificate for the user, and wants no password."""
    settings = Settings(
        plugins=("rabbitmq_auth_mechanism_ssl",),
        conf=(
            "auth_mechanisms.1 = EXTERNAL",
            "auth_mechanisms.2 = PLAIN",
            "ssl_cert_login_from = common_name",
        ),
        tls=certificates,
        client_certificate="required",
    )
    with Node(settings, installation=installation) as node:
        node.add_user("interop", "known to nobody")
        node.set_permissions("interop", "/")
        yield node


@pytest.fixture
def amqp(secure: Node) -> Iterator[Amqp]:
    """A third client, without TLS."""
    with Amqp(secure.url()) as connected:
        yield connected


@each_direction
def test_client_certificates(
    publisher: str,
    consumer: str,
    sides: dict[str, Side],
    secure: Node,
    certificates: Certificates,
    amqp: Amqp,
    tmp_path: Path,
) -> None:
    """Both log in with the certificate of the configuration, and what is received is what was sent."""
    authority, key, certificate = certificates.write_client(tmp_path, "interop")
    tls = {"ca_cert": authority, "keyfile": key, "certfile": certificate}
    config = "[tls]\n" + "".join(f"{name} = {json.dumps(str(path))}\n" for name, path in tls.items())

    sent, received = travelled(
        sides[publisher],
        sides[consumer],
        amqp,
        tmp_path,
        list(FIELDS.values()),
        url=f"amqps://localhost:{secure.tls_port}/%2F",
        config=config,
    )

    assert [without_queue(each) for each in sent] == [without_queue(each) for each in received]
    assert "user 'interop' authenticated and granted access" in secure.log()
