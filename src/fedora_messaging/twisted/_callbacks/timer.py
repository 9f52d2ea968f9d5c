# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long the callbacks of one consumer run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..._core.delivery import Delivery
from ..._core.observer import Run
from .worker import Finished, Outcome

__all__ = ["CallbackTimer"]


class CallbackTimer:
    """Holds what a worker has timed, and tells of it several callbacks at a time.

    Any thread may add to the end of :attr:`ended`, in one step; only the reactor's thread takes from its
    beginning. So there is no lock, which would cost as much as all the rest.

    Args:
        seconds: What to time with; any thread may call it.
        processed: Told of callbacks that have ended, in the reactor's thread.

    Attributes:
        seconds: The argument of this name.
        running: Since when callbacks run, by a number of the worker's own.
        ended: The callbacks that have ended, and are not told of yet.
    """

    def __init__(self, seconds: Callable[[], float], processed: Callable[[Sequence[Run]], None]) -> None:
        self.seconds = seconds
        self.running: dict[int, float] = {}
        self.ended: list[Run] = []
        self._headers: dict[int, Mapping[str, Any]] = {}
        self._processed = processed

    def begin(self, number: int, headers: Mapping[str, Any]) -> None:
        """A callback is about to be called."""
        self._headers[number] = headers
        self.running[number] = self.seconds()

    def end(self, number: int, delivery: Delivery, error: Exception | None) -> None:
        """A callback has returned or raised; or a message was not valid, and not handed to it."""
        now = self.seconds()
        began = self.running.pop(number, None)
        if began is None:
            self.ended.append((delivery, None, 0.0, error))
        else:
            self.ended.append((delivery, self._headers.pop(number, {}), now - began, error))

    def telling(self, finished: Finished) -> Finished:
        """Return what is called with outcomes: it tells of the callbacks first."""

        def tell(outcomes: list[Outcome]) -> None:
            runs = self.ended[:]
            del self.ended[: len(runs)]
            if runs:
                self._processed(runs)
            finished(outcomes)

        return tell

    @property
    def longest(self) -> float:
        """For how many seconds the longest running callback has run; 0.0 if none runs."""
        running = self.running.copy().values()
        return self.seconds() - min(running) if running else 0.0
