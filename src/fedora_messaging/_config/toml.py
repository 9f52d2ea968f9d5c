# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Reads TOML files with the available reader; every error names the file and the line."""

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

#: A function from text to a dictionary; it may raise any exception.
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
    """Read a TOML file.

    Args:
        path: The file.
        reader: The reader to use; None: the default one.

    Raises:
        ConfigurationException: Names the file, and the line if there is one.
    """
    try:
        data = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationException(f"{path}: cannot be read: {reason}") from error
    try:
        # Some editors write a byte order mark. The codec for it is not used: Python would import it here, see
        # _importing.
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationException(f"{path}: line {line}: not UTF-8") from error
    return read(text, str(path), reader)


def read(text: str, name: str, reader: Reader | None = None) -> dict[str, Any]:
    """Parse a TOML text.

    Args:
        text: The text.
        name: The name of the text in errors.
        reader: The reader to use; None: the default one.

    Raises:
        ConfigurationException: Names the text and the line.
        ConnectionException: The call interrupts an import of the reader (see ``_importing``).
    """
    # TOML allows both line endings; the package toml does not accept CRLF everywhere.
    text = text.replace("\r\n", "\n")
    try:
        content = (reader or default_reader())(text)
    except ConnectionException:  # the reader cannot be imported now
        raise
    except Exception as error:
        line, reason = _line_and_reason(error, text)
        raise ConfigurationException(f"{name}: line {line}: not valid TOML: {reason}") from error
    return content


def _line_and_reason(error: Exception, text: str) -> tuple[int, str]:
    reason = " ".join(str(getattr(error, "msg", None) or error).split())
    found = re.search(r"\(at line (\d+), column \d+\)", reason) or re.search(r"line (\d+)", str(error))
    line = getattr(error, "lineno", None)
    if not isinstance(line, int):
        # The error is at the end of the document, or does not say where it is.
        line = int(found[1]) if found else text.rstrip().count("\n") + 1
    reason = re.sub(r"\s*\(at (line \d+, column \d+|end of document)\)", r"", reason)
    if type(error).__module__ == "builtins" and not isinstance(error, ValueError):
        reason = "something is missing or cut off"
    if reason == "Not a homogeneous array":
        reason += " (on Python 3.10 the values of an array must be of one kind: write [0.5, 60.0])"
    return line, reason[:200]
