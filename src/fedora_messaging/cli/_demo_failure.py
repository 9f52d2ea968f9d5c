# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A part of the demonstration: a message that fails, waits, goes to quarantine, and is sent back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..exceptions import from_wire
from ..message import ERROR, INFO, WARNING, Message
from ..retry import retry
from ._demo_lines import TEXT_WIDTH, line_of, say

if TYPE_CHECKING:
    from ..twisted.service import FedoraMessagingService

__all__ = ["show_failure"]

_QUEUE = "mirrors"
_TOPIC = "mirror.sync.requested"
_DELAYS = (0.2, 0.4)
#: Seconds that all of it may take.
_LONGEST = 12.0
_DURABLE = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}


class NoSuchMirror(Exception):
    """What is wrong in the demonstration."""


async def show_failure(service: FedoraMessagingService) -> None:
    """Publish one message whose callback fails, and print what becomes of it.

    Args:
        service: A running service.
    """
    from twisted.internet.defer import Deferred

    from ..twisted._clock import global_clock

    def tell(text: str, severity: int) -> None:
        say(line_of(Message(topic=_TOPIC, severity=severity, body={"summary": text})))

    processed: Deferred[None] = Deferred()
    attempts = 0
    mended = False

    @retry(on=(NoSuchMirror,), delays=_DELAYS, wait="queue", then="quarantine")
    def callback(message: Message) -> None:
        nonlocal attempts
        attempts += 1
        if mended:
            tell("processed", INFO)
            processed.callback(None)
            return
        if attempts <= len(_DELAYS):
            tell(f"failed, back in {_DELAYS[attempts - 1]:g} s", WARNING)
        raise NoSuchMirror(message.body["mirror"])

    async def quarantined(message: Message) -> None:
        nonlocal mended
        error = from_wire(message._properties.headers["fedora_messaging_failure_error"])
        tell("failed again: in quarantine", ERROR)
        tell(error[:TEXT_WIDTH], ERROR)
        tell("mended, and sent back", INFO)
        mended = True
        await service.publish(message, f"{_QUEUE}.requeue")

    say(f"\n{click.style('A callback that fails:', bold=True)}")
    bindings = [{"exchange": "amq.topic", "queue": _QUEUE, "routing_keys": ["mirror.#"]}]
    await service.consume(callback, bindings, {_QUEUE: _DURABLE})
    await service.consume(quarantined, [], {f"{_QUEUE}.quarantine": _DURABLE})
    await service.publish(Message(topic=_TOPIC, body={"mirror": "mirror.example"}))
    await processed.addTimeout(_LONGEST, global_clock())
