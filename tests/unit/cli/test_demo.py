# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The demonstration: how wide its lines are, and which commands it recommends."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging.cli import _demo
from fedora_messaging.cli._demo_lines import CONSUMER, PUBLISHER, code, say

_COUNTS = SimpleNamespace(published=2036, consumed=SimpleNamespace(processed=2036))


def _installed(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fedora-messaging"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_messages_fit_a_terminal_of_80_columns() -> None:
    """Each message is one line of 79 columns at most, colours left out."""
    lines = [click.unstyle(_demo.line_of(message)) for message in _demo.scenes()]

    assert 24 == len(lines)
    assert [] == [line for line in lines if len(line) > 79]


def test_the_code() -> None:
    """Six lines, in two panes that fit the same width, and that are Python when they are put together."""
    lines = [click.unstyle(line) for line in code()]

    assert 6 == len(PUBLISHER + CONSUMER)
    assert [] == [line for line in lines if len(line) > 79]
    left, right = zip(*(line.split(" │ ") for line in lines), strict=True)
    assert PUBLISHER == tuple(line.rstrip() for line in left[1:] if line.strip())
    assert CONSUMER == right[1:]
    for program in (PUBLISHER, CONSUMER):
        compile("\n".join(program), "the demonstration", "exec")


def test_panes_in_plain_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output has no such character, another one is between the panes."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))

    lines = [click.unstyle(line) for line in code()]

    assert all(" | " in line and line.isascii() for line in lines)


def test_the_picture() -> None:
    """The picture of the README shows what the demonstration shows today, but for times and figures."""
    text = (Path(__file__).parents[3] / "docs" / "_static" / "demo.svg").read_text("utf-8")
    texts = ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    shown = ["".join(each.itertext()).rstrip() for each in texts]
    said = [click.unstyle(line) for line in code()]
    summed = [click.unstyle(line) for line in _demo.summary(_COUNTS, [1], [1], 1, "fedora-messaging")]

    assert said == shown[2 : 2 + len(said)]
    sent = [click.unstyle(_demo.line_of(message))[8:] for message in _demo.scenes()]
    assert sent == [line[8:] for line in shown[2 + len(said) :][: len(sent)]]
    assert summed[-7:] == shown[-7:]


def test_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a closed pipe nothing fails: a callback that did would get its message again."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        say("one")
        say("two")

        assert os.path.samestat(os.stat(os.devnull), os.fstat(writing))


@given(st.lists(st.floats(0, 8), min_size=1), st.floats(0, 1e7), st.text("abc/ ", min_size=1, max_size=60))
def test_the_summary_fits_a_terminal_of_80_columns(latencies: list[float], rate: float, path: str) -> None:
    """Whatever was measured, and with a path of up to 60 characters, no line is over 79 columns."""
    lines = [
        click.unstyle(line) for line in _demo.summary(_COUNTS, latencies, latencies, rate, shlex.quote(path))
    ]

    assert [] == [line for line in lines if len(line) > 79]


@pytest.mark.parametrize("name", ["fedora-messaging", ".venv/bin/fedora-messaging", f"/{'x' * 50}/program"])
def test_commands_of_the_summary_are_whole(name: str) -> None:
    """A command that is split over two lines is one for the shell."""
    text = click.unstyle("\n".join(_demo.summary(_COUNTS, [0.001], [0.001], 1, name)))
    commands = [shlex.split(line, comments=True) for line in text.replace("\\\n", "").splitlines()]

    assert [
        [name, "broker"],
        [name, "consume", "--callback", "fedora_messaging.example:printer"],
        [name, "--help"],
    ] == [words for words in commands if words and words[0] == name]


def test_the_name_where_the_shell_finds_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name alone is recommended where PATH leads to the program that runs, through links, too."""
    own = _installed(tmp_path / "venv" / "bin")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "fedora-messaging").symlink_to(own)
    monkeypatch.setattr(sys, "argv", [str(own), "demo"])
    for folder in (own.parent, tmp_path / "bin"):
        monkeypatch.setenv("PATH", str(folder))
        assert "fedora-messaging" == _demo.program()


@pytest.mark.parametrize("elsewhere", [True, False])
def test_the_path_where_the_shell_finds_none_or_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    """Where PATH has no such program, or that of another installation, the path is recommended: relative
    within the current folder, and quoted."""
    own = _installed(tmp_path / "a checkout" / ".venv" / "bin")
    if elsewhere:
        _installed(tmp_path / "usr")
    monkeypatch.setenv("PATH", str(tmp_path / "usr"))
    monkeypatch.setattr(sys, "argv", [str(own), "demo"])

    monkeypatch.chdir(tmp_path / "a checkout")
    assert ".venv/bin/fedora-messaging" == _demo.program()
    monkeypatch.chdir(own.parent)
    assert "./fedora-messaging" == _demo.program()
    monkeypatch.chdir(tmp_path)
    assert "'a checkout/.venv/bin/fedora-messaging'" == _demo.program()
    monkeypatch.chdir(tmp_path / "a checkout" / ".venv" / "bin" / "..")
    assert "bin/fedora-messaging" == _demo.program()
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert shlex.quote(str(own)) == _demo.program()


def test_a_command_that_runs_where_nothing_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a script of its own the program is recommended as Python runs it."""
    monkeypatch.setattr(sys, "argv", ["-c", "demo"])
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))

    words = [*shlex.split(_demo.program()), "--version"]
    assert subprocess.check_output(words, text=True, timeout=200).startswith("fedora-messaging, version ")
