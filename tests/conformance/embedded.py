# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The embedded broker in a process of its own, for clients that block."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

# It listens, says where, and then does to itself what each line of its standard input says: a method's name
# and arguments. It answers each with "done", or with the ValueError.
_SERVE = """
import json
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
        name, arguments = json.loads(line)
        try:
            getattr(broker.faults if name in ("block", "unblock") else broker, name)(**arguments)
        except ValueError as error:
            self.sendLine(str(error).encode())
        else:
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

    def set_policy(self, name: str, pattern: str, definition: dict[str, Any], priority: int) -> None:
        self._do("set_policy", name=name, pattern=pattern, definition=definition, priority=priority)

    def clear_policy(self, name: str) -> None:
        self._do("clear_policy", name=name)

    def _do(self, order: str, **arguments: Any) -> None:
        self._orders.write(f"{json.dumps([order, arguments])}\n")
        self._orders.flush()
        answer = self._answers.readline().strip()
        if answer != "done":
            raise ValueError(answer)


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
