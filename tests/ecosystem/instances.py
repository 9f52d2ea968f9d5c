# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Makes a value that a JSON schema accepts."""

from typing import Any

__all__ = ["instance"]

_FORMATS = {
    "date": "2026-11-23",
    "date-time": "2026-11-23T09:02:55+00:00",
    "email": "somebody@example.org",
    "time": "09:02:55",
    "uri": "https://example.org/some/page",
}

# Schemas may contain themselves: arrays that are deeper are left empty.
_DEPTH = 8


def instance(schema: dict[str, Any]) -> Any:
    """A value with every property that the schema knows, so far as the schema says what it is like."""
    return _Maker(schema).make(schema, 0)


class _Maker:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def make(self, schema: Any, depth: int) -> Any:
        if schema is True:
            return "anything"
        if "$ref" in schema:
            return self.make(self._target(schema["$ref"]), depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next(value for value in schema["enum"] if value is not None)
        for several in ("allOf", "anyOf", "oneOf"):
            if several in schema:
                rest = {key: value for key, value in schema.items() if key != several}
                for part in schema[several][: None if several == "allOf" else 1]:
                    rest.update(part)
                return self.make(rest, depth)
        types = schema.get("type", "object" if "properties" in schema else "string")
        kind = types if isinstance(types, str) else next(name for name in types if name != "null")
        return getattr(self, "_" + kind)(schema, depth + 1)

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            definitions = self._root["$defs"].values()
            return next(each for each in definitions if each.get("$anchor") == reference[1:])
        target: Any = self._root
        for part in reference[2:].split("/"):
            target = target[part]
        return target

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        known = {name: self.make(each, depth) for name, each in schema.get("properties", {}).items()}
        return {**dict.fromkeys(schema.get("required", ()), "required"), **known}

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        items = schema.get("items", True)
        if isinstance(items, list):
            return [self.make(each, depth) for each in items]
        least = schema.get("minItems", 0)
        return [self.make(items, depth) for _ in range(least if depth > _DEPTH else max(1, least))]

    def _string(self, schema: dict[str, Any], depth: int) -> str:
        made = _FORMATS.get(schema.get("format", ""), "some text")
        return made.ljust(schema.get("minLength", 0), "t")

    def _integer(self, schema: dict[str, Any], depth: int) -> int:
        return int(max(1, schema.get("minimum", 1)))

    _number = _integer

    def _boolean(self, schema: dict[str, Any], depth: int) -> bool:
        return True

    def _null(self, schema: dict[str, Any], depth: int) -> None:
        return None
