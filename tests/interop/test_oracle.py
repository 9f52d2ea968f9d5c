# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The same calls on both implementations: they give the same, but for what the migration page names."""

import json
from pathlib import Path
from typing import Any

import pytest
from interop.conftest import FOLDER, Side
from interop.live import SNIPPETS as LIVE
from interop.snippets import SNIPPETS

pytestmark = pytest.mark.fedora_messaging_real_broker

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"

# The snippets that differ, each with words of the line on the migration page that says so and why.
DIFFERENCES = {
    "broken_accessors": "property that returns None",
    "config_defaults": "logs go to standard output by default",
    "config_lazy": "every way of reading loads",
    "config_log_config": "logs go to standard output by default",
    "config_missing_file": "if the named file does not exist",
    "config_partial_sections": "keys that are left out of a section",
    "config_refused": "unknown key in a section",
    "config_validators": "unknown key in a section",
    "consume_refused": "bindings of a wrong type",
    "dumped_nothing": "`dumps([])`",
    "exception_families": "also subclasses of `ConnectionException`",
    "exception_texts": "it is never empty",
    "exception_texts_of_nothing": "it is never empty",
    "loaded": "name of an unknown schema",
    "loaded_broken": "an error for empty lines",
    "message_bodies": "bodies that are false but not objects",
    "received_bodies": "bodies that are false but not objects",
    "received_encodings": "unknown content encoding",
    "signatures": "`api.consume` also takes `concurrency`",
    "v2_service_children": "`services`",
}


# The same for those that need a broker.
LIVE_DIFFERENCES = {
    "halted": "it is never empty",
    "published_invalid_with_signals": "it passes `error=`",
    "published_nowhere": "if the exchange does not exist",
    "published_nowhere_with_signals": "if the exchange does not exist",
}

# Command lines, with the exit codes of both where they differ.
COMMANDS: dict[str, tuple[str, tuple[int, int] | None, str]] = {
    "help": ("--help", None, ""),
    "no command": ("", None, ""),
    "unknown command": ("nothing", None, ""),
    "no callback": ("consume", None, ""),
    "missing module": ("consume --callback missing.module:name", None, ""),
    "no name": ("consume --callback json", None, ""),
    "missing name": ("consume --callback json:missing", None, ""),
    "not callable": ("consume --callback json:__name__", (1, 2), "if the callback cannot be called"),
    "missing callback file": ("consume --callback-file missing.py:name", None, ""),
    "two callbacks": (
        "consume --callback json:loads --callback-file x.py:name",
        (2, 1),
        "if both `--callback` and `--callback-file`",
    ),
    "missing configuration": ("--conf missing.toml consume", None, ""),
    "missing file": ("publish missing.jsonl", None, ""),
    "broken file": ("publish broken.jsonl", None, ""),
    "empty file": ("publish empty.jsonl", None, ""),
    "message that is not valid": ("publish invalid.jsonl", None, ""),
    "publish nothing": ("publish", None, ""),
    "record to nowhere": ("record", None, ""),
    "replay nothing": ("replay", None, ""),
    "reconsume nothing": ("reconsume", None, ""),
}


@pytest.fixture(scope="module")
def shown() -> dict[str, Any]:
    """What has been found out so far."""
    return {}


def said_by(sides: dict[str, Side], shown: dict[str, Any], script: str) -> dict[str, dict[str, Any]]:
    """What the functions of a script give on each side; it is run once."""
    if script not in shown:
        programs = {name: side.run("python", FOLDER / script) for name, side in sides.items()}
        for name, program in programs.items():
            assert program.ended(150) == 0, (name, "\n".join(program.errors))
        shown[script] = {name: json.loads(program.lines[-1]) for name, program in programs.items()}
    found: dict[str, dict[str, Any]] = shown[script]
    return found


@pytest.mark.parametrize("name", sorted(SNIPPETS))
def test_calls(name: str, sides: dict[str, Side], shown: dict[str, Any]) -> None:
    """A call gives the same on both sides, or the migration page says what differs."""
    compare(name, said_by(sides, shown, "snippets.py"), DIFFERENCES)


@pytest.mark.parametrize("name", sorted(LIVE))
def test_calls_with_a_broker(name: str, sides: dict[str, Side], shown: dict[str, Any]) -> None:
    """A call that needs a broker gives the same on both sides, or the migration page says what differs."""
    compare(name, said_by(sides, shown, "live.py"), LIVE_DIFFERENCES)


def compare(name: str, both: dict[str, dict[str, Any]], differences: dict[str, str]) -> None:
    """One snippet."""
    if name in differences:
        assert both["ours"][name] != both["theirs"][name]
        assert differences[name] in PAGE.read_text()
    else:
        assert both["ours"][name] == both["theirs"][name]


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_codes(name: str, sides: dict[str, Side], tmp_path: Path) -> None:
    """The command line exits with the same code on both sides, or the migration page says what differs."""
    command, codes, words = COMMANDS[name]
    folder = tmp_path / "programs"  # where they run
    (folder / "broken.jsonl").write_text("{\n")
    (folder / "empty.jsonl").write_text("")
    (folder / "invalid.jsonl").write_text('{"topic": "t"}\n')
    programs = {side: sides[side].run("fedora-messaging", *command.split()) for side in sides}
    ended = {side: program.ended(60) for side, program in programs.items()}

    if codes is None:
        assert ended["ours"] == ended["theirs"]
    else:
        assert (ended["ours"], ended["theirs"]) == codes
        assert words in PAGE.read_text()


def test_only_what_is_there_differs() -> None:
    """Each difference belongs to a snippet."""
    assert set(DIFFERENCES) <= set(SNIPPETS)
    assert set(LIVE_DIFFERENCES) <= set(LIVE)
