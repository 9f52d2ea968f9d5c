# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Connecting to RabbitMQ: names and addresses, refusals in one line, limits, and secrets that expire."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pika
import pytest

from fedora_messaging import exceptions
from fedora_messaging.message import Message
from rabbitmq import Node, Vhost
from rabbitmq.certificates import Certificates
from rabbitmq.node import Settings
from support.programs import Program, Programs
from support.reactor import in_reactor, outcome
from support.waiting import until

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

COMMAND = str(Path(sys.executable).with_name("fedora-messaging"))
PASSWORD = "canary-8Kw3"


@contextmanager
def listening(family: socket.AddressFamily, address: str, port: int) -> Iterator[int]:
    """Passes connections to this address on to a port of 127.0.0.1; gives its own port."""
    server = socket.socket(family)
    server.bind((address, 0))
    server.listen()
    open_sockets: list[socket.socket] = [server]

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            open_sockets.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(server.getsockname()[1])
    finally:
        for each in open_sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@contextmanager
def resolving(name: str, *addresses: str) -> Iterator[None]:
    """The reactor's resolver finds these addresses for a name."""
    from twisted.internet import reactor as global_reactor
    from twisted.internet.address import IPv4Address, IPv6Address
    from twisted.internet.interfaces import IHostnameResolver
    from zope.interface import implementer

    reactor: Any = global_reactor

    @implementer(IHostnameResolver)
    class Resolver:
        def resolveHostName(self, receiver: Any, host: str, port: int = 0, *more: Any) -> Any:
            if host != name:
                return before.resolveHostName(receiver, host, port, *more)
            receiver.resolutionBegan(self)
            for address in addresses:
                kind = IPv6Address if ":" in address else IPv4Address
                receiver.addressResolved(kind("TCP", address, port))
            receiver.resolutionComplete()
            return self

    before = reactor.installNameResolver(Resolver())
    try:
        yield
    finally:
        reactor.installNameResolver(before)


def _service(url: str, **keys: Any) -> Any:
    from fedora_messaging.config import parse
    from fedora_messaging.twisted.service import FedoraMessagingService

    return FedoraMessagingService(None, config=parse({"amqp_url": url, "queues": {}, "bindings": [], **keys}))


async def _publish_once(url: str, authority: Path | None = None) -> Any:
    service = _service(url, **({} if authority is None else {"tls": {"ca_cert": str(authority)}}))
    service.startService()
    result = await outcome(service.publish(Message(topic="t"), timeout=20))
    await service.stopService()
    return result


def _url(vhost: Vhost, host: str, port: int) -> str:
    return f"amqp://guest:guest@{host}:{port}/{vhost.name}"


@pytest.mark.needs_ipv6
def test_a_name_with_an_ipv6_address_only(vhost: Vhost) -> None:
    """A broker whose name has only an IPv6 address is published to."""
    with listening(socket.AF_INET6, "::1", vhost.node.port) as port, resolving("six.example", "::1"):
        assert in_reactor(_publish_once, _url(vhost, "six.example", port)) is None


@pytest.mark.needs_ipv6
def test_an_ipv6_address(vhost: Vhost) -> None:
    """A broker is published to by an IPv6 address that the URL has in brackets."""
    with listening(socket.AF_INET6, "::1", vhost.node.port) as port:
        assert in_reactor(_publish_once, _url(vhost, "[::1]", port)) is None


@pytest.mark.parametrize("first", ["127.0.0.2", "::1", "192.0.2.1"])
def test_a_name_whose_first_address_is_dead(vhost: Vhost, first: str) -> None:
    """The second address is reached, whether the first refuses or says nothing."""
    with resolving("two.example", first, "127.0.0.1"):
        assert in_reactor(_publish_once, _url(vhost, "two.example", vhost.node.port)) is None


def test_a_name_that_is_unknown(vhost: Vhost, caplog: pytest.LogCaptureFixture) -> None:
    """The log names host, port, user, virtual host, cause and next try of a host that is unknown, without the
    password; the error of the publish does so, too, but for the cause."""
    url = f"amqp://ann:{PASSWORD}@nowhere.invalid:5/{vhost.name}"

    async def scenario() -> Any:
        service = _service(url)
        service.startService()
        result = await outcome(service.publish(Message(topic="t"), timeout=2))
        await service.stopService()
        return result

    with resolving("nowhere.invalid"):
        error = in_reactor(scenario)
    lines = [line for line in caplog.messages if "Not connected" in line]

    assert isinstance(error, exceptions.PublishTimeout)
    for words in ("nowhere.invalid:5", "'ann'", repr(vhost.name), "host name cannot be resolved"):
        assert words in lines[0]
        assert words in str(error) or words.startswith("host name")
    assert "Next try in" in lines[0]
    assert PASSWORD not in caplog.text + str(error)


