# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows H of the matrix: forks, threads, bad input, bodies over the broker's limit, broken configurations."""

import datetime
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging import exceptions
from fedora_messaging.message import Message
from rabbitmq import Vhost
from rabbitmq.installation import Installation
from support.account import SLACK, Application, declare, taken
from support.amqp import Amqp
from support.programs import Programs, configuration

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

COMMAND = str(Path(sys.executable).with_name("fedora-messaging"))

# H1

_FORK = """
import os, sys, time
from fedora_messaging import api, exceptions

def publish(who):
    began = time.monotonic()
    try:
        api.publish(api.Message(topic="faults.0", body={"n": 0, "who": who}), timeout=20)
    except exceptions.ConnectionException as error:
        what = f"{type(error).__name__} {error}"
    else:
        what = "published"
    print(who, what, f"in time {time.monotonic() - began < 1}", flush=True)

if sys.argv[1] == "used":
    publish("parent")
if pid := os.fork():
    assert os.waitpid(pid, 0)[1] == 0
    publish("parent again")
else:
    publish("child")
    if sys.argv[1] == "used":
        try:
            api.consume(print)
        except exceptions.ConnectionException as error:
            print("child consumes:", error, flush=True)
    if pid := os.fork():
        assert os.waitpid(pid, 0)[1] == 0
    else:
        publish("grandchild")
    os._exit(0)
"""


def test_h1_fork_after_use(vhost: Vhost, programs: Programs) -> None:
    """The child of a process that has used it fails at once with ConnectionException; the parent goes on."""
    declare(vhost.url)
    program = programs.start(_FORK, "used")

    assert 0 == program.ended(), program.said
    said = {line.split()[0]: line for line in program.lines if not line.startswith("parent again")}
    assert said["parent"].startswith("parent published")
    assert "parent again published" in program.said
    for who in ("child", "grandchild"):
        line = next(each for each in program.lines if each.startswith(f"{who} "))
        assert "ConnectionException" in line
        assert "forked" in line
        assert line.endswith("in time True")
    assert any(line.startswith("child consumes:") and "forked" in line for line in program.lines)
    assert 2 == len(taken(vhost.url))


def test_h1_fork_before_use(vhost: Vhost, programs: Programs) -> None:
    """The child of a process that has not used it works, and so does its parent; a grandchild, whose parent
    has used it, fails at once."""
    declare(vhost.url)
    program = programs.start(_FORK, "unused")

    assert 0 == program.ended(), program.said
    assert "child published" in program.said
    assert "parent again published" in program.said
    assert "grandchild ConnectionException" in program.said
    assert ["child", "parent again"] == [json.loads(got.body)["who"] for got in taken(vhost.url)]


# H2

_THREADS = """
import threading
from fedora_messaging import api

start, errors = threading.Barrier(20), []

def publish(n):
    start.wait()
    try:
        api.publish(api.Message(topic=f"faults.{n}", body={"n": n}), timeout=20)
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=publish, args=(n,)) for n in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("errors", errors, flush=True)
"""


@pytest.mark.parametrize("turn", range(3))
def test_h2_twenty_threads(vhost: Vhost, programs: Programs, turn: int) -> None:
    """Twenty threads that use it for the first time at the same moment: no error, one connection."""
    declare(vhost.url)
    program = programs.start(_THREADS)

    assert 0 == program.ended(), program.said
    assert ["errors []"] == program.lines
    assert list(range(20)) == sorted(json.loads(got.body)["n"] for got in taken(vhost.url))


# H3


class Strange:
    """JSON has no place for it."""


def nested(depth: int) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for _ in range(depth):
        body = {"a": body}
    return body


BAD: dict[str, Any] = {
    "topic of 256 bytes": Message(topic="t" * 256),
    "topic of 256 bytes in 128 characters": Message(topic="\u00e9" * 128),
    "topic a number": Message(topic=7),  # type: ignore[arg-type]
    "topic bytes": Message(topic=b"t"),  # type: ignore[arg-type]
    "topic no Unicode": Message(topic="\ud800"),
    "an object": Message(topic="t", body={"a": Strange()}),
    "NaN": Message(topic="t", body={"a": float("nan")}),
    "infinity": Message(topic="t", body={"a": [float("-inf")]}),
    "datetime": Message(topic="t", body={"a": datetime.datetime.now(datetime.timezone.utc)}),
    "bytes": Message(topic="t", body={"a": b"bytes"}),
    "a set": Message(topic="t", body={"a": {1}}),
    "lone surrogate": Message(topic="t", body={"a": "\ud800"}),
    "201 levels": Message(topic="t", body=nested(201)),
    "100,000 levels": Message(topic="t", body=nested(100_000)),
    "body a list": Message(topic="t", body=["a"]),  # type: ignore[arg-type]
    "body a string": Message(topic="t", body="a"),  # type: ignore[arg-type]
    "body false": Message(topic="t", body=False),  # type: ignore[arg-type]
    "a header": Message(topic="t", headers={"a": Strange()}),
    "header NUL name": Message(topic="t", headers={"a" * 256: "b"}),
    "severity": Message(topic="t", severity=99),
    "too large": Message(topic="t", body={"a": "x" * 2_000_000}),
    "a dictionary": {"topic": "t"},
    "None": None,
    "a class": Message,
}
_loop: list[Any] = []
_loop.append(_loop)
BAD["a body that holds itself"] = Message(topic="t", body={"a": _loop})
_odd_id = Message(topic="t")
_odd_id._properties.message_id = "i" * 256
BAD["an id of 256 bytes"] = _odd_id


