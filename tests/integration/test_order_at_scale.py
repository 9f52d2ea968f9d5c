# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Order at scale, as docs/how-to/order.md has it: partitions with one active consumer each."""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from rabbitmq.guard import has_release
from support.amqp import Amqp
from support.programs import Programs
from support.waiting import until

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.slow]

PARTITIONS = 12
KEYS = 48
KILLS, EVERY = 6, 5.0

#: Processes append to one file, each message in one write: the kernel puts them in one order.
CALLBACK = """
import os, pathlib
written = os.open(pathlib.Path(__file__).with_name("written"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def callback(message):
    number, topic = message.body["n"], message.topic
    os.write(written, f"{topic} {number} {os.getpid()}\\n".encode())
"""


def out_of_order(events: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """The events at which an earlier message of the same key had not been processed.

    A message may be processed again, but none before all earlier ones of its key.
    """
    due: dict[str, int] = {}
    wrong = []
    for key, number in events:
        if number > due.setdefault(key, 0):
            wrong.append((key, number))
        elif number == due[key]:
            due[key] += 1
    return wrong


@pytest.mark.parametrize(
    ("numbers", "wrong"),
    [
        ([0, 1, 2], []),
        ([0, 1, 0, 1, 2], []),  # redelivered, in order
        ([0, 2, 1], [2]),  # overtaken
        ([0, 1, 1, 3, 2], [3]),
        ([1, 0], [1]),
    ],
)
def test_what_out_of_order_means(numbers: list[int], wrong: list[int]) -> None:
    """Messages that are processed again are in order; one that comes before an earlier one is not."""
    assert [("k", n) for n in wrong] == out_of_order(("k", n) for n in numbers)


def configuration(modulus: bool) -> str:
    """The consumers of all partitions: by the hash of the topic, or by topic where there is no hash."""
    lines = ['[exchanges."t.hash"]', 'type = "x-modulus-hash"'] if modulus else []
    for number in range(PARTITIONS):
        exchange = "t.hash" if modulus else "amq.topic"
        keys = ["1"] if modulus else [f"t.k{key}" for key in range(number, KEYS, PARTITIONS)]
        binding = f"{{ queue = 'p{number}', exchange = '{exchange}', routing_keys = {json.dumps(keys)} }}"
        lines += [
            f"[consumers.p{number}]",
            'callback = "order_callback:callback"',
            f"bindings = [{binding}]",
            f"[consumers.p{number}.queues.p{number}]",
            "durable = true",
            'arguments = { x-queue-type = "quorum", x-single-active-consumer = true }',
        ]
    return "\n".join(lines)


def processed(written: Path) -> list[tuple[str, int]]:
    """The key and the number of each message that a callback has finished, in order."""
    lines = [line.split() for line in written.read_text().splitlines()]
    return [(key, int(number)) for key, number, _ in lines]


def test_order_while_processes_die(
    programs: Programs, amqp: Amqp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers, twelve partitions, a worker killed every five seconds: order kept, nothing lost."""
    (tmp_path / "order_callback.py").write_text(CALLBACK)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    modulus = has_release(4, 3)
    command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume", "--workers", "3"]
    parent = programs.run(command, config=configuration(modulus))
    for number in range(PARTITIONS):
        parent.wait_for(f"Consuming from the queue 'p{number}'", 3)
    if modulus:
        amqp.channel.exchange_bind("t.hash", "amq.topic", "t.#")

    written = tmp_path / "written"
    published = dict.fromkeys((f"t.k{key}" for key in range(KEYS)), 0)
    chance = random.Random(7)
    killed: list[int] = []
    next_kill = time.monotonic() + EVERY
    while len(killed) < KILLS:
        key = chance.choice(list(published))
        amqp.publish(key, {"n": published[key]})
        published[key] += 1
        if time.monotonic() > next_kill:
            busy = int(written.read_text().splitlines()[-1].split()[-1])
            if busy in killed:  # nobody has taken its place yet
                continue
            os.kill(busy, signal.SIGKILL)
            killed.append(busy)
            parent.wait_for("was ended by SIGKILL", len(killed))
            next_kill = time.monotonic() + EVERY
    # What the last one that was killed had written and not acknowledged is on its way back. Each key's next
    # message comes after that, and when it is processed, nothing of the key is left to be done.
    for key in published:
        amqp.publish(key, {"n": published[key]})
        published[key] += 1
    expected = {(key, n) for key, count in published.items() for n in range(count)}
    # An empty queue would not do: what a worker has fetched, or a killed one had, is not in it.
    until(
        lambda: expected <= {*processed(written)},
        120,
        lambda: sorted(expected - {*processed(written)})[:10],
        pause=0.5,
    )
    parent.signal(signal.SIGTERM)
    assert 0 == parent.ended(), parent.said

    events = processed(written)
    assert [] == out_of_order(events)
    assert set() == {*events} - expected
    assert {*killed} <= {int(line.split()[-1]) for line in written.read_text().splitlines()}
    assert [0] * PARTITIONS == [amqp.ready(f"p{number}") for number in range(PARTITIONS)]
