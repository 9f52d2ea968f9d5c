# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Log records as JSON, one object per line, for log collectors."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from typing import Any

from ._reporting.passwords import redacted
from ._reporting.text import escaped, text_of, traceback_of

__all__ = ["JsonFormatter"]

#: What every record has, and is either written under another name or left out.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object in one line.

    It has ``time`` (in UTC, with milliseconds), ``level``, ``logger`` and ``message``, and all extra
    attributes of the record, such as ``fm_event`` in records of this package. If they apply, it also has
    ``process`` (the name of a worker), ``traceback``, and ``trace_id`` and ``span_id`` (of the current
    OpenTelemetry span).

    In the configuration::

        [log_config.formatters.json]
        "()" = "fedora_messaging.logging.JsonFormatter"
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. It never raises an exception."""
        moment = datetime.fromtimestamp(record.created, timezone.utc)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": text_of(record, make=record.getMessage),
        }
        if record.processName not in (None, "MainProcess"):
            line["process"] = record.processName
        # Not the text that another formatter may have left in the record: it may have passwords.
        if record.exc_info and record.exc_info[1] is not None:
            line["traceback"] = traceback_of(record.exc_info[1])
        elif record.exc_text:
            line["traceback"] = escaped(redacted(text_of(record.exc_text)))
        line.update({key: value for key, value in vars(record).items() if key not in _USUAL})
        line.update(_span())
        return json.dumps(line, default=text_of, skipkeys=True)


def _span() -> dict[str, str]:
    """The ids of the present span; nothing is imported for them."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    current = getattr(trace, "get_current_span", None)  # another thread may be importing it
    if current is None:
        return {}
    try:
        context = current().get_span_context()
        if not context.is_valid:
            return {}
        return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    except Exception:  # of an application's own class of spans
        return {}
