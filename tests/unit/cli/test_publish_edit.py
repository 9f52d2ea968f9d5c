# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging publish --edit``, without a terminal."""

import json
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("surroundings", "built")

Run = Callable[..., Result]


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes Python code the editor, in which ``path`` is the file to edit."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("VISUAL", raising=False)

    def use(code: str) -> None:
        program = tmp_path / "editor.py"
        program.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{code}\n")
        monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(program)]))

    return use


def _left(folder: Path) -> list[Path]:
    return list(folder.glob("message-*.json"))


def test_an_example_is_edited(
    editor: Callable[[str], None], run: Run, sent: list[Any], tmp_path: Path
) -> None:
    """It begins with an example of the schema and the values of the command line; what is saved is sent."""
    editor("path.write_text(path.read_text().replace('}', ', \"m\": 5}'))")
    result = run("publish", "--edit", "--schema", "example.built", "s=x")
    ((message, _),) = sent

    assert 0 == result.exit_code
    assert ("org.example.built", {"n": 1, "s": "x", "m": 5}) == (message.topic, message.body)
    assert [] == _left(tmp_path)


def test_a_body_is_edited(editor: Callable[[str], None], run: Run, sent: list[Any]) -> None:
    """With -b it begins with that; $VISUAL goes before $EDITOR."""
    editor("path.touch()")
    assert 0 == run("publish", "--edit", "-t", "a", "-b", '{"x": "é"}').exit_code
    ((message, _),) = sent

    assert {"x": "é"} == message.body
    assert 1 == run("publish", "--edit", "-t", "a", env={"VISUAL": "false"}).exit_code


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('path.write_text(\'{"n": "one"}\')', "'one' is not of type 'integer'"),
        ("path.write_text('{\"nn\": 1}')", 'the schema has no "nn", did you mean n?'),
        ("path.write_text('{')", "It is not JSON"),
        ("path.write_text('[1]')", "A body is a JSON object, not [1]"),
    ],
)
def test_what_is_refused(
    code: str, said: str, editor: Callable[[str], None], run: Run, sent: list[Any], tmp_path: Path
) -> None:
    """Without a terminal nothing is asked: the exit code is 2, and the text is kept."""
    editor(code)
    result = run("publish", "--edit", "--schema", "example.built", input="y\n")
    (kept,) = _left(tmp_path)

    assert 2 == result.exit_code
    assert said in result.stderr
    assert f"what you wrote is in {kept}" in result.stderr
    assert [] == sent


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "Nothing was saved in the editor, and nothing was published"),
        ("path.write_text('\\n')", "The body is empty, and nothing was published"),
        ("sys.exit(1)", "Editing failed"),
    ],
)
def test_the_user_thinks_better_of_it(
    code: str, said: str, editor: Callable[[str], None], run: Run, sent: list[Any], tmp_path: Path
) -> None:
    """Nothing is sent and nothing is left; the exit code is 1."""
    editor(code)
    result = run("publish", "--edit", "--schema", "example.built")

    assert 1 == result.exit_code
    assert said in result.stderr
    assert ([], []) == (sent, _left(tmp_path))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--schema", "base.message"], "name the topic by -t"),
        (["--schema", "exampl.built"], "did you mean example.built?"),
        (["-t", "a", "file.jsonl"], "neither NAME=TEXT nor NAME:=JSON"),
    ],
)
def test_wrong_usage(words: list[str], said: str, editor: Callable[[str], None], run: Run) -> None:
    """It is said before the editor is opened."""
    editor("raise AssertionError")
    result = run("publish", "--edit", *words)

    assert 2 == result.exit_code
    assert said in result.stderr


def test_dry_run(editor: Callable[[str], None], run: Run, sent: list[Any]) -> None:
    """What was written is shown as it would be sent."""
    editor("path.touch()")
    result = run("publish", "--edit", "--schema", "example.built", "--dry-run")

    assert json.dumps({"n": 1}, separators=(",", ":")) in result.stdout
    assert [] == sent
