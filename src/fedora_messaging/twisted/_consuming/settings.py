# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How consumers behave, as one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..._core.observer import Observer, guarded
from ..._core.retry import Retry, policy_of
from ..._core.retry_topology import check_policy
from ..._core.spans import CallbackTracer
from ..._core.topology import Exchange, Subscription
from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONSUMER
from ...exceptions import ConfigurationException, excerpt

__all__ = ["ConsumerSettings", "checked_concurrency", "refuse_streams", "with_concurrency", "with_policy"]

_log = SafeLog(CONSUMER)


@dataclass(frozen=True)
class ConsumerSettings:
    """How consumers behave; each field is the configuration key of its name, times in seconds."""

    exchanges: tuple[Exchange, ...] = ()
    passive_declares: bool = False
    prefetch_count: int = 10
    concurrency: int = 1
    retry: Retry = field(default_factory=lambda: Retry(jitter=0))
    #: Where the policy was written, in words.
    retry_source: str = "retry"
    backoff_base: float = 0.5
    backoff_cap: float = 8.0
    stable: float = 5.0
    declare_timeout: float = 90.0
    ack_timeout: float = 1800.0
    observer: Observer | None = None  #: or several; afterwards one, which tells all of them
    tracer: CallbackTracer | None = None  #: one of the observers, which knows the spans of callbacks

    def __post_init__(self) -> None:
        object.__setattr__(self, "observer", guarded(self.observer))


def checked_concurrency(value: object) -> int:
    """Return how many callbacks may run at a time.

    Raises:
        ValueError: It is no whole number, 1 at least.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"concurrency must be a whole number, 1 at least, not {excerpt(value, 60)}")
    return value


def refuse_streams(subscriptions: Iterable[Subscription]) -> None:
    """Refuse queues that are streams.

    Args:
        subscriptions: What is to be consumed.

    Raises:
        ConfigurationException: A queue is a stream.
    """
    for subscription in subscriptions:
        if subscription.queue.arguments.get("x-queue-type") == "stream":
            raise ConfigurationException(
                f"queues: {subscription.queue.name} is a stream, and a stream is not consumed from: "
                "acknowledgements remove nothing from it, and what failed is not delivered again. "
                'Use "x-queue-type" = "quorum"'
            )


def with_concurrency(settings: ConsumerSettings, subscriptions: Iterable[Subscription]) -> ConsumerSettings:
    """Check how many callbacks may run at a time, and prefetch enough for them.

    Args:
        settings: How consumers behave.
        subscriptions: What is to be consumed.

    Raises:
        ConfigurationException: The order that is asked for elsewhere needs one at a time.
    """
    concurrency = settings.concurrency
    if concurrency == 1:
        return settings
    if settings.retry.wait == "in-place":
        raise ConfigurationException(
            f'{settings.retry_source}.wait: "in-place" keeps the order, which needs concurrency = 1, '
            f"not {concurrency}"
        )
    for subscription in subscriptions:
        if subscription.queue.arguments.get("x-single-active-consumer"):
            raise ConfigurationException(
                f"concurrency: the queue {subscription.queue.name} has a single active consumer, which keeps "
                f"the order; that needs concurrency = 1, not {concurrency}"
            )
    if 0 < settings.prefetch_count < concurrency:
        _log.warning(
            "qos.prefetch_count is %d, less than the concurrency of %d: %d messages are prefetched.",
            settings.prefetch_count,
            concurrency,
            concurrency,
        )
        return replace(settings, prefetch_count=concurrency)
    return settings


def with_policy(
    settings: ConsumerSettings,
    callback: object,
    retry: Retry | None,
    source: str,
    confirms: bool,
    subscriptions: Iterable[Subscription],
) -> ConsumerSettings:
    """Choose the failure policy: the callback's own, else the one given, else that of the settings.

    Args:
        settings: How consumers behave.
        callback: The callback.
        retry: A policy, if there is one.
        source: Where that was written, in words.
        confirms: Whether the broker confirms what is published.
        subscriptions: What is to be consumed.

    Raises:
        ConfigurationException: A queue cannot be used with the policy, or the callback's attribute ``retry``
            is none.
    """
    try:
        own = policy_of(callback)
    except ValueError as error:
        raise ConfigurationException(str(error)) from error
    if own is not None:
        retry, source = own, "the callback's retry"
    if retry is None:
        return settings
    if retry.on_broker and not confirms:
        raise ConfigurationException(
            f"{source}: messages that wait on the broker need its confirms, which are turned off"
        )
    for subscription in subscriptions:
        check_policy(subscription.queue, retry, settings.ack_timeout, source)
    return replace(settings, retry=retry, retry_source=source)
