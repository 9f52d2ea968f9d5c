# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``make bench``: every task by every contender, interleaved, and the goals beside what was reached.

Results are printed and written to a folder; ``--quick`` measures once and briefly.
"""

import argparse
import os
import platform
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rabbitmq import Node

from . import growth, report
from .bench import QUEUE, Bench, Failed, Figures
from .plan import TASKS, Contender, Task


def measure(bench: Bench, task: Task, contender: Contender, seconds: float) -> Figures:
    """One run of one contender."""
    if task.kind == "script":
        return bench.script(contender.environment, contender.program)
    count = max(int(contender.rate * seconds), 5)
    options: dict[str, Any] = {**task.options, "count": count}
    if task.kind == "consume":
        bench.fill(count, task.options.get("size", 1024))
    else:
        bench.empty(QUEUE)
    (said,) = bench.client(contender.environment, contender.program, contender.task, options)
    bench.has(count if task.kind == "publish" else 0)
    if task.kind == "latency":
        return Figures(milliseconds=tuple(said["ms"]))
    return Figures(rate=said["rate"], cpu=said["cpu_us"])


def run(bench: Bench, arguments: argparse.Namespace) -> report.Results:
    """Everything, as often as asked."""
    results = report.Results()
    tasks = [task for task in TASKS if not arguments.tasks or task.letter in arguments.tasks.split(",")]
    for repetition in range(arguments.repetitions):
        for task in tasks:
            # Scripts are short, and what they take varies more.
            for again in range(arguments.scripts if task.kind == "script" else 1):
                turn = (repetition + again) % len(task.contenders)
                for contender in task.contenders[turn:] + task.contenders[:turn]:
                    seconds = arguments.latency if task.kind == "latency" else arguments.seconds
                    figures = measure(bench, task, contender, seconds)
                    results.add(task.letter, contender.name, figures)
            shown = " ".join(
                f"{contender.name}={_shown(task, results.runs(task.letter, contender.name)[-1])};"
                for contender in task.contenders
            )
            print(
                f"{repetition + 1}/{arguments.repetitions} {task.letter}: {shown}",
                file=sys.stderr,
                flush=True,
            )
    return results


def _shown(task: Task, figures: Figures) -> str:
    if figures.rate is not None:
        return f"{figures.rate:.0f}/s {figures.cpu:.0f}us"
    if figures.milliseconds:
        middle, most = (report.percentile(figures.milliseconds, part) for part in (0.5, 0.99))
        return f"{middle:.1f}/{most:.1f}ms"
    return f"{figures.seconds:.3f}s {figures.mb:.1f}MB"


def _machine(bench_version: str) -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    processor = names[0].partition(":")[2].strip() if names else platform.machine()
    today = datetime.now(timezone.utc).date()
    return (
        f"{today}, {os.cpu_count()} cores of {processor}, Linux {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, RabbitMQ {bench_version} on the same machine."
    )


def main() -> int:
    """Run it; exit code 1 when a count was wrong or a client failed."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--plain", type=Path, required=True, help="the Python of the install without extras")
    parser.add_argument("--release", type=Path, required=True, help="the Python that has release 3.9.1")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where results are written")
    parser.add_argument("--tasks", default="", help="only these, such as A,B,C2")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    arguments.seconds, arguments.latency, arguments.scripts = 2.0, 6.0, 4
    if arguments.quick:
        arguments.seconds, arguments.latency, arguments.scripts, arguments.repetitions = 0.4, 1.0, 1, 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    interpreters = {"fast": Path(sys.executable), "plain": arguments.plain, "release": arguments.release}
    with Node() as node:
        bench = Bench(node, interpreters)
        machine = _machine(node.installation.version)
        print(machine, f"Load {os.getloadavg()[0]:.2f}.", flush=True)
        try:
            results = run(bench, arguments)
            refused, grown = growth.absent_broker(bench, 30_000 if arguments.quick else 300_000)
            curves = None if arguments.quick or arguments.tasks else _curves(bench, arguments.seconds)
        except Failed as failure:
            print(failure)
            return 1
    text = f"{report.goals(results)}\n{report.tasks(results)}"
    print(text)
    print(f"No broker, published without waiting: {refused:,} refused, {grown:.1f} MB more.")
    if curves is not None:
        _write(arguments.folder, machine, results, curves)
    print(f"{time.monotonic() - began:.0f} s.")
    return 0


def _curves(bench: Bench, seconds: float) -> dict[str, Any]:
    return {
        "in_flight": growth.in_flight(bench, seconds),
        "prefetch": growth.prefetch(bench, seconds),
        "growth": growth.many_messages(bench, 1_000_000),
        "queues": growth.many_queues(bench, 100_000, 3),
    }


def _write(folder: Path, machine: str, results: report.Results, curves: dict[str, Any]) -> None:
    """What the documentation shows."""
    from .plots import draw

    queues = curves.pop("queues")
    draw(folder, **curves)
    (folder / "machine.md").write_text(f"{machine}\n")
    (folder / "goals.md").write_text(report.goals(results))
    (folder / "tasks.md").write_text(report.tasks(results, letters=False))
    (folder / "queues.md").write_text(report.queues(queues))


if __name__ == "__main__":
    sys.exit(main())
