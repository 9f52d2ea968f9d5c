# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Late imports, on paths that a signal handler may interrupt and use again.

Invariant: **a caller's thread imports nothing by itself.** Python returns a partially imported module if it
is imported again in the same thread, as by a signal handler or finalizer that interrupts the first import.

Invariant: **threads that are started to import are no daemons.** The interpreter does not wait for
daemons at its end, and kills those that come back from C. Inside of a module that is written in Rust,
such as those below pyOpenSSL and jsonschema, this aborts the process, which then ends with SIGABRT.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from .exceptions import ConnectionException

__all__ = ["busy", "imported"]

#: Threads that others wait for, and that must not wait for others: a finalizer that the interpreter runs in
#: one of them cannot use this package.
busy: set[int] = set()

#: The modules that threads of this module import or have imported.
_begun: set[str] = set()
#: How long to wait for an import that the interrupted code may have begun, in seconds.
_TIMEOUT = 20.0


def imported(name: str) -> Any:
    """Return a module, and import it if need be; for modules that import no code of applications.

    Args:
        name: Its full name.

    Raises:
        ConnectionException: The code that this call interrupts is importing the module.
        ImportError: It cannot be imported.
    """
    module = sys.modules.get(name)
    if module is not None and not _is_partial(module):
        return module
    if module is None or name in _begun:
        _begun.add(name)
        return _import_in_thread(name)
    module = importlib.import_module(name)  # if another thread imports it, this waits
    if _is_partial(module):
        raise _interrupted(name)
    return module


def _import_in_thread(name: str) -> Any:
    result: list[Any] = []

    def run() -> None:
        busy.add(threading.get_ident())
        try:
            result.append(importlib.import_module(name))
        except BaseException as error:
            result.append(error)
        finally:
            busy.discard(threading.get_ident())

    thread = threading.Thread(target=run, name=f"fedora-messaging import {name}", daemon=False)
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending, and starts no threads any more
        run()
    else:
        thread.join(_TIMEOUT)
    if not result:
        raise _interrupted(name)
    if isinstance(result[0], BaseException):
        raise result[0]
    return result[0]


def _is_partial(module: Any) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _interrupted(name: str) -> ConnectionException:
    return ConnectionException(
        reason=f"called (from a signal handler or a finalizer) in the middle of an import of {name}: "
        "call it later"
    )
