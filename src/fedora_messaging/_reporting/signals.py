# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calls the receivers of a signal after the fact, so that none of them can change the outcome."""

from __future__ import annotations

import inspect
from typing import Any

from blinker import Signal

from .log import SafeLog
from .loggers import MAIN
from .text import name_of, shown

__all__ = ["tell", "tell_in_pool"]

_log = SafeLog(MAIN)


def tell(signal: Signal, sender: Any, **values: Any) -> None:
    """Call each receiver of a signal, and log with a traceback what it raises.

    ``Signal.send`` would end with the first receiver that raises, and not call the others.

    Args:
        signal: The signal.
        sender: The sender.
        values: Its keyword arguments.

    Raises:
        KeyboardInterrupt: The program is to end.
        SystemExit: A receiver wants the program to end.
    """
    _tell(signal, sender, values, (KeyboardInterrupt, SystemExit))


def tell_in_pool(signal: Signal, sender: Any, **values: Any) -> None:
    """Do as :func:`tell` in a thread of the reactor's pool, where no exception can end the program."""
    _tell(signal, sender, values, ())


def _tell(
    signal: Signal, sender: Any, values: dict[str, Any], passed_on: tuple[type[BaseException], ...]
) -> None:
    if getattr(signal, "is_muted", False):
        return
    for receiver in list(signal.receivers_for(sender)):
        try:
            result = receiver(sender, **values)
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError("a receiver of a signal must not be a coroutine function")
        except passed_on:
            raise
        except BaseException as error:
            name = getattr(receiver, "__qualname__", None) or name_of(receiver)
            _log.error(
                "The receiver %s of the signal %s raised %s",
                name,
                getattr(signal, "name", ""),
                shown(error, 300),
                error=error,
            )
