# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/app: a schema package with its tests, a publisher, and a consumer class with its configuration."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.programs import Program, Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_APP = Path(__file__).resolve().parents[2] / "examples" / "app"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that both packages are installed into, as pip does it."""
    sources, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("installed")
    packages = [sources / "library-messages", sources / "library"]
    for package in packages:
        shutil.copytree(_APP / package.name, package)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder)]
    subprocess.run([*pip, *map(str, packages)], check=True, timeout=300)
    return folder


@pytest.fixture
def run(programs: Programs, embedded: Embedded, installed: Path, tmp_path: Path) -> Callable[..., Program]:
    """Runs a command of the application, with its own configuration file but for the broker."""
    settings = (_APP / "library" / "library.toml").read_text()
    given = settings.replace("amqp://guest:guest@localhost:5672/%2F", embedded.url)
    assert settings != given
    given = given.replace('"reminders.txt"', json.dumps(str(tmp_path / "reminders.txt")))
    configuration = tmp_path / "library.toml"
    configuration.write_text(given)

    def started(*command: str) -> Program:
        environ = [f"PYTHONPATH={installed}", f"FEDORA_MESSAGING_CONF={configuration}"]
        return programs.run(["env", *environ, str(Path(sys.executable).parent / command[0]), *command[1:]])

    return started


@pytest.mark.parametrize("package", ["library-messages", "library"])
def test_own_tests(package: str, installed: Path, tmp_path: Path) -> None:
    """The tests of both packages pass, without a broker."""
    shutil.copytree(_APP / package / "tests", tmp_path / "tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", str(tmp_path / "tests")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "FEDORA_MESSAGING_CONF": os.devnull},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert 0 == done.returncode, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_lent_and_reminded(run: Callable[..., Program], embedded: Embedded, tmp_path: Path) -> None:
    """What the publisher publishes, the consumer writes into its calendar; SIGTERM ends it with 0."""
    reminders = run("fedora-messaging", "consume")
    embedded.wait_for_consumers(1)
    lend = run("python", "-m", "library.lend", "amy", "Momo", "2026-12-24")

    assert 0 == lend.ended(), lend.said
    assert ["amy has borrowed “Momo” until 2026-12-24"] == lend.lines
    ((topic, body),) = embedded.wait_for_published(1)
    assert "org.example.prod.library.book.lent" == topic
    assert {"agent": "amy", "title": "Momo", "due": "2026-12-24"} == body
    embedded.wait_until_settled("library-reminders")
    reminders.signal(signal.SIGTERM)
    assert 0 == reminders.ended(), reminders.said
    assert (tmp_path / "reminders.txt").read_text().startswith("2026-12-22 remind amy: Momo")


def test_lent_while_nobody_listens(run: Callable[..., Program], embedded: Embedded, tmp_path: Path) -> None:
    """Loans that are published while the consumer does not run are in its queue when it comes back."""
    first = run("fedora-messaging", "consume")
    embedded.wait_for_consumers(1)
    first.signal(signal.SIGTERM)
    assert 0 == first.ended(), first.said
    for title in ("Momo", "Krabat"):
        assert 0 == run("python", "-m", "library.lend", "bob", title, "2026-12-24").ended()
    assert 2 == embedded.waiting("library-reminders")

    second = run("fedora-messaging", "consume")
    embedded.wait_until_settled("library-reminders")
    second.signal(signal.SIGTERM)

    assert 0 == second.ended(), second.said
    assert 2 == len((tmp_path / "reminders.txt").read_text().splitlines())


def test_a_loan_that_is_not_valid(run: Callable[..., Program], embedded: Embedded) -> None:
    """Nothing is published, and the command says what is wrong."""
    lend = run("python", "-m", "library.lend", "amy", "", "2026-12-24")

    assert 2 == lend.ended()
    assert any("not lent" in line for line in lend.errors)
    assert [] == embedded.published()
