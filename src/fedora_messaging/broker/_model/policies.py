# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Policies: arguments that are set for all queues whose names match a pattern.

https://www.rabbitmq.com/docs/policies
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .arguments import MAX_EXPIRY, OVERFLOWS, STRATEGIES
from .emulation import Emulation
from .options import RETRIES, Options

# The field of Options that a key sets, and its smallest and largest number, its values, or any string.
_KEYS: dict[str, tuple[str, tuple[int | None, int | None] | tuple[str, ...] | None]] = {
    "message-ttl": ("ttl", (0, MAX_EXPIRY)),
    "expires": ("expires", (1, MAX_EXPIRY)),
    "max-length": ("max_length", (0, None)),
    "max-length-bytes": ("max_bytes", (0, None)),
    "overflow": ("overflow", OVERFLOWS),
    "dead-letter-exchange": ("dead_letter_exchange", None),
    "dead-letter-routing-key": ("dead_letter_routing_key", None),
    "dead-letter-strategy": ("dead_letter_strategy", STRATEGIES),
    "delivery-limit": ("delivery_limit", (0, None)),
    "delayed-retry-type": ("retry_type", tuple(RETRIES)),
    "delayed-retry-min": ("retry_min", (1, None)),
    "delayed-retry-max": ("retry_max", (1, None)),
}


@dataclass(frozen=True)
class Policy:
    """What holds for the queues whose names contain a match of a pattern.

    Attributes:
        options: values by the names of ``Options``' fields.
        priority: of several policies for a queue the one with the highest holds.
    """

    name: str
    pattern: re.Pattern[str]
    options: Mapping[str, Any]
    priority: int


class Policies:
    """The policies of one virtual host."""

    def __init__(self) -> None:
        self._policies: dict[str, Policy] = {}

    def set(self, policy: Policy) -> None:
        """Add a policy, or replace the one with its name."""
        self._policies[policy.name] = policy

    def clear(self, name: str) -> None:
        """Remove a policy.

        Raises:
            KeyError: There is no such policy.
        """
        del self._policies[name]

    def merged(self, queue: str, options: Options) -> Options:
        """Return a queue's options with those of its policy, if it has one."""
        matching = (policy for policy in self._policies.values() if policy.pattern.search(queue))
        policy = max(matching, key=lambda each: each.priority, default=None)
        return options if policy is None else options.merged(policy.options)


def read_policy(
    name: str, pattern: str, definition: Mapping[str, Any], priority: int, emulation: Emulation
) -> Policy:
    """Check a policy as RabbitMQ does.

    Raises:
        ValueError: The pattern is no regular expression, or the definition is empty, or has an unknown key or
            an invalid value; the text names it.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"policy {name!r}: {pattern!r} is not a regular expression: {error}") from error
    if not definition:
        raise ValueError(f"policy {name!r}: the definition is empty; it can set {', '.join(_KEYS)}")
    for key, value in definition.items():
        if key not in _KEYS or (key.startswith("delayed-") and not emulation.delayed_retry):
            known = [each for each in _KEYS if emulation.delayed_retry or not each.startswith("delayed-")]
            raise ValueError(f"policy {name!r}: {key!r} is not known; it can set {', '.join(known)}")
        wanted = _wanted(key, value, emulation)
        if wanted is not None:
            raise ValueError(f"policy {name!r}: {key} is {value!r}, and has to be {wanted}")
    _check_retry(name, definition)
    options = {_KEYS[key][0]: value for key, value in definition.items()}
    return Policy(name, compiled, options, priority)


def _wanted(key: str, value: Any, emulation: Emulation) -> str | None:
    """Return what a value has to be, or None when it is."""
    rule = _KEYS[key][1]
    if rule is None:
        return None if isinstance(value, str) else "a string"
    if isinstance(rule[0], str):
        return None if value in rule else f"one of {', '.join(map(str, rule))}"
    low, high = rule
    if key == "delivery-limit" and emulation.unlimited_deliveries:
        low = None
    whole = isinstance(value, int) and not isinstance(value, bool)
    if whole and (low is None or value >= low) and (high is None or value <= high):
        return None
    return "an integer" + ("" if low is None else f" from {low}") + ("" if high is None else f" to {high}")


def _check_retry(name: str, definition: Mapping[str, Any]) -> None:
    kind = definition.get("delayed-retry-type", "disabled")
    shortest, longest = definition.get("delayed-retry-min"), definition.get("delayed-retry-max")
    if kind != "disabled" and shortest is None:
        raise ValueError(f"policy {name!r}: delayed-retry-type {kind!r} needs delayed-retry-min, in ms")
    if shortest is not None and longest is not None and longest < shortest:
        raise ValueError(
            f"policy {name!r}: delayed-retry-max ({longest}) is less than delayed-retry-min ({shortest})"
        )
