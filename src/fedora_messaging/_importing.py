# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Imports that wait until they are needed, on paths that a signal handler may interrupt and use again.

Invariant: **a caller's thread imports nothing by itself.** Python gives a half-imported module to whoever
imports it again in the same thread, as a signal handler or finalizer does that interrupts the first import.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from .exceptions import ConnectionException

__all__ = ["busy", "imported"]

#: Threads that others wait for, and that may wait for nobody: a finalizer that the interpreter happens to run
#: in one may not use this package.
busy: set[int] = set()

#: What threads of this module import, or have imported.
_begun: set[str] = set()
#: How long an import is waited for that the interrupted code may be in the middle of, in seconds.
_PATIENCE = 20.0


def imported(name: str) -> Any:
    """A module, which is imported if need be; for modules that import nothing of applications.

    Args:
        name: Its full name.

    Raises:
        ConnectionException: The code that this call interrupts is importing it.
        ImportError: It cannot be imported.
    """
    module = sys.modules.get(name)
    if module is not None and not _unfinished(module):
        return module
    if module is None or name in _begun:
        _begun.add(name)
        return _elsewhere(name)
    module = importlib.import_module(name)  # if another thread is at it, this waits
    if _unfinished(module):
        raise _interrupted(name)
    return module


def _elsewhere(name: str) -> Any:
    result: list[Any] = []

    def run() -> None:
        busy.add(threading.get_ident())
        try:
            result.append(importlib.import_module(name))
        except BaseException as error:
            result.append(error)
        finally:
            busy.discard(threading.get_ident())

    thread = threading.Thread(target=run, name=f"fedora-messaging import {name}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending, and starts no threads any more
        run()
    else:
        thread.join(_PATIENCE)
    if not result:
        raise _interrupted(name)
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _unfinished(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _interrupted(name: str) -> ConnectionException:
    return ConnectionException(
        reason=f"called (from a signal handler or a finalizer) in the middle of an import of {name}: "
        "call it later"
    )
