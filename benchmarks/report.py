# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Figures of several runs, their medians, and what became of the goals, as Markdown."""

from collections.abc import Iterable, Sequence
from statistics import median

from .bench import Figures
from .plan import GOALS, RELEASE, TASKS, Goal, Task

__all__ = ["Results", "goals", "number", "percentile", "queues", "table", "tasks"]


class Results:
    """The figures of all runs, by task and contender."""

    def __init__(self) -> None:
        self._runs: dict[tuple[str, str], list[Figures]] = {}

    def add(self, task: str, contender: str, figures: Figures) -> None:
        """One more run."""
        self._runs.setdefault((task, contender), []).append(figures)

    def runs(self, task: str, contender: str) -> list[Figures]:
        """All runs so far."""
        return self._runs.get((task, contender), [])

    def figure(self, task: str, contender: str, name: str) -> float | None:
        """The median of a figure over all runs; of latencies, the percentile of each run first.

        Args:
            task: The task's letter.
            contender: Its name.
            name: "rate", "cpu", "p50", "p99", "seconds" or "mb".
        """
        if name in ("p50", "p99"):
            part = int(name[1:]) / 100
            found = [percentile(run.milliseconds, part) for run in self.runs(task, contender)]
        else:
            found = [value for run in self.runs(task, contender) if (value := getattr(run, name)) is not None]
        return median(found) if found else None


def percentile(values: Sequence[float], part: float) -> float:
    """The value that this part of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown, with numbers in all columns but the first."""
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def number(value: float | None) -> str:
    """A figure with three digits, and nothing for none."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


_FIGURES = {
    "publish": (("rate", "messages/s"), ("cpu", "client CPU, µs a message")),
    "consume": (("rate", "messages/s"), ("cpu", "client CPU, µs a message")),
    "latency": (("p50", "p50, ms"), ("p99", "p99, ms")),
    "script": (("seconds", "seconds"), ("mb", "MB")),
}


def _task(task: Task, results: Results, letters: bool) -> str:
    figures = _FIGURES[task.kind]
    main = figures[0][0]
    first = results.figure(task.letter, RELEASE, main)
    rows = []
    for contender in task.contenders:
        values = [results.figure(task.letter, contender.name, name) for name, _ in figures]
        ratio = values[0] / first if first and values[0] else None
        rows.append([contender.name, *map(number, values), "" if ratio is None else f"{number(ratio)}×"])
    title = f"{task.letter}. {task.title}" if letters else f"{task.title[0].upper()}{task.title[1:]}"
    head = [title, *(title for _, title in figures), f"to {RELEASE}"]
    return table(head, rows)


def tasks(results: Results, *, letters: bool = True) -> str:
    """A table a task.

    Args:
        results: What was measured.
        letters: Whether the title begins with the letter of the task, by which goals name it.
    """
    return "\n".join(_task(task, results, letters) for task in TASKS)


_WORDS = {
    "rate": "rate",
    "cpu": "client CPU a message",
    "p50": "median latency",
    "p99": "p99 latency",
    "seconds": "time",
    "mb": "memory",
}


def _goal(goal: Goal, results: Results) -> list[str]:
    ours = results.figure(goal.task, goal.install, goal.figure)
    reached = ours
    unit = {"mb": " MB", "rate": "/s"}.get(goal.figure, "")
    if goal.against is not None:
        other = results.figure(goal.task, goal.against, goal.figure)
        reached = None if ours is None or not other else ours / other
        unit = "×"
    sign = "≥" if goal.more_is_better else "≤"
    what = f"{goal.task}, {goal.install}: {_WORDS[goal.figure]}"
    if goal.against is not None:
        what += f" to {goal.against}"
    if reached is None:
        return [what, f"{sign} {goal.bound:g}{unit}", "", "not measured"]
    met = reached >= goal.bound if goal.more_is_better else reached <= goal.bound
    return [what, f"{sign} {goal.bound:g}{unit}", f"{number(reached)}{unit}", "yes" if met else "**no**"]


def goals(results: Results) -> str:
    """Each goal beside what was reached."""
    return table(["goal", "bound", "reached", "met"], (_goal(goal, results) for goal in GOALS))


def queues(costs: Sequence[tuple[int, float]]) -> str:
    """What a message costs with so many queues in one process."""
    one = costs[0][1]
    rows = [[f"{number}", f"{cost:.1f}", f"{cost / one:.2f}×"] for number, cost in costs]
    return table(["queues", "client CPU, µs a message", "to one queue"], rows)
