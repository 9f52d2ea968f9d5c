# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The embedded broker in a process of its own, for clients that block."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

# It listens, says where, and then does to itself what each line of its standard input names.
_SERVE = """
import sys
from twisted.internet import defer, reactor, stdio
from twisted.protocols.basic import LineReceiver
from fedora_messaging.broker import Broker, Permissions, User

OWN = Permissions("^own", "^own", "^own")
USERS = {"guest": "guest", "owner": User("owner", {"/": OWN}), "outsider": User("outsider", {})}
for name, rights in {
    "configures": ("^own", "", ""),
    "writes": ("", "^own", ""),
    "reads": ("", "", "^own"),
    "does-nothing": ("", "", ""),
}.items():
    USERS[name] = User(name, {"/": Permissions(*rights)})
broker = Broker(emulate=sys.argv[1], permit_transient=False, users=USERS)

class Orders(LineReceiver):
    delimiter = b"\\n"

    def lineReceived(self, line):
        getattr(broker.faults, line.decode())()
        self.sendLine(b"done")

    def connectionLost(self, reason):
        if reactor.running:
            reactor.stop()

async def serve():
    print(await broker.listen(), flush=True)
    stdio.StandardIO(Orders())

defer.ensureDeferred(serve())
reactor.run()
"""


class Embedded:
    """The embedded broker in another process.

    Attributes:
        base: its URL without the virtual host.
    """

    def __init__(self, base: str, orders: IO[str], answers: IO[str]) -> None:
        self.base = base
        self._orders = orders
        self._answers = answers

    def url(self, user: str = "guest") -> str:
        return f"{self.base}/%2F".replace("guest:guest", f"{user}:{user}")

    def block_publishers(self) -> None:
        self._do("block")

    def unblock_publishers(self) -> None:
        self._do("unblock")

    def _do(self, fault: str) -> None:
        self._orders.write(f"{fault}\n")
        self._orders.flush()
        assert self._answers.readline() == "done\n"


@contextmanager
def embedded(release: str) -> Iterator[Embedded]:
    """Runs the embedded broker.

    Its standard error comes along: it says nothing, unless something is wrong.
    """
    command = [sys.executable, "-W", "error", "-c", _SERVE, release]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url, "the embedded broker did not start"
            yield Embedded(url.rpartition("/")[0], process.stdin, process.stdout)
        finally:
            process.kill()
