# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON Schema's own test suite: what it says is valid, and what is made of it by changing instances.

Run by ``tox -e standard``, which fetches the suite (:mod:`fetch`) and names its folder in ``STANDARD``.
"""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from fedora_messaging._json import _compiler
from fedora_messaging._json import schema as _validation
from fedora_messaging._schemas.example import NoExample, example

_DRAFTS = {
    "draft4": "http://json-schema.org/draft-04/schema#",
    "draft6": "http://json-schema.org/draft-06/schema#",
    "draft7": "http://json-schema.org/draft-07/schema#",
    "draft2019-09": "https://json-schema.org/draft/2019-09/schema",
    "draft2020-12": "https://json-schema.org/draft/2020-12/schema",
}
# What instances, and parts of them, are replaced by.
_OTHERS: list[Any] = [None, True, False, 0, 1, -1, 1.0, 0.0, 1.5, 2**53, 2**53 + 1, float(2**53), 2**63]
_OTHERS += [
    "",
    "a",
    "a\n",
    "é",
    "foo",
    "12",
    "\U0001f600",
    [],
    [1],
    [True],
    ["a", "a"],
    {},
    {"foo": 1},
    [[], {}],
]


class Case(NamedTuple):
    """A schema of the suite, with the instances it judges: each with whether it is valid."""

    name: str
    schema: Any
    tests: list[tuple[str, Any, bool]]


def _folder(draft: str) -> Path:
    (folder,) = Path(os.environ["STANDARD"]).glob(f"jsonschema-*/json/tests/{draft}")
    return folder


# Nothing is fetched: a schema that refers to one on another host is a broken schema, never a verdict.
_REMOTE = "http://localhost:1234/"
# A meta-schema that is not known counts as the default one, as in jsonschema: its vocabularies are not read.
EXCEPTIONS = {
    f"{draft}/vocabulary: schema that uses custom metaschema with with no validation vocabulary: "
    "no validation: invalid number, but it still validates"
    for draft in ("draft2019-09", "draft2020-12")
}


#: It accepts only objects with a name that it does not mention; values are tried, and this one is not.
_SOUGHT_IN_VAIN = "not: collect annotations inside a 'not', even if collection is disabled"


@cache
def _cases(draft: str) -> list[Case]:
    found = []
    for file in sorted(_folder(draft).glob("*.json")):
        for group in json.loads(file.read_text(encoding="utf-8")):
            schema = group["schema"]
            if isinstance(schema, dict):
                schema = {"$schema": _DRAFTS[draft], **schema}
            tests = [(test["description"], test["data"], test["valid"]) for test in group["tests"]]
            found.append(Case(f"{file.stem}: {group['description']}", schema, tests))
    return found


def _changed(instance: Any) -> Iterator[Any]:
    yield instance
    yield from _OTHERS
    if isinstance(instance, dict):
        yield {**instance, "another": 1}
        for key in instance:
            yield {name: item for name, item in instance.items() if name != key}
            yield from ({**instance, key: other} for other in _OTHERS)
    elif isinstance(instance, list):
        yield instance + instance
        for place in range(min(len(instance), 4)):
            yield from ([*instance[:place], other, *instance[place + 1 :]] for other in _OTHERS)


def _unique(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    # jsonschema sorts the items and compares neighbours, which misses the two [1] of [[1], [true], [1]].
    if value and validator.is_type(instance, "array"):
        for one, other in combinations(instance, 2):
            if jsonschema.Draft202012Validator({"const": one}).is_valid(other):
                yield jsonschema.ValidationError("not unique")


def _validator(schema: Any) -> Any:
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    cls = jsonschema.validators.extend(cls, {"uniqueItems": _unique})
    return cls(schema, registry=REGISTRY)


@pytest.mark.parametrize("draft", _DRAFTS)
def test_compiled_schemas_say_what_jsonschema_says(draft: str) -> None:
    """Whatever is compiled comes to jsonschema's verdict on values from JSON, in both directions."""
    wrong: list[Any] = []
    compiled = 0
    for name, schema, tests in _cases(draft):
        validators = _compiler.compile_schema(schema)
        if validators is None:
            continue
        compiled += 1
        validator = _validator(schema)
        validator.check_schema(schema)
        for other in (other for _, instance, _ in tests for other in _changed(instance)):
            verdicts = {validator.is_valid(other), validators.decoded(other), validators.proven(other)}
            if len(verdicts) > 1:
                wrong.append((name, other))

    assert wrong == []
    assert compiled > 50


def _verdict(schema: Any, instance: Any) -> bool | None:
    """What jsonschema says: True, False, or None for a schema that it cannot use."""
    try:
        validator = _validator(schema)
        validator.check_schema(schema)
        return bool(validator.is_valid(instance))
    except (jsonschema.SchemaError, Unresolvable, re.error):
        return None
    except TypeError:  # jsonschema 4.18 fails over the words for some that are not valid
        return False


def _ours(schema: Any, instance: Any) -> bool | None:
    """What this package says, in the same terms."""
    try:
        _validation.check(schema, instance)
    except (jsonschema.ValidationError, TypeError):
        return False
    except jsonschema.SchemaError:
        return None
    return True


@pytest.mark.parametrize("draft", _DRAFTS)
def test_verdicts_are_jsonschemas(draft: str) -> None:
    """Every instance of the suite gets the verdict that jsonschema gives, in this install too."""
    wrong = [
        (name, instance)
        for name, schema, tests in _cases(draft)
        for _, instance, _ in tests
        if _ours(schema, instance) is not _verdict(schema, instance)
    ]

    assert wrong == []


@pytest.mark.parametrize("draft", _DRAFTS)
def test_verdicts_are_the_standards(draft: str) -> None:
    """Every instance is accepted or refused as the suite says, but for the named exceptions."""
    verdicts = {
        f"{draft}/{name}: {what}": (_ours(schema, instance), valid)
        for name, schema, tests in _cases(draft)
        if _REMOTE not in json.dumps(schema) or "vocabulary" in name
        for what, instance, valid in tests
    }

    assert len(verdicts) > 500
    assert EXCEPTIONS & verdicts.keys() == {
        name for name, (ours, valid) in verdicts.items() if ours is not valid
    }


@pytest.mark.parametrize("draft", _DRAFTS)
def test_schemas_of_other_hosts_are_not_fetched(draft: str) -> None:
    """A schema that needs one of another host is broken, unless the part that refers to it is not reached."""
    verdicts = [
        (_ours(schema, instance), valid)
        for name, schema, tests in _cases(draft)
        if _REMOTE in json.dumps(schema) and "vocabulary" not in name
        for _, instance, valid in tests
    ]

    assert None in {ours for ours, _ in verdicts}
    assert [] == [pair for pair in verdicts if pair[0] not in (None, pair[1])]


@pytest.mark.parametrize("draft", _DRAFTS)
def test_examples(draft: str) -> None:
    """An example is made of every schema that accepts some instance, if its references stay inside it."""
    without: list[Any] = []
    wrong: list[Any] = []
    for name, schema, tests in _cases(draft):
        if not any(valid for _, _, valid in tests):
            continue
        try:
            made = example(schema)
        except NoExample as error:
            if "leads nowhere, or out of the schema" not in str(error):
                without.append((name, str(error)))
        else:
            if not _validator(schema).is_valid(made):
                wrong.append((name, made))

    assert [] == wrong
    assert [] == [each for each in without if each[0] != _SOUGHT_IN_VAIN]
