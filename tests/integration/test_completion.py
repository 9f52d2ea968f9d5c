# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Completion in the shells that this machine has; what click answers is looked at in the unit tests."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"

#: What a shell runs to complete the words in $typed, once the line of the documentation is read. What only an
#: interactive zsh has is replaced by functions that print.
_SHELLS = {
    "bash": """
{line}
COMP_WORDS=({words}) COMP_CWORD={last}
_fedora_messaging_completion fedora-messaging
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    "zsh": """
compdef() {{}}
compadd() {{ print -l -- ${{(P)5}} }}
_describe() {{ print -l -- ${{${{(P)3}}%%:*}} }}
{line}
words=({words}) CURRENT=$(({last} + 1))
_fedora_messaging_completion
""",
    "fish": """
{line}
complete -C {whole} | string split -f 1 \\t
""",
}
_FOUND = [shell for shell in _SHELLS if shutil.which(shell)]


def _documented(shell: str) -> str:
    """The line that the documentation has users write."""
    for row in _PAGE.read_text("utf-8").splitlines():
        if row.startswith(f"| {shell}"):
            (line,) = re.findall(r"`([^`]*_FEDORA_MESSAGING_COMPLETE[^`]*)`", row)
            return str(line).replace("\\|", "|")
    raise AssertionError(f"{_PAGE} has no row for {shell}")


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["ch"], ["check"]),
        (["tail", "-o", ""], ["line", "full", "json", "topic", "id"]),
    ],
)
@pytest.mark.parametrize("shell", _FOUND)
def test_completion(shell: str, words: list[str], some: list[str], tmp_path: Path) -> None:
    """With the line of the documentation a shell completes commands, options and their values."""
    typed = ["fedora-messaging", *words]
    text = _SHELLS[shell].format(
        line=_documented(shell),
        words=" ".join(shlex.quote(word) for word in typed),
        whole=shlex.quote(" ".join(typed)),
        last=len(words),
    )
    environ = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
    }
    ran = subprocess.run(
        [shell, *(["-f"] if shell == "zsh" else []), "-c", text],
        capture_output=True,
        text=True,
        timeout=120,
        env=environ,
        check=False,
    )

    assert "" == ran.stderr
    assert sorted(some) == sorted(ran.stdout.split())  # fish sorts
