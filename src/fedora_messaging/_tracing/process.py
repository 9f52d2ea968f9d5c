# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The spans of callbacks, and of messages that are not handed to one.

A callback runs in a context of its own, whichever worker calls it, so that what is attached to that context
need not be detached.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context, attach, get_current

from .._amqp.properties import decode_properties
from .._core.address import Address
from .._core.delivery import Delivery, InvalidMessage
from .._core.observer import NullObserver
from ..exceptions import CallbackRaised, Drop, HaltConsumer, Nack, ValidationError
from .conventions import (
    DELIVERY_TAG,
    DESTINATION,
    MESSAGE_ID,
    ROUTING_KEY,
    common_process_attributes,
    destination,
    process_name,
)
from .telemetry import extracted, failed, ids, linked, server, tracer

__all__ = ["ProcessTracer"]

#: The most queues whose attributes are kept; server-named ones have another name after each reconnection.
_MOST_QUEUES = 1000
#: For how many seconds it is not looked up again whether there is an SDK.
_LOOKED_UP_FOR = 1.0


class ProcessTracer(NullObserver):
    """An observer that makes a span around each callback, in whose context it runs.

    Args:
        broker: Returns the broker that is consumed from.
        parent: Whether the span is a child of the one in which the message was published. It has a link to
            that one in any case. Otherwise it begins a trace of its own: a span of whoever consumes lasts as
            long as the consumer, and is never its parent.
        seconds: The time.
    """

    def __init__(
        self,
        broker: Callable[[], Address | None],
        *,
        parent: bool,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._broker = broker
        self._seconds = seconds
        self._parent = parent
        self._tracer = tracer()
        #: Whether there is an SDK, the headers that the propagator reads, and when that was looked up.
        self._has_sdk, self._fields, self._looked = True, frozenset[str](), float("-inf")
        self._queues: dict[str, tuple[str, dict[str, str | bool]]] = {}
        #: The spans of callbacks that run, by the identity of the delivery.
        self._running: dict[int, trace.Span] = {}
        #: Those of callbacks that have failed, until it was logged.
        self._failed: dict[int, trace.Span] = {}

    def started(self, delivery: Delivery, message: Any) -> None:
        """See :class:`~fedora_messaging._core.observer.Observer`."""
        headers = message._headers
        before = get_current()
        if not before and self._is_useless(headers):
            return
        span, context = self._begin(delivery, headers, message.id, before)
        if context is not before:
            attach(context)
        if span is not trace.INVALID_SPAN:
            self._running[id(delivery)] = span

    def ended(self, delivery: Delivery, error: Exception | None) -> None:
        """See :class:`~fedora_messaging._core.observer.Observer`."""
        span = self._running.pop(id(delivery), None) if self._running else None
        if error is None:
            if span is not None:
                span.end()
            return
        if span is None:
            if not issubclass(type(error), InvalidMessage):
                return
            span = self._begun_invalid(delivery)
        if span.get_span_context().is_valid:
            self._failed[id(delivery)] = span
        raised = _error(error)
        try:
            if raised is not None:
                failed(span, raised)
        finally:
            span.end()

    # See :class:`fedora_messaging._core.spans.CallbackTracer`

    def ids(self, delivery: Delivery) -> Mapping[str, str]:
        """See the protocol."""
        span = self._failed.pop(id(delivery), None)
        return {} if span is None else ids(span)

    def present(self) -> Context:
        """See the protocol."""
        return get_current()

    def enter(self, present: object) -> Callable[[], None]:
        """See the protocol."""
        before = get_current()
        assert isinstance(present, Context)
        attach(present)

        def leave() -> None:
            # Not detach(): the token belongs to the task that has entered it, and another may leave it.
            if get_current() is present:
                attach(before)

        return leave

    def _is_useless(self, headers: Mapping[str, Any]) -> bool:
        """Whether there would be no span, and nothing to pass on: without an SDK, and without a context.

        What that costs each message is a third of what it costs to find it out by starting a span.
        """
        now = self._seconds()
        if now - self._looked > _LOOKED_UP_FOR:
            self._looked = now
            self._has_sdk = not isinstance(
                trace.get_tracer_provider(), (trace.ProxyTracerProvider, trace.NoOpTracerProvider)
            )
            self._fields = frozenset(propagate.get_global_textmap().fields)
        return not self._has_sdk and self._fields.isdisjoint(headers)

    def _begin(
        self, delivery: Delivery, headers: Mapping[str, Any], message_id: object, before: Context
    ) -> tuple[trace.Span, Context]:
        """Start a span; also returns the context to run the callback in."""
        base = before
        if trace.get_current_span(base) is not trace.INVALID_SPAN:
            base = trace.set_span_in_context(trace.INVALID_SPAN, base)
        created = extracted(headers, base)
        parent = created
        links: list[trace.Link] = []
        if created is not base:
            links = linked(created)
            if links and not self._parent:
                parent = trace.set_span_in_context(trace.INVALID_SPAN, created)
        name, common = self._queues.get(delivery.queue) or self._queue(delivery.queue)
        routing_key = delivery.routing_key.decode("utf-8", "replace")
        attributes: dict[str, Any] = {
            **common,
            DESTINATION: destination(delivery.exchange, routing_key, delivery.queue),
            ROUTING_KEY: routing_key,
            DELIVERY_TAG: delivery.tag,
            **server(self._broker()),
        }
        if type(message_id) is str:
            attributes[MESSAGE_ID] = message_id
        span = self._tracer.start_span(
            name, parent, kind=trace.SpanKind.CONSUMER, attributes=attributes, links=links
        )
        if span is trace.INVALID_SPAN:
            return span, parent
        return span, trace.set_span_in_context(span, parent)

    def _begun_invalid(self, delivery: Delivery) -> trace.Span:
        """The span of a message that could not be made."""
        try:
            properties = decode_properties(delivery.properties)
        except ValidationError:
            return self._begin(delivery, {}, None, Context())[0]
        return self._begin(delivery, properties.headers or {}, properties.message_id, Context())[0]

    def _queue(self, queue: str) -> tuple[str, dict[str, str | bool]]:
        if len(self._queues) >= _MOST_QUEUES:
            self._queues.clear()
        found = self._queues[queue] = process_name(queue), common_process_attributes(queue)
        return found


def _error(outcome: Exception) -> BaseException | None:
    """What a callback's outcome says went wrong; None: it says what becomes of the message."""
    kind = type(outcome)
    if issubclass(kind, (Nack, Drop)):
        return None
    if issubclass(kind, InvalidMessage):
        return outcome.error  # type: ignore[attr-defined,no-any-return]
    if issubclass(kind, CallbackRaised):
        return outcome.__cause__ or outcome
    if issubclass(kind, HaltConsumer):
        return outcome if _exit_code(outcome) else None
    return outcome


def _exit_code(halt: Any) -> bool:
    try:
        return bool(halt.exit_code)
    except Exception:  # a property, or a value without a truth value
        return True
