# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Monotonic clocks for Twisted.

Twisted's reactors measure time by the wall clock, which an administrator or NTP may set. Invariant of this
package: **no interval is measured by the wall clock**. Delays, deadlines and heartbeats have the right length
when the wall clock is set. There are two cases:

- A reactor that this package starts is made monotonic itself: :func:`make_steady`.
- A reactor that belongs to the application is left as it is, and used through a :class:`SteadyClock`.

:func:`steady` gives the right one for a reactor. Everything that takes a ``clock`` passes it through there.
"""

from __future__ import annotations

from .clock import SteadyClock, steady
from .monotonic import make_steady, monotonic, stopwatch

__all__ = ["SteadyClock", "make_steady", "monotonic", "steady", "stopwatch"]
