# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A worker's own side: its number, and its pipes to the parent that has started it."""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any

from ..config import LazyConfig
from .worker_log import numbered

__all__ = ["NUMBER", "PIPES", "Worker", "set_up_worker", "this_worker"]

#: The environment variables that tell a worker its number, and its pipes to the parent.
NUMBER, PIPES = "FEDORA_MESSAGING_WORKER", "FEDORA_MESSAGING_WORKER_PIPES"


class Worker:
    """This process, as one of several workers.

    Args:
        number: Its number, from 0.
        reading: The file descriptor of the pipe that the parent writes to and holds open.
        writing: The file descriptor of the pipe that the parent reads.
        patience: How long a parent that does not read is waited for, in milliseconds.
    """

    def __init__(self, number: int, reading: int, writing: int, patience: int = 200) -> None:
        self.number = number
        self._patience = patience
        self._reading = reading
        self._writing = writing
        self._writable = select.poll()
        self._writable.register(writing, select.POLLOUT)

    def tell(self, **values: Any) -> None:
        """Tell the parent something, if it listens; see :mod:`fedora_messaging._runner.worker_process`.

        It returns soon: what a parent does not read in time is dropped.
        """
        # The line end before it ends what was dropped half-way.
        rest = b"\n" + json.dumps(values).encode() + b"\n"
        with suppress(OSError):  # the parent is gone
            while rest:
                try:
                    rest = rest[os.write(self._writing, rest) :]
                except BlockingIOError:
                    if not self._writable.poll(self._patience):
                        return

    def watch(self, asked: Callable[[], Any], orphaned: Callable[[], Any], grace: float) -> None:
        """Watch the parent in a thread.

        Args:
            asked: Called in that thread when the parent asks for the worker's state.
            orphaned: Called in that thread when the parent is gone, to end this process.
            grace: After so many seconds more the process is ended at once, since nobody else would.
        """

        def run() -> None:
            while os.read(self._reading, 1024):
                asked()
            orphaned()
            threading.Event().wait(grace)
            os._exit(1)

        threading.Thread(target=run, name="fedora-messaging parent", daemon=True).start()


def this_worker(environ: MutableMapping[str, str] = os.environ) -> Worker | None:
    """This process as a worker; None if it is none. Programs that it starts are none, so ask once.

    Args:
        environ: The environment; what only this process is to know is taken out of it.
    """
    reading, colon, writing = environ.pop(PIPES, "").partition(":")
    if not colon:
        return None
    worker = Worker(int(environ[NUMBER]), int(reading), int(writing))
    for descriptor in (int(reading), int(writing)):
        os.set_inheritable(descriptor, False)
    os.set_blocking(int(writing), False)
    return worker


def set_up_worker(worker: Worker, conf: LazyConfig) -> None:
    """Change the configuration of this process to that of a worker.

    Its log lines carry its number, and it serves no pages: the parent does, which it tells its metrics.

    Args:
        worker: This process.
        conf: The configuration of the process, before logging is set up.
    """
    import multiprocessing

    # What logging calls processName.
    multiprocessing.current_process().name = f"worker-{worker.number}"
    conf["log_config"] = numbered(conf["log_config"], worker.number)
    monitoring = conf["monitoring"]
    metrics = bool(monitoring) and monitoring.get("metrics", True)
    kept = {key: monitoring[key] for key in ("labels", "stuck_after") if key in monitoring}
    conf["monitoring"] = {"metrics": True, **kept} if metrics else {}
