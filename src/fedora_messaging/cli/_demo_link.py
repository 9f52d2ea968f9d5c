# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A part of the demonstration: the link is cut in the middle of a burst, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from ..message import INFO, WARNING, Message
from ._demo_lines import line_of, say

if TYPE_CHECKING:
    from ..broker import Broker
    from ..twisted.service import FedoraMessagingService

__all__ = ["show_cut"]

_QUEUE = "sensors"
_TOPIC = "sensor.read"
_BURST = 300
#: The message at which the link is cut.
_CUT_AT = 100
#: So many messages are published at a time, with a pause of so many seconds after them: a burst that takes
#: longer than a round trip.
_AT_A_TIME, _PAUSE = 10, 0.005
#: Seconds within which the service has noticed the cut, and that all of it may take.
_NOTICED, _LONGEST = 0.05, 12.0


async def show_cut(service: FedoraMessagingService, broker: Broker) -> None:
    """Publish a burst, cut both connections in the middle of it, and print what became of the messages.

    Args:
        service: A running service.
        broker: The broker that it is connected to.
    """
    from twisted.internet.defer import Deferred, DeferredList
    from twisted.internet.task import deferLater

    from ..twisted._clock import global_clock

    clock: Any = global_clock()
    received: Counter[str | None] = Counter()
    reconnected: Deferred[None] = Deferred()
    all_received: Deferred[None] = Deferred()

    def tell(text: str, severity: int) -> None:
        say(line_of(Message(topic=_TOPIC, severity=severity, body={"summary": text})))

    async def callback(message: Message) -> None:
        if message.id == last.id:
            all_received.callback(None)
        if message.id in ids:  # others are from another client: the broker accepts connections
            received[message.id] += 1
            if len(received) == _CUT_AT and received[message.id] == 1:
                clock.callLater(0, lambda: Deferred.fromCoroutine(cut()).chainDeferred(reconnected))

    async def cut() -> None:
        begin = clock.seconds()
        tell("the link is cut", WARNING)
        broker.faults.drop_connections()
        await deferLater(clock, _NOTICED)
        await service.publisher.when_connected()
        tell(f"reconnected after {clock.seconds() - begin:.1f} s", INFO)

    messages = [Message(topic=_TOPIC, body={"n": number}) for number in range(_BURST)]
    last = Message(topic=_TOPIC)
    ids = {message.id for message in messages}
    say(f"\n{click.style('A link that is cut in the middle of a burst:', bold=True)}")
    bindings = [{"exchange": "amq.topic", "queue": _QUEUE, "routing_keys": [_TOPIC]}]
    queue = {_QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
    await service.consume(callback, bindings, queue)
    tell(f"{_BURST} messages are sent", INFO)
    publishing = []
    for number, message in enumerate(messages, 1):
        publishing.append(service.publish(message))
        if not number % _AT_A_TIME:
            await deferLater(clock, _PAUSE)
    await DeferredList(publishing, fireOnOneErrback=True, consumeErrors=True).addTimeout(_LONGEST, clock)
    await reconnected.addTimeout(_LONGEST, clock)
    # What comes again is in the queue before it.
    await service.publish(last)
    await all_received.addTimeout(_LONGEST, clock)
    twice = sum(1 for count in received.values() if count > 1)
    tell(f"{_BURST - len(received)} lost, {twice} came twice, by id", INFO)