def test_h3_bad_input(vhost: Vhost, client: Callable[..., Any]) -> None:
    """Whatever is given to publish, what comes out is ValidationError, at once, and nothing was sent."""
    declare(vhost.url)
    with Amqp(vhost.url) as amqp:
        amqp.queue("everything", "#")
    made = client(max_message_size=1_000_000)
    errors: dict[str, Exception | None] = {}
    for name, bad in BAD.items():
        try:
            made.publish(bad, timeout=5)
        except Exception as error:
            errors[name] = error
        else:
            errors[name] = None

    assert dict.fromkeys(BAD, exceptions.ValidationError) == {
        name: type(each) for name, each in errors.items()
    }
    assert {} == {name: str(each) for name, each in errors.items() if not 0 < len(str(each).strip()) < 5000}
    made.publish(Message(topic="good", body=nested(150)), timeout=10)
    with Amqp(vhost.url) as amqp:
        assert ["good"] == [got.topic for got in amqp.take("everything")]


# H4


@pytest.mark.slow
def test_h4_a_body_over_the_brokers_limit(
    vhost: Vhost, installation: Installation, measured: Callable[..., None]
) -> None:
    """One attempt, PublishReturned with the broker's words; those around it are confirmed."""
    megabytes = 17 if installation.major == 4 else 140
    declare(vhost.url)
    with Application(vhost.url, max_message_size=200 * 1024 * 1024) as app:
        app.settled(app.publish(10), 60)
        began = time.monotonic()
        (large,) = app.publish(1, size=megabytes * 1024 * 1024)
        after = app.publish(10)
        app.account.wait_for("refused", lambda: large in app.account.failed, 60)
        took = time.monotonic() - began
        app.settled(after, 60)
        error = app.account.failed[large]
        measured(took=took, error=str(error))

    assert type(error) is exceptions.PublishReturned
    assert "406" in str(error)
    assert "size" in str(error)
    assert took < 5 + SLACK
    app.account.check_published(taken(vhost.url), failed=1)
    assert 1 == len(app.account.connected_at)


# H5

_SECRET = "amqp://guest:s3cret@localhost/"

