# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging broker``: a broker to play with."""

import re
import signal
import socket
from pathlib import Path

import pika
import pytest

from rabbitmq.certificates import Certificates
from support.programs import Program, Programs

BROKER = "from fedora_messaging.cli import main; main()"


def url_of(broker: Program) -> str:
    """The URL that it prints."""
    found = re.search(r"amqps?://\S+", broker.wait_for("emulated at"))
    assert found is not None
    return found[0]


def test_it_serves_and_ends_by_a_signal(programs: Programs) -> None:
    """It prints its URL, logs a line for each connection, and ends with 0 at SIGINT."""
    broker = programs.start(BROKER, "broker", "--port", 0)
    with pika.BlockingConnection(pika.URLParameters(url_of(broker))) as connection:
        channel = connection.channel()
        channel.queue_declare("q", durable=True)
        channel.basic_publish("", "q", b"hello")

        assert b"hello" == channel.basic_get("q")[2]
    broker.wait_for("user guest, vhost /")
    broker.signal(signal.SIGINT)
    assert 0 == broker.ended()


def test_it_emulates_the_older_release(programs: Programs) -> None:
    """--emulate 3.10 behaves as that release."""
    broker = programs.start(BROKER, "broker", "--port", 0, "--emulate", "3.10")
    with pika.BlockingConnection(pika.URLParameters(url_of(broker))) as connection:
        properties = connection._impl.server_properties
    assert properties is not None
    version = properties["version"]

    assert str(version).startswith("3.10")


def test_it_serves_tls(programs: Programs, certificates: Certificates, tmp_path: Path) -> None:
    """With a certificate and its key it serves TLS."""
    certificates.write(tmp_path)
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    broker = programs.start(BROKER, "broker", "--port", 0, "--tls-cert", certificate, "--tls-key", key)
    url = url_of(broker)
    parameters = pika.URLParameters(url)
    parameters.ssl_options = pika.SSLOptions(certificates.client_context(), "127.0.0.1")
    with pika.BlockingConnection(parameters) as connection:
        assert connection.is_open

    assert url.startswith("amqps://")


def test_a_port_in_use(programs: Programs) -> None:
    """It says in one line that the port is taken, and exits with 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        broker = programs.start(BROKER, "broker", "--port", port)

        assert 1 == broker.ended()
    assert [f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use"] == broker.errors


def test_it_serves_the_users_it_is_given(programs: Programs) -> None:
    """Users have their rights in each virtual host, guest is not there, and no password is shown."""
    broker = programs.start(
        BROKER, "broker", "--port", 0, "--vhost", "/", "--vhost", "test",
        "--user", "admin:canary1", "--user", "bob:canary2:^bob:^bob:^bob",
    )  # fmt: skip
    url = url_of(broker)
    parameters = pika.URLParameters(url.replace("admin@", "admin:canary1@"))
    found: list[int | None] = []
    for name, password, vhost, queue in (
        ("admin", "canary1", "/", "any"),
        ("bob", "canary2", "test", "bob.q"),
        ("bob", "canary2", "test", "other"),
        ("bob", "wrong", "test", "bob.q"),
        ("guest", "guest", "/", "any"),
    ):
        parameters.credentials = pika.PlainCredentials(name, password)
        parameters.virtual_host = vhost
        try:
            with pika.BlockingConnection(parameters) as connection:
                connection.channel().queue_declare(queue, durable=True)
            found.append(0)
        except pika.exceptions.ChannelClosedByBroker as error:
            found.append(error.reply_code)
        except pika.exceptions.AMQPConnectionError:
            found.append(None)
    broker.signal(signal.SIGINT)

    assert 0 == broker.ended()
    assert [0, 0, 403, None, None] == found
    assert "amqp://admin@127.0.0.1" in url
    assert "canary" not in str(broker.lines) + str(broker.errors)


@pytest.mark.parametrize("options", [("--tls-cert", "a"), ("--port", "x"), ("--emulate", "2.0")])
def test_wrong_usage(programs: Programs, options: tuple[str, ...]) -> None:
    """Options that cannot be are wrong usage: exit code 2."""
    assert 2 == programs.start(BROKER, "broker", *options).ended()
