# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How the process of ``twistd fedora-messaging`` ends: twistd itself ignores exit codes."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from typing import NoReturn

from .._reporting.passwords import redacted
from .._reporting.text import text_of
from .._runner.callbacks import CallbackFailed, CallbackNotFound
from .._runner.exit_codes import exit_code
from .._runner.worker import Worker
from ..exceptions import BaseException as OurException
from ..exceptions import HaltConsumer

__all__ = ["end_at_once", "exit_with", "give_up", "tell"]


def exit_with(code: int) -> None:
    """End with this code, after twistd has removed its pid file."""

    def leave() -> None:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)


def end_at_once() -> NoReturn:
    """End now, at the second signal."""
    logging.shutdown()
    os._exit(1)


def give_up(error: Exception, worker: Worker | None) -> NoReturn:
    """End before the start, for an error of the options or the configuration."""
    tell(error, worker)
    sys.exit(exit_code(error))


def tell(error: Exception, worker: Worker | None) -> None:
    """Say in one line why the process ends: to the terminal, past Twisted's log; a worker to its parent."""
    known = isinstance(error, (OurException, CallbackNotFound))
    line = " ".join(redacted(text_of(error if known else CallbackFailed(error)))[:5000].split())
    if worker is None:
        print(line, file=sys.__stderr__, flush=True)
        return
    halted = {"halted": exit_code(error)} if isinstance(error, HaltConsumer) else {}
    worker.tell(error=line, **halted)
