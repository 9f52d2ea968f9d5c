# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which consumers a program is to run: those of the configuration, or the one that its options describe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .._config.model import Config, ConsumerConfig
from .._core import topology
from ..exceptions import ConfigurationException

__all__ = ["check_shared", "wanted_consumers"]


def wanted_consumers(
    config: Config,
    *,
    callback: Any = None,
    queue: str | None = None,
    routing_keys: Iterable[str] = (),
    exchange: str | None = None,
    concurrency: int | None = None,
) -> tuple[ConsumerConfig, ...]:
    """Return the consumers that are asked for.

    The ``[consumers.NAME]`` tables describe them, unless an option says what to consume, or with what.

    Args:
        config: The configuration.
        callback: The callback, or its name.
        queue: The queue of all bindings.
        routing_keys: The routing keys of all bindings.
        exchange: The exchange of all bindings.
        concurrency: How many callbacks of each may run at a time.
    """
    keys = tuple(routing_keys)
    if config.consumers and not (callback or queue or keys or exchange):
        found = config.consumers
    else:
        bindings, queues = config.bindings, config.queues
        if queue or keys or exchange:
            bindings = topology.overridden(
                bindings, queues, queue=queue, routing_keys=keys, exchange=exchange
            )
            names = {binding.queue for binding in bindings}
            queues = tuple(each for each in queues if each.name in names)
        found = (ConsumerConfig("", callback or config.callback, queues, bindings, config.qos),)
    if concurrency is not None:
        found = tuple(replace(each, qos=replace(each.qos, concurrency=concurrency)) for each in found)
    return found


def check_shared(wanted: Iterable[ConsumerConfig], workers: int) -> None:
    """Check that several workers can share the queues of consumers.

    Args:
        wanted: The consumers.
        workers: How many workers there are.

    Raises:
        ConfigurationException: Each worker would have a queue of its own, and see all messages; or only one
            of them could use a queue.
    """
    if workers < 2:
        return
    for consumer in wanted:
        where = f"consumers.{consumer.name}: " if consumer.name else ""
        for each in topology.subscriptions(consumer.queues, consumer.bindings):
            if not each.queue.name:
                raise ConfigurationException(
                    f"{where}{workers} workers cannot share a queue that the broker names: each would have "
                    "its own, and get every message. Name it: with --queue-name, or in [queues] and bindings"
                )
            if each.queue.exclusive:
                raise ConfigurationException(
                    f'{where}{workers} workers cannot share the queue "{each.queue.name}", which is '
                    "exclusive: set exclusive = false"
                )
