# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Documents about message classes: their JSON schemas in one object, and a page in Markdown."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from .._message.message import Message
from .cases import Cases
from .constraints import Constraints, Impossible, all_of
from .example import NoExample, example
from .rules import fault_of, schema_of

__all__ = ["BUNDLE", "bundle", "markdown"]

#: The key of the schemas in the object, which no JSON schema has.
BUNDLE = "schemas"
#: So many alternatives of a schema are described.
_ALTERNATIVES = 20
_DEPTH = 6


def bundle(classes: Mapping[str, type[Message]]) -> dict[str, Any]:
    """Return an object with the schemas of bodies by their names, for programs and for comparing.

    Args:
        classes: The classes of messages by schema name.
    """
    return {BUNDLE: {name: schema_of(cls) for name, cls in sorted(classes.items())}}


def markdown(classes: Mapping[str, type[Message]], title: str) -> str:
    """Return a page in Markdown that describes messages to people.

    Args:
        classes: The classes of messages by schema name.
        title: The heading of the page.
    """
    lines = [f"# {title}", ""]
    for name, cls in sorted(classes.items()):
        lines += [*_section(name, cls), ""]
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, cls: type[Message]) -> Iterator[str]:
    yield f"## {name}"
    yield ""
    # Of the class itself: a docstring that is inherited says nothing of it.
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    if text:
        yield from (text, "")
    if getattr(cls, "deprecated", False) is True:
        yield from ("This message is deprecated.", "")
    topic = getattr(cls, "topic", "")
    if isinstance(topic, str) and topic:
        yield from (f"Topic: `{topic}`", "")
    yield from (f"Class: `{cls.__module__}.{cls.__qualname__}`", "")
    schema = schema_of(cls)
    fault = fault_of(schema)
    if fault:
        yield f"The schema is not valid: {fault}"
        return
    rows = list(_rows(_Reader(schema), schema, "", frozenset()))
    if rows:
        yield "| property | type | required | description |"
        yield "| --- | --- | --- | --- |"
        for row in rows:
            yield f"| {' | '.join(_cell(each) for each in row)} |"
        yield ""
    try:
        made = json.dumps(example(schema, "object"), indent=2, ensure_ascii=False)
    except NoExample:
        return
    yield from ("Example of a body:", "", "```json", made, "```")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


class _Reader:
    """Finds out what parts of a schema ask.

    Args:
        root: The schema.
    """

    def __init__(self, root: Any) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import validator_for

        self._cases = Cases(root, validator_for(root, default=Draft202012Validator))

    def cases(self, schema: Any) -> list[Constraints]:
        """Return the alternatives; none if they are not to be found out."""
        from referencing.exceptions import Unresolvable

        found: list[Constraints] = []
        with suppress(Impossible, Unresolvable):  # what was found before is kept
            found.extend(islice(self._cases.of(schema), _ALTERNATIVES))
        return found


def _rows(
    reader: _Reader, schema: Any, path: str, inside: frozenset[int], depth: int = 0
) -> Iterator[tuple[str, str, str, str]]:
    cases = reader.cases(schema)
    inside = inside.union(*(case.references for case in cases))
    names = dict.fromkeys(name for case in cases for name in (*case.properties, *case.required))
    for name in names:
        part = all_of(tuple(each for case in cases for each in case.properties.get(name, ())[:1])[:1])
        inner = reader.cases(part)
        where = f"{path}.{name}" if path else name
        required = all(name in case.required for case in cases)
        described = part.get("description", "") if isinstance(part, dict) else ""
        yield f"`{where}`", _type(reader, inner), "yes" if required else "", str(described)
        references = frozenset[int]().union(*(case.references for case in inner))
        if depth < _DEPTH and not references & inside:
            yield from _rows(reader, part, where, inside | references, depth + 1)
            for case in inner:
                if case.others:
                    yield from _rows(
                        reader, all_of(case.others), f"{where}[]", inside | references, depth + 1
                    )


def _type(reader: _Reader, cases: list[Constraints]) -> str:
    """Say what a value can be."""
    found: list[str] = []
    for case in cases:
        if case.values is not None:
            found += [f"`{json.dumps(each, ensure_ascii=False)}`" for each in case.values]
        elif case.types is None:
            found.append("any")
        else:
            found += [_of_kind(reader, case, kind) for kind in case.types]
    return " or ".join(dict.fromkeys(found)) or "any"


def _of_kind(reader: _Reader, case: Constraints, kind: str) -> str:
    if kind == "array" and case.others:
        items = _type(reader, reader.cases(all_of(case.others)))
        return f"array of {items}" if " or " not in items else f"array of ({items})"
    return f"{kind} ({case.format})" if kind == "string" and case.format else kind
