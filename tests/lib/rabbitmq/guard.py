# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A pytest plugin: a RabbitMQ that is missing or cannot start ends the run once, with one line.

Without it each of a thousand tests fails for the same reason, with a traceback and the broker's log. It also
leaves out what the RabbitMQ at hand is too old for or, with RABBITMQ=none, what needs any, and counts it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from .installation import NotInstalled, find
from .node import NodeFailed
from .trial import unusable

#: Why such a test is skipped.
NEEDS_RABBITMQ = "needs RabbitMQ"
_PROBLEM = "rabbitmq_problem"
_LEFT_OUT = "rabbitmq_left_out"
_LINES = "rabbitmq_lines"
_STARTS: pytest.StashKey[bool] = pytest.StashKey()
_NOTED: pytest.StashKey[dict[str, Any]] = pytest.StashKey()


def absent() -> bool:
    """Whether the tests are to run without RabbitMQ."""
    return os.environ.get("RABBITMQ") == "none"


def has_release(*release: int) -> bool:
    """Whether this run's RabbitMQ is there and is that release or a later one."""
    try:
        return find().since(*release)
    except NotInstalled:
        return False


def say(config: pytest.Config, line: str) -> None:
    """Have the summary say this, once, whichever process of pytest-xdist it comes from."""
    _noted(config).setdefault(_LINES, []).append(line)


def _noted(config: pytest.Config) -> dict[str, Any]:
    """What the summary has to know; in a worker of pytest-xdist, what is sent to the one that writes it."""
    if hasattr(config, "workeroutput"):
        output: dict[str, Any] = config.workeroutput
        return output
    return config.stash.setdefault(_NOTED, {})


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known, and that no node was seen to start yet."""
    config.addinivalue_line("markers", "needs_rabbitmq: what it looks at, only RabbitMQ does")
    config.addinivalue_line("markers", "needs_ipv6: listens on ::1")
    config.stash[_STARTS] = False


def pytest_report_header() -> str:
    """Say which RabbitMQ is used, or why there is none."""
    try:
        return f"rabbitmq: {find().version}"
    except NotInstalled as error:
        return f"rabbitmq: {error}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run has no RabbitMQ for, as deselected; say what `make test` leaves out besides."""
    left_out = {item for item in items if _impossible(item)}
    if config.getoption("markexpr") == "not slow":
        _say_slow(config, [item for item in items if item not in left_out])
    newer = sum(_needs_4_3(item) for item in left_out)
    if newer and not absent():
        say(config, f"{newer} tests were not run, because they need RabbitMQ 4.3: `make test RABBITMQ=4`")
    without_ipv6 = {item for item in items if item.get_closest_marker("needs_ipv6")} - left_out
    if without_ipv6 and not has_ipv6():
        say(
            config,
            f"{len(without_ipv6)} tests were not run, because this machine has no ::1: as root, run "
            "`sysctl -w net.ipv6.conf.lo.disable_ipv6=0`",
        )
    else:
        without_ipv6 = set()
    gone = left_out | without_ipv6
    if gone:
        config.hook.pytest_deselected(items=[item for item in items if item in gone])
        items[:] = [item for item in items if item not in gone]
    if absent():
        _noted(config)[_LEFT_OUT] = len(left_out)


def _say_slow(config: pytest.Config, items: list[pytest.Item]) -> None:
    count = sum(item.get_closest_marker("slow") is not None for item in items)
    if count:
        say(config, f"LEFT OUT, because they mostly wait: {count} tests. `make test SLOW=1` runs them, too.")


def has_ipv6() -> bool:
    """Whether something can listen on ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _impossible(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    if absent():
        return "installation" in fixtures or item.get_closest_marker("needs_rabbitmq") is not None
    return _needs_4_3(item) and not has_release(4, 3)


def _needs_4_3(item: pytest.Item) -> bool:
    """Whether it needs several nodes of RabbitMQ 4.3, or that release after an older one."""
    return not {"cluster", "upgrade"}.isdisjoint(getattr(item, "fixturenames", ()))


def pytest_exception_interact(node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any]) -> None:
    """End the run when a node did not start, unless that was a matter of the test's own configuration."""
    error = call.excinfo.value if call.excinfo else None
    problem = ""
    if isinstance(error, NotInstalled):
        problem = str(error)
    elif isinstance(error, NodeFailed) and not node.config.stash[_STARTS]:
        problem = unusable(find())
        node.config.stash[_STARTS] = not problem
    if problem:
        _noted(node.config)[_PROBLEM] = problem
        pytest.exit(problem.partition("\n")[0], returncode=pytest.ExitCode.INTERRUPTED)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """With RABBITMQ=none, a fixture that would start a node ends its test as one that needs RabbitMQ."""
    yield from _or_left_out()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """The same for a test that would start one itself."""
    yield from _or_left_out()


def _or_left_out() -> Iterator[None]:
    try:
        yield
    except NotInstalled:
        if absent():
            pytest.skip(NEEDS_RABBITMQ)
        raise


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a worker of pytest-xdist has noted."""
    output: dict[str, Any] = getattr(node, "workeroutput", {})
    noted = _noted(node.config)
    noted.update({key: output[key] for key in (_PROBLEM, _LEFT_OUT) if key in output})
    noted.setdefault(_LINES, []).extend(output.get(_LINES, []))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what ended the run, or what was left out."""
    noted = _noted(config)
    if _PROBLEM in noted:
        terminalreporter.section("The run was ended", sep="!", red=True)
        terminalreporter.line(noted[_PROBLEM])
    for line in dict.fromkeys(noted.get(_LINES, [])):
        terminalreporter.line(line)
    if absent():
        skipped = terminalreporter.stats.get("skipped", [])
        number = noted.get(_LEFT_OUT, 0) + sum(NEEDS_RABBITMQ in str(each.longrepr) for each in skipped)
        terminalreporter.section("Without RabbitMQ", sep="!", yellow=True)
        terminalreporter.line(f"{number} tests were not run, because they need RabbitMQ.")
