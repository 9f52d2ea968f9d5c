# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``check``: the first mistakes are found by name, and the remedy that it names works when it is followed."""

import json
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click
import pika
import pytest
import trustme
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLContextFactory
from zope.interface import implementer

from fedora_messaging import check
from fedora_messaging.broker import Broker
from fedora_messaging.check import Finding
from rabbitmq import Node, Vhost
from rabbitmq.ports import free_port
from support.amqp import Amqp
from support.programs import Programs
from support.reactor import in_reactor
from support.terminal import on_a_terminal

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

_BROKER_STAGES = [each for each in check.STAGES if each not in ("schemas", "callback", *check.OPTIONAL)]


def run(config: dict[str, Any], *more: str) -> list[Finding]:
    """The findings about a configuration, but for what is installed."""

    async def checked() -> list[Finding]:
        return await check.run(config, [*_BROKER_STAGES, *more], timeout=30)

    return in_reactor(checked)


def problem_in(findings: list[Finding]) -> Finding:
    """The one problem among findings."""
    found = [each for each in findings if each.level == "problem"]
    assert 1 == len(found), found
    return found[0]


def stages_of(findings: list[Finding]) -> list[str]:
    return list(dict.fromkeys(each.stage for each in findings))


def without_problem(config: dict[str, Any], *more: str) -> None:
    findings = run(config, *more)
    assert [] == [each for each in findings if each.level == "problem"]


@pytest.fixture
def config(vhost: Vhost) -> dict[str, Any]:
    """A configuration that works."""
    return {"amqp_url": vhost.url}


def test_all_is_well(config: dict[str, Any], amqp: Amqp) -> None:
    """Each stage is passed; a queue is described, and what was sent on request is seen by others."""
    amqp.queue("mine", "fedora_messaging.check")
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "exclusive": False}}
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["#"]}]
    findings = run(config)

    assert {"ok"} == {each.level for each in findings}, findings
    assert [each for each in _BROKER_STAGES if each not in ("DNS", "TLS")] == stages_of(findings)
    assert "mine: 0 messages, 0 consumers" in [each.text for each in findings]

    findings = run(config, "publish")
    assert "one message with the topic fedora_messaging.check was confirmed" == findings[-1].text
    assert ["fedora_messaging.check"] == [each.topic for each in amqp.take("mine")]


def test_messages_that_wait(config: dict[str, Any], amqp: Amqp) -> None:
    """Messages in a queue that nobody consumes from are a warning."""
    amqp.queue("mine", "a")
    amqp.publish("a")
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["a"]}]
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "exclusive": False}}
    (warning,) = [each for each in run(config) if each.level == "warning"]

    assert ("queues", "mine: 1 message, 0 consumers") == (warning.stage, warning.text)
    assert 1 == len(amqp.take("mine"))


# The first mistakes


def test_wrong_host(config: dict[str, Any]) -> None:
    """A name without an address ends the check at DNS."""
    right = config["amqp_url"]
    config["amqp_url"] = re.sub(r"@[^:]+:", "@rabbitmq.invalid:", right)
    findings = run(config)
    found = problem_in(findings)

    assert ("DNS", "rabbitmq.invalid: no address is known") == (found.stage, found.text)
    assert found.fix.startswith("correct the host in amqp_url")
    assert found.fix.endswith("nothing after this was tried")
    assert found == findings[-1]
    without_problem({"amqp_url": right})


def test_wrong_port(config: dict[str, Any]) -> None:
    """A port where nothing listens is named with the usual one."""
    right = config["amqp_url"]
    config["amqp_url"] = re.sub(r":\d+/", f":{free_port()}/", right)
    found = problem_in(run(config))

    assert "TCP" == found.stage
    assert "nothing listens at the broker's address" in found.text
    assert "correct host and port in amqp_url (the usual port is 5672)" in found.fix
    without_problem({"amqp_url": right})


def test_wrong_scheme(config: dict[str, Any]) -> None:
    """amqps where no TLS is spoken."""
    config["amqp_url"] = config["amqp_url"].replace("amqp://", "amqps://")
    found = problem_in(run(config))

    assert "TLS" == found.stage
    assert "does not speak TLS" in found.text
    scheme = re.match(r"write (amqp://) in amqp_url", found.fix)
    assert scheme is not None
    without_problem({"amqp_url": config["amqp_url"].replace("amqps://", scheme[1])})


