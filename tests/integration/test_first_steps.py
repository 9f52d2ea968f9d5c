# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a run of the tests says on a machine whose RabbitMQ is missing, old or broken: little, once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1] / "lib"
_SUITE = """
import pytest

@pytest.mark.parametrize("number", range(200))
def test_on_a_queue(vhost, number):
    assert {} == vhost.queues()

def test_on_a_node(own_node):
    own_node()

def test_without():
    pass

@pytest.mark.slow
@pytest.mark.parametrize("number", range(3))
def test_that_waits(number):
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """200 tests that need a virtual host, one that needs a node, one that needs nothing, three that wait."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "conftest.py").write_text('pytest_plugins = ["rabbitmq.guard", "rabbitmq.fixtures"]\n')
    (folder / "test_suite.py").write_text(_SUITE)
    return folder


def _fake(tmp_path: Path, version: str) -> Path:
    """A RabbitMQ of this version that ends at once."""
    home = tmp_path / "opt" / "rabbitmq"
    for folder in ("sbin", f"plugins/rabbit-{version}"):
        (home / folder).mkdir(parents=True)
    (home / "sbin" / "rabbitmq-defaults").touch()
    server = home / "sbin" / "rabbitmq-server"
    server.write_text("#!/bin/sh\necho Kernel pid terminated\nexit 1\n")
    server.chmod(0o755)
    return server.parent


def _run(suite: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(suite), *arguments],
        cwd=suite,
        env={**os.environ, "PYTHONPATH": str(_TESTS), **environ},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.needs_rabbitmq
@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_a_broker_that_does_not_start_ends_the_run_once(
    suite: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """200 tests that need it make one message with the reason, no 200 tracebacks; the exit code is not 0."""
    sbin = _fake(tmp_path, "99.1.2")
    done = _run(suite, *arguments, RABBITMQ="", PATH=f"{sbin}:{os.environ['PATH']}")

    assert done.returncode not in (0, 5), done.stdout
    assert "RabbitMQ 99.1.2 does not start on this machine: " in done.stdout
    assert 1 == done.stdout.count("The run was ended")
    assert len(done.stdout.splitlines()) < 250
    assert done.stdout.count("Traceback") == 0


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_without_rabbitmq_the_embedded_broker_stands_in(suite: Path, arguments: tuple[str, ...]) -> None:
    """What needs only queues runs on the embedded broker; what needs a node is counted as not run."""
    done = _run(suite, *arguments, RABBITMQ="none")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "204 passed" in done.stdout
    assert "\n1 tests were not run, because they need RabbitMQ.\n" in done.stdout


@pytest.mark.parametrize("arguments", [(), ("-n", "2")])
def test_what_is_left_out_for_time_is_counted(suite: Path, arguments: tuple[str, ...]) -> None:
    """One line says how many of the tests that mostly wait did not run, and how to run them."""
    done = _run(suite, *arguments, "-m", "not slow", RABBITMQ="none")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "201 passed" in done.stdout
    line = "LEFT OUT, because they mostly wait: 3 tests. `make test SLOW=1` runs them, too."
    assert 1 == done.stdout.splitlines().count(line)


@pytest.mark.parametrize("value", ["5", "latest"])
def test_an_unknown_value_says_which_there_are(suite: Path, value: str) -> None:
    """RABBITMQ with a value that means nothing ends the run, with those that do."""
    done = _run(suite, RABBITMQ=value)

    assert done.returncode not in (0, 5)
    assert f"RABBITMQ={value}: it may be 3, 4, none, or nothing" in done.stdout


def test_the_trial_says_what_is_missing_in_one_line(tmp_path: Path) -> None:
    """Before the tests, one line names what is missing and the command that helps."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "rabbitmq.trial"],
        cwd=_TESTS,
        env={**os.environ, "RABBITMQ": "4", "RABBITMQ_4_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert 1 == done.returncode
    (line,) = done.stderr.splitlines()
    assert "run `make " in line
