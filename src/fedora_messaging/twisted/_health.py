# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whether a service does its work, and if not, why, in words."""

from __future__ import annotations

from typing import Protocol

from .._metrics.recorder import Metrics
from ..config import Config
from .consumer import Consumer
from .factory import FedoraMessagingFactory

__all__ = ["Watched", "has_started", "reasons", "stuck"]


class Watched(Protocol):
    """What is asked of a service."""

    @property
    def config(self) -> Config:
        """Its configuration."""

    @property
    def ready(self) -> bool:
        """Whether everything that is to consume does."""

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers that have not ended."""

    @property
    def factory(self) -> FedoraMessagingFactory:
        """The factory of the consuming connection."""

    @property
    def publisher(self) -> FedoraMessagingFactory:
        """The factory of the publishing connection."""

    @property
    def metrics(self) -> Metrics | None:
        """What is counted and measured, if anything is."""


def reasons(watched: Watched, name: str | None = None) -> list[str] | None:
    """Say why a service is not ready.

    Args:
        watched: The service.
        name: The name or the queue of the consumers that are asked for; None: all, and publishing.

    Returns:
        The reasons, none of them when it is ready; None when there is no consumer of this name.
    """
    if name is not None:
        named = [each for each in watched.consumers if name in (each.name, each.queue)]
        return [words for each in named for words in _of_consumer(each)] if named else None
    found = [words for each in watched.consumers for words in _of_consumer(each)]
    if not found and not watched.ready:
        found.append("a consumer has ended with an error")
    return found + _of_publishing(watched.publisher)


def _of_consumer(consumer: Consumer) -> list[str]:
    called = f"the consumer {consumer.name or f'of the queue {consumer.queue}'}"
    if consumer.resting:
        return [f"{called} rests: {consumer.resting}"]
    return [] if consumer.running else [f"{called} is {consumer.state}"]


def _of_publishing(publisher: FedoraMessagingFactory) -> list[str]:
    """A process that has published nothing needs no connection for it."""
    if not publisher.is_used:
        return []
    connection = publisher.connection
    if connection is not None and connection.alive and connection.blocked is None:
        return []
    return [f"publishing is {publisher.publishing_state}"]


def has_started(watched: Watched) -> bool:
    """Whether every consumer has consumed once; later failures do not change that."""
    return all(consumer.has_consumed for consumer in watched.consumers) and (
        bool(watched.consumers) or watched.ready
    )


def stuck(watched: Watched) -> str:
    """Say that a callback has run for longer than it may; "" when none has."""
    monitoring = watched.config.monitoring
    if monitoring is None or monitoring.stuck_after is None or watched.metrics is None:
        return ""
    longest = watched.metrics.longest_callback
    if longest <= monitoring.stuck_after:
        return ""
    limit = f"stuck_after ({monitoring.stuck_after:g} s)"
    return f"a callback has been running for {longest:.0f} s, longer than {limit}"
