# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A configuration as the values that factories, consumers and endpoints take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import pika
import pika.connection

from .._config.failure_policy import default_policy, policy
from .._config.model import TLS, RetryConfig
from .._config.url import all_parameters
from .._core import topology
from .._core.address import Address
from .._core.observer import Observer, guarded
from .._core.retry import Retry
from .._core.spans import CallbackTracer
from .._core.topology import Binding, Queue
from .._reporting.log import SafeLog
from .._reporting.loggers import CONNECTION
from .._tracing.load import publish_tracer
from ..config import Config
from ..exceptions import ConfigurationException
from ._connection.brokers import Broker
from ._consuming.settings import ConsumerSettings

if TYPE_CHECKING:
    from .._metrics.recorder import Metrics

__all__ = [
    "brokers",
    "connection_parameters",
    "consumer_settings",
    "consuming_options",
    "factory_options",
    "failure_policy",
    "listed",
    "metrics",
    "policy_options",
    "wanted_topology",
]

_log = SafeLog(CONNECTION)


def brokers(config: Config, amqp_url: str | Sequence[str] | None = None) -> tuple[Broker, ...]:
    """The brokers of a configuration.

    Args:
        config: The configuration, which names the certificates too.
        amqp_url: Their URLs; None or "": as configured.

    Raises:
        ConfigurationException: A URL is malformed, or a certificate or a key cannot be used.
    """
    found = connection_parameters(config, amqp_url)
    names = [parameters.host for parameters in found if parameters.ssl_options is not None]
    options: dict[str, Any] = {}
    if names:
        from ._connection.tls import options_by_host

        options = options_by_host(names, config.tls)
    origin = "the argument amqp_url" if amqp_url else config.origin
    return tuple(
        Broker(
            parameters,
            Address.of(parameters, origin),
            None if parameters.ssl_options is None else options[parameters.host],
        )
        for parameters in found
    )


def connection_parameters(
    config: Config, amqp_url: str | Sequence[str] | None = None
) -> tuple[pika.connection.Parameters, ...]:
    """The parameters of pika for each broker of a configuration; see :func:`brokers`.

    Args:
        config: The configuration.
        amqp_url: The brokers' URLs; None or "": as configured.

    Raises:
        ConfigurationException: A URL is malformed.
    """
    found = all_parameters(config.amqp_url if amqp_url is None or amqp_url == "" else amqp_url)
    tls = config.tls
    for parameters in found:
        parameters.client_properties = dict(config.client_properties)
        if parameters.ssl_options is not None and tls.certfile and tls.keyfile:
            parameters.credentials = pika.credentials.ExternalCredentials()
    _warn_of_unused(found, tls)
    return found


def _warn_of_unused(found: Sequence[Any], tls: TLS) -> None:
    """Log a warning about files for TLS where a broker's URL is amqp."""
    plain = [each for each in found if each.ssl_options is None]
    unused = [f"tls.{key}" for key in ("ca_cert", "certfile", "keyfile") if getattr(tls, key)]
    if not plain or not unused:
        return
    if len(found) == 1:
        _log.warning(
            "Not used, because the broker's URL is amqp, not amqps: %s. The connection is not encrypted.",
            ", ".join(unused),
        )
    else:
        _log.warning(
            "Not used for %s, because the URL is amqp, not amqps: %s. Those connections are not encrypted.",
            ", ".join(Address.of(each).where for each in plain),
            ", ".join(unused),
        )


def consumer_settings(
    config: Config,
    observer: Observer | Sequence[Observer] | None,
    tracer: CallbackTracer | None = None,
) -> ConsumerSettings:
    """How consumers behave.

    Args:
        config: The configuration.
        observer: Notified of what happens; or several.
        tracer: One of them that makes spans; None: there is none.
    """
    return ConsumerSettings(
        exchanges=config.exchanges,
        passive_declares=config.passive_declares,
        prefetch_count=config.qos.prefetch_count,
        concurrency=config.qos.concurrency,
        retry=default_policy(config.nack_delay),
        backoff_base=config.reconnect.base,
        backoff_cap=config.reconnect.cap,
        stable=config.reconnect.stable,
        declare_timeout=config.declare_timeout,
        ack_timeout=config.ack_timeout,
        observer=guarded(observer),
        tracer=tracer,
    )


