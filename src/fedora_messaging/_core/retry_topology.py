# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The exchanges and queues that a failure policy needs on the broker.

Each is fanout: a message keeps its routing key, which is its topic, and no topic is ever taken from a header,
which any publisher could forge. A delay has a queue of its own with one time to live for all its messages, so
that none waits behind a longer one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..exceptions import ConfigurationException
from .delivery import QUARANTINE, REQUEUE, RETRY
from .retry import Retry, delay_name, longest_hold
from .topology import Binding, Exchange, Queue

__all__ = ["RetryObjects", "check_policy", "retry_objects"]

_SHORT = 255  # bytes of a name


@dataclass(frozen=True, slots=True)
class RetryObjects:
    """What to declare for the policy of one queue.

    Attributes:
        exchanges: The exchanges.
        queues: The queues.
        bindings: What binds them.
        needs: What the broker has to permit, in words.
    """

    exchanges: tuple[Exchange, ...] = ()
    queues: tuple[Queue, ...] = ()
    bindings: tuple[Binding, ...] = ()
    needs: str = ""


def check_policy(queue: Queue, retry: Retry, ack_timeout: float, source: str) -> None:
    """Check that a queue can be used with a policy.

    Args:
        queue: The queue.
        retry: The policy.
        ack_timeout: How long the broker waits for the acknowledgement of a message, in seconds.
        source: Where the policy was written, in words.

    Raises:
        ConfigurationException: Names the key, and says what else would work.
    """
    name = queue.name or "(named by the broker)"
    hold = longest_hold(ack_timeout)
    if retry.wait in ("aside", "in-place") and max(retry.delays) > hold:
        raise ConfigurationException(
            f'{source}.delays: {max(retry.delays):g} s is too long for wait = "{retry.wait}", which holds a '
            f'message for half of ack_timeout ({hold:g} s) at most. Use wait = "queue"'
        )
    if retry.on_broker:
        what = f'{source}.wait: "queue"' if retry.wait == "queue" else f'{source}.then: "quarantine"'
        if not queue.name or queue.exclusive or queue.auto_delete:
            raise ConfigurationException(
                f"{what} needs a queue that stays, and {name} goes with its consumer. Configure a durable "
                "queue with a name"
            )
        longest = max(len(each.name.encode()) for each in retry_objects(queue, retry).exchanges)
        if longest > _SHORT:
            raise ConfigurationException(
                f"{what} needs names of {longest} bytes, and AMQP allows {_SHORT}. Use a shorter name for "
                f"the queue {name:.40}..."
            )
    if retry.wait == "broker" and queue.arguments.get("x-queue-type") != "quorum":
        raise ConfigurationException(
            f'{source}.wait: "broker" needs a quorum queue, and {name} is not configured as one '
            '(arguments = { x-queue-type = "quorum" }). Use wait = "queue"'
        )


def retry_objects(queue: Queue, retry: Retry, source: str = "retry") -> RetryObjects:
    """Return what is to be declared for a queue; nothing when the policy needs nothing on the broker."""
    if not retry.on_broker:
        return RetryObjects()
    name = queue.name
    kind = queue.arguments.get("x-queue-type")
    of_kind: dict[str, Any] = {} if kind is None else {"x-queue-type": kind}
    names = [f"{name}.{REQUEUE}"]
    queues: list[Queue] = []
    if retry.wait == "queue":
        back: dict[str, Any] = {**of_kind, "x-dead-letter-exchange": names[0]}
        if kind == "quorum":
            back |= {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}
        for delay in dict.fromkeys(retry.delays):
            milliseconds = round(delay * 1000)
            queues.append(
                Queue(
                    f"{name}.{RETRY}.{delay_name(delay)}", arguments={**back, "x-message-ttl": milliseconds}
                )
            )
    if retry.then == "quarantine":
        queues.append(Queue(f"{name}.{QUARANTINE}", arguments=of_kind))
    names += [each.name for each in queues]
    return RetryObjects(
        tuple(Exchange(each, type="fanout") for each in names),
        tuple(queues),
        (Binding(name, names[0], ("",)), *(Binding(each.name, each.name, ("",)) for each in queues)),
        _needs(name, retry, source),
    )


def _needs(name: str, retry: Retry, source: str) -> str:
    objects = [rf"{RETRY}\..*"] if retry.wait == "queue" else []
    objects += [REQUEUE] + ([QUARANTINE] if retry.then == "quarantine" else [])
    own = rf"^{re.escape(name)}\.({'|'.join(objects)})$"
    key = "wait" if retry.wait == "queue" else "then"
    return (
        f"{source}.{key}: the broker has to permit the user configure, write and read on {own}, and write on "
        f"the queue {name}, which is bound to {REQUEUE}"
    )
