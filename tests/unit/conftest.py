# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What every unit test gets."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A test that sets logging up does not change what the next one can see of the log."""
    loggers = [logging.getLogger(), logging.getLogger("fedora_messaging")]
    before = [(each, each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    for each, level, propagate, handlers in before:
        each.setLevel(level)
        each.propagate = propagate
        each.handlers[:] = handlers
    for name in list(logging.root.manager.loggerDict):  # dictConfig disables what it is not told of
        logging.getLogger(name).disabled = False
