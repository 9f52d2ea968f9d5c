# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Pictures drawn from what holds: the contracts of the layers, and the table of transitions."""

from __future__ import annotations

import importlib
import math
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from fedora_messaging._core.lifecycle import TRANSITIONS, State

if sys.version_info >= (3, 11):
    import tomllib
else:  # Sphinx requires it there
    import tomli as tomllib

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_log = logging.getLogger(__name__)
_CONTRACTS = Path(__file__).resolve().parents[2] / "pyproject.toml"


def _svg(width: float, height: float, title: str, parts: list[str]) -> nodes.raw:
    text = (
        f'<div class="scrolled"><svg class="picture" viewBox="0 0 {width:g} {height:g}" role="img" '
        'xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg></div>"
    )
    return nodes.raw("", text, format="html")


# The layers


def layers() -> list[tuple[str, str]]:
    """The layers of the package from the top down, by the contracts: names, and what they are for."""
    contracts = tomllib.loads(_CONTRACTS.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    rows = next(each["layers"] for each in contracts if each["name"] == "Layers of the package")
    return [(row, "; ".join(_purpose(name.strip()) for name in row.split("|"))) for row in rows]


def _purpose(name: str) -> str:
    module = importlib.import_module(f"fedora_messaging.{name}")
    return (module.__doc__ or "").split("\n")[0].split(":")[0].rstrip(".")


class Layers(SphinxDirective):
    """``{layers}``: the packages of the client, layer upon layer."""

    _width = 900.0

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_dependency(str(_CONTRACTS))
        parts: list[str] = []
        y = 8.0
        for names, purpose in layers():
            x = 10.0
            for name in names.split("|"):
                text = name.strip()
                width = 7.6 * len(text) + 16
                kind = "private" if text.startswith("_") else "public"
                parts.append(
                    f'<rect class="box {kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="24" rx="4"/>'
                    f'<text class="{kind}" x="{x + width / 2:g}" y="{y + 16.5:g}">{escape(text)}</text>'
                )
                x += width + 8
            if x < 330:
                parts.append(f'<text class="name" x="340" y="{y + 16.5:g}">{escape(purpose[:80])}</text>')
            y += 32
        return [_svg(self._width, y, "The layers of the package, from the top down", parts)]


# The states

_PLACES = {
    State.IDLE: (110, 200),
    State.CONNECTING: (320, 115),
    State.BACKOFF: (320, 295),
    State.DECLARING: (540, 200),
    State.CONSUMING: (780, 200),
    State.RESTING: (700, 60),
    State.DRAINING: (430, 400),
    State.STOPPED: (700, 400),
}
_HALF = (62.0, 20.0)
#: How much a move is bent that would cross other boxes.
_BENDS = {(State.CONSUMING, State.IDLE): 330.0, (State.CONSUMING, State.CONNECTING): 40.0}


def _edge(a: tuple[float, float], b: tuple[float, float], bend: float) -> str:
    """A bent arrow from the edge of one box to the edge of another."""
    (ax, ay), (bx, by) = a, b
    length = math.hypot(bx - ax, by - ay)
    mx = (ax + bx) / 2 - (by - ay) / length * bend
    my = (ay + by) / 2 + (bx - ax) / length * bend
    sx, sy = _border(a, (mx, my))
    ex, ey = _border(b, (mx, my))
    line = f"M{sx:.1f} {sy:.1f} Q{mx:.1f} {my:.1f} {ex:.1f} {ey:.1f}"
    return f'<path class="move" d="{line}"/>{_tip((ex, ey), math.atan2(ey - my, ex - mx))}'


def _tip(end: tuple[float, float], angle: float) -> str:
    """The tip of an arrow."""
    x, y = end
    corners = [(x, y)] + [
        (x - 9 * math.cos(angle + turn), y - 9 * math.sin(angle + turn)) for turn in (-0.4, 0.4)
    ]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon class="tip" points="{points}"/>'


def _border(centre: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    dx, dy = towards[0] - centre[0], towards[1] - centre[1]
    scale = min(_HALF[0] / abs(dx) if dx else math.inf, _HALF[1] / abs(dy) if dy else math.inf)
    return centre[0] + dx * scale, centre[1] + dy * scale


class States(SphinxDirective):
    """``{states}``: the states and every transition."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_dependency(__file__)
        ending = {State.DRAINING, State.STOPPED}
        always = frozenset.intersection(
            *(moves for state, moves in TRANSITIONS.items() if state not in ending)
        )
        if always != ending:
            _log.warning("the picture of states no longer fits: %s may always follow", always)
        parts = [
            '<rect class="background" x="20" y="20" width="860" height="320" rx="6"/>',
        ]
        for state, moves in TRANSITIONS.items():
            drawn = [to for to in moves if state in ending or to not in ending]
            parts += [
                _edge(
                    _PLACES[state],
                    _PLACES[to],
                    _BENDS.get((state, to), 16.0 if state in TRANSITIONS[to] else 0.0),
                )
                for to in sorted(drawn, key=lambda each: each.value)
            ]
        for to in (State.DRAINING, State.STOPPED):
            x, y = _PLACES[to]
            parts.append(
                f'<path class="move" d="M{x} 340 L{x} {y - _HALF[1]:g}"/>'
                f"{_tip((x, y - _HALF[1]), math.pi / 2)}"
                f'<text class="word" x="{x + 8}" y="364">from any of these</text>'
            )
        for state, (x, y) in _PLACES.items():
            parts.append(
                f'<rect class="box public" x="{x - _HALF[0]:g}" y="{y - _HALF[1]:g}" '
                f'width="{2 * _HALF[0]:g}" height="{2 * _HALF[1]:g}" rx="8"/>'
                f'<text class="public" x="{x}" y="{y + 5}">{state.name}</text>'
            )
        return [_svg(900, 440, "The states of a connection or a consumer, and the moves between them", parts)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("layers", Layers)
    app.add_directive("states", States)
    return {"parallel_read_safe": True}
