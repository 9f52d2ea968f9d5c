# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Logging that never raises, whatever an application's filters and handlers do, and limits repetitions.

Invariant: deliveries are settled and consumers ended first, and reported afterwards; reporting can stop
    neither.
Code that settles deliveries, ends consumers or keeps connections logs through a :class:`SafeLog`, calls
observers through :func:`fedora_messaging._core.observer.guarded` and receivers of signals through
:mod:`fedora_messaging._reporting.signals`.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from .text import text_of, traceback_of, triple

__all__ = ["SafeLog", "Tally"]


class SafeLog:
    """A logger whose filters and handlers may fail; records that they fail to process are written to stderr.

    Args:
        name: The logger's name.
    """

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, text: str, *values: object) -> None:
        """See :meth:`log`."""
        self.log(logging.DEBUG, text, *values)

    def info(self, text: str, *values: object) -> None:
        """See :meth:`log`."""
        self.log(logging.INFO, text, *values)

    def warning(self, text: str, *values: object) -> None:
        """See :meth:`log`."""
        self.log(logging.WARNING, text, *values)

    def error(self, text: str, *values: object, error: BaseException | None = None) -> None:
        """See :meth:`log`."""
        self.log(logging.ERROR, text, *values, error=error)

    def log(self, level: int, text: str, *values: object, error: BaseException | None = None) -> None:
        """Log one record; never raises.

        Args:
            level: Of :mod:`logging`.
            text: A format string for the values.
            values: Strings and numbers; for other objects their text
                (:mod:`fedora_messaging._reporting.text`).
            error: An exception whose traceback goes with it.
        """
        try:
            if self._logger.isEnabledFor(level):
                self._logger.handle(self._record(level, text, values, error))
        except BaseException as broken:  # nothing raised here may reach the caller
            _to_stderr(text, values, error, broken)

    def _record(
        self, level: int, text: str, values: tuple[object, ...], error: BaseException | None
    ) -> logging.LogRecord:
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        code = frame.f_code
        exc_info: Any = None if error is None else triple(error)
        record = self._logger.makeRecord(
            self._logger.name, level, code.co_filename, frame.f_lineno, text, values, exc_info, code.co_name
        )
        if error is not None:
            record.exc_text = traceback_of(error)  # formatters take what is there
        return record


class Tally:
    """Counts how often each of many things has happened, to log only some of the occurrences.

    Bounded: the oldest thing is forgotten first.

    Args:
        limit: How many things are remembered.
    """

    __slots__ = ("_counts", "_limit")

    def __init__(self, limit: int = 1000) -> None:
        self._counts: dict[object, int] = {}
        self._limit = limit

    def due(self, thing: object) -> int:
        """Count one more occurrence.

        Args:
            thing: What happened.

        Returns:
            How often it has happened, if it is to be logged now (the first, the 1,000th, 10,000th, ... time);
            else 0.
        """
        counts = self._counts
        count = counts.get(thing, 0) + 1
        counts[thing] = count
        if count == 1:
            if len(counts) > self._limit:
                del counts[next(iter(counts))]
            return 1
        return count if count >= 1000 and count == 10 ** (len(str(count)) - 1) else 0


def _to_stderr(
    text: str, values: tuple[object, ...], error: BaseException | None, broken: BaseException
) -> None:
    """Write a record that logging failed to process, and why; like :meth:`logging.Handler.handleError`."""
    try:
        print("--- Logging error ---", traceback_of(broken), sep="\n", file=sys.stderr)
        print("Message:", text_of(text, make=lambda: text % values), file=sys.stderr)
        if error is not None:
            print(traceback_of(error), file=sys.stderr)
    except BaseException:  # there is no other way to report it
        return
