# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Runs one suite in its environment, on a broker of its own."""

import os
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from rabbitmq.certificates import Certificates

from .brokers import Ports, embedded, real
from .suites import Suite

__all__ = ["Runner"]

_HERE = Path(__file__).resolve().parent
#: A test that takes longer has failed.
_TEST_SECONDS = 60
#: A suite that takes longer is ended, and what it has not run has failed.
_SUITE_SECONDS = 900


class Runner:
    """Runs suites, each on a broker that nothing else has used.

    Args:
        folder: Where `fetch` has put everything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._certificates = Certificates()

    def on_embedded(self, suite: Suite, release: str, tests: Sequence[str] = ()) -> dict[str, str]:
        """How each test ended on the embedded broker; of these tests alone, if any are given."""
        with tempfile.TemporaryDirectory() as folder:
            broker = embedded(release, self._certificates, Path(folder))
            return self._run(suite, broker, Path(folder), tests)

    def on_rabbitmq(self, suite: Suite) -> dict[str, str]:
        """How each test ended on RabbitMQ."""
        with tempfile.TemporaryDirectory() as folder:
            return self._run(suite, real(self._certificates, Path(folder)), Path(folder), ())

    def _run(
        self, suite: Suite, broker: AbstractContextManager[Ports], folder: Path, tests: Sequence[str]
    ) -> dict[str, str]:
        source = self._folder / "sources" / suite.source if suite.source else _HERE
        self._write_certificates(suite, source)
        outcomes = folder / "outcomes.txt"
        outcomes.touch()
        with broker as ports:
            environ = {
                "PATH": os.environ["PATH"],
                "LANG": "C.UTF-8",
                "HOME": str(folder),
                "PYTHONPATH": os.pathsep.join([str(_HERE / "plugins"), str(source)]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PEERS_PORT": str(ports.plain),
                "PEERS_TLS_PORT": str(ports.tls),
                "PEERS_OUTCOMES": str(outcomes),
                **{name: value.format(source=source) for name, value in suite.environ.items()},
            }
            options = [each for each in suite.tests if not tests or not _is_path(source, each)]
            command = [
                str(self._folder / suite.name / "bin" / "python"),
                *("-m", "pytest", "-q", "-p", "reroute", "-p", "outcomes", "-p", "no:cacheprovider"),
                *("-W", "ignore", "--tb=short", "-rfE", "--rootdir", str(source)),
                *("--timeout", str(_TEST_SECONDS)),
                # The suite's own configuration holds, but ours must not where it has none.
                *(("-c", os.devnull, "--noconftest") if not suite.source else ()),
                *options,
                *tests,
            ]
            try:
                subprocess.run(command, cwd=source, env=environ, timeout=_SUITE_SECONDS, check=False)
            except subprocess.TimeoutExpired:
                print(f"{suite.name} was ended after {_SUITE_SECONDS} s")
        return {name: outcome for outcome, name in map(_split, outcomes.read_text("utf-8").splitlines())}

    def _write_certificates(self, suite: Suite, source: Path) -> None:
        if suite.certificates is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            authority, key, certificate = self._certificates.write_client(Path(folder))
            for path, name in zip((authority, certificate, key), suite.certificates, strict=True):
                target = source / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())


def _is_path(source: Path, argument: str) -> bool:
    return not argument.startswith("-") and (source / argument).exists()


def _split(line: str) -> tuple[str, str]:
    outcome, _, name = line.partition(" ")
    return outcome, name
