# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One form for the schemas of pydantic and of msgspec, so that a class may change from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["DRAFT", "normalised"]

#: The draft of JSON Schema that both libraries write.
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ROOT = "#/$defs/"
_ONE = ("additionalProperties", "contains", "items", "not", "propertyNames")
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("$defs", "patternProperties", "properties")


def normalised(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as it is used and frozen; the given one is not changed.

    The root stands at the root; ``const`` and ``enum`` are written alike; what OpenAPI has beyond JSON Schema
    (``discriminator``) is left out.
    """
    made = _walked(schema, _alike)
    definitions = made.pop("$defs", {})
    reference = made.get("$ref", "")
    if made.keys() <= {"$ref"} and reference.startswith(_ROOT):
        name = reference.removeprefix(_ROOT)
        if not _refers(definitions, reference):
            made = definitions.pop(name)
        else:  # a recursive class: its own definition has to stay
            made = dict(definitions[name])
    result = {"$schema": DRAFT, **made}
    if definitions:
        result["$defs"] = {name: definitions[name] for name in sorted(definitions)}
    return result


def _walked(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Copy a schema with each schema in it changed; what only looks like a schema, as a default, is kept."""
    if type(schema) is not dict:
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _ONE:
            made[key] = _walked(value, change)
        elif key in _SEVERAL and type(value) is list:
            made[key] = [_walked(each, change) for each in value]
        elif key in _NAMED and type(value) is dict:
            made[key] = {name: _walked(each, change) for name, each in value.items()}
        else:
            made[key] = value
    return change(made)


def _alike(schema: dict[str, Any]) -> dict[str, Any]:
    schema.pop("discriminator", None)
    if "const" in schema and "enum" not in schema:
        schema["enum"] = [schema.pop("const")]
    allowed = schema.get("enum")
    if type(allowed) is list:
        schema["enum"] = sorted(allowed, key=lambda each: (type(each).__name__, repr(each)))
        kinds = {type(each) for each in allowed}
        if "type" not in schema and len(kinds) == 1:
            named = {bool: "boolean", float: "number", int: "integer", str: "string"}.get(kinds.pop())
            if named is not None:
                schema["type"] = named
    # The rest of a tuple: a limit on the length says the same.
    if schema.get("items") is False and schema.get("maxItems") == len(schema.get("prefixItems", ())):
        del schema["items"]
    return schema


def _refers(value: Any, reference: str) -> bool:
    if isinstance(value, dict):
        return value.get("$ref") == reference or any(_refers(each, reference) for each in value.values())
    return isinstance(value, list) and any(_refers(each, reference) for each in value)
