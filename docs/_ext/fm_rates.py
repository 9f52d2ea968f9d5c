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

#: The tables that are drawn: how each begins, and its title in the chart.
_CHARTS = {
    "Pipelined publish": "Publish, 1,000 in flight",
    "Consume, plain callback, prefetch 100": "Consume, prefetch 100",
    "Blocking publish": "Publish, each confirm waited for",
}
#: What stands in the tables and is no client.
_NO_CLIENT = "raw socket"
_OURS = "4.0.0"


class Rate(NamedTuple):
    """Messages a second of one client."""

    client: str
    rate: int


def rates(text: str) -> dict[str, list[Rate]]:
    """Read the tables: the rates of the clients, the highest first, by the title of the chart."""
    found: dict[str, list[Rate]] = {}
    for table in re.split(r"\n\s*\n", text):
        rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.strip().splitlines()]
        title = next((title for start, title in _CHARTS.items() if rows[0][0].startswith(start)), None)
        if title is not None:
            clients = [Rate(row[0], int(row[1].replace(",", ""))) for row in rows[2:] if row[0] != _NO_CLIENT]
            found[title] = sorted(clients, key=lambda each: -each.rate)
    return {title: found[title] for title in _CHARTS.values() if title in found}


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
