# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two sides, on one RabbitMQ. Run these tests with ``tox -e interop``."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Program, Programs

FOLDER = Path(__file__).parent


class Side:
    """One implementation: starts programs on it.

    Args:
        name: What the tests call it.
        bin: Where its interpreter and its command line are.
        programs: Starts them.
    """

    def __init__(self, name: str, bin: Path, programs: Programs) -> None:
        self.name = name
        self._bin = bin
        self._programs = programs

    def run(self, program: str, *arguments: object, url: str = "", config: str = "") -> Program:
        """Run a command of its virtual environment."""
        argv = ["env", f"PYTHONPATH={FOLDER / 'schemas'}", str(self._bin / program), *map(str, arguments)]
        return self._programs.run(argv, url=url, config=config)

    def peer(self, *arguments: object, **how: str) -> Program:
        """Run peer.py."""
        return self.run("python", FOLDER / "peer.py", *arguments, **how)

    def publish(self, folder: Path, described: Sequence[dict[str, Any]], **how: str) -> list[dict[str, Any]]:
        """Publish messages; returns what their publisher sees of them."""
        path = folder / f"described-by-{self.name}.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in described))
        return seen(self.peer("publish", path, **how))

    def consume(self, queue: str, count: int, **how: str) -> list[dict[str, Any]]:
        """Consume messages; returns what their consumer sees of them."""
        return seen(self.peer("consume", queue, count, **how))


def seen(program: Program) -> list[dict[str, Any]]:
    """What a program that has ended well has shown."""
    code = program.ended(90)
    assert code == 0, "\n".join(program.errors)
    shown = [json.loads(line) for line in program.lines]
    # Which characters are escaped is another matter.
    return [{**each, "dumps": json.loads(each["dumps"])} for each in shown]


@pytest.fixture
def programs(tmp_path: Path, vhost: Vhost) -> Iterator[Programs]:
    """Starts programs, configured for this test's vhost."""
    folder = tmp_path / "programs"
    folder.mkdir()
    started = Programs(folder, lambda: vhost.url)
    yield started
    started.close()


@pytest.fixture
def amqp(vhost: Vhost) -> Iterator[Amqp]:
    """A third client's view of this test's vhost."""
    with Amqp(vhost.url) as connected:
        yield connected


@pytest.fixture
def ours(programs: Programs) -> Side:
    """The wheel under test."""
    return Side("ours", Path(sys.executable).parent, programs)


@pytest.fixture
def theirs(programs: Programs) -> Side:
    """The release 3.9.1 from PyPI."""
    folder = os.environ.get("PEER")
    assert folder is not None, "run these tests with tox -e interop"
    return Side("theirs", Path(folder) / "bin", programs)


@pytest.fixture
def sides(ours: Side, theirs: Side) -> dict[str, Side]:
    """Both."""
    return {"ours": ours, "theirs": theirs}
