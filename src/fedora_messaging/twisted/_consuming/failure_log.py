# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Log lines about messages that failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ..._amqp import received
from ..._core.delivery import QUARANTINE, Delivery, InvalidMessage, Settlement
from ..._core.spans import CallbackTracer
from ..._metrics.outcomes import settle_outcome
from ..._reporting.log import SafeLog, event
from ..._reporting.loggers import CONSUMER
from ..._reporting.repeats import Repeats
from ..._reporting.text import name_of, shown
from ...exceptions import CallbackRaised, Drop, HaltConsumer, Nack, excerpt
from .._callbacks.hints import event_loop_hint

__all__ = ["FailureLog"]

_log = SafeLog(CONSUMER)


class FailureLog:
    """Logs invalid messages and failed callbacks, each in one record.

    Args:
        callback: The callback, for its name.
        seconds: The time: the same failure is logged once a second, with the number that was left out; one
            that ends the consumer in any case.
        tracer: Knows the spans in which callbacks have failed; None: there are none.
    """

    def __init__(
        self, callback: object, seconds: Callable[[], float], tracer: CallbackTracer | None = None
    ) -> None:
        self._callback = callback
        self._tracer = tracer
        self._repeats = Repeats(seconds)

    def log(
        self,
        batch: Iterable[tuple[Delivery, Exception | None]],
        settled: Iterable[tuple[Delivery, Settlement]],
    ) -> None:
        """Log what failed, when all of it has been settled. It never raises.

        Args:
            batch: Each delivery with None or the exception raised.
            settled: The same deliveries, with their settlements.
        """
        for (before, outcome), (delivery, settlement) in zip(batch, settled, strict=True):
            if outcome is not None:
                span = {} if self._tracer is None else self._tracer.ids(before)
                self._log_one(delivery, outcome, settlement, span)

    def _log_one(
        self, delivery: Delivery, outcome: Exception, settlement: Settlement, span: Mapping[str, str]
    ) -> None:
        kind = type(outcome)
        if issubclass(kind, InvalidMessage):
            what = "Quarantining" if settlement.forward else "Rejected"
            error = outcome.error  # type: ignore[attr-defined]
            more = self._repeats.due((what, excerpt(error, 300)))
            if more is None:
                return
            _log.warning(
                f"{what} an invalid message: %s%s",
                received.describe(delivery, error),
                more,
                about={**_event("message_invalid", delivery, settlement), **span},
            )
        elif issubclass(kind, (Drop, HaltConsumer)):
            return
        elif settlement.exhausted or settlement.ends is not None:
            self._log_end(delivery, outcome, settlement, span)
        elif not issubclass(kind, Nack):
            more = self._repeats.due(name_of(_cause(outcome)))
            if more is not None:
                _log.warning(
                    "The callback %s failed with %s, attempt %d, next in %.3g s: %s%s",
                    self._name(),
                    _described(delivery),
                    delivery.attempts,
                    settlement.delay,
                    excerpt(shown(_cause(outcome), 1000)),
                    more,
                    about={**_event("callback_failed", delivery, settlement, settlement.delay), **span},
                )

    def _log_end(
        self, delivery: Delivery, outcome: Exception, settlement: Settlement, span: Mapping[str, str]
    ) -> None:
        raised = _cause(outcome)
        if settlement.ends is not None:
            becomes, more = "which goes back", ""
        else:
            where = "goes to quarantine" if settlement.forward == QUARANTINE else "is rejected"
            becomes = f"which {where} after {delivery.attempts} attempts"
            left_out = self._repeats.due((where, name_of(raised)))
            if left_out is None:
                return
            more = left_out
        hint = event_loop_hint(raised)
        _log.error(
            "The callback %s failed with %s, %s: %s%s%s",
            self._name(),
            _described(delivery),
            becomes,
            excerpt(shown(raised, 1000)),
            f". {hint}" if hint else "",
            more,
            error=raised,
            about={**_event("callback_failed", delivery, settlement), **span},
        )

    def _name(self) -> str:
        return excerpt(getattr(self._callback, "__qualname__", None) or name_of(self._callback), 100)


def _cause(outcome: Exception) -> BaseException:
    cause = outcome.__cause__ if issubclass(type(outcome), CallbackRaised) else None
    return outcome if cause is None else cause


def _event(
    name: str, delivery: Delivery, settlement: Settlement, seconds: float | None = None
) -> dict[str, object]:
    return event(
        name,
        queue=delivery.queue,
        id=received.known_of(delivery)[0],
        schema=received.schema_of(delivery),
        outcome=settle_outcome(settlement),
        attempt=delivery.attempts,
        seconds=seconds,
    )


def _described(delivery: Delivery) -> str:
    message_id, topic = received.known_of(delivery)
    return f"message {message_id}, topic {topic}, of the queue {excerpt(delivery.queue, 100)}"
