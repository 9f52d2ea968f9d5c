# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What pika logs while it works for one of our connections.

All that matters of it is said by our own lines, once and with its reason; so pika's are for debugging.
They hold what the broker sent as it came, several for one event, some with a traceback: each becomes one
short line of level DEBUG, the same at most once a second. What pika logs for other connections of the
process, those that the application makes with pika itself, is left as it is.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..._reporting.repeats import Repeats
from ...exceptions import from_wire

__all__ = ["PikaLog", "pika_log"]

_LOGGERS = ("connection", "channel", "callback", "credentials", "frame", "heartbeat")


class _Depth(threading.local):
    """How many of our calls of pika are under way in this thread."""

    value = 0


class PikaLog(logging.Filter):
    """A filter of pika's loggers, which takes effect within :meth:`ours`.

    Args:
        repeats: Decides on what is logged often.
    """

    def __init__(self, repeats: Repeats | None = None) -> None:
        super().__init__()
        self._depth = _Depth()
        self._repeats = repeats or Repeats()

    def install(self) -> None:
        """Filter pika's loggers."""
        for name in (*_LOGGERS, "adapters.twisted_connection"):
            logging.getLogger(f"pika.{name}").addFilter(self)

    @contextmanager
    def ours(self) -> Iterator[None]:
        """What pika logs in here is about one of our connections."""
        self._depth.value += 1
        try:
            yield
        finally:
            self._depth.value -= 1

    def within(self, call: Callable[..., object]) -> Callable[..., None]:
        """A function that pika calls later, as one of ours."""

        def called(*arguments: object) -> None:
            with self.ours():
                call(*arguments)

        return called

    def filter(self, record: logging.LogRecord) -> bool:
        """See :class:`logging.Filter`."""
        if not self._depth.value:
            return True
        more = ""
        if record.levelno > logging.DEBUG:
            if not logging.getLogger(record.name).isEnabledFor(logging.DEBUG):
                return False
            left_out = self._repeats.due((record.name, record.lineno))
            if left_out is None:
                return False
            more = left_out
            record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
        text = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        record.msg, record.args = from_wire(text) + more, ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


#: The one of this process.
pika_log = PikaLog()
pika_log.install()
