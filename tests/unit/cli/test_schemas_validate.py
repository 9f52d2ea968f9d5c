# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas validate``."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from fedora_messaging.message import Message, dumps

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]


def _line(schema: str, body: object, topic: str = "a.b") -> str:
    headers = {"fedora_messaging_schema": schema, "fedora_messaging_severity": 20}
    return json.dumps({"id": "1", "topic": topic, "headers": headers, "body": body})


@pytest.mark.usefixtures("built")
def test_each_problem_is_a_line(run: Run, tmp_path: Path) -> None:
    """Each line that is not valid is named with its number, what is valid is not, and the exit code is 1."""
    file = tmp_path / "messages.jsonl"
    lines = [
        _line("example.built", {"n": 1}),
        _line("example.built", {"n": "one"}),
        "{",
        _line("base.message", {}, topic="t" * 256),
    ]
    file.write_bytes("\n".join(lines).encode() + b"\n\xff\n")
    result = run("schemas", "validate", file)
    said = result.stdout.splitlines()

    assert 1 == result.exit_code
    assert ["Line 2", "Line 3", "Line 4", "Line 5"] == [each[:6] for each in said]
    assert "'one' is not of type 'integer'" in said[0]
    assert "not UTF-8" in said[3]
    assert "5 checked, 4 not valid\n" == result.stderr


@pytest.mark.usefixtures("built")
def test_what_publish_says_is_the_same(run: Run) -> None:
    """publish stops at the first of these lines, with the same words."""
    line = _line("example.built", {"n": "one"})
    said = run("schemas", "validate", input=line).stdout.strip()

    assert said in run("publish", "-", input=line).stderr


def test_standard_input(run: Run) -> None:
    """Without a file, and with "-", standard input is read; valid messages say nothing on standard output."""
    for words in ([], ["-"]):
        result = run("schemas", "validate", *words, input=dumps(Message(topic="a.b")))

        assert (0, "", "1 checked, none not valid\n") == (result.exit_code, result.stdout, result.stderr)


def test_json(run: Run) -> None:
    """For programs, each problem is an object."""
    result = run("schemas", "validate", "--json", input="\n[]\n")
    found = [json.loads(line) for line in result.stdout.splitlines()]

    assert [2] == [each["line"] for each in found]
    assert found[0]["error"].startswith("Line 2")


def test_no_such_file(run: Run) -> None:
    """It is wrong usage."""
    result = run("schemas", "validate", "nowhere.jsonl")

    assert 2 == result.exit_code
    assert "nowhere.jsonl: No such file or directory" in result.stderr
