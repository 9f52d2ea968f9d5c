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
from collections.abc import Mapping
from typing import Any

from .loggers import logger_for
from .text import text_of, traceback_of, triple

__all__ = ["SafeLog", "Tally", "event"]


def event(name: str, **values: object) -> dict[str, object]:
    """Return what a record about a kind of event has besides its text.

    Args:
        name: The kind of event: ``fm_event``.
        values: What it was about: ``queue`` becomes ``fm_queue``, and so on; None is left out.
    """
    found = {"fm_event": name}
    return {**found, **{f"fm_{key}": value for key, value in values.items() if value is not None}}


#: Further attributes of a record.
About = Mapping[str, object] | None


class SafeLog:
    """A logger whose filters and handlers may fail; records that they fail to process are written to stderr.

    Args:
        name: The logger's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, text: str, *values: object) -> None:
        """See :meth:`log`."""
        self.log(logging.DEBUG, text, *values)

    def info(self, text: str, *values: object, about: About = None) -> None:
        """See :meth:`log`."""
        self.log(logging.INFO, text, *values, about=about)

    def warning(self, text: str, *values: object, about: About = None) -> None:
        """See :meth:`log`."""
        self.log(logging.WARNING, text, *values, about=about)

    def error(
        self, text: str, *values: object, error: BaseException | None = None, about: About = None
    ) -> None:
        """See :meth:`log`."""
        self.log(logging.ERROR, text, *values, error=error, about=about)

    def log(
        self,
        level: int,
        text: str,
        *values: object,
        error: BaseException | None = None,
        about: About = None,
    ) -> None:
        """Log one record; never raises.

        Args:
            level: Of :mod:`logging`.
            text: A format string for the values.
            values: Strings and numbers; for other objects their text
                (:mod:`fedora_messaging._reporting.text`).
            error: An exception whose traceback goes with it.
            about: Further attributes of the record, from :func:`event`.
        """
        try:
            logger = logger_for(self._name)
            if logger.isEnabledFor(level):
                record = self._record(logger, level, text, values, error)
                record.__dict__.update(about or ())
                logger.handle(record)
        except BaseException as broken:  # nothing raised here may reach the caller
            _to_stderr(text, values, error, broken)

    def _record(
        self,
        logger: logging.Logger,
        level: int,
        text: str,
        values: tuple[object, ...],
        error: BaseException | None,
    ) -> logging.LogRecord:
        frame = sys._getframe(2)
        while frame.f_back is not None and frame.f_code.co_filename == __file__:
            frame = frame.f_back
        code = frame.f_code
        exc_info: Any = None if error is None else triple(error)
        record = logger.makeRecord(
            self._name, level, code.co_filename, frame.f_lineno, text, values, exc_info, code.co_name
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
