# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consumers with a failure policy, on a clock and the embedded broker."""

from collections.abc import Callable
from typing import Any

from fedora_messaging.message import Message
from support.world import World, result_of

QUEUES = {"q": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}
BINDINGS = [{"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}]
ANY = "builtins:OSError"


def running(world: World, on_message: Any, retry: dict[str, Any], **keys: Any) -> Any:
    """A service that consumes from the queue with a policy."""
    service = world.service(
        on_message, **{"queues": QUEUES, "bindings": BINDINGS, "retry": {"jitter": 0, **retry}, **keys}
    )
    service.startService()
    world.settle()
    return service


def publish(service: Any, world: World, *numbers: int, **values: Any) -> None:
    for number in numbers:
        published = service.publish(Message(topic=f"t.{number}", body={"n": number}, **values))
        world.settle()
        assert result_of(published) is None


def in_queue(world: World, name: str = "q") -> tuple[int, int]:
    """How many messages of a queue are ready, and how many unacknowledged."""
    queue = world.broker.queue(name)
    return queue.ready, queue.unacked


class Failing:
    """A callback that fails for the messages and as often as it is told."""

    def __init__(self, times: dict[int, int], error: Callable[[], Exception] = OSError) -> None:
        self.times = dict(times)
        self.error = error
        self.seen: list[int] = []
        self.messages: list[Message] = []

    def __call__(self, message: Message) -> None:
        number = message.body["n"]
        self.seen.append(number)
        self.messages.append(message)
        if self.times.get(number, 0):
            self.times[number] -= 1
            raise self.error()
