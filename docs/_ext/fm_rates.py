# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The chart of rates at the top of the page on performance, drawn from the tables below it."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_log = logging.getLogger(__name__)
_TABLES = Path(__file__).resolve().parents[1] / "_performance" / "tasks.md"

#: Who has no plain callbacks: in which chart it is shown, and the table with its figure.
_COROUTINES = "FastStream"
_CONSUMING, _WITH_COROUTINES = "Consume, prefetch 100", "Consume, coroutine callback, prefetch 100"

#: The tables that are drawn: how each begins, and its title in the chart.
_CHARTS = {
    "Pipelined publish": "Publish, 1,000 in flight",
    "Consume, plain callback, prefetch 100": _CONSUMING,
    "Blocking publish": "Publish, each confirm waited for",
}
#: What stands in the tables and is no client.
_NO_CLIENT = "raw socket"
_OURS = "4.0.0"
#: This package, used in some other way than its neighbours in the table: in the tables only.
_VARIANT = f"{_OURS} [fast] "


class Rate(NamedTuple):
    """Messages a second of one client."""

    client: str
    rate: int


def rates(text: str) -> dict[str, list[Rate]]:
    """Read the tables: the rates of the clients, the highest first, by the title of the chart."""
    tables = dict(_table(each) for each in re.split(r"\n\s*\n", text) if each.strip())
    found: dict[str, list[Rate]] = {}
    for start, title in _CHARTS.items():
        clients = next((rows for heading, rows in tables.items() if heading.startswith(start)), None)
        if clients:
            found[title] = sorted(clients, key=lambda each: -each.rate)
    others = [each for each in tables.get(_WITH_COROUTINES, []) if each.client == _COROUTINES]
    if others and _CONSUMING in found:
        found[_CONSUMING].append(Rate(f"{_COROUTINES}, coroutine", others[0].rate))
        found[_CONSUMING].sort(key=lambda each: -each.rate)
    return found


def _table(text: str) -> tuple[str, list[Rate]]:
    """The heading of a table, and the rates of clients in it, if that is what it has."""
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in text.strip().splitlines()]
    if rows[0][1] != "messages/s":
        return rows[0][0], []
    clients = [row for row in rows[2:] if row[0] != _NO_CLIENT and not row[0].startswith(_VARIANT)]
    return rows[0][0], [Rate(row[0], round(float(row[1].replace(",", "")))) for row in clients]


def _with_coroutines(tables: dict[str, list[Rate]]) -> list[Rate]:
    rows = tables.get(_WITH_COROUTINES, [])
    return [Rate(f"{each.client}, a coroutine", each.rate) for each in rows if each.client == _COROUTINES]


def drawn(charts: dict[str, list[Rate]]) -> str:
    """Draw the charts as HTML: a row for each client, whose bar takes what room the screen leaves."""
    parts: list[str] = []
    for title, clients in charts.items():
        most = max(each.rate for each in clients)
        parts.append(f'<div class="rates"><p class="title">{escape(title)}</p>')
        for each in clients:
            name = each.client
            mine = " ours" if name.startswith(_OURS) else ""
            # The present release goes without its number.
            label = f"fedora-messaging {name}".replace(f" {_OURS}", "") if name[0].isdigit() else name
            parts.append(
                f'<span class="label{mine}">{escape(label)}</span>'
                f'<span class="bar{mine}" style="width:{max(100 * each.rate / most, 0.5):.1f}%"></span>'
                f'<span class="rate">{each.rate:,}</span>'
            )
        parts.append("</div>")
    return "".join(parts)


class Rates(SphinxDirective):
    """``{rates}``: messages a second of this package and of other clients."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_dependency(str(_TABLES))
        charts = rates(_TABLES.read_text("utf-8"))
        if len(charts) != len(_CHARTS):
            _log.warning("the tables of %s lack some of those that are drawn", _TABLES.name)
        return [nodes.raw("", drawn(charts), format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("rates", Rates)
    return {"parallel_read_safe": True}
