# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Bodies that fit the schemas of message classes."""

from collections.abc import Mapping
from typing import Any

__all__ = ["sample"]


def sample(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """A value that fits a schema, with every property that it names.

    Args:
        schema: A JSON schema, of the kind that real message classes have.
        root: Where its references lead; None: to itself.
    """
    root = schema if root is None else root
    if "$ref" in schema:
        node: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        return sample(node, root)
    for several in ("anyOf", "oneOf"):
        if several in schema and "type" not in schema:
            return sample(schema[several][0], root)
    if "enum" in schema:
        return next(each for each in schema["enum"] if each is not None)
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if not isinstance(kind, str):
        kind = next(each for each in kind if each != "null")
    if kind == "object":
        made = {name: sample(each, root) for name, each in schema.get("properties", {}).items()}
        return {**dict.fromkeys(schema.get("required", ()), "text"), **made}
    if kind == "array":
        return [sample(schema["items"], root)] if "items" in schema else []
    return {"string": "naïve ☃", "number": 1, "integer": 1, "boolean": True, "null": None}[kind]
