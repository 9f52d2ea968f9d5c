# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The proxy in a process of its own, for tests that block or whose reactor is busy with other things.

The process reads one JSON list a line, a method's name and its arguments, and answers each with one line:
what it has seen so far, or for "changes" the frames that were changed.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rabbitmq.ports import free_port

from .witness import Change


@dataclass(frozen=True, slots=True)
class Counts:
    """What a proxy has seen so far."""

    up: int
    down: int
    accepted: int
    open: int
    lasted: list[float]


class ProxyProcess:
    """A `faults.Proxy` whose operations may be called from any thread; each returns when it is done.

    Args:
        target: The broker's port on 127.0.0.1.

    Attributes:
        port: Where it listens on 127.0.0.1.
    """

    def __init__(self, target: int) -> None:
        self.port = free_port()
        code = "import sys; sys.path.insert(0, sys.argv[1]); from faults.process import main; main()"
        tests = str(Path(__file__).resolve().parents[1])
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, tests, str(target), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ask("listen")

    def _ask(self, method: str, *args: Any) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([method, *args]) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RuntimeError(f"the fault proxy ended at {method}")
        return json.loads(answer)

    def counts(self) -> Counts:
        """What it has seen so far."""
        return Counts(**self._ask("counts"))

    def watch(self) -> None:
        """Note which AMQP frames are changed, on links that are accepted from now on."""
        self._ask("watch")

    def changes(self) -> list[Change]:
        """The AMQP frames that were changed since `watch`."""
        return [Change(**change) for change in self._ask("changes")]

    def cut(self) -> None:
        """Close every connection, on both sides."""
        self._ask("cut")

    def cut_after(self, count: int, direction: str) -> None:
        """Close the connection on which that many more bytes have gone by."""
        self._ask("cut_after", count, direction)

    def reset(self) -> None:
        """End every connection with RST, on both sides."""
        self._ask("reset")

    def half_close(self, direction: str) -> None:
        """Send FIN in one direction; the other goes on."""
        self._ask("half_close", direction)

    def stall(self, direction: str = "both") -> None:
        """Forward nothing until `resume`; nothing is lost."""
        self._ask("stall", direction)

    def delay(self, seconds: float) -> None:
        """Forward everything that much later."""
        self._ask("delay", seconds)

    def corrupt(self, count: int, direction: str, skip: int = 0) -> None:
        """Invert bytes in one direction: the next ones, or those that come when ``skip`` have gone by."""
        self._ask("corrupt", count, direction, skip)

    def refuse(self) -> None:
        """Stop listening: who connects is refused. Open connections go on."""
        self._ask("refuse")

    def blackhole(self) -> None:
        """Accept, and forward nothing ever."""
        self._ask("blackhole")

    def resume(self) -> None:
        """End every fault. A connection that lost bytes stays silent."""
        self._ask("resume")

    def close(self) -> None:
        """End the process and with it every connection."""
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait(20)

    def __enter__(self) -> "ProxyProcess":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def main() -> None:
    """The process: arguments are the folder of the tests, the target's port and the port to listen on."""
    from twisted.internet import reactor as global_reactor
    from twisted.internet.stdio import StandardIO
    from twisted.protocols.basic import LineOnlyReceiver

    from faults.proxy import Proxy

    reactor: Any = global_reactor
    proxy = Proxy(reactor, int(sys.argv[2]), int(sys.argv[3]))

    class Orders(LineOnlyReceiver):
        delimiter = b"\n"

        def lineReceived(self, line: bytes) -> None:
            method, *args = json.loads(line)
            if method not in ("counts", "changes"):
                getattr(proxy, method)(*args)
            answer: Any = {**proxy.bytes, "accepted": proxy.accepted, "open": len(proxy.links)}
            answer["lasted"] = proxy.lasted
            if method == "changes":
                answer = [asdict(change) for change in proxy.changes]
            # a turn later: what the order has closed is closed when the answer comes
            reactor.callLater(0, self.sendLine, json.dumps(answer).encode())

        def connectionLost(self, reason: object = None) -> None:
            reactor.stop()

    StandardIO(Orders())
    reactor.run()