def test_wrong_password(config: dict[str, Any], vhost: Vhost) -> None:
    """The password is refused, not shown, and changing it on the broker helps."""
    user = f"checked-{vhost.name}"
    vhost.node.add_user(user, "old")
    vhost.node.set_permissions(user, vhost.name)
    config["amqp_url"] = vhost.url.replace("guest:guest@", f"{user}:canary@")
    findings = run(config)
    found = problem_in(findings)

    assert "login" == found.stage
    assert "ACCESS_REFUSED" in found.text
    assert "canary" not in repr(findings)
    command = re.search(r"rabbitmqctl (change_password \S+) PASSWORD", found.fix)
    assert command is not None
    assert f"change_password {user}" == command[1]
    vhost.node.rabbitmqctl(*command[1].split(), "canary")
    without_problem(config)


def typed(node: Node, fix: str, words: str) -> None:
    """Type the command of rabbitmqctl that a remedy names, and that begins with these words."""
    command = re.search(rf"rabbitmqctl ({words}[^;]*)", fix)
    assert command is not None, fix
    node.rabbitmqctl(*shlex.split(command[1]))


def test_wrong_vhost(config: dict[str, Any], vhost: Vhost) -> None:
    """A virtual host that is not there, and one that the user has no rights in: both commands help."""
    user, gone = f"stranger-{vhost.name}", f"{vhost.name}-gone"
    vhost.node.add_user(user, "secret")
    config["amqp_url"] = vhost.url.replace("guest:guest@", f"{user}:secret@") + "-gone"
    found = problem_in(run(config))
    assert "vhost" == found.stage
    try:
        typed(vhost.node, found.fix, f"add_vhost {gone}")
        found = problem_in(run(config))
        assert "vhost" == found.stage
        typed(vhost.node, found.fix, f"set_permissions -p {gone} {user}")
        without_problem(config)
    finally:
        vhost.node.rabbitmqctl("delete_vhost", gone)


def test_key_typo(config: dict[str, Any]) -> None:
    """All unknown keys are named with the likely ones, and the rest is checked all the same."""
    findings = run({**config, "amqp_urll": "x", "qos": {"prefetch": 5}})
    problems = [each for each in findings if each.level == "problem"]

    assert [
        ("the configuration: amqp_urll: unknown key", "write amqp_url, or remove it"),
        (
            "the configuration: qos.prefetch: unknown key",
            "write prefetch_size or prefetch_count, or remove it",
        ),
    ] == [(each.text, each.fix) for each in problems]
    assert "rights" == findings[-1].stage
    written = re.match(r"write (\w+), or remove it", problems[0].fix)
    assert written is not None
    without_problem({written[1]: config["amqp_url"]})


def test_missing_exchange(config: dict[str, Any]) -> None:
    """One that nobody declares is a problem; one that the consumer declares is not."""
    config["publish_exchange"] = "shop"
    found = problem_in(run(config))

    assert "exchanges" == found.stage
    assert "no exchange 'shop'" in found.text
    assert "a section [exchanges.shop]" in found.fix
    config["exchanges"] = {"shop": {"type": "topic"}}
    without_problem(config)
    without_problem(config, "declare")
    assert "NOT_FOUND" not in problem_free_text(run(config, "declare"))


def problem_free_text(findings: list[Finding]) -> str:
    return " ".join(each.text for each in findings)


def test_missing_rights(config: dict[str, Any], vhost: Vhost, amqp: Amqp) -> None:
    """What the user may not do is named with the right that lacks, and nothing is left on the broker."""
    amqp.queue("mine", "a")
    before = vhost.queues()
    user, node = f"checked-{vhost.name}", vhost.node
    node.add_user(user, "secret")
    node.set_permissions(user, vhost.name, configure="^$", write="^$", read="^$")
    config["amqp_url"] = vhost.url.replace("guest:guest@", f"{user}:secret@")
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "exclusive": False}}
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["a"]}]
    findings = run(config)
    problems = [each for each in findings if each.level == "problem"]

    assert {"rights"} == {each.stage for each in problems}
    assert ["publish to amq.topic", "bind mine to amq.topic"] == [
        each.text.split(":")[0] for each in problems
    ]
    assert all(f"set_permissions -p {vhost.name} {user}" in each.fix for each in problems)
    assert "WRITE right match amq.topic" in problems[0].fix
    assert "WRITE right match mine" in problems[1].fix
    node.set_permissions(user, vhost.name, configure="^$", write="^(amq.topic|mine)$", read="^$")
    read = problem_in(run(config))
    assert "READ right match amq.topic" in read.fix
    node.set_permissions(user, vhost.name, configure="^$", write="^(amq.topic|mine)$", read="^amq.topic$")
    without_problem(config)
    declaring = problem_in(run(config, "declare"))
    assert ("declare", "CONFIGURE right match mine") == (
        declaring.stage,
        declaring.fix.split(":")[0].removeprefix("let the "),
    )
    assert before == vhost.queues()


