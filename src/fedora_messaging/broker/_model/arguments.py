# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The arguments (``x-...``) a queue can be declared with, checked as RabbitMQ checks them.

https://www.rabbitmq.com/docs/queues#optional-arguments
"""

from __future__ import annotations

from typing import cast

from .._wire.errors import AMQPError, kind_in_vhost, not_implemented, precondition
from .._wire.fields import WORDS, Field, Table
from .emulation import Emulation
from .options import Options

#: Ten years, in ms.
MAX_EXPIRY = 315360000000
STRATEGIES = ("at-most-once", "at-least-once")
OVERFLOWS = ("drop-head", "reject-publish", "reject-publish-dlx")
_ANY = frozenset(("classic", "quorum"))
_CLASSIC = frozenset(("classic",))
_QUORUM = frozenset(("quorum",))
# A type, the allowed values, or the smallest and the largest number.
Rule = str | tuple[str, ...] | tuple[int, int | None]
# Which queue types support an argument, and the rule for its value.
_RULES: dict[str, tuple[frozenset[str], Rule]] = {
    "x-queue-type": (_ANY, "string"),
    "x-expires": (_ANY, (1, MAX_EXPIRY)),
    "x-message-ttl": (_ANY, (0, MAX_EXPIRY)),
    "x-dead-letter-exchange": (_ANY, "string"),
    "x-dead-letter-routing-key": (_ANY, "string"),
    "x-dead-letter-strategy": (_QUORUM, STRATEGIES),
    "x-max-length": (_ANY, (0, None)),
    "x-max-length-bytes": (_ANY, (0, None)),
    "x-max-in-memory-length": (_QUORUM, (0, None)),
    "x-max-in-memory-bytes": (_QUORUM, (0, None)),
    "x-max-priority": (_CLASSIC, (0, 255)),
    "x-overflow": (_ANY, OVERFLOWS),
    "x-queue-mode": (_CLASSIC, ("default", "lazy")),
    "x-queue-version": (_CLASSIC, (1, 2)),
    "x-queue-master-locator": (_CLASSIC, "string"),
    "x-single-active-consumer": (_ANY, "bool"),
    "x-delivery-limit": (_QUORUM, "anything"),
    "x-delayed-retry-type": (_QUORUM, "anything"),
    "x-delayed-retry-min": (_QUORUM, "anything"),
    "x-delayed-retry-max": (_QUORUM, "anything"),
    "x-quorum-initial-group-size": (_QUORUM, (1, None)),
    "x-quorum-target-group-size": (_QUORUM, (1, None)),
    "x-queue-leader-locator": (_QUORUM, ("client-local", "balanced", "random", "least-leaders")),
    "x-max-age": (frozenset(), "string"),
    "x-stream-max-segment-size-bytes": (frozenset(), (0, None)),
    "x-initial-cluster-size": (frozenset(), (0, None)),
}


def read_options(arguments: Table, queue: str, vhost: str, emulation: Emulation) -> Options:
    """Check and parse a queue's arguments.

    Raises:
        AMQPError: 406, an argument is invalid; 540, the queue type is not implemented; 541, the argument is
            no longer supported.
    """
    what = kind_in_vhost("queue", queue, vhost)
    kind = _type(arguments, what)
    rules = _rules(emulation)
    for name, field in arguments.items():
        if name not in rules:
            continue
        types, rule = rules[name]
        if name == "x-queue-mode" and not emulation.queue_mode_checked:
            rule = "string"
        if name == "x-queue-leader-locator" and emulation.classic_locator:
            types = _ANY
        if kind not in types:
            raise precondition(f"invalid arg '{name}' for {what} of queue type rabbit_{kind}_queue")
        _check(name, field, rule, what)
    if "x-queue-master-locator" in arguments and emulation.master_locator_ends:
        raise AMQPError(541, "Feature `queue_master_locator` is deprecated.")
    if "x-dead-letter-routing-key" in arguments and "x-dead-letter-exchange" not in arguments:
        raise precondition(
            f"invalid arg 'x-dead-letter-routing-key' for {what}: routing_key_but_no_dlx_defined"
        )
    single_active = arguments.get("x-single-active-consumer")
    limit = _number(arguments, "x-delivery-limit")
    return Options(
        type=kind,
        expires=_number(arguments, "x-expires"),
        ttl=_number(arguments, "x-message-ttl"),
        dead_letter_exchange=_string(arguments, "x-dead-letter-exchange"),
        dead_letter_routing_key=_string(arguments, "x-dead-letter-routing-key"),
        dead_letter_strategy=_string(arguments, "x-dead-letter-strategy"),
        max_length=_number(arguments, "x-max-length"),
        max_bytes=_number(arguments, "x-max-length-bytes"),
        max_priority=_number(arguments, "x-max-priority"),
        overflow=_string(arguments, "x-overflow"),
        single_active=single_active is not None and bool(single_active.value),
        delivery_limit=limit if limit is None or emulation.unlimited_deliveries else max(0, limit),
        retry_type=_string(arguments, "x-delayed-retry-type") if emulation.delayed_retry else None,
        retry_min=_number(arguments, "x-delayed-retry-min"),
        retry_max=_number(arguments, "x-delayed-retry-max"),
    )


def check_same(received: Table, current: Table, queue: str, vhost: str, emulation: Emulation) -> None:
    """Check that a declaration has the arguments of the existing queue.

    Raises:
        AMQPError: 406, for the first argument that differs.
    """
    for name in _rules(emulation):
        new, old = received.get(name), current.get(name)
        if new == old or (name == "x-queue-type" and _plain_type(new) == _plain_type(old)):
            continue
        if new is not None and old is not None and new.family == old.family and new.value == old.value:
            continue
        raise precondition(
            f"inequivalent arg '{name}' for {kind_in_vhost('queue', queue, vhost)}: "
            f"received {_describe(new)} but current is {_describe(old)}"
        )


def _rules(emulation: Emulation) -> dict[str, tuple[frozenset[str], Rule]]:
    if emulation.delayed_retry:
        return _RULES
    return {name: rule for name, rule in _RULES.items() if not name.startswith("x-delayed-retry-")}


def _plain_type(field: Field | None) -> str:
    return "classic" if field is None else field.text


def _describe(field: Field | None) -> str:
    if field is None:
        return "none"
    value = str(field.value).lower() if isinstance(field.value, bool) else field.text
    return f"the value '{value}' of type '{WORDS[field.kind]}'"


def _type(arguments: Table, what: str) -> str:
    field = arguments.get("x-queue-type")
    if field is None:
        return "classic"
    if field.kind == b"S" and field.text == "stream":
        raise not_implemented("streams")
    if field.kind != b"S" or field.text not in ("classic", "quorum"):
        raise precondition(f"invalid arg 'x-queue-type' for {what}: unsupported queue type '{field.text}'")
    return field.text


def _check(name: str, field: Field, rule: Rule, what: str) -> None:
    word = WORDS[field.kind]
    if rule == "anything":
        return
    if rule == "string":
        if field.kind != b"S":
            raise precondition(f"invalid arg '{name}' for {what}: {{unacceptable_type,{word}}}")
    elif rule == "bool":
        if field.kind != b"t":
            raise precondition(f"invalid arg '{name}' for {what}: {{unacceptable_type,{word}}}")
    elif isinstance(rule[0], str):
        if field.kind != b"S" or field.text not in rule:
            raise precondition(f"invalid arg '{name}' for {what}: {{unacceptable_value,{field.text}}}")
    elif not field.is_integer:
        raise precondition(f"invalid arg '{name}' for {what}: {{unacceptable_type,{word}}}")
    else:
        low, high = cast("tuple[int, int | None]", rule)
        assert isinstance(field.value, int)
        if field.value < low:
            reason = "value_negative" if field.value < 0 else "value_zero"
            raise precondition(f"invalid arg '{name}' for {what}: {{{reason},{field.value}}}")
        if high is not None and field.value > high:
            raise precondition(f"invalid arg '{name}' for {what}: {{value_too_big,{field.value}}}")


def _number(arguments: Table, name: str) -> int | None:
    field = arguments.get(name)
    return field.value if field is not None and isinstance(field.value, int) else None


def _string(arguments: Table, name: str) -> str | None:
    field = arguments.get(name)
    return field.text if field is not None else None
