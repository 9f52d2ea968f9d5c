# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The same calls on both implementations: they give the same, but for what the migration page names."""

import json
from pathlib import Path
from typing import Any

import pytest

from interop.conftest import FOLDER, Side
from interop.snippets import SNIPPETS

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"

# The snippets that differ, each with words of the line on the migration page that says so and why.
DIFFERENCES = {
    "broken_accessors": "accessor that gives None",
    "config_lazy": "Any reading method loads",
    "config_missing_file": "named and not there",
    "config_partial_sections": "section given in part",
    "config_refused": "unknown key inside a section",
    "config_validators": "unknown key inside a section",
    "consume_refused": "Bindings of the wrong type",
    "dumped_nothing": "`dumps([])`",
    "exception_families": "PublishTimeout` is also a `ConnectionException",
    "exception_texts": "says something",
    "exception_texts_of_nothing": "says something",
    "loaded": "name of an unknown schema",
    "loaded_broken": "Empty lines",
    "message_bodies": "falsy body",
    "received_bodies": "falsy body",
    "received_encodings": "unknown content encoding",
    "v2_service_children": "`services`",
}


@pytest.fixture(scope="module")
def shown() -> dict[str, dict[str, Any]]:
    """What all snippets give on each side, once they were run."""
    return {}


@pytest.fixture
def both(shown: dict[str, dict[str, Any]], sides: dict[str, Side]) -> dict[str, dict[str, Any]]:
    """What all snippets give on each side."""
    for name, side in sides.items():
        if name not in shown:
            program = side.run("python", FOLDER / "snippets.py", url="amqp://", config="")
            assert program.ended(90) == 0, "\n".join(program.errors)
            shown[name] = json.loads(program.lines[-1])
    return shown


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_the_same_but_for_what_is_named(name: str, both: dict[str, dict[str, Any]]) -> None:
    """Both give the same, or the migration page says what differs."""
    if name in DIFFERENCES:
        assert both["ours"][name] != both["theirs"][name]
        assert DIFFERENCES[name] in PAGE.read_text()
    else:
        assert both["ours"][name] == both["theirs"][name]


def test_only_what_is_there_differs() -> None:
    """Each difference belongs to a snippet."""
    assert set(DIFFERENCES) <= set(SNIPPETS)
