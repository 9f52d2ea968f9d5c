# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Signals cost nothing without receivers, and a receiver that blocks never blocks the reactor."""

import threading
from typing import Any

import pytest
from twisted.python.threadable import isInIOThread

from fedora_messaging import api, exceptions
from fedora_messaging.testing import EmbeddedBroker


def test_a_receiver_that_blocks_does_not_block_the_reactor(fedora_messaging_broker: EmbeddedBroker) -> None:
    """While a receiver waits, the reactor turns: it is called in a thread that is not the reactor's."""
    reactor_turned = threading.Event()
    seen: list[tuple[bool, bool]] = []

    def receiver(sender: Any, message: api.Message) -> None:
        seen.append((isInIOThread(), reactor_turned.wait(20)))

    async def publish() -> None:
        from twisted.internet import reactor as global_reactor

        reactor: Any = global_reactor
        publishing = api.twisted_publish(api.Message(topic="t"))
        reactor.callLater(0, reactor_turned.set)
        await publishing

    with api.pre_publish_signal.connected_to(receiver):
        fedora_messaging_broker.run(publish)

    assert [(False, True)] == seen


def test_without_receivers_nothing_leaves_the_reactor(fedora_messaging_broker: EmbeddedBroker) -> None:
    """A publish on the reactor is on its way when twisted_publish returns: no thread is asked first."""
    api.publish(api.Message(topic="first"))

    function: Any = api.publish

    def publish() -> int:
        service = function.__self__.service
        api.twisted_publish(api.Message(topic="second"))
        return int(service.publisher._publisher.in_flight)

    assert 1 == fedora_messaging_broker.run(publish)


class Refused(Exception):
    """What a receiver raises."""


def broken(sender: Any, **values: Any) -> None:
    raise Refused("a receiver is broken")


@pytest.mark.parametrize("blocking", [True, False])
def test_receivers_change_no_outcome(
    fedora_messaging_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture, blocking: bool
) -> None:
    """A confirmed publish is one, a failed one fails with its own error; what receivers raise is logged."""

    def publish(exchange: str) -> None:
        message = api.Message(topic="t")
        if blocking:
            api.publish(message, exchange=exchange)
        else:
            fedora_messaging_broker.run(api.twisted_publish, message, exchange)

    with api.publish_signal.connected_to(broken), api.publish_failed_signal.connected_to(broken):
        publish("amq.topic")
        with pytest.raises(exceptions.PublishReturned):
            publish("missing")

    told: list[Any] = [
        record.args for record in caplog.records if record.exc_info and record.exc_info[0] is Refused
    ]
    assert ["publish_success", "publish_failed_signal"] == [arguments[1] for arguments in told]
    assert 1 == len(fedora_messaging_broker.published)
