# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The brokers that the suites run on, each in processes of its own, reachable in plain and by TLS."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rabbitmq.certificates import Certificates
from rabbitmq.installation import find
from rabbitmq.node import Node, Settings

__all__ = ["Ports", "embedded", "real"]


class Ports(NamedTuple):
    """Where a broker listens on 127.0.0.1."""

    plain: int
    tls: int


@contextlib.contextmanager
def embedded(release: str, certificates: Certificates, folder: Path) -> Iterator[Ports]:
    """The embedded broker, as its users start it: two of them, since each listens on one port."""
    certificates.write(folder)
    keys = [f"--tls-cert={folder / 'server.pem'}", f"--tls-key={folder / 'server.key'}"]
    with contextlib.ExitStack() as brokers:
        plain = brokers.enter_context(_command(release, folder / "plain.log"))
        tls = brokers.enter_context(_command(release, folder / "tls.log", *keys))
        yield Ports(plain, tls)


@contextlib.contextmanager
def _command(release: str, log: Path, *options: str) -> Iterator[int]:
    program = str(Path(sys.executable).with_name("fedora-messaging"))
    command = [program, "broker", "--port=0", f"--emulate={release}"]
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [*command, *options], stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            if not said:
                raise RuntimeError(f"the embedded broker did not start: {log.read_text()}")
            # "RabbitMQ 4.3 is emulated at amqp://guest:guest@127.0.0.1:32789/%2F"
            yield int(said.rpartition(":")[2].partition("/")[0])
        finally:
            process.terminate()


@contextlib.contextmanager
def real(certificates: Certificates, folder: Path) -> Iterator[Ports]:
    """A node of the RabbitMQ that the environment variable RABBITMQ names."""
    with Node(Settings(tls=certificates), installation=find()) as node:
        yield Ports(node.port, node.tls_port)
