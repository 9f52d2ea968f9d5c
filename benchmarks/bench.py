# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs one client once, on a queue that was made ready for it, and counts what it left behind."""

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pika

from rabbitmq import Node

__all__ = ["QUEUE", "Bench", "Failed", "Figures"]

CLIENTS = Path(__file__).parent / "clients"
QUEUE, EXCHANGE = "bench", "amq.topic"
_CONFIG = """amqp_url = {urls}
publish_exchange = "amq.topic"
topic_prefix = ""
[client_properties]
app = "bench"
[log_config]
version = 1
disable_existing_loggers = true
"""


class Failed(Exception):
    """A client failed, or the count was wrong."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of one client came to; None for what was not asked."""

    rate: float | None = None  #: messages a second
    cpu: float | None = None  #: microseconds of the client's processor time a message
    milliseconds: tuple[float, ...] = ()  #: what each message took
    seconds: float | None = None  #: the life of the process
    mb: float | None = None  #: its greatest resident memory


class Bench:
    """A broker, and the environments of the clients.

    Args:
        node: The broker.
        interpreters: The Python of each environment, by its name.
        urls: The brokers of clients that read a configuration; None: this one.
        queue_type: Of the queues; "": as the broker likes.
    """

    def __init__(
        self,
        node: Node,
        interpreters: dict[str, Path],
        *,
        urls: Sequence[str] | None = None,
        queue_type: str = "",
    ) -> None:
        self._url = node.url()
        self._interpreters = interpreters
        self._arguments = {"x-queue-type": queue_type} if queue_type else {}
        self._config = node.folder / "bench.toml"
        # Release 3.9.1 knows no list of brokers.
        self._config.write_text(_CONFIG.format(urls=json.dumps(list(urls) if urls else self._url)))
        self._connection = pika.BlockingConnection(pika.URLParameters(self._url + "?heartbeat=0"))
        self._channel = self._connection.channel()
        self._made: set[str] = set()

    def empty(self, *queues: str) -> None:
        """Make queues, or empty them."""
        for queue in queues:
            if queue not in self._made:
                self._made.add(queue)
                self._channel.queue_declare(queue, durable=True, arguments=self._arguments)
                self._channel.queue_bind(queue, EXCHANGE, "#" if queue == QUEUE else queue)
            self._channel.queue_purge(queue)

    def forget(self, *queues: str) -> None:
        """Delete queues."""
        for queue in queues:
            self._made.discard(queue)
            self._channel.queue_delete(queue)

    def fill(self, count: int, size: int = 1024, queue: str = QUEUE) -> None:
        """Put messages into a queue, and into no other."""
        self.empty(queue)
        options: dict[str, Any] = {"count": count, "size": size}
        if queue != QUEUE:
            options["topic"] = queue
        self.client("fast", "raw.py", "pipeline", options, limit=600)
        self.has(count, queue)

    def has(self, count: int, queue: str = QUEUE, *, more: int = 0) -> None:
        """Check how many messages are in the queue, when nobody consumes any more.

        Args:
            count: How many there should be.
            queue: The queue's name.
            more: How many more there may be.

        Raises:
            Failed: Another number.
        """
        deadline = time.monotonic() + 60
        while True:
            found = self._channel.queue_declare(queue, passive=True).method
            if found.consumer_count == 0 and count <= found.message_count <= count + more:
                return
            if time.monotonic() > deadline:
                raise Failed(f"{found.message_count} messages are in {queue}, not {count}")
            self._connection.sleep(0.05)

    def client(
        self, environment: str, program: str, task: str, options: dict[str, Any], limit: float = 120
    ) -> list[dict[str, Any]]:
        """Run a client.

        Returns:
            What it reported.

        Raises:
            Failed: It failed, or took longer than the limit, in seconds.
        """
        return self._run(environment, program, _arguments(task, options, limit))[0]

    def clients(
        self,
        count: int,
        environment: str,
        program: str,
        task: str,
        options: dict[str, Any],
        limit: float = 120,
    ) -> list[dict[str, Any]]:
        """Run a client in so many processes at a time.

        Returns:
            What each reported last.

        Raises:
            Failed: One failed, or took longer than the limit, in seconds.
        """
        arguments = _arguments(task, options, limit)
        with ThreadPoolExecutor(count) as threads:
            runs = [threads.submit(self._run, environment, program, arguments) for _ in range(count)]
            return [run.result()[0][-1] for run in runs]

    def script(self, environment: str, program: str) -> Figures:
        """Run a program that says nothing, and take its time."""
        self.empty(QUEUE)
        _, seconds, mb = self._run(environment, program, ())
        self.has(1)
        return Figures(seconds=seconds, mb=mb)

    def _run(
        self, environment: str, program: str, arguments: Sequence[str]
    ) -> tuple[list[dict[str, Any]], float, float]:
        environ = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "BENCH_URL": self._url,
            "FEDORA_MESSAGING_CONF": str(self._config),
        }
        argv = [str(self._interpreters[environment]), str(CLIENTS / program), *arguments]
        errors = self._config.with_name(f"client-errors-{threading.get_ident()}")
        with errors.open("wb") as sink:
            began = time.perf_counter()
            process = subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=sink)
            assert process.stdout is not None
            said = process.stdout.read()  # clients end by themselves: --limit
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            words = errors.read_text(errors="replace")[-2000:]
            raise Failed(f"{' '.join(argv[1:])} ended with {process.returncode}: {words}")
        reported = [json.loads(line) for line in said.decode().splitlines() if line.startswith("{")]
        return reported, seconds, used.ru_maxrss / 1024


def _arguments(task: str, options: dict[str, Any], limit: float) -> list[str]:
    arguments = [task, "--limit", str(int(limit))]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    return arguments
