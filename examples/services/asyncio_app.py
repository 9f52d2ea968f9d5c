# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An asyncio application that publishes and consumes: ``python asyncio_app.py``.

Twisted's asyncio reactor runs on asyncio's event loop, so that both kinds of code live in one thread. The
reactor is installed before anything imports another one. A callback that is a coroutine function runs as a
task, and may await futures and Deferreds alike; elsewhere ``Deferred.asFuture`` makes a future of a Deferred.
"""

import asyncio

from twisted.internet import asyncioreactor

loop = asyncio.new_event_loop()
asyncioreactor.install(loop)

from twisted.internet import reactor  # noqa: E402
from twisted.internet.defer import Deferred  # noqa: E402

from fedora_messaging import api  # noqa: E402

seen: "asyncio.Queue[api.Message]" = asyncio.Queue()


async def keep(message: api.Message) -> None:
    """The callback: whatever it awaits, the message is acknowledged afterwards."""
    await asyncio.sleep(0.01)
    await seen.put(message)


async def main() -> None:
    """Send three messages to oneself."""
    bindings = [{"exchange": "amq.topic", "queue": "asyncio", "routing_keys": ["org.example.asyncio"]}]
    await api.twisted_consume(keep, bindings).asFuture(loop)
    for number in range(3):
        message = api.Message(topic="org.example.asyncio", body={"number": number})
        await api.twisted_publish(message, timeout=30).asFuture(loop)
        print(f"received {(await seen.get()).body['number']}", flush=True)


def run() -> None:
    """Run ``main`` on the reactor; the reactor's end closes the connections."""
    work = Deferred.fromFuture(loop.create_task(main()))
    work.addErrback(lambda failure: print(f"failed: {failure.value}"))
    work.addBoth(lambda _: reactor.stop())


reactor.callWhenRunning(run)
reactor.run()
