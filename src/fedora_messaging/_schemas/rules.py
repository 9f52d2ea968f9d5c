# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The rules for message classes that ``fedora-messaging schemas lint`` checks, and what breaks them."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._message.checks import encoded_topic
from .._message.message import Message
from .._reporting.text import shown
from ..exceptions import ValidationError, excerpt
from .example import NoExample, example

__all__ = ["RULES", "Finding", "check_class", "fault_of", "schema_of"]

#: The numbers of the rules, and what each of them asks. They are never used for another rule.
RULES = {
    "FM001": "the schema names its draft ($schema)",
    "FM002": "the schema has an id ($id; in draft 4, id)",
    "FM003": "the schema is valid by its draft",
    "FM004": "what is required is described in properties",
    "FM005": "an example of a body can be made from the schema",
    "FM101": "no accessor raises",
    "FM102": "no accessor that the class defines returns None",
    "FM103": "accessors return a string, or a list of strings, as documented",
    "FM201": "the topic has 255 bytes at most",
    "FM301": "the class can be imported",
    "FM302": "the class is registered",
    "FM303": "the schema has a name of its own",
    "FM304": "the class or the name of the schema ends with a version, as BuildV1 or build.v1",
}
_TEXTS = ("summary", "url", "app_name", "app_icon", "agent_name", "agent_avatar")
_LISTS = ("usernames", "groups", "packages", "containers", "modules", "flatpaks")
_VERSION = re.compile(r"[vV]\d+$")
_TOPIC = "org.example.lint"
#: The keywords under which schemas are: one, several, or several with names.
_ONE = ("items", "additionalItems", "additionalProperties", "contains", "else", "if", "not", "then")
_SEVERAL = ("allOf", "anyOf", "items", "oneOf", "prefixItems")
_NAMED = ("$defs", "definitions", "patternProperties", "properties")


@dataclass(frozen=True, slots=True)
class Finding:
    """What breaks a rule.

    Attributes:
        rule: The number of the rule.
        schema: The name of the schema; for a class that is not registered, its Python path.
        text: What is wrong, in words.
    """

    rule: str
    schema: str
    text: str


def check_class(name: str, cls: type[Message]) -> Iterator[Finding]:
    """Check one message class, which is registered, by the rules FM001 to FM201 and FM304.

    Args:
        name: The name of its schema.
        cls: The class.
    """
    if not _VERSION.search(name) and not _VERSION.search(cls.__qualname__):
        yield Finding("FM304", name, f"neither {cls.__qualname__} nor {name} ends with a version")
    try:
        schema = schema_of(cls)
    except Exception as error:
        yield Finding("FM003", name, f"the schema cannot be made: {shown(error, 200)}")
        return
    fault = fault_of(schema)
    if fault:
        yield Finding("FM003", name, fault)
        return
    for rule, text in _of_schema(schema):
        yield Finding(rule, name, text)
    yield from (Finding(rule, name, text) for rule, text in _of_examples(cls, schema))


def _of_examples(cls: type[Message], schema: Any) -> Iterator[tuple[str, str]]:
    """Try the class on a body with all properties, and on one with what is required alone."""
    broken: list[list[tuple[str, str]]] = []
    for sparse in (False, True):
        try:
            body = example(schema, "object", sparse=sparse)
        except NoExample as error:
            yield "FM005", f"{error}; accessors were not tried"
            return
        broken.append(list(_of_message(cls, body)))
    full, sparse_only = broken
    yield from full
    for rule, text in sparse_only:
        # Without its property, an accessor may have nothing to return.
        if rule != "FM102" and (rule, text) not in full:
            yield rule, f"{text}, where only what is required is there"


def schema_of(cls: type[Message]) -> Any:
    """Return the schema of the bodies of a class, also where it is a property of its messages.

    Raises:
        Exception: What the class raises.
    """
    schema: Any = cls.body_schema
    if isinstance(schema, (dict, bool)):
        return schema
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return cls(topic=_TOPIC).body_schema  # a property


def fault_of(schema: Any) -> str:
    """Say why a schema is not valid; "" if it is."""
    from jsonschema import Draft202012Validator, SchemaError
    from jsonschema.validators import validator_for

    if not isinstance(schema, (dict, bool)):
        return f"the schema is {excerpt(schema, 60)}"
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        return excerpt(error.message, 200)
    return ""


def _of_schema(schema: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(schema, dict) or "$schema" not in schema:
        yield "FM001", "there is no $schema; without it, it is read by draft 2020-12"
    if not isinstance(schema, dict) or not ("$id" in schema or "id" in schema):
        yield "FM002", "there is neither $id nor id"
    for path, part in _parts("", schema):
        required, properties = part.get("required"), part.get("properties")
        if not isinstance(required, list) or not isinstance(properties, dict):
            continue
        patterns = part.get("patternProperties", {})
        for each in required:
            if each not in properties and not any(re.search(pattern, each) for pattern in patterns):
                where = f"{path}: " if path else ""
                yield "FM004", f"{where}{each} is required and not among the properties"


def _parts(path: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a schema and all schemas in it, with their paths."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for keyword in _ONE:
        yield from _parts(_below(path, keyword), schema.get(keyword))
    for keyword in _SEVERAL:
        several = schema.get(keyword)
        for each in several if isinstance(several, list) else ():
            yield from _parts(_below(path, keyword), each)
    for keyword in _NAMED:
        named = schema.get(keyword)
        for name, each in named.items() if isinstance(named, dict) else ():
            yield from _parts(_below(path, name), each)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _of_message(cls: type[Message], body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated classes say so when they are made
        try:
            message = cls(body=body)
            if not message.topic:
                message = cls(body=body, topic=_TOPIC)
        except Exception as error:
            yield "FM101", f"no message of the class can be made: {shown(error, 200)}"
            return
        for name in (*_TEXTS, *_LISTS):
            yield from _of_accessor(message, name)
    try:
        encoded_topic(message.topic)
    except ValidationError as error:
        yield "FM201", excerpt(error.summary, 200)


def _of_accessor(message: Message, name: str) -> Iterator[tuple[str, str]]:
    try:
        value = getattr(message, name)
    except Exception as error:
        yield "FM101", f"{name} raises {shown(error, 200)}"
        return
    if value is None:
        if getattr(type(message), name) is not getattr(Message, name):
            yield "FM102", f"{name} returns None"
    elif name in _TEXTS:
        if not isinstance(value, str):
            yield "FM103", f"{name} returns {excerpt(value, 60)}, not a string"
    elif not isinstance(value, (list, tuple, set, frozenset)) or not all(
        isinstance(each, str) for each in value
    ):
        yield "FM103", f"{name} returns {excerpt(value, 60)}, not a list of strings"
