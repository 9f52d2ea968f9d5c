# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Compiled schemas on JSON Schema's own test suite, and on what is made of it by changing instances."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema_specifications import REGISTRY
from referencing.exceptions import Unresolvable

from fedora_messaging import _accept, _validation

_SUITE = Path(__file__).parent.parent / "data" / "json-schema-test-suite.jsonl"
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


@cache
def _cases(draft: str) -> list[tuple[str, Any, list[Any]]]:
    found = []
    with _SUITE.open(encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            if case["from"].startswith(f"{draft}/"):
                schema = case["schema"]
                if isinstance(schema, dict):
                    schema = {"$schema": _DRAFTS[draft], **schema}
                found.append((case["from"], schema, case["data"]))
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


def _validator(schema: Any) -> Any:
    cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return cls(schema, registry=REGISTRY)


@pytest.mark.parametrize("draft", _DRAFTS)
def test_compiled_schemas_say_what_jsonschema_says(draft: str) -> None:
    """Whatever is compiled comes to jsonschema's verdict on values from JSON, in both directions."""
    wrong: list[Any] = []
    compiled = 0
    for name, schema, instances in _cases(draft):
        accepters = _accept.compiled(schema)
        if accepters is None:
            continue
        compiled += 1
        validator = _validator(schema)
        validator.check_schema(schema)
        for other in (other for instance in instances for other in _changed(instance)):
            verdicts = {validator.is_valid(other), accepters.decoded(other), accepters.proven(other)}
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
        for name, schema, instances in _cases(draft)
        for instance in instances
        if _ours(schema, instance) is not _verdict(schema, instance)
    ]

    assert wrong == []
