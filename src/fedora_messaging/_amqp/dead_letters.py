# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages that a consumer could not process: what they are, and what is known of the failure.

The headers that say why a message is in quarantine count only where it came through the quarantine's own
exchange; anybody may set them on a message of their own. Of other dead letters the broker's ``x-death`` is
used (https://www.rabbitmq.com/docs/dlx#effects).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pika

from .._core.delivery import QUARANTINE, Delivery
from .._message.headers import ATTEMPTS, FAILURE, is_from_policy
from .._message.jsonable import presentable
from ..exceptions import ValidationError
from ..message import Message, dumps
from .properties import decode_properties
from .received import decode

__all__ = ["DeadLetter", "dead_letter", "exported"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be processed.

    Attributes:
        id: Its id; for a message without one a tilde and a hash of topic and body.
        topic: Its topic.
        topic_from_death: Whether the topic is the broker's record of how it was routed before it was
            dead-lettered with another routing key.
        failure: What is known of the failure: ``error``, ``traceback``, ``at``, ``attempts``, ``queue``,
            ``exchange`` and ``host``, as far as they are known.
        headers: All its headers, as they came.
        message: The message; None when it is not a valid one.
        invalid: Why it is not valid; "" when it is.
        body: The bytes of its body; None when it is larger than ``max_message_size``.
        delivery_count: How often a quorum queue has handed it out before.
    """

    id: str
    topic: str
    topic_from_death: bool
    failure: Mapping[str, Any]
    headers: Mapping[str, Any]
    message: Message | None
    invalid: str
    body: bytes | None
    delivery_count: int


def dead_letter(delivery: Delivery, origin: str) -> DeadLetter:
    """Return what is known of a delivery. Never fails.

    Args:
        delivery: A message from a quarantine, or from any other queue of dead letters.
        origin: The name of the queue in which it could not be processed.
    """
    try:
        properties = decode_properties(delivery.properties)
    except ValidationError:
        properties = pika.BasicProperties()
    headers = properties.headers if isinstance(properties.headers, dict) else {}
    topic = delivery.routing_key.decode("utf-8", "backslashreplace")
    if delivery.exchange == f"{origin}.{QUARANTINE}":
        failure = _noted(headers)
        routed = topic
    else:
        death = _death(headers, origin)
        failure = _of_death(death)
        routed = _first_text(death.get("routing-keys")) or topic
    message, invalid = _decoded(delivery, origin)
    count = headers.get("x-delivery-count")
    return DeadLetter(
        str(properties.message_id or "") or _hash(delivery),
        routed,
        routed != topic,
        failure,
        headers,
        message,
        invalid,
        delivery.body,
        count if type(count) is int else 0,
    )


def exported(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter for JSON.

    A valid message is as :func:`fedora_messaging.message.dumps` writes it, with ``failure`` added; the
    headers that the failure was taken from are left out. Of one that is not valid there is ``invalid``, the
    reason, and the body in ``body_base64``.
    """
    failure = presentable(dict(letter.failure))
    kept = {name: value for name, value in letter.headers.items() if not is_from_policy(name)}
    if letter.message is not None:
        try:
            content: dict[str, Any] = json.loads(dumps(letter.message))
        except ValidationError as error:
            return _invalid(letter, error.summary, kept, failure)
        return {**content, "topic": letter.topic, "headers": presentable(kept), "failure": failure}
    return _invalid(letter, letter.invalid, kept, failure)


def _invalid(letter: DeadLetter, reason: str, headers: dict[str, Any], failure: Any) -> dict[str, Any]:
    body = None if letter.body is None else base64.b64encode(letter.body).decode()
    return {
        "body_base64": body,
        "failure": failure,
        "headers": presentable(headers),
        "id": letter.id,
        "invalid": reason,
        "topic": letter.topic,
    }


def _decoded(delivery: Delivery, origin: str) -> tuple[Message | None, str]:
    try:
        return decode(delivery._replace(queue=origin)), ""
    except ValidationError as error:
        return None, error.summary


def _noted(headers: Mapping[str, Any]) -> dict[str, Any]:
    """What a consumer wrote down when it put a message into quarantine."""
    found = {name[len(FAILURE) :]: value for name, value in headers.items() if name.startswith(FAILURE)}
    if ATTEMPTS in headers:
        found.setdefault("attempts", headers[ATTEMPTS])
    return found


def _death(headers: Mapping[str, Any], origin: str) -> Mapping[str, Any]:
    """How a message left a queue, of those that the broker has listed, the latest first; else the first."""
    listed = headers.get("x-death")
    deaths = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return next((each for each in deaths if each.get("queue") == origin), deaths[-1] if deaths else {})


def _of_death(death: Mapping[str, Any]) -> dict[str, Any]:
    if not death:
        return {}
    at = death.get("time")
    found = {
        "error": f"dead-lettered: {death.get('reason')}",
        "at": at.isoformat() if isinstance(at, datetime) else at,
        "attempts": death.get("count"),
        "queue": death.get("queue"),
        "exchange": death.get("exchange"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _first_text(value: object) -> str:
    first = value[0] if isinstance(value, list) and value else ""
    return first if isinstance(first, str) else ""


def _hash(delivery: Delivery) -> str:
    """A name for a message without an id, the same each time it is looked at."""
    return f"~{hashlib.sha256(delivery.routing_key + bytes(1) + (delivery.body or b'')).hexdigest()[:16]}"
