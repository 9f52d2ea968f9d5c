# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures of the tests of the dashboard: a browser, an embedded broker, and programs that use it."""

import os
from collections.abc import Iterator

import pytest

from rabbitmq.guard import say
from support.browser import MISSING, Browser
from support.embedded_fixtures import embedded, programs, session_broker

__all__ = ["browser", "embedded", "programs", "session_broker"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no browser, leave out what needs one, and say so; in CI that is an error."""
    needing = [item for item in items if "browser" in getattr(item, "fixturenames", ())]
    if not MISSING or not needing:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(f"not installed: {', '.join(MISSING)}; run `make chromium`")
    say(
        config, f"{len(needing)} tests were not run, because they need a browser: run `make chromium` as root"
    )
    config.hook.pytest_deselected(items=needing)
    items[:] = [item for item in items if item not in needing]


@pytest.fixture(scope="module")
def _session_browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(_session_browser: Browser) -> Browser:
    """A browser that shows nothing yet, and whose console is empty."""
    _session_browser.open("about:blank")
    _session_browser.errors()
    return _session_browser
