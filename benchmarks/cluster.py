# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``make bench-cluster``: several processes on a cluster of three nodes of RabbitMQ 4.3, and its failures.

Publishes and consumes with 1, 2 and 4 processes, by queue type and prefetch count; measures what a message
costs clients and nodes of the processor, and how long the failures of rows R1 to R4 last. Results are
printed, and written to a folder as the documentation shows them.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rabbitmq import Cluster, Settings

from .bench import QUEUE, Bench, Failed
from .failover import FAILURES, Outage
from .report import number, table

PROCESSES = (1, 2, 4)
PREFETCH = (10, 100)
KINDS = ("classic", "quorum")
#: Seconds from the start of the processes until they begin, and more for each of them.
_START, _START_EACH = 3.0, 2.0
#: Messages a second to expect of one queue, from which their number is made.
_EXPECTED = 3000


@dataclass(frozen=True, slots=True)
class Run:
    """What one combination came to.

    Attributes:
        rate: Messages a second of all processes together.
        ours: Microseconds of the clients' processor time a message.
        theirs: Microseconds of all nodes' processor time a message.
        leader: The same of the node that has the queue, or leads it.
    """

    rate: float
    ours: float
    theirs: float
    leader: float


def measure(cluster: Cluster, bench: Bench, task: str, processes: int, options: dict[str, Any]) -> Run:
    """Run one task in so many processes.

    Raises:
        Failed: A client failed, or the count was wrong.
    """
    each = options["count"]
    leader = cluster.leader(QUEUE)
    before = {node.name: node.processor_time for node in cluster.nodes}
    # All are ready by then: what is counted is not how long each takes to start.
    together = {**options, "at": time.perf_counter() + _START + _START_EACH * processes}
    reports = bench.clients(processes, "fast", "fedora.py", task, together)
    used = {node.name: node.processor_time - before[node.name] for node in cluster.nodes}
    if task == "pipeline":
        bench.has(processes * each)
    else:
        # Quorum queues may forget the last acknowledgements of a consumer that ends, and deliver those again.
        bench.has(0, more=processes * options["prefetch"])
    seconds = max(report["ended"] for report in reports) - min(report["began"] for report in reports)
    total = processes * each
    return Run(
        total / seconds,
        sum(report["cpu_us"] for report in reports) / processes,
        sum(used.values()) / total * 1e6,
        used[leader.name] / total * 1e6,
    )


