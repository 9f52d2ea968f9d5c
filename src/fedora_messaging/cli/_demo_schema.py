# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A part of the demonstration: a message that breaks its schema is refused before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .._message.message import registry
from ..exceptions import ValidationError
from ..message import ERROR, INFO, Message
from ._demo_lines import TEXT_WIDTH, line_of, say

if TYPE_CHECKING:
    from ..twisted.service import FedoraMessagingService

__all__ = ["show_refusal"]

_BODY: dict[str, Any] = {"release": "f43"}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"release": {"type": "integer"}},
    "required": ["release"],
}


class Composed(Message):
    """A message class as applications have them; those name theirs in an entry point."""

    topic = "compose.finished"
    body_schema = _SCHEMA


async def show_refusal(service: FedoraMessagingService) -> None:
    """Publish a message that breaks its schema, and print what becomes of it.

    Args:
        service: A running service.
    """

    def tell(text: str, severity: int) -> None:
        shown = Message(topic=Composed.topic, severity=severity, body={"summary": text[:TEXT_WIDTH]})
        say(line_of(shown))

    say(f"\n{click.style('A message that breaks its schema:', bold=True)}")
    registry.add("demo.composed", Composed)
    try:
        tell('{"release": "f43"}', INFO)
        await service.publish(Composed(_BODY))
    except ValidationError as error:
        tell("refused, and nothing was sent:", ERROR)
        tell(error.summary, ERROR)
    finally:
        del registry.classes["demo.composed"], registry.names[Composed]
