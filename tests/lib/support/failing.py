# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A queue whose messages fail: its topology, its configuration as a file, and how two messages compare."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from .amqp import Got

__all__ = ["KINDS", "QUEUE", "consumer_toml", "kept", "kinds", "toml", "topology"]

QUEUE = "work"

#: The arguments of a queue of each kind.
KINDS: dict[str, dict[str, str]] = {"classic": {}, "quorum": {"x-queue-type": "quorum"}}

kinds = pytest.mark.parametrize("kind", KINDS)

#: What a consumer that publishes a message again leaves out on purpose.
_LEFT_OUT = ("expiration", "user_id")


def topology(kind: str) -> dict[str, Any]:
    """The keys of the configuration for a queue of a kind, bound to amq.topic for ``t.#``."""
    return {
        "queues": {
            QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": KINDS[kind]}
        },
        "bindings": [{"exchange": "amq.topic", "queue": QUEUE, "routing_keys": ["t.#"]}],
    }


def toml(kind: str = "classic", **retry: Any) -> str:
    """The same as lines of a configuration file, with a failure policy."""
    arguments = ", ".join(f"{key} = {json.dumps(value)}" for key, value in KINDS[kind].items())
    policy = [f"{key} = {json.dumps(value)}" for key, value in retry.items()]
    return "\n".join(
        [
            "[[bindings]]",
            f'queue = "{QUEUE}"',
            'exchange = "amq.topic"',
            'routing_keys = ["t.#"]',
            f"[queues.{QUEUE}]",
            "durable = true",
            "auto_delete = false",
            "exclusive = false",
            f"arguments = {{ {arguments} }}",
            "[retry]",
            *policy,
            "",
        ]
    )


def kept(got: Got) -> tuple[str, bytes, Mapping[str, Any]]:
    """All of a message that must not change while it waits, as pika received it."""
    values = {name: value for name, value in vars(got.properties).items() if value is not None}
    headers = values.pop("headers", {})
    values["headers"] = {
        name: value
        for name, value in headers.items()
        if not name.startswith(("x-", "fedora_messaging_failure_")) and name != "fedora_messaging_attempts"
    }
    return got.topic, got.body, {name: value for name, value in values.items() if name not in _LEFT_OUT}


def consumer_toml(callback: str, kind: str = "classic", **retry: Any) -> str:
    """A configuration file for twistd: the same, as a named consumer with a policy of its own."""
    lines = toml(kind).removesuffix("[retry]\n").replace("[[bindings]]", "[[consumers.own.bindings]]")
    lines = lines.replace(f"[queues.{QUEUE}]", f"[consumers.own.queues.{QUEUE}]")
    policy = [f"{key} = {json.dumps(value)}" for key, value in retry.items()]
    head = ["[consumers.own]", f'callback = "{callback}"']
    return "\n".join([*head, lines, "[consumers.own.retry]", *policy, ""])