def throughput(cluster: Cluster, arguments: argparse.Namespace) -> dict[tuple[str, str, int], list[Run]]:
    """All combinations, as often as asked; the key is what was done, with which queue, by how many."""
    found: dict[tuple[str, str, int], list[Run]] = {}
    for repetition in range(arguments.repetitions):
        for kind in KINDS:
            bench = Bench(
                cluster.nodes[0],
                {"fast": Path(sys.executable)},
                urls=cluster.urls(),
                queue_type=kind,
            )
            for processes in PROCESSES:
                each = max(int(_EXPECTED * arguments.seconds) // processes, 50)
                bench.empty(QUEUE)
                published = {"count": each, "in-flight": 1000 // processes}
                run = measure(cluster, bench, "pipeline", processes, published)
                found.setdefault(("publish", kind, processes), []).append(run)
                for prefetch in PREFETCH:
                    bench.empty(QUEUE)
                    bench.fill(processes * each)
                    consumed = {"count": each, "prefetch": prefetch, "queue-type": kind}
                    run = measure(cluster, bench, "consume", processes, consumed)
                    found.setdefault((f"consume, prefetch {prefetch}", kind, processes), []).append(run)
                print(f"{repetition + 1} {kind}, {processes} processes: done", file=sys.stderr, flush=True)
            bench.forget(QUEUE)
    return found


def throughput_table(found: dict[tuple[str, str, int], list[Run]]) -> str:
    """Rates of each number of processes in relation to one, and of one in relation to a classic queue."""
    head = ["", *(f"{n} processes" if n > 1 else "1 process" for n in PROCESSES), "of a classic queue"]
    rows = []
    for task in dict.fromkeys(task for task, _, _ in found):
        classic = median(run.rate for run in found[task, "classic", 1])
        for kind in KINDS:
            rates = [median(run.rate for run in found[task, kind, n]) for n in PROCESSES]
            cells = [f"{rate / rates[0]:.2f}" for rate in rates]
            rows.append([f"{task}, {kind}", *cells, f"{rates[0] / classic:.2f}"])
    return table(head, rows)


def cost_table(found: dict[tuple[str, str, int], list[Run]]) -> str:
    """What a message costs of the processor, with any number of processes."""
    rows = []
    for task in dict.fromkeys(task for task, _, _ in found):
        for kind in KINDS:
            runs = [run for n in PROCESSES for run in found[task, kind, n]]
            costs = (median(getattr(run, name) for run in runs) for name in ("ours", "theirs", "leader"))
            rows.append([f"{task}, {kind}", *map(number, costs)])
    return table(["µs a message", "client", "all nodes", "leader"], rows)


def failover_table(found: dict[str, list[Outage]]) -> str:
    """How long each failure lasted, for publishing and for consuming."""
    rows = []
    for name, outages in found.items():
        cells = []
        for side in ("published", "consumed"):
            values = [value for outage in outages if (value := getattr(outage, side)) is not None]
            cells.append(f"{median(values):.2f} ({max(values):.2f})" if values else "")
        rows.append([name, *cells])
    return table(["failure", "next confirm, s: median (longest)", "next callback, s"], rows)


def model_table(found: dict[tuple[str, str, int], list[Run]]) -> str:
    """What cores of ours and nodes of theirs carry, from what a message costs."""
    rows = []
    for kind in KINDS:
        published = [run for n in PROCESSES for run in found["publish", kind, n]]
        consumed = [run for n in PROCESSES for run in found["consume, prefetch 100", kind, n]]
        ours = [1e6 / median(run.ours for run in runs) for runs in (published, consumed)]
        both = sum(median(run.theirs for run in runs) for runs in (published, consumed))
        one = sum(median(run.leader for run in runs) for runs in (published, consumed))
        rows.append(
            [kind, *(f"{rate:,.0f}" for rate in ours), f"{1e6 / one:,.0f}"]
            + [f"{nodes * 4 * 1e6 / both:,.0f}" for nodes in (3, 5, 7)]
        )
    head = ["queues", "publish, a core of ours", "consume, a core of ours", "one queue, both ways"]
    return table(head + [f"{nodes} nodes of 4 cores, both ways" for nodes in (3, 5, 7)], rows)


def main() -> int:
    """Run it; exit code 1 when a count was wrong or a client failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.cluster")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"), help="where results are written")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="about how long each run takes")
    parser.add_argument("--only", choices=("failover", "throughput"), help="leave the other part out")
    parser.add_argument("--quick", action="store_true", help="once and briefly")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.repetitions = 0.3, 1
    arguments.folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()

    def write(name: str, text: str) -> None:
        print(text, flush=True)
        (arguments.folder / f"cluster-{name}.md").write_text(text)

    with Cluster(settings=Settings(conf=("consumer_disconnected_timeout = 3000",))) as cluster:
        version = cluster.nodes[0].installation.version
        print(f"{os.cpu_count()} cores for three nodes of RabbitMQ {version} and all clients.")
        print(f"Load {os.getloadavg()[0]:.1f}.", flush=True)
        if arguments.only != "throughput":
            outages: dict[str, list[Outage]] = {}
            for _ in range(arguments.repetitions):
                for name, fail in FAILURES.items():
                    cluster.restore()
                    outages.setdefault(name, []).append(fail(cluster))
            write("failover", failover_table(outages))
            cluster.restore()
        if arguments.only != "failover":
            try:
                found = throughput(cluster, arguments)
            except Failed as failure:
                print(failure)
                return 1
            write("throughput", throughput_table(found))
            write("cost", cost_table(found))
            write("model", model_table(found))
    print(f"Load {os.getloadavg()[0]:.1f}. {time.monotonic() - began:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
