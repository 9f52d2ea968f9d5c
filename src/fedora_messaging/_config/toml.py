# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""TOML files, read by whichever reader there is; every fault names file and line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .._importing import imported
from ..exceptions import ConfigurationException, ConnectionException

__all__ = ["READERS", "Reader", "default_reader", "read", "read_file"]

#: Text in, a dictionary out; raises what it likes.
Reader = Callable[[str], dict[str, Any]]


def _with_tomllib(text: str) -> dict[str, Any]:
    return dict(imported("tomllib").loads(text))


def _with_toml(text: str) -> dict[str, Any]:
    content: dict[str, Any] = imported("toml").loads(text)
    return content


#: The readers by name.
READERS: Mapping[str, Reader] = MappingProxyType({"tomllib": _with_tomllib, "toml": _with_toml})


def default_reader() -> Reader:
    """``tomllib`` where Python has it (3.11), else the package ``toml``.

    The latter accepts some files that are not valid TOML, such as one that was cut off inside an array, and
    refuses some that are.
    """
    return READERS["tomllib" if sys.version_info >= (3, 11) else "toml"]


def read_file(path: str | Path, reader: Reader | None = None) -> dict[str, Any]:
    """What is in a TOML file.

    Raises:
        ConfigurationException: Names the file, and the line if it is about one.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise ConfigurationException(f"{path}: cannot be read: {words}") from error
    try:
        # Editors of other systems put a byte order mark in front. Python would import the codec for it here,
        # see _importing.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationException(f"{path}: line {line}: not UTF-8") from error
    return read(text, str(path), reader)


def read(text: str, name: str, reader: Reader | None = None) -> dict[str, Any]:
    """What is in a TOML text.

    Args:
        text: The text.
        name: What the text is called in errors.
        reader: Which reader to use, the default one if None.

    Raises:
        ConfigurationException: Names the text and the line.
        ConnectionException: Called in the middle of importing what reads TOML.
    """
    # TOML allows both endings; the package toml does not cope with the second one everywhere.
    text = text.replace("\r\n", "\n")
    try:
        content = (reader or default_reader())(text)
    except ConnectionException:  # the reader cannot be imported at this moment
        raise
    except Exception as error:
        line, words = _place(error, text)
        raise ConfigurationException(f"{name}: line {line}: not valid TOML: {words}") from error
    return content


def _place(error: Exception, text: str) -> tuple[int, str]:
    words = " ".join(str(getattr(error, "msg", None) or error).split())
    found = re.search(r"\(at line (\d+), column \d+\)", words) or re.search(r"line (\d+)", str(error))
    line = getattr(error, "lineno", None)
    if not isinstance(line, int):
        # At the end of the document, or from inside a reader that gave up: the end is where to look.
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
    words = re.sub(r"\s*\(at (line \d+, column \d+|end of document)\)", r"", words)
    if type(error).__module__ == "builtins" and not isinstance(error, ValueError):
        words = "something is missing or cut off"
    return line, words[:200]
