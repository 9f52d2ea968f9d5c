# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A publisher and a consumer that run on either implementation: each uses only what both have.

    peer.py publish FILE        publishes what a file of JSON lines describes
    peer.py consume QUEUE N     consumes N messages

Both print one line of JSON for each message, with all that can be seen of it.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

from fedora_messaging import api, message
from fedora_messaging.exceptions import HaltConsumer

ACCESSORS = (
    *("summary", "url", "app_name", "app_icon", "agent_name", "agent_avatar", "deprecated"),
    *("usernames", "groups", "packages", "containers", "modules", "flatpaks"),
)
PROPERTIES = (
    *("content_type", "content_encoding", "delivery_mode", "priority", "correlation_id", "reply_to"),
    *("expiration", "message_id", "timestamp", "type", "user_id", "app_id", "cluster_id"),
)


def show(seen: Any) -> None:
    """Print a message."""
    print(
        json.dumps(
            {
                "class": f"{type(seen).__module__}:{type(seen).__qualname__}",
                "id": seen.id,
                "topic": seen.topic,
                "body": seen.body,
                "severity": seen.severity,
                "priority": seen.priority,
                "queue": seen.queue,
                "headers": seen._headers,
                "properties": {name: getattr(seen._properties, name) for name in PROPERTIES},
                "accessors": {name: getattr(seen, name) for name in ACCESSORS},
                "str": str(seen),
                "repr": repr(seen),
                "dumps": api.dumps(seen),
            }
        ),
        flush=True,
    )


def publish(path: str) -> None:
    """Publish what a file describes."""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            described = json.loads(line)
            cls = message.get_class(described.pop("class", "base.message"))
            priority = described.pop("priority", None)
            made = cls(**described)
            if priority is not None:
                made.priority = priority
            api.publish(made)
            show(made)


class Consumer:
    """Shows so many messages, then ends."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, received: Any) -> None:
        show(received)
        self.left -= 1
        if self.left == 0:
            raise HaltConsumer


def consume(queue: str, count: int) -> None:
    """Consume so many messages from a queue that is there."""
    settings = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
    bindings = [{"exchange": "amq.topic", "queue": queue, "routing_keys": ["#"]}]
    try:
        api.consume(Consumer(int(count)), bindings=bindings, queues={queue: settings})
    except HaltConsumer as halt:
        sys.exit(halt.exit_code)


if __name__ == "__main__":
    sys.excepthook = lambda kind, error, traceback: print(f"{kind.__name__}: {error}"[:1000], file=sys.stderr)
    tasks: dict[str, Callable[..., None]] = {"publish": publish, "consume": consume}
    tasks[sys.argv[1]](*sys.argv[2:])