@pytest.fixture(scope="module")
def tls_node() -> Iterator[tuple[Node, Certificates]]:
    """A node that listens for TLS with a certificate for names and addresses, and offers passwords only."""
    certificates = Certificates("localhost", "127.0.0.1", "::1", "two.example")
    with Node(Settings(tls=certificates, client_certificate="optional")) as node:
        yield node, certificates


@pytest.mark.needs_ipv6
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "two.example"])
def test_tls_by_name_and_by_address(tls_node: tuple[Node, Certificates], tmp_path: Path, host: str) -> None:
    """The certificate is checked against the host of the URL, whatever address is connected to."""
    node, certificates = tls_node
    certificates.write_client(tmp_path)
    with (
        listening(socket.AF_INET6, "::1", node.tls_port) as six,
        resolving("two.example", "127.0.0.2", "127.0.0.1"),
    ):
        url = f"amqps://guest:guest@{host}:{six if host == '[::1]' else node.tls_port}"

        assert in_reactor(_publish_once, url, tmp_path / "ca.pem") is None


@pytest.mark.parametrize("host", ["other.example", "127.0.0.3"])
def test_tls_of_another_host(tls_node: tuple[Node, Certificates], tmp_path: Path, host: str) -> None:
    """A certificate for other names and addresses is refused, and host and cause are named."""
    node, certificates = tls_node
    certificates.write_client(tmp_path)
    with (
        listening(socket.AF_INET, "127.0.0.3", node.tls_port) as three,
        resolving("other.example", "127.0.0.1"),
    ):
        port = three if host == "127.0.0.3" else node.tls_port
        url = f"amqps://guest:guest@{host}:{port}"
        error = in_reactor(_publish_once, url, tmp_path / "ca.pem")

    assert isinstance(error, exceptions.ConnectionException)
    assert f"no connection to {host}:{port} over TLS" in str(error)
    assert "not valid for this host" in str(error)


def _run(programs: Programs, command: str, url: str, config: str = "") -> Program:
    folder = programs._folder
    (folder / "callback.py").write_text("def callback(message):\n    pass\n")
    line: dict[str, Any] = {"topic": "t", "body": {}, "id": "x", "headers": {}, "queue": None}
    (folder / "messages.json").write_text(json.dumps(line) + "\n")
    arguments = (
        ["consume", "--callback-file", "callback.py:callback"]
        if command == "consume"
        else ["publish", "messages.json"]
    )
    return programs.run([COMMAND, *arguments], url=url, config=config)


def _once(program: Program, command: str, code: int) -> str:
    """The one line that it said of the reason when it ended."""
    assert (code if command == "consume" else 111) == program.ended(), program.said
    lines = [each for each in [*program.lines, *program.errors] if "not published; 0 messages" not in each]
    lines = [each for each in lines if each]
    assert 1 == len(lines), program.said
    return lines[0]


@pytest.mark.parametrize("command", ["consume", "publish"])
def test_a_wrong_password(vhost: Vhost, programs: Programs, command: str) -> None:
    """One line with host, virtual host, user, the broker's words and what to check."""
    url = vhost.node.url(vhost.name, password=PASSWORD)
    line = _once(_run(programs, command, url), command, 15)

    for words in (
        "Login was refused using authentication mechanism PLAIN; check the user name and the password",
        f"127.0.0.1:{vhost.node.port}",
        f"virtual host {vhost.name!r}",
        "user 'guest'",
        "amqp_url in ",
    ):
        assert words in line
    assert PASSWORD not in line
    assert ".." not in line


@pytest.mark.parametrize("command", ["consume", "publish"])
def test_a_virtual_host_that_is_not_there(vhost: Vhost, programs: Programs, command: str) -> None:
    """A command says in one line that the virtual host is not there."""
    line = _once(_run(programs, command, vhost.node.url("nowhere")), command, 15)

    assert "vhost nowhere not found; check the virtual host" in line


@pytest.mark.parametrize("command", ["consume", "publish"])
def test_tls_and_plain_mixed_up(
    tls_node: tuple[Node, Certificates], programs: Programs, command: str
) -> None:
    """Both ways round the line asks for the other scheme."""
    node, certificates = tls_node
    certificates.write_client(programs._folder)
    tls = f'[tls]\nca_cert = "{programs._folder}/ca.pem"\n'
    to_plain = _run(programs, command, f"amqps://guest:guest@localhost:{node.port}", tls)
    to_tls = _run(programs, command, f"amqp://guest:guest@localhost:{node.tls_port}")

    assert "the peer does not speak TLS: is it amqp://?" in _once(to_plain, command, 14)
    assert "the peer speaks TLS, not plain AMQP: is it amqps://?" in _once(to_tls, command, 14)


@pytest.mark.parametrize("command", ["consume", "publish"])
def test_a_login_by_certificate_that_the_broker_does_not_offer(
    tls_node: tuple[Node, Certificates], programs: Programs, command: str
) -> None:
    """EXTERNAL on a broker with passwords only ends at once, with the cause in one line."""
    node, certificates = tls_node
    authority, key, certificate = certificates.write_client(programs._folder)
    tls = f'[tls]\nca_cert = "{authority}"\nkeyfile = "{key}"\ncertfile = "{certificate}"\n'
    program = _run(programs, command, f"amqps://localhost:{node.tls_port}", tls)
    line = _once(program, command, 15)

    assert "log in by EXTERNAL, and the broker offers only " in line
    assert "PLAIN" in line


