# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Has the user write the body of a message, in an editor."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .._json import codec
from ..exceptions import ValidationError, excerpt

__all__ = ["Refused", "edited"]

_T = TypeVar("_T")


class Refused(click.ClickException):
    """What was written is not accepted."""

    exit_code = 2


def edited(start: dict[str, Any], make: Callable[[dict[str, Any]], _T]) -> _T:
    """Open the user's editor on a body until what is saved is accepted.

    After what is not, a user at a terminal is asked whether to go on; else it is the end. What was written is
    kept then.

    Args:
        start: What is in the editor first.
        make: Makes something of a body; a ValidationError refuses it.

    Raises:
        click.ClickException: The editor failed, or nothing was saved.
        Refused: What was written is not accepted.
    """
    descriptor, name = tempfile.mkstemp(prefix="message-", suffix=".json")
    path = Path(name)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(start, indent=2, ensure_ascii=False) + "\n")
    os.utime(path, ns=(0, 0))  # so that saving is seen, however coarse the clock of the file system is
    keep = False
    try:
        while True:
            click.edit(filename=name)
            if path.stat().st_mtime_ns == 0:
                raise click.ClickException("Nothing was saved in the editor, and nothing was published")
            try:
                return make(_body(path))
            except ValidationError as error:
                keep = True
                _ask_again(error, name)
            keep = False
    finally:
        if not keep:
            path.unlink(missing_ok=True)


def _body(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    if not data.strip():
        raise click.ClickException("The body is empty, and nothing was published")
    try:
        found = codec.decode(data)
    except ValueError as error:
        raise ValidationError(f"It is not JSON: {excerpt(error, 200)}") from error
    if not isinstance(found, dict):
        raise ValidationError(f"A body is a JSON object, not {excerpt(found, 60)}")
    return found


def _ask_again(error: ValidationError, name: str) -> None:
    """Ask whether to go on.

    Raises:
        Refused: No, or nobody can be asked.
    """
    text = excerpt(" ".join(error.summary.split()), 600)
    if sys.stdin.isatty():
        click.echo(f"Error: {text}", err=True)
        if click.confirm("Edit it again?", default=True, err=True):
            return
        text = "Nothing was published"
    raise Refused(f"{text}; what you wrote is in {name}")
