# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/services: the service inside other Twisted programs."""

import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rabbitmq import Node
from rabbitmq.ports import free_port
from support.embedded import Embedded
from support.http import post
from support.programs import Program, Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_SERVICES = Path(__file__).resolve().parents[2] / "examples" / "services"


def _port(program: Program, words: str) -> int:
    found = re.search(r"(\d+)\s*$", program.wait_for(words))
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize(
    ("script", "words"), [("web.py", "listening on"), ("klein_app.py", "Site starting on")]
)
def test_web(programs: Programs, embedded: Embedded, script: str, words: str) -> None:
    """Request handlers publish, and answer once the broker has confirmed."""
    application = programs.run([sys.executable, str(_SERVICES / script), "0"])
    url = f"http://127.0.0.1:{_port(application, words)}/orders"

    status, content = post(url, {"order": 1})
    assert 200 == status
    assert content["id"]
    assert [("org.example.order.placed", {"order": 1})] == embedded.published()
    assert 400 == post(url, b"not JSON")[0]
    assert 400 == post(url, [1])[0]
    application.signal(signal.SIGTERM)
    application.ended()


def test_asyncio(programs: Programs, embedded: Embedded) -> None:
    """An asyncio application awaits its publishes, and its callback awaits futures."""
    application = programs.run([sys.executable, str(_SERVICES / "asyncio_app.py")])

    assert 0 == application.ended()
    assert ["received 0", "received 1", "received 2"] == application.lines
    assert 3 == len(embedded.published())


_APPLICATIONS = {
    "fastapi_app.py": (
        ["-m", "uvicorn", "--app-dir", str(_SERVICES), "fastapi_app:app"],
        422,
    ),
    "aiohttp_app.py": ([str(_SERVICES / "aiohttp_app.py")], 400),
}


def _serving(programs: Programs, script: str, *options: str, url: str = "") -> tuple[Program, str]:
    """An application on asyncio, and the URL of its orders."""
    command = [sys.executable, *_APPLICATIONS[script][0], *options]
    port = free_port()
    application = programs.run([*command, *(["--port"] if "uvicorn" in command else []), str(port)], url=url)
    application.wait_for("running on" if "uvicorn" in command else "Running on")
    return application, f"http://127.0.0.1:{port}/orders"


@pytest.mark.parametrize("script", list(_APPLICATIONS))
def test_asyncio_web(programs: Programs, embedded: Embedded, script: str) -> None:
    """Handlers answer when the broker has confirmed; the consumer beside them gets the messages."""
    application, url = _serving(programs, script)
    embedded.wait_for_consumers(1)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(url, {"order": number}), range(20)))

    assert {201} == {status for status, _ in answers}
    assert set(range(20)) == {body["order"] for _, body in embedded.published()}
    for number in range(20):
        application.wait_for(f"received {number}")
    assert _APPLICATIONS[script][1] == post(url, [1])[0]
    application.signal(signal.SIGTERM)
    application.ended()
    assert "Traceback" not in application.said


def _until_published(url: str) -> None:
    """Return when an order is published: the broker is there, and the application connected."""
    statuses: list[int] = []
    while 201 not in statuses:
        assert len(statuses) < 12, statuses
        statuses.append(post(url, {"order": -1})[0])


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_requests_during_a_restart(programs: Programs, own_node: Callable[..., Node], loop: str) -> None:
    """Of 300 requests at a time, with a restart of RabbitMQ in the middle, each is answered, and what was
    confirmed is consumed."""
    node = own_node()
    application, url = _serving(programs, "fastapi_app.py", "--loop", loop, url=node.url())
    _until_published(url)
    begun = threading.Barrier(301)

    def ask(number: int) -> int:
        begun.wait()
        time.sleep(number / 300)  # the broker goes while they come in
        return post(url, {"order": number})[0]

    with ThreadPoolExecutor(300) as pool:
        asked = pool.map(ask, range(300))
        begun.wait()
        time.sleep(0.3)
        node.kill()
        node.start()
        statuses = list(asked)

    assert {201} <= set(statuses) <= {201, 503}
    for number, status in enumerate(statuses):
        if status == 201:
            application.wait_for(f"received {number}")
    _until_published(url)
    application.signal(signal.SIGTERM)
    application.ended()
