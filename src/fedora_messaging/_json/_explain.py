# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""jsonschema's result and error text, in a time that is linear in the size of the message.

Where jsonschema compares all pairs, collects errors without a limit, or follows references that multiply, its
keywords are replaced or bounded here. Result and error text stay jsonschema's, with these exceptions: the
equality of items is JSON Schema's also where jsonschema sorts ``[1]`` and ``[true]`` next to each other; only
the first :data:`_MOST_ERRORS` errors in one array or object are considered; and the number of references that
are followed is limited.

The cost of a *schema* is the responsibility of its author: patterns that backtrack, alternatives within
alternatives. Except for patterns, it is no more than the size of the schema times that of the message.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from .._importing import imported
from .equality import are_unique
from .measure import written_size

__all__ = ["Explanation"]

# The most relevant of so many errors in one array or object is reported.
_MOST_ERRORS = 100
# Keywords that may yield an error for each element of the value.
_LOOPS = ("items", "additionalItems", "additionalProperties", "patternProperties", "propertyNames")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
# How many references may be followed: at least so many, and so many for each byte of the value. Without
# alternatives that multiply, each element needs one for each reference that leads to it.
_FEWEST_STEPS = 10_000
_STEPS = 8

_Keyword = Callable[[Any, Any, Any, Any], Any]
_work = threading.local()


class Explanation:
    """Validates values against one schema with jsonschema; made when it is first needed.

    Args:
        schema: The schema, which must not be changed afterwards.

    Raises:
        jsonschema.SchemaError: The schema is not valid.
    """

    def __init__(self, schema: Any) -> None:
        jsonschema = imported("jsonschema")
        from jsonschema_specifications import REGISTRY

        if not isinstance(schema, (dict, bool)):
            raise jsonschema.SchemaError(f"A schema must be a dictionary, not {type(schema).__name__}")
        cls = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        cls.check_schema(schema)
        self._schema = self._root = schema
        if isinstance(schema, dict) and "$schema" in schema:
            # By it, a reference to the root would get jsonschema's own validator again.
            self._root = {key: value for key, value in schema.items() if key != "$schema"}
        # With this registry jsonschema loads nothing from the network.
        self._validator = _bounded(cls)(self._root, registry=REGISTRY)

    def check(self, instance: Any) -> None:
        """Raise an error unless a value is valid.

        Raises:
            jsonschema.ValidationError: The value is not valid; or it contains itself, is nested too deep or
                is too large to be validated.
            jsonschema.SchemaError: The schema cannot be used.
        """
        jsonschema = imported("jsonschema")
        from referencing.exceptions import Unresolvable  # which jsonschema has imported

        try:
            size = written_size(instance)
        except ValueError as fault:
            raise jsonschema.ValidationError(str(fault)) from fault
        _work.steps = _FEWEST_STEPS + _STEPS * size
        try:
            errors = islice(self._validator.iter_errors(instance), _MOST_ERRORS)
            error = jsonschema.exceptions.best_match(errors)
        except (Unresolvable, re.error) as fault:
            raise jsonschema.SchemaError(f"The schema cannot be used: {fault}") from fault
        except RecursionError as fault:
            raise jsonschema.ValidationError("The message is nested too deep to be validated") from fault
        if error is not None:
            if error.schema is self._root:
                error.schema = self._schema
            raise error


@lru_cache(maxsize=32)
def _bounded(cls: Any) -> Any:
    """Derive a class from one of jsonschema's validators, with keywords replaced or bounded."""
    jsonschema = imported("jsonschema")
    keywords: dict[str, _Keyword] = cls.VALIDATORS
    changed: dict[str, _Keyword] = {}
    for key in _LOOPS:
        if key in keywords:
            changed[key] = _first_errors(keywords[key])
    for key in _REFERENCES:
        if key in keywords:
            changed[key] = _counted(keywords[key])
    if "uniqueItems" in keywords:
        changed["uniqueItems"] = _unique_items(keywords["uniqueItems"])
    for key, make in (("unevaluatedItems", _unevaluated_items), ("unevaluatedProperties", _unevaluated)):
        if key in keywords:
            changed[key] = make(keywords[key])
    return jsonschema.validators.extend(cls, changed)


def _first_errors(keyword: _Keyword) -> _Keyword:
    def first_errors(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        return islice(keyword(validator, value, instance, schema) or (), _MOST_ERRORS)

    return first_errors


def _counted(keyword: _Keyword) -> _Keyword:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
        _work.steps -= 1
        if _work.steps < 0:
            raise imported("jsonschema").ValidationError(
                "The message cannot be validated: the schema's references lead to too many combinations"
            )
        return keyword(validator, value, instance, schema)

    return counted


def _unique_items(keyword: _Keyword) -> _Keyword:
    def unique_items(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if not value or not validator.is_type(instance, "array"):
            return
        try:
            unique = are_unique(instance)
        except TypeError:  # values of types that JSON does not have are left to jsonschema
            yield from keyword(validator, value, instance, schema) or ()
        else:
            if not unique:
                yield imported("jsonschema").ValidationError(f"{instance!r} has non-unique elements")

    return unique_items


def _finder(keyword: _Keyword, name: str) -> Any:
    """Return jsonschema's function that finds the evaluated parts for a keyword; None if it has none."""
    return getattr(keyword, "__globals__", {}).get(name)


def _unevaluated_items(keyword: _Keyword) -> _Keyword:
    find = _finder(keyword, "find_evaluated_item_indexes_by_schema")
    if find is None:
        return keyword

    def unevaluated_items(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if not validator.is_type(instance, "array"):
            return
        evaluated = frozenset(find(validator, instance, schema))
        others = [repr(item) for at, item in enumerate(instance) if at not in evaluated]
        if others:
            yield imported("jsonschema").ValidationError(
                f"Unevaluated items are not allowed ({_listed(others)} unexpected)"
            )

    return unevaluated_items


def _unevaluated(keyword: _Keyword) -> _Keyword:
    find = _finder(keyword, "find_evaluated_property_keys_by_schema")
    if find is None:
        return keyword

    def unevaluated_properties(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if not validator.is_type(instance, "object"):
            return
        evaluated = frozenset(find(validator, instance, schema))
        failing = [
            key
            for key, item in instance.items()
            if key not in evaluated
            for _ in islice(validator.descend(item, value, path=key, schema_path=key), _MOST_ERRORS)
        ]
        if not failing:
            return
        if value is False:
            shown = _listed([repr(key) for key in sorted(failing, key=str)])
            yield imported("jsonschema").ValidationError(
                f"Unevaluated properties are not allowed ({shown} unexpected)"
            )
        else:
            yield imported("jsonschema").ValidationError(
                "Unevaluated properties are not valid under the given schema "
                f"({_listed([repr(key) for key in failing])} unevaluated and invalid)"
            )

    return unevaluated_properties


def _listed(shown: list[str]) -> str:
    return f"{', '.join(shown)} {'was' if len(shown) == 1 else 'were'}"
