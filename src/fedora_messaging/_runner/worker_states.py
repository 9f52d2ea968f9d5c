# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What several workers report about themselves, as one: counters summed, all else by worker. Sans-I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["added", "counters", "gauges"]

State = Mapping[str, Any]


def counters(state: State) -> dict[str, Any]:
    """The whole numbers of a state, in tables as they are there."""
    found: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            inner = counters(value)
            if inner:
                found[key] = inner
        elif type(value) is int:
            found[key] = value
    return found


def gauges(state: State) -> dict[str, Any]:
    """What is in a state besides counters; a table of one entry, ``state``, becomes that entry."""
    found: dict[str, Any] = {}
    for key, value in state.items():
        if isinstance(value, Mapping):
            inner = gauges(value)
            if inner:
                found[key] = inner["state"] if inner.keys() == {"state"} else inner
        elif type(value) is not int:
            found[key] = value
    return found


def added(first: State, second: State) -> dict[str, Any]:
    """The counters of two states, added up."""
    found = dict(first)
    for key, value in second.items():
        if isinstance(value, Mapping):
            found[key] = added(found.get(key, {}), value)
        else:
            found[key] = found.get(key, 0) + value
    return found
