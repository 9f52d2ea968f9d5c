# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What both sides use of OpenTelemetry's API: the tracer, headers, and errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import Getter

from .._config.model import RESERVED
from .._core.address import Address
from .._reporting.text import name_of, shown, traceback_of
from .conventions import (
    ERROR_TYPE,
    EXCEPTION,
    EXCEPTION_MESSAGE,
    EXCEPTION_TRACEBACK,
    EXCEPTION_TYPE,
    SCHEMA_URL,
    SERVER_ADDRESS,
    SERVER_PORT,
)

__all__ = ["extracted", "failed", "ids", "linked", "server", "tracer"]

#: The longest traceback of an exception, in characters.
_MOST_TRACEBACK = 16_000


def tracer() -> trace.Tracer:
    """Return the tracer; an SDK may be set up later."""
    return trace.get_tracer("fedora_messaging", RESERVED["version"].rpartition("-")[2], schema_url=SCHEMA_URL)


class _Headers(Getter[Mapping[str, Any]]):
    """Reads headers of a message, whose values may be anything: only strings count."""

    def get(self, carrier: Mapping[str, Any], key: str) -> list[str] | None:
        value = carrier.get(key)
        return [value] if type(value) is str else None

    def keys(self, carrier: Mapping[str, Any]) -> list[str]:
        return list(carrier)


_headers = _Headers()


def extracted(headers: Mapping[str, Any], context: Context) -> Context:
    """Return a context with what headers carry added; the same one if they carry nothing."""
    return propagate.extract(headers, context, _headers)


def linked(context: Context) -> list[trace.Link]:
    """Return a link to the span of a context, if there is one."""
    found = trace.get_current_span(context).get_span_context()
    return [trace.Link(found)] if found.is_valid else []


def server(broker: Address | None) -> dict[str, str | int]:
    """Return the attributes that name a broker."""
    return {} if broker is None else {SERVER_ADDRESS: broker.host, SERVER_PORT: broker.port}


def failed(span: trace.Span, error: BaseException) -> None:
    """Note an error on a span, whatever the exception's class does."""
    span.set_attribute(ERROR_TYPE, name_of(error))
    span.set_status(trace.Status(trace.StatusCode.ERROR, shown(error, 300)))
    span.add_event(
        EXCEPTION,
        {
            EXCEPTION_TYPE: name_of(error),
            EXCEPTION_MESSAGE: shown(error, 1000),
            EXCEPTION_TRACEBACK: traceback_of(error, _MOST_TRACEBACK),
        },
    )


def ids(span: trace.Span) -> dict[str, str]:
    """Return the ids of a span, as log lines have them."""
    context = span.get_span_context()
    return {
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }
