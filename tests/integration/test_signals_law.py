# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Law 6: signals cost nothing without receivers, and a receiver that blocks never blocks the reactor."""

import threading
from typing import Any

from twisted.python.threadable import isInIOThread

from fedora_messaging import api
from fedora_messaging.testing import EmbeddedBroker


def test_a_receiver_that_blocks_does_not_block_the_reactor(fedora_messaging_broker: EmbeddedBroker) -> None:
    """While a receiver waits, the reactor turns: it is called in a thread that is not the reactor's."""
    reactor_turned = threading.Event()
    seen: list[tuple[bool, bool]] = []

    def receiver(sender: Any, message: api.Message) -> None:
        seen.append((isInIOThread(), reactor_turned.wait(20)))

    async def publish() -> None:
        from twisted.internet import reactor

        publishing = api.twisted_publish(api.Message(topic="t"))
        reactor.callLater(0, reactor_turned.set)  # type: ignore[attr-defined]
        await publishing

    with api.pre_publish_signal.connected_to(receiver):
        fedora_messaging_broker.run(publish)

    assert [(False, True)] == seen


def test_without_receivers_nothing_leaves_the_reactor(fedora_messaging_broker: EmbeddedBroker) -> None:
    """A publish on the reactor is on its way when twisted_publish returns: no thread is asked first."""
    api.publish(api.Message(topic="first"))

    def publish() -> int:
        service = api.publish.__self__.service  # type: ignore[attr-defined]
        api.twisted_publish(api.Message(topic="second"))
        return int(service.publisher._publisher.in_flight)

    assert 1 == fedora_messaging_broker.run(publish)
