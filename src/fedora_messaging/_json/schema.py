# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Validation by JSON schemas: a fast path for valid values, and jsonschema for everything else.

`jsonschema <https://python-jsonschema.readthedocs.io/>`_ decides what is valid. Most schemas are compiled to
a function that is tried first (:mod:`fedora_messaging._json._compiler`); a value that it does not accept is
validated by jsonschema, which also gives the error (:mod:`fedora_messaging._json._explain`).
"""

from __future__ import annotations

import copy
from typing import Any

from .._importing import imported
from ._compiler import CompiledValidators, compile_schema
from ._explain import Explanation
from .bounds import is_plain
from .measure import written_size

__all__ = ["check", "check_finite", "proves"]

# Classes that make a new schema for every message must not fill the memory.
_MOST = 1024


class _CheckedSchema:
    """A schema with its validators, which are made when they are first needed."""

    __slots__ = ("_explanation", "_schema", "validators")

    def __init__(self, schema: Any) -> None:
        try:
            # Later changes of the schema have no effect on either validator.
            self._schema = copy.deepcopy(schema)
        except Exception:
            self._schema = schema
        #: The fast validators; None if the schema cannot be compiled.
        self.validators: CompiledValidators | None = compile_schema(self._schema)
        self._explanation: Explanation | None = None

    def explain(self, instance: Any) -> None:
        """Raise jsonschema's error unless a value is valid."""
        if self._explanation is None:
            self._explanation = Explanation(self._schema)
        self._explanation.check(instance)


# By owner and identity. The schema itself is kept too, so that its id is not used again.
_by_identity: dict[tuple[object, int], tuple[Any, _CheckedSchema]] = {}
# By repr, for classes that make a new but equal schema for every message. Not by equality or JSON: 1 equals
# True, and a tuple, which is not an array, is encoded as one.
_by_text: dict[str, _CheckedSchema] = {}


def check(schema: Any, instance: Any, owner: object = None, *, decoded: bool = False) -> None:
    """Check a value against a JSON schema.

    Args:
        schema: The schema; it must not be changed once it was used.
        instance: The value.
        owner: The class that the schema belongs to. Compiled schemas are cached by owner.
        decoded: Whether the value is a result of decoding JSON.

    Raises:
        jsonschema.ValidationError: The value is not valid.
        jsonschema.SchemaError: The schema is not valid.
    """
    cached = _by_identity.get((owner, id(schema)))
    checked = cached[1] if cached is not None else _compile(schema, owner)
    if not _accepts(checked, instance, decoded):
        checked.explain(instance)


def proves(schema: Any, instance: Any, owner: object = None) -> bool:
    """Whether the fast path shows that a value is valid and contains only types that decoding JSON gives.

    Args:
        schema: As for :func:`check`.
        instance: As for :func:`check`.
        owner: As for :func:`check`.
    """
    cached = _by_identity.get((owner, id(schema)))
    validators = (cached[1] if cached is not None else _compile(schema, owner)).validators
    if validators is None:
        return False
    try:
        return validators.proven(instance)
    except Exception:  # as in _accepts, which is not called because this runs for each published message
        return False


def check_finite(value: Any) -> None:
    """Check that a value can be walked through, whatever the schema is.

    Args:
        value: The value.

    Raises:
        jsonschema.ValidationError: It contains itself, is nested too deep or is too large.
    """
    if is_plain(value):
        return
    try:
        written_size(value)
    except ValueError as error:
        raise imported("jsonschema").ValidationError(str(error)) from error


def _accepts(checked: _CheckedSchema, instance: Any, decoded: bool) -> bool:
    validators = checked.validators
    if validators is None:
        return False
    try:
        return (validators.decoded if decoded else validators.proven)(instance)
    except Exception:  # such as a value that changes meanwhile: jsonschema decides
        return False


def _compile(schema: Any, owner: object) -> _CheckedSchema:
    text = repr(schema)
    made = _by_text.get(text)
    if made is None:
        made = _CheckedSchema(schema)
        if len(_by_text) >= _MOST:
            _by_text.clear()
        _by_text[text] = made
    if len(_by_identity) >= _MOST:
        _by_identity.clear()
    _by_identity[owner, id(schema)] = schema, made
    return made
