# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A pytest plugin that writes how each test ended: ``-p outcomes``, into the file that PEERS_OUTCOMES names.

One line a test, ``passed``, ``failed`` or ``skipped`` and the test's id, written when the test is over: a run
that is ended by force leaves what it had. Of a test that its suite runs several times, the last run counts.
"""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Called by pytest after setup, call and teardown of each test."""
    report = yield
    if report.when == "setup" or report.outcome != "passed":
        item.stash[_OUTCOME] = report.outcome
    if report.when == "teardown":
        with open(os.environ["PEERS_OUTCOMES"], "a", encoding="utf-8") as file:
            file.write(f"{item.stash[_OUTCOME]} {item.nodeid}\n")
    return report


_OUTCOME = pytest.StashKey[str]()
