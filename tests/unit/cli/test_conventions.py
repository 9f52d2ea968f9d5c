# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What holds for every command: its help, its options, and what is said of a wrong name."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator

import click
import pytest
from click.testing import Result

from fedora_messaging.cli import main

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]


def _commands(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, click.Context(found, info_name=name, parent=context))


COMMANDS = {
    context.command_path: context
    for context in _commands(main, click.Context(main, info_name="fedora-messaging", **main.context_settings))
}
_BELOW_MAIN = [path for path in COMMANDS if " " in path]
_GROUPS = [path for path, context in COMMANDS.items() if isinstance(context.command, click.Group)]


def _help(path: str) -> list[str]:
    context = COMMANDS[path]
    context.terminal_width = context.max_content_width = 80
    return context.command.get_help(context).splitlines()


@pytest.mark.parametrize("path", COMMANDS)
def test_help(path: str) -> None:
    """No line of a help is longer than 80 columns."""
    lines = _help(path)

    assert f"Usage: {path.partition(' ')[0]}" in lines[0]
    assert [] == [line for line in lines if len(line) > 80]


@pytest.mark.parametrize("path", _GROUPS)
def test_short_help(path: str) -> None:
    """The list of a group's commands says in one line what each does, without cutting it."""
    listed = _help(path)
    listed = listed[listed.index("Commands:") + 1 :]

    assert len(listed) == len(COMMANDS[path].command.list_commands(COMMANDS[path]))  # type: ignore[attr-defined]
    assert [] == [line for line in listed if not line.endswith(".") or line.endswith("...")]


@pytest.mark.parametrize("path", COMMANDS)
def test_example(path: str) -> None:
    """Each help has an example of the command, with options that there are."""
    words = [name for name in path.split() if name not in ("QUEUE", "[OPTIONS]")]
    examples = [shlex.split(line) for line in _help(path) if line.startswith("    fedora-messaging ")]
    own = [each for each in examples if set(words) <= set(each)]

    assert own
    for example in own:
        context = COMMANDS[path]
        # A group's examples name a command of it.
        names = [name for name, each in COMMANDS.items() if each.info_name in example]
        known = {
            option
            for name in (*names, path)
            for each in COMMANDS[name].command.params
            for option in each.opts
        }
        assert context.info_name in example
        assert [] == [
            word for word in example if word.startswith("-") and len(word) > 1 and word not in known
        ]


@pytest.mark.parametrize("path", _BELOW_MAIN)
def test_common_options(path: str) -> None:
    """-v and -q are accepted after each command; --conf and --amqp-url where a configuration is read."""
    names = {name for each in COMMANDS[path].command.params for name in each.opts}

    assert {"-v", "--verbose", "-q", "--quiet"} <= names
    assert ({"--conf", "--amqp-url"} <= names) is (path.split()[1] not in ("broker", "demo"))


@pytest.mark.parametrize("option", ["--conf", "--amqp-url"])
@pytest.mark.parametrize("name", ["broker", "demo"])
def test_options_that_nobody_reads(name: str, option: str, run: Run) -> None:
    """What a command would ignore is refused, before its name as after it."""
    before, after = run(option, "amqp://", name), run(name, option, "amqp://")

    assert (2, 2) == (before.exit_code, after.exit_code)
    assert f"{name} reads no configuration: leave {option} out" in before.stderr


@pytest.mark.parametrize("path", _GROUPS)
def test_nearly_a_command(path: str, run: Run) -> None:
    """A name with a letter too few is answered with the command that was meant."""
    group = COMMANDS[path].command
    assert isinstance(group, click.Group)
    name = group.list_commands(COMMANDS[path])[0]
    words = [word for word in path.split()[1:] if word != "[OPTIONS]"]
    result = run(*(word if word != "QUEUE" else "orders" for word in words), *_argument(path), name[:-1])

    assert 2 == result.exit_code
    assert f"did you mean {name}?" in result.stderr


def _argument(path: str) -> list[str]:
    return ["orders"] if path.endswith(" quarantine") else []


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["tail", "--scheme", "x"], "--schema"),
        (["check", "--publis"], "--publish"),
        (["--verbos"], "--verbose"),
    ],
)
def test_nearly_an_option(words: list[str], meant: str, run: Run) -> None:
    """So is an option."""
    result = run(*words)

    assert 2 == result.exit_code
    assert meant in result.stderr


@pytest.mark.parametrize("words", [["-v", "tail"], ["tail", "-v"], ["-q", "check"], ["check", "-q"]])
def test_options_on_both_sides(words: list[str], run: Run) -> None:
    """An option may be before the command and after it."""
    assert 0 == run(*words, "--help").exit_code


def test_as_a_module() -> None:
    """The package can be run by Python, and says its version."""
    said = subprocess.check_output(
        [sys.executable, "-m", "fedora_messaging", "--version"], text=True, timeout=200
    )

    assert said.startswith("fedora-messaging, version 4.")