def test_the_broker_shows_client_properties(vhost: Vhost) -> None:
    """Every type that AMQP has arrives as it is."""
    import datetime

    properties = {
        "app": f"shown-in-{vhost.name}",
        "float": 1.5,
        "large": 2**63 - 1,
        "negative": -(2**40),
        "when": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
        "yes": True,
        "list": [1, "a", [2.5]],
        "table": {"a": {"b": "c"}},
    }

    async def connected() -> Any:
        service = _service(vhost.url, client_properties=properties)
        service.startService()
        await service.whenConnected()
        return service

    service = in_reactor(connected)
    shown = vhost.node.rabbitmqctl("list_connections", "client_properties")
    in_reactor(lambda: _stopped(service))
    (line,) = [each for each in shown.splitlines() if f"shown-in-{vhost.name}" in each]

    for words in (
        '{"float",1.5}',
        f'{{"large",{2**63 - 1}}}',
        f'{{"negative",{-(2**40)}}}',
        '{"when",1577836800}',
        '{"yes",true}',
        '{"list",[1,"a",[2.5]]}',
        '{"table",[{"a",[{"b","c"}]}]}',
    ):
        assert words in line


async def _stopped(service: Any) -> None:
    await service.stopService()


def test_an_exclusive_queue_that_an_old_connection_holds(
    vhost: Vhost, caplog: pytest.LogCaptureFixture
) -> None:
    """RESOURCE_LOCKED at the first start passes: the consumer waits, and consumes when the queue is free."""
    old = pika.BlockingConnection(pika.URLParameters(vhost.url))
    old.channel().queue_declare("mine", exclusive=True)
    queues = {"mine": {"exclusive": True, "durable": False, "auto_delete": False, "arguments": {}}}

    async def started() -> Any:
        service = _service(vhost.url, queues=queues, reconnect={"base": 0.2, "cap": 0.5})
        consuming = service.consume(lambda message: None)
        service.startService()
        return service, consuming

    service, consuming = in_reactor(started)
    until(lambda: caplog.text.count("RESOURCE_LOCKED") > 1)
    early = consuming.called
    old.close()

    async def finish() -> Any:
        consumers = await consuming
        await service.stopService()
        return consumers[0].queue

    assert not early
    assert "mine" == in_reactor(finish)


def test_more_queues_than_channels(vhost: Vhost, programs: Programs) -> None:
    """channel_max=1 and two queues: exit code 10, and the limit is named."""
    url = f"{vhost.url}?channel_max=1"
    program = _run(programs, "consume", url, "[queues.a]\n[queues.b]\n")

    assert 10 == program.ended()
    assert "channel_max is 1, amqp_url says so" in program.said


def test_a_limit_of_connections_passes(vhost: Vhost) -> None:
    """A virtual host that is full is waited for."""
    vhost.node.rabbitmqctl("set_vhost_limits", "-p", vhost.name, '{"max-connections": 0}')

    async def started() -> Any:
        service = _service(vhost.url, reconnect={"base": 0.2, "cap": 0.5})
        service.startService()
        return service, service.publish(Message(topic="t"), timeout=30)

    service, publishing = in_reactor(started)
    vhost.node.rabbitmqctl("set_vhost_limits", "-p", vhost.name, '{"max-connections": -1}')

    async def finish() -> Any:
        result = await outcome(publishing)
        await service.stopService()
        return result

    assert in_reactor(finish) is None


def test_a_new_secret(vhost: Vhost) -> None:
    """RabbitMQ's own user database takes any new secret on open connections, which stay open; the next ones
    log in with it."""
    node = vhost.node
    user = f"expiring-{vhost.name}"
    node.add_user(user, PASSWORD)
    node.set_permissions(user, vhost.name, ".*", ".*", ".*")

    async def scenario(change: Callable[[], Any]) -> Any:
        from twisted.internet.threads import deferToThread

        service = _service(
            node.url(vhost.name, user=user, password=PASSWORD), queues={"q": {"durable": True}}
        )
        consuming = service.consume(lambda message: None)
        service.startService()
        await consuming
        await service.publish(Message(topic="t"))
        first = await service.factory.when_connected()
        await deferToThread(change)
        updated = await service.update_secret("new-secret", "rotated")
        still_open = first.alive
        closed = first.closed
        first.abort("a test")
        await outcome(closed)
        second = await service.factory.when_connected()
        alive = second is not first and second.alive
        await service.stopService()
        return updated, still_open, alive

    assert (None, True, True) == in_reactor(
        scenario, lambda: node.rabbitmqctl("change_password", user, "new-secret")
    )
