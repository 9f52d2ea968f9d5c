# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Processes whose wall clock is set forward and back, on an embedded broker."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.programs import Programs
from support.wallclock import WallClock

HOUR, DAY = 3600, 86400

_BLOCKING = """
import sys, time
from fedora_messaging import api

print("clock", int(time.time()))
for line in sys.stdin:
    api.publish(api.Message(topic=line.strip(), body={}), timeout=20)
    print("published", line.strip(), int(time.time()))
"""

_EMBEDDING = """
import sys, threading, time
if sys.argv[1] == "asyncio":
    from twisted.internet import asyncioreactor
    asyncioreactor.install()
from twisted.internet import reactor
from fedora_messaging import api
from fedora_messaging.twisted.service import FedoraMessagingService

service = FedoraMessagingService(None)

def publish(word):
    publishing = service.publish(api.Message(topic=word, body={}), timeout=20)
    publishing.addCallbacks(lambda _: print("published", word, int(time.time())), print)

def read():
    for line in sys.stdin:
        reactor.callFromThread(publish, line.strip())
    reactor.callFromThread(end)

def end():
    service.stopService().addCallback(lambda _: reactor.stop())

reactor.callWhenRunning(service.startService)
reactor.callWhenRunning(threading.Thread(target=read, daemon=True).start)
reactor.callWhenRunning(print, "clock", int(time.time()))
reactor.run()
"""


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    """A broker."""
    with Embedded() as broker:
        yield broker


@pytest.mark.parametrize("shift", [-HOUR, 30 * DAY])
@pytest.mark.parametrize("kind", ["blocking", "embedding", "asyncio"])
def test_connections_while_the_clock_is_set(
    programs: Programs, embedded: Embedded, tmp_path: Path, kind: str, shift: int
) -> None:
    """Heartbeats go on, no peer is found silent, and a lost connection is replaced."""
    clock = WallClock(tmp_path)
    text = _BLOCKING if kind == "blocking" else _EMBEDDING
    program = programs.start(text, kind, url=f"{embedded.url}?heartbeat=2", environ=clock.environ)
    began = int(program.wait_for("clock").split()[1])
    program.tell("one")
    program.wait_for("published one")
    connected = embedded.connected()
    clock.set(shift)
    embedded.pause(7)  # three heartbeats and a half
    assert embedded.connected() == connected
    embedded.drop()
    program.tell("two")
    now = int(program.wait_for("published two").split()[2])
    clock.set(0)
    program.tell("three")
    program.wait_for("published three")

    assert abs(now - began - shift) < 300, "the clock was not set"
    program.close_input()
    assert 0 == program.ended()


_FROZEN = """
import freezegun
with freezegun.freeze_time("2020-01-01"):
    import datetime
    from fedora_messaging import api
    from fedora_messaging.testing import EmbeddedBroker
    with EmbeddedBroker() as broker:
        for n in range(3):
            api.publish(api.Message(topic="t", body={}), timeout=20)
        print(len(broker.published), datetime.date.today())
print("thawed")
with EmbeddedBroker() as broker:
    api.publish(api.Message(topic="t", body={}), timeout=20)
    print(len(broker.published))
"""


def test_time_that_stands_still() -> None:
    """With freezegun round the first publish, and the imports, the test broker works."""
    run = subprocess.run(
        [sys.executable, "-c", _FROZEN], capture_output=True, text=True, timeout=120, check=False
    )

    assert ["3 2020-01-01", "thawed", "1"] == run.stdout.splitlines(), run.stderr
