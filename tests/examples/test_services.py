# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/services: the service inside other Twisted programs."""

import re
import signal
import sys
from pathlib import Path

import pytest

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