def test_declaring_leaves_nothing(config: dict[str, Any], vhost: Vhost) -> None:
    """What is declared on trial is gone again, and nothing durable is declared."""
    config["exchanges"] = {"shop": {"type": "topic"}}
    config["queues"] = {"new": {"durable": True, "auto_delete": False, "exclusive": False}}
    config["bindings"] = [{"queue": "new", "exchange": "shop", "routing_keys": ["#"]}]
    config["publish_exchange"] = "shop"

    without_problem(config, "declare")
    assert {} == vhost.queues()
    assert "shop: not there yet" in problem_free_text(run(config))


def test_other_properties(config: dict[str, Any], amqp: Amqp) -> None:
    """A queue that is there with other properties than configured is found by --declare."""
    amqp.queue("mine", "a")
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "arguments": {"x-max-length": 5}}}
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["a"]}]
    without_problem(config)
    found = problem_in(run(config, "declare"))

    assert "declare" == found.stage
    assert "PRECONDITION_FAILED" in found.text
    assert "write the properties that mine has" in found.fix


def test_broken_schema_package(vhost: Vhost, programs: Programs, tmp_path: Path) -> None:
    """The package and the module that it lacks are named; with the module the package is well."""
    site = tmp_path / "site"
    info = site / "koji_schemas-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: koji-schemas\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[fedora.messages]\nkoji.build = koji_schemas:Build\n")
    (site / "koji_schemas.py").write_text(
        "import koji_client\nfrom fedora_messaging.message import Message\nclass Build(Message): pass\n"
    )

    def checked(code: int) -> tuple[list[dict[str, str]], str]:
        words = [sys.executable, "-m", "fedora_messaging", "check", "--json"]
        program = programs.run(words, environ={"PYTHONPATH": str(site)})
        assert code == program.ended(), program.said
        return [json.loads(line) for line in program.lines], program.said

    findings, said = checked(1)
    (problem,) = [each for each in findings if each["level"] == "problem"]
    assert "schemas" == problem["stage"]
    assert "koji-schemas: koji.build: ModuleNotFoundError: No module named 'koji_client'" == problem["text"]
    assert "install what has the module koji_client, or remove koji-schemas" == problem["fix"]
    assert "rights" == findings[-1]["stage"]
    assert "Traceback" not in said
    (site / "koji_client.py").write_text("")
    checked(0)


def test_a_queue_of_another_connection(config: dict[str, Any], vhost: Vhost) -> None:
    """A queue that another consumer has for itself is named, and free once that has ended."""
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "exclusive": False}}
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["a"]}]
    with closing(pika.BlockingConnection(pika.URLParameters(vhost.url))) as other:
        other.channel().queue_declare("mine", exclusive=True)
        findings = [each for each in run(config) if each.level == "problem"]

    assert "queues" == findings[0].stage
    assert "mine: belongs to another connection alone" in findings[0].text
    assert findings[0].fix.startswith("end the other consumer")
    without_problem(config)


def test_a_queue_that_nobody_declares(config: dict[str, Any], amqp: Amqp) -> None:
    """With passive_declares a missing queue is a problem, and made on the broker it is none."""
    config["passive_declares"] = True
    config["queues"] = {"mine": {"durable": True, "auto_delete": False, "exclusive": False}}
    config["bindings"] = [{"queue": "mine", "exchange": "amq.topic", "routing_keys": ["a"]}]
    found = problem_in(run(config))

    assert "queues" == found.stage
    assert "no queue 'mine'" in found.text
    assert "have it made on the broker" in found.fix
    amqp.queue("mine", "a")
    without_problem(config)


def test_a_message_that_is_refused(config: dict[str, Any], vhost: Vhost) -> None:
    """--publish says what the broker says of its message."""
    user = f"mute-{vhost.name}"
    vhost.node.add_user(user, "secret")
    vhost.node.set_permissions(user, vhost.name, configure=".*", write="^$", read=".*")
    config["amqp_url"] = vhost.url.replace("guest:guest@", f"{user}:secret@")
    found = [each for each in run(config, "publish") if each.level == "problem" and each.stage == "publish"]

    assert 1 == len(found)
    assert "ACCESS_REFUSED" in found[0].text


# The command

