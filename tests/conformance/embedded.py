# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The embedded broker in a process of its own, for clients that block."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SERVE = """
import sys
from twisted.internet import defer, reactor
from fedora_messaging.broker import Broker

async def serve():
    broker = Broker(emulate=sys.argv[1], permit_transient=False, vhosts=["/", *sys.argv[2:]])
    print(await broker.listen(), flush=True)

defer.ensureDeferred(serve())
reactor.run()
"""


@contextmanager
def embedded(release: str) -> Iterator[str]:
    """Runs the embedded broker; yields its URL, without the virtual host.

    Its standard error comes along: it says nothing, unless something is wrong.
    """
    command = [sys.executable, "-W", "error", "-c", _SERVE, release, *(f"t{n}" for n in range(1, 51))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the embedded broker did not start"
            yield url.rpartition("/")[0]
        finally:
            process.kill()
