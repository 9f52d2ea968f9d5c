# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Reads files of one message a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from .._amqp.messages import PublishSettings, prepare
from ..exceptions import ValidationError, excerpt
from ..message import Message, loads

__all__ = ["opened", "read"]


def opened(name: str, hint: str = "") -> Any:
    """Open a file of messages; "-" is standard input.

    Args:
        name: Its name.
        hint: What is said besides if it cannot be opened.

    Raises:
        click.BadParameter: It cannot be opened.
    """
    try:
        return click.open_file(name, "rb")
    except OSError as error:
        raise click.BadParameter(
            f"{excerpt(name, 200)}: {error.strerror or error}{hint}", param_hint="'FILE'"
        ) from error


def read(
    file: BinaryIO, exchange: str | None, settings: PublishSettings
) -> Iterator[tuple[int, Message | ValidationError]]:
    """Read messages and check them as for publishing, line by line.

    Args:
        file: The file.
        exchange: The exchange they would be published to; None: as configured.
        settings: The other settings for publishing.

    Yields:
        The number of a line with a message in it, or with the error, whose summary begins with the number.
    """
    for number, line in enumerate(file, 1):
        try:
            found = loads(line.decode("utf-8").rstrip("\r\n"))
            for message in found:
                prepare(message, exchange, settings)
        except (ValidationError, UnicodeDecodeError) as error:
            words = error.summary if isinstance(error, ValidationError) else f"not UTF-8: {error}"
            # loads() got one line, and numbers it 1.
            words = words.removeprefix("Line 1") if words.startswith("Line 1") else f": {words}"
            numbered = ValidationError(f"Line {number}{words}")
            numbered.__cause__ = error
            yield number, numbered
            continue
        for message in found:
            yield number, message
