# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes lines to standard output, cut to the width of the terminal."""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

import click

__all__ = ["cells", "drawn", "fitted", "terminal_width", "until_closed", "write"]

#: The width without a terminal: a line of 80 cells would wrap in some.
_WIDTH = 79


def write(line: str, *, color: bool | None = None) -> None:
    """Write a line; characters that the output's encoding does not have are escaped.

    Args:
        line: The line.
        color: Whether its colours are kept; None: on a terminal, unless the user wants none.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(line.encode(encoding, "backslashreplace").decode(encoding), color=color)


def drawn(sign: str, plain: str) -> str:
    """Return a sign where the output's encoding has it, else what stands for it."""
    try:
        sign.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return plain
    return sign


def terminal_width(least: int = _WIDTH) -> int:
    """How many cells a line may have.

    Args:
        least: It has so many in a narrower terminal, too.
    """
    return max(shutil.get_terminal_size((_WIDTH + 1, 24)).columns - 1, least)


def cells(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def fitted(text: str, width: int, *, keep_end: bool = False) -> str:
    """Cut a text to so many cells, or fill it up to them.

    Args:
        text: One line without control characters.
        width: The cells, 3 at least.
        keep_end: Cut the beginning: topics differ at their ends.
    """
    if cells(text) > width:
        while cells(text) > width - 3:
            text = text[1:] if keep_end else text[:-1]
        text = f"...{text}" if keep_end else f"{text}..."
    return text + " " * (width - cells(text))


@contextmanager
def until_closed() -> Iterator[None]:
    """End the command quietly, with exit code 1, when nobody reads its output any more (of "| head")."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(1) from None
