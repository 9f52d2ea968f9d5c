# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message classes by the names of their schemas, as they are written on a command line."""

from __future__ import annotations

import difflib
from typing import Any

import click

from .._message.message import registry
from .._message.registry import GROUP
from ..exceptions import excerpt
from ..message import Message

__all__ = ["class_named", "complete_ids", "complete_packages", "example_of"]


def class_named(schema: str, hint: str = "'ID'") -> type[Message]:
    """Return the message class of a schema.

    Args:
        schema: The name of the schema.
        hint: What names it on the command line.

    Raises:
        click.BadParameter: None is registered.
    """
    found: Any = registry.get(schema)
    if found is not None:
        return found  # type: ignore[no-any-return]
    near = difflib.get_close_matches(schema, registry.classes, 1)
    raise click.BadParameter(
        f'no message class is registered for "{excerpt(schema, 100)}"'
        f"{f', did you mean {near[0]}?' if near else ': install the package that has it'}",
        param_hint=hint,
    )


def example_of(cls: type[Message]) -> dict[str, Any]:
    """Make a body that is valid by the schema of a message class.

    Raises:
        click.ClickException: None could be made.
    """
    from jsonschema import SchemaError

    from .._schemas.example import NoExample, example
    from .._schemas.rules import schema_of

    try:
        made: dict[str, Any] = example(schema_of(cls), "object")
    except NoExample as error:
        raise click.ClickException(str(error)) from error
    except SchemaError as error:
        raise click.ClickException(f"The schema is not valid: {excerpt(error.message)}") from error
    return made


def complete_ids(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a schema. No message class is imported for that."""
    from importlib import metadata

    return sorted({each.name for each in metadata.entry_points(group=GROUP) if each.name.startswith(begun)})


def complete_packages(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a distribution that has message classes."""
    from importlib import metadata

    names = {each.dist.name for each in metadata.entry_points(group=GROUP) if each.dist is not None}
    return sorted(each for each in names if each.startswith(begun))