def failure_policy(config: Config, own: RetryConfig | None = None) -> tuple[Retry, str] | None:
    """The failure policy of a consumer, and where it was written, in words; None: there is none.

    Args:
        config: The configuration.
        own: The consumer's own; None: the one of all consumers.

    Raises:
        ConfigurationException: An exception that it names cannot be imported.
    """
    wanted = own or config.retry
    if wanted is None:
        return None
    file = f"{config.path}: " if config.path else ""
    try:
        return policy(wanted), f"{file}{wanted.where}"
    except ConfigurationException as error:
        raise ConfigurationException(f"{file}{error.message}") from error


def factory_options(
    config: Config,
    observer: Observer | Sequence[Observer] | None,
    tracer: CallbackTracer | None = None,
) -> dict[str, Any]:
    """The arguments of a factory that are the same for consuming and for publishing.

    Args:
        config: The configuration.
        observer: Notified of what happens; or several.
        tracer: One of them that makes spans; None: there is none.

    Raises:
        ConfigurationException: Tracing is enabled, and OpenTelemetry's API is not installed.
    """
    return {
        "publish_exchange": config.publish_exchange,
        "topic_prefix": config.topic_prefix,
        "publish_priority": config.publish_priority,
        "mandatory": config.mandatory,
        "max_message_size": config.max_message_size,
        "handshake_timeout": config.handshake_timeout,
        "max_pending": config.max_pending,
        "max_pending_bytes": config.max_pending_bytes,
        "settings": consumer_settings(config, observer, tracer),
        "tracer": publish_tracer(config.tracing),
    }


def wanted_topology(
    config: Config, bindings: Any, queues: Any
) -> tuple[tuple[Binding, ...], tuple[Queue, ...]]:
    """The bindings and queues to consume from: those that are given, with what is configured for them.

    Args:
        config: The configuration.
        bindings: The bindings, in any form that the factory takes; None: the configured ones, of the queues
            that are given if there are any.
        queues: The queues, likewise; None: the configured ones, to which the given bindings lead if there
            are any.

    Raises:
        ValueError: Bindings or queues are not of the shape named.
    """
    if bindings is None and queues is None:
        return config.bindings, config.queues
    if bindings is None:
        own_queues = topology.queues(queues)
        names = {queue.name for queue in own_queues}
        return tuple(binding for binding in config.bindings if binding.queue in names), own_queues
    own_bindings = topology.bindings(bindings)
    if queues is not None:
        return own_bindings, topology.queues(queues)
    names = {binding.queue for binding in own_bindings}
    return own_bindings, tuple(queue for queue in config.queues if queue.name in names)


def consuming_options(
    config: Config, bindings: Any, queues: Any, retry: RetryConfig | None
) -> dict[str, Any]:
    """The arguments of a factory that say what is consumed, and with which failure policy.

    Args:
        config: The configuration.
        bindings: As for :func:`wanted_topology`.
        queues: As for :func:`wanted_topology`.
        retry: As for :func:`failure_policy`.

    Raises:
        ValueError: Bindings or queues are not of the shape named.
        ConfigurationException: An exception that the policy names cannot be imported.
    """
    wanted_bindings, wanted_queues = wanted_topology(config, bindings, queues)
    return {"bindings": wanted_bindings, "queues": wanted_queues, **policy_options(config, retry)}


def policy_options(config: Config, own: RetryConfig | None) -> dict[str, Any]:
    """The arguments of a factory that are a failure policy; none where there is none."""
    found = failure_policy(config, own)
    return {} if found is None else {"retry": found[0], "retry_source": found[1]}


def metrics(config: Config, seconds: Callable[[], float]) -> Metrics | None:
    """Make what counts and measures; None: that is not configured."""
    monitoring = config.monitoring
    if monitoring is None or not monitoring.metrics:
        return None
    from .._metrics.recorder import Metrics

    if "schema" not in monitoring.labels:
        return Metrics(seconds)
    from .._metrics.schemas import schema_of

    return Metrics(seconds, schema_of=schema_of)


def listed(observer: Observer | Sequence[Observer] | None) -> list[Observer]:
    """Observers as a list: none, one, or several."""
    if observer is None:
        return []
    return list(observer) if isinstance(observer, (list, tuple)) else [cast(Observer, observer)]
