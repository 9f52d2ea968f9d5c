# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The spans that this process makes, kept in memory."""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

__all__ = ["Spans", "attributes", "ids", "linked", "spans"]

#: The kept spans of this process; a process can set its provider only once.
_exporter = InMemorySpanExporter()


class Spans:
    """What was exported since it was made, in the order in which the spans ended."""

    def __init__(self) -> None:
        _exporter.clear()

    @property
    def all(self) -> list[ReadableSpan]:
        """All spans."""
        return list(_exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """The spans of a name."""
        return [span for span in self.all if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        """The only span of a name."""
        (found,) = self.named(name)
        return found


def spans() -> Spans:
    """Set an SDK up that keeps spans, unless that was done before, and forget those it has."""
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(_exporter))
        trace.set_tracer_provider(provider)
    return Spans()


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    """The attributes of a span."""
    return dict(span.attributes or {})


def linked(span: ReadableSpan) -> list[tuple[int, int]]:
    """The traces and spans that a span has links to."""
    return [(link.context.trace_id, link.context.span_id) for link in span.links]


def ids(span: ReadableSpan) -> tuple[int, int]:
    """The trace and the span that a span is."""
    context: Any = span.context
    return context.trace_id, context.span_id
