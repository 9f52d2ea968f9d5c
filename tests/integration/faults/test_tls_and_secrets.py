# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows E of the matrix: TLS that is to be refused, and secrets that are to stay secret."""

import datetime
import json
import logging
import socket
import ssl
import sys
import threading
import time
import traceback
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
import trustme

from fedora_messaging import api, config, exceptions
from fedora_messaging.message import Message
from rabbitmq import Node
from rabbitmq.certificates import Certificates
from rabbitmq.node import Settings
from support.account import SLACK, Application
from support.programs import Programs
from support.reactor import in_reactor

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

#: Needs percent-encoding in a URL, and is known again in either form.
CANARY = "c4nary/Pa55@word"
FORMS = ("c4nary", "Pa55")

COMMAND = [str(Path(sys.executable).with_name("fedora-messaging"))]


@pytest.fixture(scope="module")
def tls_node(certificates: Certificates) -> Iterator[Node]:
    """A node that listens for TLS, and knows users by password or by certificate."""
    settings = Settings(
        tls=certificates,
        client_certificate="optional",
        plugins=("rabbitmq_auth_mechanism_ssl",),
        conf=(
            "auth_mechanisms.1 = PLAIN",
            "auth_mechanisms.2 = EXTERNAL",
            "ssl_cert_login_from = common_name",
        ),
    )
    with Node(settings) as node:
        node.add_user("canary", CANARY)
        node.set_permissions("canary", vhost="/")
        yield node


@pytest.fixture
def ca(certificates: Certificates, tmp_path: Path) -> str:
    """The file of the authority that the node's certificate is from."""
    return str(certificates.write_client(tmp_path, "guest")[0])


class Server:
    """Accepts TLS connections as it was told to, and then says nothing; for what RabbitMQ does not do.

    Attributes:
        port: Where it listens, on localhost.
        accepted: How many handshakes succeeded.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.accepted = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            client.settimeout(5)
            with suppress(OSError), client, self._context.wrap_socket(client, server_side=True) as wrapped:
                self.accepted += 1
                wrapped.recv(1000)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *exc_info: object) -> None:
        # Closing alone does not wake the thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


def server_context(issued: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return context


def _callback(message: Message) -> None:
    """Never called."""


def refused(
    make_client: Callable[..., api.Client], url: str, tls: dict[str, str]
) -> dict[str, tuple[float, exceptions.ConnectionException]]:
    """Publish and consume, both of which are to be refused within 2 s: how long it took, and the errors."""
    outcomes = {}
    calls: dict[str, Callable[[api.Client], None]] = {
        "publish": lambda client: client.publish(Message(topic="faults.0")),
        "consume": lambda client: client.consume(_callback),
    }
    for name, call in calls.items():
        client = make_client(amqp_url=url, tls=tls, handshake_timeout=60)
        began = time.monotonic()
        with pytest.raises(exceptions.ConnectionException) as raised:
            call(client)
        outcomes[name] = time.monotonic() - began, raised.value
        assert type(raised.value) is exceptions.ConnectionException
        assert str(raised.value).isprintable()
    return outcomes


def check(
    outcomes: dict[str, tuple[float, exceptions.ConnectionException]],
    words: str,
    measured: Callable[..., None],
) -> None:
    measured(**{name: (taken, str(error)) for name, (taken, error) in outcomes.items()})
    for taken, error in outcomes.values():
        assert words in str(error).lower()
        assert taken < 2 + SLACK


def test_e1_wrong_host(client: Any, tmp_path: Path, measured: Callable[..., None]) -> None:
    """A certificate for another host is refused, by name."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with Server(server_context(authority.issue_cert("elsewhere.example"))) as server:
        url = f"amqps://guest:guest@localhost:{server.port}/%2F"
        check(
            refused(client, url, {"ca_cert": str(tmp_path / "ca.pem")}), "not valid for this host", measured
        )


def test_e1_expired(client: Any, tmp_path: Path, measured: Callable[..., None]) -> None:
    """An expired certificate is refused."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    issued = authority.issue_cert("localhost", not_after=yesterday)
    with Server(server_context(issued)) as server:
        url = f"amqps://guest:guest@localhost:{server.port}/%2F"
        check(refused(client, url, {"ca_cert": str(tmp_path / "ca.pem")}), "expired", measured)


def test_e1_tls_1_1(client: Any, tmp_path: Path, measured: Callable[..., None]) -> None:
    """A server that speaks nothing newer than TLS 1.1 is refused, though it does accept clients that do."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = server_context(authority.issue_cert("localhost"))
    old = ssl.create_default_context()
    authority.configure_trust(old)
    for each in (context, old):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            each.minimum_version = each.maximum_version = ssl.TLSVersion.TLSv1_1
        each.set_ciphers("ALL:@SECLEVEL=0")
    with Server(context) as server:
        plain = socket.create_connection(("localhost", server.port), 5)
        with old.wrap_socket(plain, server_hostname="localhost") as wrapped:
            assert "TLSv1.1" == wrapped.version()
        url = f"amqps://guest:guest@localhost:{server.port}/%2F"
        outcomes = refused(client, url, {"ca_cert": str(tmp_path / "ca.pem")})
        assert 1 == server.accepted
    check(outcomes, "version", measured)


def test_e1_other_authority(
    client: Any, tls_node: Node, tmp_path: Path, measured: Callable[..., None]
) -> None:
    """A certificate of an authority that is not trusted is refused: another one, or none but the system's."""
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    for tls in ({"ca_cert": str(other)}, {}):
        check(refused(client, tls_node.url(tls=True), tls), "certificate verify failed", measured)


def test_e1_client_certificate_refused(
    client: Any, tls_node: Node, ca: str, tmp_path: Path, measured: Callable[..., None]
) -> None:
    """A client's certificate that the broker does not trust is a refusal, with the broker's alert."""
    folder = tmp_path / "other"
    folder.mkdir()
    _, key, certificate = Certificates().write_client(folder, "guest")
    tls = {"ca_cert": ca, "keyfile": str(key), "certfile": str(certificate)}
    check(refused(client, tls_node.url(tls=True), tls), "alert", measured)


def test_e1_what_is_right_is_accepted(client: Any, tls_node: Node, ca: str, tmp_path: Path) -> None:
    """With the authority alone the password counts; with certificate and key the certificate's user is
    logged in, whatever the URL says."""
    pair = {"keyfile": str(tmp_path / "client.key"), "certfile": str(tmp_path / "client.pem")}
    client(amqp_url=tls_node.url(tls=True), tls={"ca_cert": ca}).publish(Message(topic="t"), timeout=10)
    nobody = tls_node.url(tls=True, user="nobody", password="wrong")
    client(amqp_url=nobody, tls={"ca_cert": ca, **pair}).publish(Message(topic="t"), timeout=10)
    with pytest.raises(exceptions.ConnectionException, match="ACCESS_REFUSED"):
        client(amqp_url=nobody, tls={"ca_cert": ca}).publish(Message(topic="t"), timeout=10)


def broken(ca: str, folder: Path, node: Node) -> dict[str, tuple[dict[str, str], str]]:
    """Configurations of TLS that cannot be used, and what names them."""
    key, certificate = str(folder / "client.key"), str(folder / "client.pem")
    other = folder / "other.key"
    trustme.CA().issue_cert("guest").private_key_pem.write_to_path(other)
    other.chmod(0o600)  # one that others can read is warned of
    nothing = folder / "nothing.pem"
    nothing.write_text("nothing in here")
    nothing.chmod(0o600)
    return {
        "mismatched key": ({"ca_cert": ca, "keyfile": str(other), "certfile": certificate}, "tls.keyfile"),
        "missing authority": ({"ca_cert": str(folder / "missing")}, "tls.ca_cert"),
        "missing key": ({"keyfile": str(folder / "missing"), "certfile": certificate}, "tls.keyfile"),
        "missing certificate": ({"keyfile": key, "certfile": str(folder / "missing")}, "tls.certfile"),
        "no certificate in it": ({"ca_cert": str(nothing)}, "tls.ca_cert"),
        "no key in it": ({"keyfile": str(nothing), "certfile": certificate}, "tls.keyfile"),
        "half a pair: key": ({"ca_cert": ca, "keyfile": key}, "tls.certfile"),
        "half a pair: certificate": ({"ca_cert": ca, "certfile": certificate}, "tls.keyfile"),
    }


