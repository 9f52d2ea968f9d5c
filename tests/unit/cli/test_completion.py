# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What shells complete, and that each shell gets a script."""

import pytest
from click.shell_completion import get_completion_class

from fedora_messaging.cli import main

_VARIABLE = "_FEDORA_MESSAGING_COMPLETE"


@pytest.mark.parametrize(
    ("words", "begun", "completed"),
    [
        ([], "ch", ["check"]),
        (["tail"], "--sev", ["--severity"]),
        (["tail", "-o"], "", ["line", "full", "json", "topic", "id"]),
        (["schemas"], "d", ["diff"]),
        (["top"], "--on", ["--once"]),
        (["schemas", "show"], "base.", ["base.message"]),
        (["publish", "--schema"], "base.", ["base.message"]),
        (["tail", "--schema"], "base.", ["base.message"]),
        (["schemas", "diff"], "base.", ["base.message@installed"]),
        (["schemas", "lint"], "copr", ["copr-messaging"]),
        (["--amqp-url", "amqp://h", "publish"], "--man", ["--mandatory"]),
        (["--amqp-url", "amqp://h", "broker"], "--em", ["--emulate"]),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, words: list[str], begun: str, completed: list[str]) -> None:
    """Commands, options and values are completed, and nothing is run for it."""
    kind = get_completion_class(shell)
    assert kind is not None
    found = kind(main, {}, "fedora-messaging", _VARIABLE).get_completions(words, begun)

    assert completed == [each.value for each in found]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_scripts(shell: str) -> None:
    """The script that a shell reads names the program and the variable; bash's asks bash for its version."""
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(main, {}, "fedora-messaging", _VARIABLE).source()

    assert f"{_VARIABLE}={shell}_complete" in script
    assert "fedora-messaging" in script
