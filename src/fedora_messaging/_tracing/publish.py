# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Spans of messages that are published: from when they are checked until the broker has confirmed them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context, get_current

from .._core.address import Address
from .._reporting.log import SafeLog
from .._reporting.loggers import PUBLISHER
from .._reporting.text import shown
from .conventions import (
    DESTINATION,
    MESSAGE_ID,
    ROUTING_KEY,
    common_publish_attributes,
    destination,
    publish_name,
)
from .telemetry import extracted, failed, linked, server, tracer

__all__ = ["PublishTracer"]

_log = SafeLog(PUBLISHER)

#: The headers that belong together: one of them says nothing without the other.
_TRACE_CONTEXT = ("traceparent", "tracestate")


class PublishTracer:
    """See :class:`fedora_messaging._core.spans.PublishTracer`."""

    def __init__(self) -> None:
        self._tracer = tracer()
        self._logged = False

    def begin(
        self, exchange: bytes, routing_key: bytes, message: Any
    ) -> tuple[PublishSpan | None, Mapping[str, str]]:
        """See the protocol."""
        try:
            return self._begin(exchange.decode(), routing_key.decode(), message)
        except Exception as error:  # of a sampler or a propagator, for example
            self.broken(error)
            return None, {}

    def broken(self, error: Exception) -> None:
        """Log the first error of OpenTelemetry, or of what the application has given it."""
        if not self._logged:
            self._logged = True
            _log.error(
                "A message is published without its span: OpenTelemetry raised %s. What it raises from now "
                "on is not logged.",
                shown(error, 300),
                error=error,
            )

    def _begin(
        self, exchange: str, routing_key: str, message: Any
    ) -> tuple[PublishSpan | None, Mapping[str, str]]:
        attributes: dict[str, Any] = {
            **common_publish_attributes(exchange),
            DESTINATION: destination(exchange, routing_key),
            ROUTING_KEY: routing_key,
        }
        if type(message.id) is str:
            attributes[MESSAGE_ID] = message.id
        headers = message._headers
        context = get_current()
        span = self._tracer.start_span(
            publish_name(exchange),
            context,
            kind=trace.SpanKind.PRODUCER,
            attributes=attributes,
            # The application has made the context in which consumers go on.
            links=linked(extracted(headers, Context())),
        )
        carried: dict[str, str] = {}
        propagate.inject(carried, trace.set_span_in_context(span, context))
        if any(name in headers for name in _TRACE_CONTEXT):
            for name in _TRACE_CONTEXT:
                carried.pop(name, None)
        added = {name: value for name, value in carried.items() if name not in headers}
        return (PublishSpan(self, span) if span.is_recording() else None), added


class PublishSpan:
    """See :class:`fedora_messaging._core.spans.PublishSpan`."""

    __slots__ = ("_span", "_tracer")

    def __init__(self, tracer: PublishTracer, span: trace.Span) -> None:
        self._tracer = tracer
        self._span: trace.Span | None = span

    def ended(self, error: BaseException | None, broker: Address | None = None) -> None:
        """See the protocol."""
        span, self._span = self._span, None
        if span is None:
            return
        try:
            span.set_attributes(server(broker))
            if error is not None:
                failed(span, error)
            span.end()
        except Exception as broken:
            self._tracer.broken(broken)