def test_e1_broken_configurations(tls_node: Node, ca: str, tmp_path: Path) -> None:
    """Half a pair, a key of another certificate, a file that is not there: ConfigurationException that names
    the key, and never a login by password."""
    user = {"user": "careful", "password": "careful"}
    tls_node.add_user("careful", "careful")
    tls_node.set_permissions("careful", vhost="/")
    url = tls_node.url(tls=True, **user)
    for name, (tls, words) in broken(ca, tmp_path, tls_node).items():
        values = {"amqp_url": url, "tls": tls}
        with pytest.raises(exceptions.ConfigurationException, match=words.replace(".", r"\.")) as published:
            _publish(values)
        with pytest.raises(exceptions.ConfigurationException, match=words.replace(".", r"\.")) as consumed:
            _consume(values)
        assert str(published.value).isprintable(), name
        assert str(published.value) == str(consumed.value)

    # The first login by password that the broker has seen is one that was meant.
    with api.Client(config.parse({"amqp_url": url, "tls": {"ca_cert": ca}})) as client:
        client.publish(Message(topic="t"), timeout=10)
    until = time.monotonic() + 20
    while "user 'careful' authenticated" not in tls_node.log() and time.monotonic() < until:
        time.sleep(0.1)  # the log is written a little later
    assert 1 == tls_node.log().count("user 'careful' authenticated")


def _publish(values: dict[str, Any]) -> None:
    api.Client(config.parse(values)).publish(Message(topic="t"), timeout=10)


def _consume(values: dict[str, Any]) -> None:
    api.Client(config.parse(values)).consume(_callback)


def test_e1_on_the_command_line(tls_node: Node, ca: str, tmp_path: Path) -> None:
    """TLS that is refused ends `consume` with 14, a broken section with 2, each with one line."""
    folder = tmp_path / "programs"
    folder.mkdir()
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    cases = {"other authority": ({"ca_cert": str(other)}, 14, "certificate verify failed")}
    for name, (tls, words) in broken(ca, tmp_path, tls_node).items():
        cases[name] = tls, 2, words
    programs = Programs(folder, lambda: tls_node.url(tls=True))
    command = [
        *COMMAND,
        "consume",
        "--callback",
        "fedora_messaging.example:printer",
    ]
    try:
        started = {
            name: programs.run(
                command,
                config="[tls]\n" + "".join(f"{key} = {json.dumps(path)}\n" for key, path in tls.items()),
            )
            for name, (tls, _, _) in cases.items()
        }
        for name, program in started.items():
            code = program.ended()
            errors = [line for line in program.errors if line]

            assert (name, cases[name][1]) == (name, code), program.said
            assert 1 == len(errors), program.said
            assert cases[name][2] in errors[0]
    finally:
        programs.close()


class _Everything(logging.Handler):
    """All that anybody logs, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.text = ""
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.text += self.format(record) + "\n"


@pytest.fixture
def logged() -> Iterator[_Everything]:
    """The root logger at its lowest level, and Twisted's log through it."""
    from twisted.logger import STDLibLogObserver, globalLogPublisher

    everything, observer, root = _Everything(), STDLibLogObserver(), logging.getLogger()
    # Other tests in this process may have quietened some loggers.
    loggers = [root, logging.getLogger("pika"), logging.getLogger("fedora_messaging")]
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.setLevel(logging.NOTSET)
        each.propagate = True
    root.addHandler(everything)
    globalLogPublisher.addObserver(cast(Any, observer))
    yield everything
    globalLogPublisher.removeObserver(cast(Any, observer))
    root.removeHandler(everything)
    for each, level, propagate in before:
        each.setLevel(level)
        each.propagate = propagate


def told(error: BaseException) -> str:
    """All that can be read off an exception and what it was raised from."""
    chain: list[BaseException] = []
    each: BaseException | None = error
    while each is not None:
        chain.append(each)
        each = each.__cause__ or each.__context__
    texts = [f"{each} {each!r} {each.args!r} {vars(each)!r}" for each in chain]
    return "\n".join([*texts, *traceback.format_exception(error)])


