# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whatever is done to the HTTP server, messages are consumed; and it shows no secret."""

import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rabbitmq.ports import free_port
from support.http import wait_until_ready
from support.programs import Programs
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker

_PROGRAM = str(Path(sys.executable).parent / "fedora-messaging")
_CANARY = "canary-7c1e"

_PUBLISHER = """
import sys
from fedora_messaging import api
for number in range(int(sys.argv[1])):
    api.publish(api.Message(topic=f"{sys.argv[2]}.{number}", body={"text": sys.argv[2]}))
"""

#: All that it is given is secret, and all fails.
_CONSUMER = """
from fedora_messaging import api
from fedora_messaging.retry import retry

@retry(on=(KeyError,), delays=(60.0,), then="reject")
def callback(message):
    raise KeyError(message.topic)

api.consume(callback, {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]})
"""


def get(port: int, path: str) -> str:
    """A page with its headers; of the stream the first event."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=30) as answer:
            text = answer.readline() if path == "events" else answer.read()
            return f"{answer.headers}{text.decode()}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.headers}{error.read().decode()}"


@pytest.fixture
def attackers() -> Iterator[list[socket.socket]]:
    """Connections, which are closed at the end."""
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


def test_attacks_leave_consuming_untouched(programs: Programs, attackers: list[socket.socket]) -> None:
    """A thousand connections, headers without an end, requests of a megabyte, streams that nobody reads: each
    message is processed, and the pages are there.
    """
    port = free_port()
    command = [_PROGRAM, "consume", "--callback", "fedora_messaging.example:printer", "--queue-name", "q"]
    config = f"[monitoring]\nport = {port}\ndashboard = true\n"
    started = programs.run([*command, "--routing-key", "#"], config=config)
    wait_until_ready(port)
    requests = {1: b"GET / HTTP/1.1\r\nA: ", 2: b"GET /events HTTP/1.1\r\nHost: h\r\n\r\n"}
    probes = []
    for number in range(1000):
        attacker = socket.create_connection(("127.0.0.1", port), timeout=30)
        attackers.append(attacker)
        with suppress(OSError):  # cut, as it should be
            attacker.sendall(
                b"GET /" + b"a" * 1_000_000 if not number % 100 else requests.get(number % 4, b"")
            )
        if not number % 40:  # as many as the system lets wait
            probes.append(get(port, "live"))
    assert 0 == programs.start(_PUBLISHER, 100, "t").ended()
    started.wait_for("t.99")
    until(lambda: '"processed": 100' in get(port, "live"))  # it is counted after the callback has said so
    events = get(port, "events")

    assert all('"consuming": true' in each for each in probes)
    assert '"state":"consuming"' in events


def test_no_page_shows_a_secret(programs: Programs) -> None:
    """Neither password nor user, nor topic, body or error of a message that fails, is on any page."""
    port, broker = free_port(), free_port()
    url = f"amqp://{_CANARY}-user:{_CANARY}-password@127.0.0.1:{broker}/%2F"
    programs.run(
        [_PROGRAM, "broker", "--port", str(broker), "--user", f"{_CANARY}-user:{_CANARY}-password"]
    ).wait_for("is emulated")
    config = f"[monitoring]\nport = {port}\ndashboard = true\n"
    programs.start(_CONSUMER, url=url, config=config)
    wait_until_ready(port)
    assert 0 == programs.start(_PUBLISHER, 3, _CANARY, url=url).ended()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/events", timeout=30) as stream:
        while '"error":"KeyError"' not in (event := stream.readline().decode()):
            pass
    pages = [get(port, path) for path in ("", "events", "live", "ready", "startup", "metrics", "nothing")]

    assert "base.message" in event
    assert [] == [page for page in [event, *pages] if _CANARY in page]