_CHECK = [sys.executable, "-m", "fedora_messaging", "check"]
_PRINTED = {
    80: """
FAIL  configuration   config.toml, and --amqp-url: qos.prefetch: unknown key
                      → write prefetch_size or prefetch_count, or remove it
ok    schemas         N packages, N classes
FAIL  TCP             127.0.0.1:9: nothing listens at the broker's address
                      → start the broker, let firewalls pass the connection, or
                        correct host and port in amqp_url (the usual port is
                        5672); nothing after this was tried
2 problems
""",
    60: """
FAIL  configuration   config.toml, and --amqp-url:
                      qos.prefetch: unknown key
                      → write prefetch_size or
                        prefetch_count, or remove it
ok    schemas         N packages, N classes
FAIL  TCP             127.0.0.1:9: nothing listens at the
                      broker's address
                      → start the broker, let firewalls
                        pass the connection, or correct
                        host and port in amqp_url (the
                        usual port is 5672); nothing after
                        this was tried
2 problems
""",
}


@pytest.mark.parametrize(("width", "environ"), [(80, {}), (60, {"NO_COLOR": "1"})], ids=str)
def test_what_is_printed(width: int, environ: dict[str, str], tmp_path: Path) -> None:
    """On a terminal lines are wrapped at its width, and coloured unless that is not wanted."""
    (tmp_path / "config.toml").write_text("[qos]\nprefetch = 5\n")
    argv = [*_CHECK, "--conf", "config.toml", "--amqp-url", "amqp://127.0.0.1:9/"]
    code, said = on_a_terminal(argv, {"TERM": "xterm", **environ}, columns=width, folder=tmp_path)
    counted = re.sub(r"\d+ packages, \d+ classes", "N packages, N classes", said)

    assert 1 == code
    assert _PRINTED[width].lstrip("\n") == click.unstyle(counted)
    assert ("\x1b" in said) is (not environ)


def test_exit_codes(config: dict[str, Any], programs: Programs, amqp: Amqp) -> None:
    """A warning is exit code 0, with --strict 1."""
    amqp.queue("mine", "a")
    amqp.publish("a")
    more = "[queues.mine]\ndurable = true\nauto_delete = false\nexclusive = false\n"
    more += '[[bindings]]\nqueue = "mine"\nexchange = "amq.topic"\nrouting_keys = ["a"]\n'

    plain = programs.run(_CHECK, config=more)
    strict = programs.run([*_CHECK, "--strict"], config=more)
    assert (0, 1) == (plain.ended(), strict.ended())
    assert plain.lines[-1] == strict.lines[-1] == "1 warning"


# TLS


