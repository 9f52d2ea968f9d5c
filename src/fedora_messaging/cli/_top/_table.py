# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What ``top`` shows, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from ...exceptions import from_wire
from .._output import fitted

__all__ = ["Row", "Shown", "lines", "rows_of"]

#: The heads of the columns after the queue and the state, and their widths.
_COLUMNS = (
    ("in/s", 7),
    ("ok/s", 7),
    ("failed/s", 8),
    ("p99", 8),
    ("unacked", 7),
    ("waiting", 7),
    ("oldest", 6),
)
_LEAST_QUEUE, _LEAST_STATE, _MOST_STATE = 10, 10, 24
_COLORS = {"good": "green", "wait": "yellow", "bad": "red"}


@dataclass(frozen=True)
class Row:
    """A queue and its consumers.

    Args:
        queue: The queue's name.
        state: The state of its consumers.
        level: How good that is: "good", "wait", "bad" or "idle".
        cells: The other columns.
        fails: Whether messages fail.
    """

    queue: str
    state: str
    level: str
    cells: tuple[str, ...]
    fails: bool


@dataclass(frozen=True)
class Shown:
    """What is known of one dashboard.

    Args:
        url: Its URL.
        rows: Its queues, as it has told them last.
        problem: Why it tells nothing now; "": it does.
    """

    url: str
    rows: tuple[Row, ...] = ()
    problem: str = ""


def rows_of(data: Any) -> tuple[Row, ...]:
    """Return the rows of an event.

    Raises:
        ValueError: It is none of our dashboard.
    """
    try:
        return tuple(_row(each) for each in data["consumers"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError("what answers is no dashboard of this package") from error


def _row(data: Mapping[str, Any]) -> Row:
    cells = (
        _rate(data["in"]),
        _rate(data["ok"]),
        _rate(data["failed"]),
        _text(data["p99"]),
        str(int(data["unacknowledged"])),
        str(int(data["waiting"])),
        _text(data["oldest"]),
    )
    # Names come over the network: they must not move the cursor.
    return Row(
        from_wire(data["queue"]),
        from_wire(data["state"]),
        from_wire(data["level"]),
        cells,
        bool(data["failed"]),
    )


def _rate(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}"


def _text(value: str) -> str:
    return from_wire(value) or "-"


def lines(shown: Sequence[Shown], width: int) -> Iterator[str]:
    """Yield the table.

    Args:
        shown: What is known of each dashboard.
        width: How many cells a line may have; it has 78 or so in a narrower terminal, too.
    """
    fixed = sum(columns + 1 for _, columns in _COLUMNS)
    left = max(width - fixed - 1, _LEAST_QUEUE + _LEAST_STATE)
    state = min(max(left // 3, _LEAST_STATE), _MOST_STATE)
    state = min(state, max([_LEAST_STATE, *(len(row.state) for each in shown for row in each.rows)]))
    queue = left - state
    heads = (
        fitted("queue", queue),
        fitted("state", state),
        *(head.rjust(columns) for head, columns in _COLUMNS),
    )
    yield click.style(" ".join(heads), underline=True)
    for each in shown:
        if len(shown) > 1:
            yield click.style(each.url, bold=True)
        for row in each.rows:
            yield _line(row, queue, state, old=bool(each.problem))
        if each.problem:
            yield click.style(fitted(each.problem, max(width, 3)).rstrip(), fg="red")
        elif not each.rows:
            yield click.style("nothing is consumed there", dim=True)


def _line(row: Row, queue: int, state: int, *, old: bool) -> str:
    name, word = fitted(row.queue, queue, keep_end=True), fitted(row.state, state)
    cells = [cell.rjust(columns) for cell, (_, columns) in zip(row.cells, _COLUMNS, strict=True)]
    if old:
        return click.style(" ".join((name, word, *cells)), dim=True)
    if row.fails:
        cells[2] = click.style(cells[2], fg="red")
    return " ".join((name, click.style(word, fg=_COLORS.get(row.level)), *cells))