def test_e2_a_password_is_shown_nowhere(
    tls_node: Node, certificates: Certificates, ca: str, tmp_path: Path, logged: _Everything, client: Any
) -> None:
    """Logs at DEBUG, exceptions, representations, the monitor's pages: none shows a password."""
    texts: list[str] = []
    node = tls_node
    password: dict[str, Any] = {"user": "canary", "password": CANARY}
    good = node.url(**password)
    from fedora_messaging.twisted.monitor import monitor_service
    from rabbitmq.ports import free_port

    port = free_port()
    with Application(good, lambda _: None, monitoring={"metrics": True}) as app:
        app.settled(app.publish(3), 60)
        app.account.wait_for("consumed", lambda: len(app.account.finished) == 3, 60)

        async def look() -> Any:
            monitor: Any = monitor_service(app.service, address="127.0.0.1", port=port)
            monitor.startService()
            texts.extend(
                map(repr, [app.service, app.service.config, app.service.factory, *app.service.consumers])
            )
            connected = await app.service.whenConnected()
            texts.extend(
                [
                    repr(connected),
                    str(connected),
                    repr(connected._impl),
                    repr(app.service.factory.brokers[0].parameters),
                ]
            )
            return monitor

        monitor = in_reactor(look)
        for page in ("live", "ready", "startup", "metrics"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=10) as answer:
                texts.append(answer.read().decode())
        texts.append(app.log)

        async def end() -> None:
            await monitor.stopService()

        in_reactor(end)

    refusals = {
        "bad password": node.url(user="guest", password=CANARY),
        "no such user": node.url(user="nobody", password=CANARY),
        "vhost refused": node.url("nowhere", **password),
        "TLS refused": node.url(tls=True, **password),
    }
    for name, url in refusals.items():
        made = client(amqp_url=url)
        with pytest.raises(exceptions.ConnectionException) as published:
            made.publish(Message(topic="t"), timeout=10)
        with pytest.raises((exceptions.PermissionException, exceptions.ConnectionException)) as consumed:
            made.consume(lambda _: None)
        texts += [name, told(published.value), told(consumed.value)]
    absent = f"amqp://canary:c4nary%2FPa55@localhost:{free_port()}/"
    with pytest.raises(exceptions.PublishTimeout) as timed_out:
        client(amqp_url=absent).publish(Message(topic="t"), timeout=1)
    texts.append(told(timed_out.value))
    for url in (
        "amqp://canary:c4nary%2FPa55@host:99999/",
        "amqp://canary:c4nary%2FPa55@host:port/",
        "amqp://canary:c4nary/Pa55@host",
        "amqp://canary:c4nary%2FPa55@host/?frame_max=1",
        "amqp://canary:c4nary%2FPa55@host/?heartbeat=often",
        "amqp://canary:c4nary%2FPa55@host/?colour=red",
        "http://canary:c4nary%2FPa55@host/",
        "canary:c4nary%2FPa55@host",
        "amqp://canary:c4nary%2FPa55@[host/",
    ):
        values = {"amqp_url": url}
        with pytest.raises(exceptions.ConfigurationException) as raised:
            api.Client(config.parse(values)).publish(Message(topic="t"), timeout=1)
        texts.append(str(raised.value) + repr(raised.value))
    lazy = config.LazyConfig()
    file = tmp_path / "config.toml"
    file.write_text(f"amqp_url = {json.dumps(good)}\n")
    lazy.load_config(str(file))
    texts += [repr(lazy), str(lazy), repr(config.parse(lazy))]
    texts.append(logged.text)
    everything = "\n".join(texts)

    assert "guest" not in CANARY
    for form in FORMS:
        place = everything.find(form)
        assert place < 0, everything[max(place - 400, 0) : place + 100]
    assert "DEBUG" in logged.text


def test_e2_a_password_is_not_printed(tls_node: Node, tmp_path: Path) -> None:
    """The command line shows none either: not `config`, not `consume` when it is refused."""
    folder = tmp_path / "programs"
    folder.mkdir()
    programs = Programs(folder, lambda: tls_node.url(password=CANARY))
    level = '[log_config]\nversion = 1\n[log_config.root]\nlevel = "DEBUG"\nhandlers = ["c"]\n'
    level += '[log_config.handlers.c]\nclass = "logging.StreamHandler"\n'
    try:
        shown = programs.run([*COMMAND, "config"])
        consumed = programs.run(
            [*COMMAND, "consume", "--callback", "fedora_messaging.example:printer"], config=level
        )

        assert 0 == shown.ended(), shown.said
        assert 15 == consumed.ended(), consumed.said
        assert "amqp_url" in shown.said
        for form in FORMS:
            assert form not in shown.said + consumed.said
    finally:
        programs.close()
