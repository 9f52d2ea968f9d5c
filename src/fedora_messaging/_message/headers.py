# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The headers of messages: their names, and those that brokers add."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

#: For debugging, or of very low priority for another reason.
DEBUG = 10
#: Informational: nobody is notified unless they ask for it.
INFO = 20
#: A problem, or something else that matters.
WARNING = 30
#: Critical: to be acted upon as soon as possible.
ERROR = 40

#: All severities.
SEVERITIES = (DEBUG, INFO, WARNING, ERROR)

#: The headers of a message.
HeaderType = dict[str, Any]


SCHEMA = "fedora_messaging_schema"
PACKAGE = "fedora_messaging_schema_package"
SEVERITY = "fedora_messaging_severity"
SENT_AT = "sent-at"

#: The number of attempts at a message that waited in a queue to be tried again.
ATTEMPTS = "fedora_messaging_attempts"
#: The prefix of the headers that say why a message is in quarantine.
FAILURE = "fedora_messaging_failure_"

# A short string of AMQP 0-9-1 (section 4.2.5.3): routing keys and the keys of headers.
SHORT = 255

# Headers that brokers add (https://www.rabbitmq.com/docs/dlx#effects and, on quorum queues,
# https://www.rabbitmq.com/docs/quorum-queues#poison-message-handling).
_BROKER_HEADERS = ("x-death", "x-delivery-count", "x-acquired-count")
_BROKER_PREFIXES = ("x-first-death-", "x-last-death-")
_UNCOMPARED = frozenset({SENT_AT, "traceparent", "tracestate", "baggage", *_BROKER_HEADERS})


@lru_cache(maxsize=4)
def now(second: int) -> str:
    """Format a time for ``sent-at``: UTC, whole seconds."""
    return datetime.fromtimestamp(second, timezone.utc).isoformat()


def is_from_broker(key: object) -> bool:
    """Whether a header is one that brokers add."""
    return key in _BROKER_HEADERS or (isinstance(key, str) and key.startswith(_BROKER_PREFIXES))


def is_from_policy(key: object) -> bool:
    """Whether a header is one that a consumer's failure policy adds."""
    return key == ATTEMPTS or (isinstance(key, str) and key.startswith(FAILURE))


def compared(headers: HeaderType) -> HeaderType:
    """Return the headers that count when messages are compared."""
    return {
        key: value
        for key, value in headers.items()
        if not (key in _UNCOMPARED or is_from_broker(key) or is_from_policy(key))
    }


def without_brokers(headers: HeaderType) -> HeaderType:
    """Remove headers that brokers added; returns the same dictionary if there are none."""
    if any(map(is_from_broker, headers)):
        return {key: value for key, value in headers.items() if not is_from_broker(key)}
    return headers


def are_common(headers: Any) -> bool:
    """Whether headers are certainly valid by the base schema, found without a validator."""
    if type(headers) is not dict:
        return False
    severity = headers.get(SEVERITY, INFO)
    if type(severity) is not int or severity not in SEVERITIES:
        return False
    get = headers.get
    return type(get(SCHEMA, "")) is type(get(PACKAGE, "")) is type(get(SENT_AT, "")) is str
