# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The code blocks of the documentation run.

Python blocks run page by page, in a process of their own, with an embedded broker, each in a namespace of its
own: a block that needs the one above says so to its readers, in its first line, as the pattern
``rendered.CONTINUES`` has it. A block that defines tests runs under pytest, one that consumes runs until it
is told to end. TOML blocks are configurations, or files of a package. Console blocks run when all their
commands are the package's own. A block that cannot run says why in a comment above it:
``<!-- not run: ... -->``.
"""

import ast
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from _pytest.mark import ParameterSet
from sybil import Example, Sybil
from sybil.parsers.myst import CodeBlockParser

from fedora_messaging import config
from support import rendered
from support.embedded import Embedded
from support.programs import Programs, configuration

if sys.version_info >= (3, 11):
    import tomllib
else:
    import toml as tomllib

pytestmark = pytest.mark.fedora_messaging_real_broker

_CHECKOUT = Path(__file__).resolve().parents[2]
#: The tutorial has a test of its own, which follows it step by step.
_OWN_TESTS = {"tutorial.md"}
_PAGES = sorted(
    [path for path in (_CHECKOUT / "docs").rglob("*.md") if path.name not in _OWN_TESTS]
    + [_CHECKOUT / "README.md", _CHECKOUT / "CONTRIBUTING.md"]
)
_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*$", re.DOTALL)


class Block(NamedTuple):
    """A code block, and the line it begins at."""

    language: str
    line: int
    text: str


def _blocks(page: Path) -> list[Block]:
    found: list[Block] = []

    def keep(language: str, example: Example) -> None:
        text = example.document.text
        above = text[: example.start].rstrip()
        if _NOT_RUN.search(above) is None:
            parsed = example.parsed
            found.append(Block(language, example.line + getattr(parsed, "line_offset", 0), str(parsed)))

    def parser(language: str) -> CodeBlockParser:
        return CodeBlockParser(language, lambda example: keep(language, example))

    sybil = Sybil(
        [parser(language) for language in ("python", "toml", "console", "json")], path=str(page.parent)
    )
    document = sybil.parse(page)
    for example in document.examples():
        example.evaluate()
    return found


def _cases(*languages: str) -> list[ParameterSet]:
    found = []
    for page in _PAGES:
        blocks = [block for block in _blocks(page) if block.language in languages]
        if blocks:
            found.append(pytest.param(page, blocks, id=str(page.relative_to(_CHECKOUT))))
    return found


def _consumes(text: str) -> bool:
    """Whether a block waits for messages, other than in a function that it defines."""
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    ]
    inner = {id(node) for function in functions for node in ast.walk(function)}
    return any(
        isinstance(node, ast.Call) and ast.unparse(node.func) == "api.consume" and id(node) not in inner
        for node in ast.walk(ast.parse(text))
    )


def _padded(page: Path, blocks: list[Block]) -> str:
    """A program that runs blocks one after the other, each in a fresh namespace unless it says that it
    continues the one above; its tracebacks name the page and the line."""
    padded = [
        (bool(rendered.CONTINUES.match(block.text)), "\n" * block.line + block.text) for block in blocks
    ]
    return (
        f"import json\nblocks = json.loads({json.dumps(json.dumps(padded))})\n"
        "for continues, block in blocks:\n"
        "    names = names if continues else {'__name__': '__main__'}\n"
        f"    exec(compile(block, {str(page)!r}, 'exec'), names)\n"
    )


@pytest.mark.parametrize(("page", "blocks"), _cases("python"))
def test_python_blocks(
    page: Path, blocks: list[Block], programs: Programs, embedded: Embedded, tmp_path: Path
) -> None:
    """Every Python block of the page runs."""
    tests = [block for block in blocks if "def test_" in block.text]
    consumers = [block for block in blocks if block not in tests and _consumes(block.text)]
    others = [block for block in blocks if block not in tests and block not in consumers]
    if others:
        program = programs.start(_padded(page, others))
        assert 0 == program.ended(), program.said
    for block in consumers:
        program = programs.start(_padded(page, [block]))
        embedded.wait_for_consumers()
        program.signal(signal.SIGTERM)
        assert 0 == program.ended(), program.said
    for block in tests:
        (tmp_path / f"test_block_{block.line}.py").write_text(block.text)
    if tests:
        program = programs.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
        )
        assert 0 == program.ended(), program.said
        assert f"{sum(block.text.count('def test_') for block in tests)} passed" in program.lines[-1]


@pytest.mark.parametrize(("page", "blocks"), _cases("toml"))
def test_toml_blocks(page: Path, blocks: list[Block]) -> None:
    """Every TOML block of the page is a valid configuration, or part of a package's pyproject.toml."""
    for block in blocks:
        values = tomllib.loads(block.text)
        if not values.keys() & {"project", "build-system", "tool"}:
            config.parse(values)


@pytest.mark.parametrize(("page", "blocks"), _cases("json"))
def test_json_blocks(page: Path, blocks: list[Block]) -> None:
    """Every JSON block of the page is JSON, or JSON a line."""
    for block in blocks:
        try:
            json.loads(block.text)
        except ValueError:
            for line in block.text.splitlines():
                json.loads(line)


@pytest.mark.parametrize(("page", "blocks"), _cases("console"))
def test_console_blocks(
    page: Path, blocks: list[Block], tmp_path: Path, embedded: Embedded, programs: Programs
) -> None:
    """The commands of the package that the page shows end with 0 and say what the page says."""
    (tmp_path / "config.toml").write_text(configuration(embedded.url))
    environ = {
        **os.environ,
        "FEDORA_MESSAGING_CONF": str(tmp_path / "config.toml"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    for block in blocks:
        for command, expected in _commands(block.text):
            if not command.startswith("fedora-messaging "):
                continue
            if command.startswith("fedora-messaging broker"):  # which runs until it is told to end
                broker = programs.run(
                    [str(Path(sys.executable).with_name("fedora-messaging")), "broker", "--port", "0"]
                )
                broker.wait_for("at amqp://")
                broker.signal(signal.SIGINT)
                assert 0 == broker.ended(), broker.said
                continue
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environ,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            said = done.stdout + done.stderr
            assert 0 == done.returncode, f"{page}:{block.line}: {command}\n{said}"
            for line in expected:
                assert line in said, f"{page}:{block.line}: {command}\n{said}"


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that it is said to print ("..." is any)."""
    found: list[tuple[str, list[str]]] = []
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if line.startswith("$ "):
            found.append((line[2:].strip(), []))
        elif found and line.strip() and line.strip() != "...":
            found[-1][1].append(line.rstrip())
    return found