@implementer(IOpenSSLContextFactory)
class Contexts:
    """Gives Twisted a context that is made already."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def getContext(self) -> SSL.Context:
        return self._context


@contextmanager
def serving_tls(folder: Path, *names: str, **dates: Any) -> Iterator[tuple[str, trustme.CA]]:
    """An embedded broker with TLS; gives its URL and its authority, which is in ca.pem."""
    authority = trustme.CA()
    issued = authority.issue_cert(*(names or ("localhost",)), **dates)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = SSL.Context(SSL.TLS_METHOD)
    issued.configure_cert(context)
    broker = Broker()

    async def start() -> str:
        return await broker.listen(0, "127.0.0.1", Contexts(context))

    url = in_reactor(start)
    try:
        yield url.replace("127.0.0.1", "localhost"), authority
    finally:
        in_reactor(broker.stop)


_NOW = datetime.now(timezone.utc)


def test_tls(tmp_path: Path) -> None:
    """With the right authority TLS is fine; without it the file to name is said."""
    with serving_tls(tmp_path) as (url, _):
        found = problem_in(run({"amqp_url": url}))
        assert "TLS" == found.stage
        assert "an authority that is not trusted here" in found.text
        assert "tls.ca_cert" in found.fix
        without_problem({"amqp_url": url, "tls": {"ca_cert": str(tmp_path / "ca.pem")}})


@pytest.mark.parametrize(
    ("names", "dates", "text", "fix"),
    [
        (
            ["localhost"],
            {"not_before": _NOW - timedelta(9), "not_after": _NOW - timedelta(3, 60)},
            "the certificate of the broker expired 3 days ago",
            "have it renewed on the broker",
        ),
        (
            ["rabbitmq.example"],
            {},
            "is not for localhost but for rabbitmq.example",
            "use a name in amqp_url that the certificate has",
        ),
    ],
    ids=["expired", "name"],
)
def test_certificate_of_the_broker(
    names: list[str], dates: dict[str, Any], text: str, fix: str, tmp_path: Path
) -> None:
    """An expired certificate and one for another name are told apart from an unknown authority."""
    with serving_tls(tmp_path, *names, **dates) as (url, _):
        found = problem_in(run({"amqp_url": url, "tls": {"ca_cert": str(tmp_path / "ca.pem")}}))

    assert "TLS" == found.stage
    assert text in found.text
    assert fix in found.fix
    # Renewed, or issued for this name, as the remedy says.
    with serving_tls(tmp_path) as (url, _):
        without_problem({"amqp_url": url, "tls": {"ca_cert": str(tmp_path / "ca.pem")}})


def test_plain_client_on_a_port_with_tls(tmp_path: Path) -> None:
    """amqp where TLS is spoken; with amqps it works."""
    with serving_tls(tmp_path) as (url, _):
        found = problem_in(run({"amqp_url": url.replace("amqps://", "amqp://")}))

        assert "handshake" == found.stage
        assert "amqps://" in found.fix
        without_problem({"amqp_url": url, "tls": {"ca_cert": str(tmp_path / "ca.pem")}})


def test_expired_certificate_of_the_client(tmp_path: Path) -> None:
    """It is found before anything is connected to."""
    with serving_tls(tmp_path) as (url, authority):
        dates: dict[str, Any] = {"not_before": _NOW - timedelta(9), "not_after": _NOW - timedelta(3, 60)}
        issued = authority.issue_cert("guest@client.example", **dates)
        certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        tls = {"ca_cert": str(tmp_path / "ca.pem"), "certfile": str(certificate), "keyfile": str(key)}
        findings = run({"amqp_url": url, "tls": tls})
        found = problem_in(findings)

        assert "TLS" == found.stage
        assert f"the certificate of this client ({certificate}) expired 3 days ago" in found.text
        assert found.fix.startswith("fetch a new one for tls.certfile and tls.keyfile")
        assert ["configuration", "TLS"] == stages_of(findings)
        issued = authority.issue_cert("guest@client.example")
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        # The embedded broker knows no logins by certificates: TLS is passed, and that is the next problem.
        findings = run({"amqp_url": url, "tls": tls})
        assert {"ok"} == {each.level for each in findings if each.stage == "TLS"}
        assert "have the broker offer EXTERNAL" in problem_in(findings).fix


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    """Both files are named, before anything is connected to."""
    authority = trustme.CA()
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    authority.issue_cert("a@client.example").cert_chain_pems[0].write_to_path(certificate)
    authority.issue_cert("a@client.example").private_key_pem.write_to_path(key)
    key.chmod(0o600)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = {"ca_cert": str(tmp_path / "ca.pem"), "certfile": str(certificate), "keyfile": str(key)}
    found = problem_in(run({"amqp_url": f"amqps://localhost:{free_port()}", "tls": tls}))

    assert "TLS" == found.stage
    assert f"the key in {key} does not belong to the certificate in {certificate}" in found.text


# What is no broker


@contextmanager
def answering(data: bytes) -> Iterator[int]:
    """A server that sends these bytes to whoever connects; gives its port."""
    from twisted.internet import endpoints, reactor
    from twisted.internet.protocol import Factory, Protocol

    class Answers(Protocol):
        def connectionMade(self) -> None:
            if data:
                transport: Any = self.transport
                transport.write(data)

    async def start() -> Any:
        endpoint: Any = endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        return await endpoint.listen(Factory.forProtocol(Answers))

    async def stop() -> None:
        await port.stopListening()

    port = in_reactor(start)
    try:
        yield int(port.getHost().port)
    finally:
        in_reactor(stop)


@pytest.mark.parametrize(
    ("scheme", "data", "stage", "words"),
    [
        ("amqp", b"HTTP/1.1 400 Bad Request\r\n\r\n", "handshake", "15672 is for web pages"),
        ("amqp", b"", "handshake", "AMQP 0-9-1 broker"),
        ("amqps", b"HTTP/1.1 400 Bad Request\r\n\r\n", "TLS", "write amqp://"),
        ("amqps", b"", "TLS", "the usual one for TLS is 5671"),
    ],
)
def test_no_broker(scheme: str, data: bytes, stage: str, words: str) -> None:
    """Whatever answers, or says nothing: each step ends within its time."""
    with answering(data) as port:
        config = {"amqp_url": f"{scheme}://127.0.0.1:{port}/"}

        async def checked() -> list[Finding]:
            # Only silence is to last as long as that.
            return await check.run(config, _BROKER_STAGES, timeout=30 if data else 1)

        found = problem_in(in_reactor(checked))

    assert stage == found.stage
    assert words in found.fix


def test_several_brokers(config: dict[str, Any]) -> None:
    """Of several brokers each is checked, and what is on them on one that lets this client in."""
    gone = re.sub(r":\d+/", f":{free_port()}/", config["amqp_url"])
    findings = run({"amqp_url": [gone, config["amqp_url"]]})

    assert "TCP" == problem_in(findings).stage
    assert "rights" == findings[-1].stage
