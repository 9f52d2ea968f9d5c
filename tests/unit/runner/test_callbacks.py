# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks by name."""

import sys
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging._runner.callbacks import (
    CallbackNotFound,
    find_callback,
    load_callback,
    load_callback_file,
)
from fedora_messaging.example import printer
from fedora_messaging.message import Message


def test_by_module() -> None:
    """package.module:object is found."""
    assert load_callback("fedora_messaging.example:printer") is printer


def test_by_nested_name() -> None:
    """The object may be inside another one."""
    assert load_callback("fedora_messaging.message:Message.validate") is Message.validate


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("fedora_messaging.example", "package.module:object"),
        (":printer", "package.module:object"),
        ("fedora_messaging.example:", "package.module:object"),
        ("", "package.module:object"),
        ("no_such_module:x", "No module named 'no_such_module'"),
        ("fedora_messaging.example:nothing", 'no "nothing" in the module'),
        ("fedora_messaging.message:INFO", "int, which cannot be called"),
        (".relative:x", "cannot be imported"),
    ],
)
def test_not_found(path: str, words: str) -> None:
    """What is not there, or cannot be called, is one line that says so."""
    with pytest.raises(CallbackNotFound, match=words) as caught:
        load_callback(path)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["mine.py", "mine/__init__.py"])
def test_a_module_in_the_current_folder(file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in the current folder, which is not searched, is pointed out, with the ways to use it."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("def callback(message): pass\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder])  # as in an installed command
    with pytest.raises(CallbackNotFound, match=f"set PYTHONPATH=. or name the file, {file}"):
        load_callback("mine:callback")


def test_by_file(tmp_path: Path) -> None:
    """path/to/file.py:object is found, and may hold dataclasses."""
    file = tmp_path / "my callback.py"
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Callback:\n    a: int = 1\n    def __call__(self, message): pass\n"
    )
    found = load_callback_file(f"{file}:Callback")

    assert found().a == 1
    assert sys.modules[found.__module__].__file__ == str(file)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (None, "x", "There is no file"),
        ("x = 1", "x", "int, which cannot be called"),
        ("", "x", 'no "x" in the file'),
        ("def x(:\n", "x", "SyntaxError"),
        ("raise RuntimeError('two\\nlines')", "x", "RuntimeError: two lines"),
        ("raise SystemExit(3)", "x", "SystemExit"),
        ("", "", "path/to/file.py:object"),
    ],
)
def test_file_not_found(content: str | None, name: str, words: str, tmp_path: Path) -> None:
    """A file that cannot be used is one line that says why."""
    file = tmp_path / "callback.py"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CallbackNotFound, match=words) as caught:
        load_callback_file(f"{file}:{name}")

    assert "\n" not in str(caught.value)


def _as_it_is(value: Any) -> Any:
    return value


def test_found_and_resolved(tmp_path: Path) -> None:
    """What is named may be a path or the callback itself, and is resolved in both cases."""
    file = tmp_path / "mine.py"
    file.write_text("def callback(message): pass\n")
    path = "fedora_messaging.example:printer"

    assert find_callback(path, _as_it_is, options="--callback") is printer
    assert find_callback(printer, _as_it_is, options="--callback") is printer
    found = find_callback(f"{file}:callback", _as_it_is, options="--callback", load=load_callback_file)
    assert found.__name__ == "callback"


@pytest.mark.parametrize("named", [None, ""])
def test_none_named(named: Any) -> None:
    """Without a callback the error names the options."""
    with pytest.raises(CallbackNotFound, match="name one with --callback or in the configuration"):
        find_callback(named, _as_it_is, options="--callback")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("not callable"), "cannot be used: not callable"),
        (OSError("x"), "cannot be used: OSError: x"),
    ],
)
def test_cannot_be_resolved(error: Exception, words: str) -> None:
    """An error of the resolver names the callback and the reason."""

    def refuse(found: Any) -> Any:
        raise error

    with pytest.raises(CallbackNotFound, match=words):
        find_callback("fedora_messaging.example:printer", refuse, options="--callback")


def test_printer(capsys: pytest.CaptureFixture[str]) -> None:
    """The example prints the message."""
    printer(Message({"a": 1}, topic="t"))

    assert "Topic: t" in capsys.readouterr().out
