# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The thread that wakes a reactor which is late."""

import threading

import pytest

from fedora_messaging._steady import monotonic
from fedora_messaging._steady.watch import Watch


@pytest.mark.parametrize("deadlines", [[0.0], [3600.0, 0.0]])
def test_it_wakes_after_the_last_deadline(deadlines: list[float]) -> None:
    """Once the deadline set last has passed, the function is called in the thread."""
    woken: list[str] = []
    done = threading.Event()

    def wake() -> None:
        woken.append(threading.current_thread().name)
        done.set()
        raise RuntimeError("the event loop is closed")  # ends the thread

    watch = Watch(wake, grace=0.0)
    for deadline in deadlines:
        watch.until(monotonic() + deadline)

    assert done.wait(30)
    assert ["fedora-messaging clock"] == woken
