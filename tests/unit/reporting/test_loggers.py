# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The names of loggers, and which of them an application may have set up."""

import ast
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fedora_messaging._reporting.log import SafeLog
from fedora_messaging._reporting.loggers import CONNECTION, CONSUMER, MAIN, PUBLISHER, SCHEMA

_RELEASED = "fedora_messaging.twisted.protocol"


@pytest.fixture
def released() -> Iterator[logging.Logger]:
    """A logger of release 3.9.1."""
    logger = logging.getLogger(_RELEASED)
    yield logger
    logger.setLevel(logging.NOTSET)
    logger.handlers.clear()
    logger.filters.clear()


def test_modules_log_under_public_names() -> None:
    """No module logs under its own name, which would be in the log lines."""
    spec = find_spec("fedora_messaging")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    (source,) = map(Path, spec.submodule_search_locations)
    own = [
        str(path)
        for path in source.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("getLogger", "SafeLog")
        and "__name__" in map(ast.unparse, node.args)
    ]

    assert [] == own


@pytest.mark.parametrize("name", [MAIN, CONNECTION, CONSUMER, PUBLISHER, SCHEMA])
def test_public_names(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """A record has the public name, and what is set up for that name or above it applies."""
    caplog.set_level(logging.INFO, "fedora_messaging")
    SafeLog(name).info("text")

    assert [name] == [record.name for record in caplog.records]


@pytest.mark.parametrize("name", [CONNECTION, CONSUMER, PUBLISHER])
def test_a_level_of_release_3_9_1(
    name: str, released: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """A level that is set for the module of release 3.9.1 applies, and the record has the public name."""
    caplog.set_level(logging.INFO, "fedora_messaging")
    released.setLevel(logging.ERROR)
    log = SafeLog(name)
    log.info("left out")
    log.error("shown")

    assert [(name, "shown")] == [(record.name, record.getMessage()) for record in caplog.records]


def test_a_handler_of_release_3_9_1(released: logging.Logger) -> None:
    """A handler of the module's logger gets the records."""
    got: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            got.append(record)

    released.addHandler(Keep())
    SafeLog(CONNECTION).warning("text")

    assert ["text"] == [record.getMessage() for record in got]


def test_the_public_name_wins(released: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """Where both are set up, the public name applies."""
    caplog.set_level(logging.DEBUG, CONNECTION)
    released.setLevel(logging.ERROR)
    SafeLog(CONNECTION).debug("text")

    assert ["text"] == [record.getMessage() for record in caplog.records]


def test_a_package_of_release_3_9_1(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> None:
    """A level for the package of modules applies to all of them."""
    package = logging.getLogger("fedora_messaging.twisted")
    request.addfinalizer(lambda: package.setLevel(logging.NOTSET))
    package.setLevel(logging.ERROR)
    SafeLog(CONSUMER).warning("text")
    SafeLog(SCHEMA).warning("other")

    assert ["other"] == [record.getMessage() for record in caplog.records]