#: A configuration by name: its text, and what the one line has to name.
BROKEN: dict[str, tuple[str, str]] = {
    "not TOML": ("this is not TOML", "line 1"),
    "cut off in a string": ('amqp_url = "amqp://', "line 1"),
    "key twice": ('topic_prefix = "a"\ntopic_prefix = "b"\n', "line 2"),
    "unknown key": ('colour = "red"\n', "colour"),
    "unknown key in a section": ('[tls]\ncolour = "red"\n', "tls.colour"),
    "unknown key in qos": ("[qos]\ncolour = 1\n", "qos.colour"),
    "amqp_url": ("amqp_url = 7\n", "amqp_url"),
    "topic_prefix": ("topic_prefix = 7\n", "topic_prefix"),
    "publish_exchange": ("publish_exchange = []\n", "publish_exchange"),
    "queues": ("queues = 7\n", "queues"),
    "a queue": ('[queues]\nq = "durable"\n', 'queue "q"'),
    "bindings": ('bindings = "all"\n', "bindings"),
    "a binding": ('[[bindings]]\nexchange = "amq.topic"\n', "bindings"),
    "exchanges": ("exchanges = 7\n", "exchanges"),
    "qos": ("qos = 10\n", "qos"),
    "prefetch_count": ('[qos]\nprefetch_count = "many"\n', "qos.prefetch_count"),
    "prefetch_size": ("[qos]\nprefetch_size = 7\n", "qos.prefetch_size"),
    "tls": ('tls = "on"\n', "tls"),
    "client_properties": ('client_properties = "app"\n', "client_properties"),
    "log_config": ('log_config = "debug"\n', "log_config"),
    "unknown scheme": ('amqp_url = "http://guest:s3cret@localhost/"\n', "amqp_url"),
    "bad port": ('amqp_url = "amqp://guest:s3cret@localhost:99999/"\n', "amqp_url"),
    "port no number": ('amqp_url = "amqp://guest:s3cret@localhost:port/"\n', "amqp_url"),
    "unknown query": (f'amqp_url = "{_SECRET}?colour=red"\n', "amqp_url"),
    "frame_max": (f'amqp_url = "{_SECRET}?frame_max=4096"\n', "frame_max"),
    "reserved client property": ('[client_properties]\nproduct = "mine"\n', "client_properties.product"),
    "half a pair": ('[tls]\nkeyfile = "/tmp/key.pem"\n', "tls.certfile"),
    "monitoring without port": ('[monitoring]\naddress = "127.0.0.1"\n', "monitoring"),
    "monitoring port": ("[monitoring]\nport = 99999\n", "monitoring.port"),
    "log_config that dictConfig refuses": (
        '[log_config]\nversion = 1\n[log_config.handlers.x]\nclass = "no.such.Class"\n',
        "log_config",
    ),
    "reconnect": ("[reconnect]\nbase = -1\n", "reconnect.base"),
    "shutdown_grace": ('shutdown_grace = "long"\n', "shutdown_grace"),
    "max_message_size": ("max_message_size = 0\n", "max_message_size"),
}
if sys.version_info >= (3, 11):  # the reader of Python 3.10, the package toml, takes this for complete
    BROKEN["cut off in an array"] = ('amqp_url = "amqp://"\nbindings = [\n', "line")


# The command line, once for each file: forks of one process, since each start costs half a second.
_EACH = """
import json, os, sys, tempfile
from fedora_messaging.cli import _consume, main

outcomes = {}
for path in sys.argv[1:]:
    with tempfile.TemporaryFile("w+") as said:
        sys.stdout.flush()
        if pid := os.fork():
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            said.seek(0)
            outcomes[path] = code, said.read()
        else:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            if "unreadable" in path and os.geteuid() == 0:
                os.setuid(65534)  # root may read everything
            try:
                main(["--conf", path, "consume", "--callback", "fedora_messaging.example:printer"])
            except SystemExit as end:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(end.code or 0)
            os._exit(99)
print(json.dumps(outcomes))
"""


def _fault(code: int, said: str, named: str, file: str) -> str | None:
    """What is wrong with how a command ended; None when nothing is."""
    lines = [line for line in said.splitlines() if line.strip()]
    if code != 2:
        return f"exit code {code}: {said}"
    if len(lines) != 1:
        return f"{len(lines)} lines: {said}"
    if named not in lines[0] or file not in lines[0]:
        return f"does not name {named} and {file}: {lines[0]}"
    if "s3cret" in said:
        return f"shows a password: {lines[0]}"
    return None


def test_h5_broken_configurations(tmp_path: Path) -> None:
    """Each ends the command line with exit code 2 and one line that names the file and the key."""
    (tmp_path / "folder").mkdir()
    unreadable = tmp_path / "unreadable.toml"
    unreadable.write_text("")
    unreadable.chmod(0)
    files = {
        "a directory": tmp_path / "folder",
        "not there": tmp_path / "missing.toml",
        "no read permission": unreadable,
    }
    for name, (text, _) in BROKEN.items():
        files[name] = tmp_path / f"{len(files)}.toml"
        files[name].write_text(text)
    programs = Programs(tmp_path, lambda: "amqp://")
    try:
        program = programs.start(_EACH, *files.values())
        assert 0 == program.ended(), program.said
    finally:
        programs.close()
    outcomes = json.loads(program.lines[-1])
    faults = {
        name: _fault(code, said, BROKEN.get(name, ("", ""))[1], str(path))
        for name, path in files.items()
        for code, said in [outcomes[str(path)]]
    }

    assert {} == {name: fault for name, fault in faults.items() if fault is not None}


def test_h5_a_configuration_that_is_right(tmp_path: Path) -> None:
    """The same command takes a configuration without a fault: what it then says is about the broker."""
    path = tmp_path / "config.toml"
    path.write_text(configuration("amqp://guest:guest@127.0.0.1:1/"))
    (tmp_path / "messages").write_text("")
    programs = Programs(tmp_path, lambda: "amqp://")
    try:
        program = programs.run([COMMAND, "--conf", str(path), "publish", str(tmp_path / "messages")])

        assert 2 != program.ended(), program.said
    finally:
        programs.close()
