# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas diff``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ..._json import codec
from ..._json.compatibility import Change, changes
from ..._message.message import registry
from ..._reporting.passwords import redacted
from ..._schemas.documents import BUNDLE, bundle
from ..._schemas.rules import schema_of
from ..._schemas.wheels import Wheel, read_wheel
from ..._typed.packages import classes_of
from ...exceptions import excerpt
from .._ids import class_named, complete_ids
from .._output import until_closed, write

__all__ = ["diff"]

#: What comes after the name of an installed schema.
_INSTALLED = "@installed"
_MEANING = {
    "consumers": ("breaks consumers", "red"),
    "publishers": ("breaks publishers", "red"),
    "": ("cannot tell", "yellow"),
}


def _complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete the names of installed schemas, or else of files."""
    ids = [CompletionItem(f"{each}{_INSTALLED}") for each in complete_ids(context, parameter, begun)]
    return ids if ids and begun else [*ids, CompletionItem(begun, type="file")]


@click.command("diff", short_help="Tell whether a change of a schema breaks programs.")
@click.argument("old", metavar="OLD", shell_complete=_complete)
@click.argument("new", metavar="NEW", shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def diff(context: click.Context, old: str, new: str, as_json: bool) -> None:
    """Tell whether a change of a schema, or of a package of schemas, breaks consumers or publishers.

    OLD and NEW are files with a JSON schema of draft 4 to 2020-12, or ID@installed; or whole packages:
    wheels, what "schemas export --format jsonschema" wrote, or PACKAGE@installed. Consumers upgrade last: one
    that has OLD must accept what is valid by NEW. Publishers that make messages of OLD must not be refused by
    NEW; they are taken to send no property that OLD does not name.

    Schemas in a wheel are read where they are literals or frozen. Only for the others is its code imported,
    by another process that has the files of the wheel first on its path, and then what is installed here.

    \b
      fedora-messaging schemas diff schemas/shop.order.json shop.order@installed
      fedora-messaging schemas diff dist/shop-1.0-py3-none-any.whl shop@installed

    \b
    Exit codes:
      0  compatible
      1  consumers or publishers break
      2  wrong usage, or no such file or schema
      3  it cannot be told: combinations such as anyOf or patternProperties differ
    """  # noqa: D301, click reads the backspace
    found = list(_compared(_source(old), _source(new)))
    with until_closed():
        for schema, change in found:
            write(_line(schema, change, as_json))
        if not found and not as_json:
            write("compatible")
    if any(change.breaks for _, change in found):
        context.exit(1)
    if found:
        context.exit(3)


def _compared(old: Any, new: Any) -> Iterator[tuple[str, Change]]:
    """Yield the changes, each with the name of its schema; "" where two single ones are compared."""
    if isinstance(old, Wheel) != isinstance(new, Wheel):
        raise click.UsageError("one is a schema, and the other a package with several: name two of a kind")
    if not isinstance(old, Wheel):
        yield from (("", each) for each in changes(old, new))
        return
    for name in sorted({*old.schemas, *old.unknown}):
        unknown = old.unknown.get(name) or new.unknown.get(name)
        if unknown:
            yield name, Change("", f"its schema could not be read: {redacted(unknown)}", "")
        elif name not in new.schemas:
            yield name, Change("", "it is not there any more: who consumes it may wait in vain", "")
        else:
            yield from ((name, each) for each in changes(old.schemas[name], new.schemas[name]))


def _line(schema: str, change: Change, as_json: bool) -> str:
    meaning, colour = _MEANING[change.breaks]
    if as_json:
        named = {"schema": schema} if schema else {}
        return json.dumps({**named, "path": change.path, "text": change.text, "meaning": meaning})
    where = "".join(f"{excerpt(each, 200)}: " for each in (schema, change.path) if each)
    return f"{click.style(f'{meaning:<18}', fg=colour)} {where}{excerpt(change.text, 300)}"


def _source(named: str) -> Any:
    """Return a schema, or the schemas of a package as a Wheel."""
    if named.endswith(_INSTALLED):
        return _installed(named.removesuffix(_INSTALLED))
    try:
        found = read_wheel(Path(named)) if named.endswith(".whl") else codec.decode(Path(named).read_bytes())
    except OSError as error:
        raise click.UsageError(
            f"{excerpt(named, 200)}: {error.strerror}; an installed schema is named ID{_INSTALLED}"
        ) from error
    except ValueError as error:
        what = "cannot be compared" if named.endswith(".whl") else "is neither JSON nor a wheel"
        raise click.UsageError(f"{excerpt(named, 200)} {what}: {excerpt(error, 200)}") from error
    if isinstance(found, dict) and found.keys() == {BUNDLE} and isinstance(found[BUNDLE], dict):
        found = Wheel(found[BUNDLE])
    for name, schema in found.schemas.items() if isinstance(found, Wheel) else [("", found)]:
        _check(schema, f"{named}: {name}" if name else named)
    return found


def _installed(name: str) -> Any:
    registry.load()
    if registry.get(name) is None:
        with suppress(LookupError):
            return Wheel(bundle(classes_of([name]))[BUNDLE])
    return schema_of(class_named(name, "'ID@installed'"))


def _check(schema: Any, named: str) -> None:
    """Refuse what is no valid schema of its draft.

    Raises:
        click.UsageError: The schema is not valid.
    """
    if not isinstance(schema, (dict, bool)):
        raise click.UsageError(f"{excerpt(named, 200)} is not a JSON schema but {excerpt(schema, 60)}")
    from jsonschema import Draft7Validator, SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema, default=Draft7Validator).check_schema(schema)
    except SchemaError as error:
        raise click.UsageError(
            f"{excerpt(named, 200)} is not a valid JSON schema: {excerpt(error.message)}"
        ) from error
