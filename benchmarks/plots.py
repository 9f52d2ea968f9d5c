# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The plots, as SVG."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from .growth import Curve, Growth

__all__ = ["draw"]

_COLOURS = ("#7f7f7f", "#1f6feb", "#d1242f")
#: For text and axes: to be read on a white page as well as on a dark one.
_INK = "#767676"
# The same figures make the same file.
matplotlib.rcParams.update({"svg.hashsalt": "bench", "svg.fonttype": "none", "font.size": 10})
matplotlib.rcParams.update(
    dict.fromkeys(["text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"], _INK)
)


def _plot(path: Path, title: str, x: str, y: str, curves: Sequence[Curve]) -> None:
    figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for curve, colour in zip(curves, _COLOURS, strict=False):
        axes.plot(*zip(*curve.points, strict=True), marker="o", label=curve.name, color=colour)
    axes.set(title=title, xlabel=x, ylabel=y, xscale="log")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, metadata={"Date": None}, transparent=True)
    plt.close(figure)


def draw(
    folder: Path, in_flight: Sequence[Curve], prefetch: Sequence[Curve], growth: Sequence[Growth]
) -> None:
    """Write all plots into a folder."""
    rate = "messages a second"
    _plot(folder / "in-flight.svg", "Publishing", "messages in flight", rate, in_flight)
    _plot(folder / "prefetch.svg", "Consuming", "prefetch count", rate, prefetch)
    costs = [Curve(each.name, each.cpu) for each in growth]
    _plot(folder / "cost.svg", "Cost of a message", "messages so far", "µs of client CPU", costs)
    memory = [Curve(each.name, each.mb) for each in growth]
    _plot(folder / "memory.svg", "Memory of the process", "messages so far", "MB", memory)
