# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Tracing as it is configured: nothing of OpenTelemetry is imported before that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._config.model import Tracing
from .._core.address import Address
from ..exceptions import ConfigurationException

if TYPE_CHECKING:
    from .process import ProcessTracer
    from .publish import PublishTracer

__all__ = ["process_tracer", "publish_tracer"]


def publish_tracer(tracing: Tracing) -> PublishTracer | None:
    """Return what makes the spans of messages that are published; None: tracing is off.

    Raises:
        ConfigurationException: OpenTelemetry's API is not installed.
    """
    if not tracing.enabled:
        return None
    try:
        from .publish import PublishTracer
    except ImportError as error:
        raise _missing(error) from error
    return PublishTracer()


def process_tracer(
    tracing: Tracing, broker: Callable[[], Address | None], seconds: Callable[[], float]
) -> ProcessTracer | None:
    """Return the observer that makes the spans of callbacks; None: tracing is off.

    Args:
        tracing: The configuration.
        broker: Returns the broker that is consumed from.
        seconds: The time.

    Raises:
        ConfigurationException: OpenTelemetry's API is not installed.
    """
    if not tracing.enabled:
        return None
    try:
        from .process import ProcessTracer
    except ImportError as error:
        raise _missing(error) from error
    return ProcessTracer(broker, parent=tracing.parent, seconds=seconds)


def _missing(error: ImportError) -> ConfigurationException:
    return ConfigurationException(
        f"tracing.enabled: opentelemetry-api cannot be imported ({error}); install the extra otel: "
        'pip install "fedora-messaging[otel]"'
    )
