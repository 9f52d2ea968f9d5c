# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON schemas of message classes, as AsyncAPI documents carry them: by draft 7 where that says the same.

Draft 7 is what AsyncAPI's tools have to understand. Schemas of other drafts mostly use keywords that it has,
or has under another name.
"""

from __future__ import annotations

from typing import Any

__all__ = ["payload_of"]

_DRAFT_7 = "application/schema+json;version=draft-07"
_VERSIONS = {
    "http://json-schema.org/draft-04/schema": "draft-04",
    "http://json-schema.org/draft-06/schema": "draft-06",
    "http://json-schema.org/draft-07/schema": "draft-07",
    "https://json-schema.org/draft/2019-09/schema": "2019-09",
    "https://json-schema.org/draft/2020-12/schema": "2020-12",
}
#: Keywords that draft 7 has no other word for.
_NEWER = frozenset(
    [
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$recursiveAnchor",
        "$recursiveRef",
        "$vocabulary",
        "dependentSchemas",
        "maxContains",
        "minContains",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
_ONE = frozenset(
    [
        "additionalItems",
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
_SEVERAL = frozenset(["allOf", "anyOf", "oneOf", "prefixItems", "items"])
_NAMED = frozenset(
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"]
)
#: What stands beside a reference and validates nothing; draft 7 ignores all that stands there.
_ANNOTATIONS = frozenset(["$comment", "default", "deprecated", "description", "examples", "title"])


class _NewerError(Exception):
    """Draft 7 cannot say the same."""


def payload_of(schema: Any, pointer: str) -> dict[str, Any]:
    """Return a schema as a Multi Format Schema Object.

    Args:
        schema: The JSON schema.
        pointer: Where the object will be in the document, as a JSON pointer. References inside the schema
            lead there, since those of a document start at its root.
    """
    base = f"{pointer}/schema"
    named = str(schema.get("$schema", "")).removesuffix("#") if isinstance(schema, dict) else ""
    try:
        return {"schemaFormat": _DRAFT_7, "schema": _Walk(base, convert=True).walk(schema)}
    except _NewerError:
        version = _VERSIONS.get(named, "2020-12")
        return {
            "schemaFormat": f"application/schema+json;version={version}",
            "schema": _Walk(base, convert=False).walk(schema),
        }


class _Walk:
    """Copies a schema with its references changed, and with draft 7's words if it is to convert."""

    def __init__(self, base: str, *, convert: bool) -> None:
        self._base = base
        self._convert = convert

    def walk(self, schema: Any) -> Any:
        """Copy a schema and all schemas in it.

        Raises:
            _NewerError: It is to convert, and draft 7 cannot say the same.
        """
        if not isinstance(schema, dict):
            return schema
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in ("$schema", "$id") or (key == "id" and isinstance(value, str)):
                continue  # one document, one base address
            if self._convert and key in _NEWER:
                raise _NewerError(key)
            if key == "$ref" and isinstance(value, str):
                made[key] = self._reference(value)
            elif key in _SEVERAL and isinstance(value, list):
                made[key] = [self.walk(each) for each in value]
            elif key in _ONE:
                made[key] = self.walk(value)
            elif key in _NAMED and isinstance(value, dict):
                made[key] = {name: self.walk(each) for name, each in value.items()}
            else:
                made[key] = value
        return _in_draft_7(made) if self._convert else made

    def _reference(self, reference: str) -> str:
        if not reference.startswith("#"):
            return reference
        inside = reference[1:]
        if self._convert and inside.startswith("/$defs/"):
            inside = inside.replace("/$defs/", "/definitions/", 1)
        return f"{self._base}{inside}"


def _in_draft_7(schema: dict[str, Any]) -> dict[str, Any]:
    for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True:  # draft 4
            if limit in schema:
                schema[exclusive] = schema.pop(limit)
            else:
                del schema[exclusive]
        elif schema.get(exclusive) is False:
            del schema[exclusive]
    if "$defs" in schema:
        schema["definitions"] = {**schema.pop("$defs"), **schema.get("definitions", {})}
    if "prefixItems" in schema:
        rest = schema.pop("items", None)
        schema["items"] = schema.pop("prefixItems")
        if rest is not None:
            schema["additionalItems"] = rest
    if "dependentRequired" in schema:
        schema["dependencies"] = {**schema.pop("dependentRequired"), **schema.get("dependencies", {})}
    if "$ref" in schema and schema.keys() - _ANNOTATIONS - {"$ref", "definitions"}:
        # Beside a reference, draft 4 to 7 ignore what newer drafts heed.
        schema = {**schema, "allOf": [*schema.get("allOf", []), {"$ref": schema["$ref"]}]}
        del schema["$ref"]
    return schema
