# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Twisted program that consumes and publishes on its own reactor: ``python embedded.py``.

It sends itself some messages, waits until all have come back, and stops.
"""

import sys
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import react

from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService


async def main(reactor: Any, count: str = "3") -> None:
    """Send messages, all at once, and receive them."""
    left = int(count)
    all_received: Deferred[None] = Deferred()

    def received(message: Message) -> None:
        nonlocal left
        print(f"received   {message.topic} {message.body}")
        left -= 1
        if left == 0:
            all_received.callback(None)

    service = FedoraMessagingService(None)
    service.startService()
    try:
        binding = {"exchange": "amq.topic", "routing_keys": ["embedded.*"]}
        await service.consume(received, binding)  # from a queue of its own, which goes with the program
        messages = [Message(topic="embedded.hello", body={"number": n + 1}) for n in range(left)]
        await DeferredList([service.publish(message) for message in messages], fireOnOneErrback=True)
        print(f"published  {len(messages)} messages")
        await all_received
    finally:
        await service.stopService()


if __name__ == "__main__":
    react(lambda *arguments: Deferred.fromCoroutine(main(*arguments)), sys.argv[1:])
