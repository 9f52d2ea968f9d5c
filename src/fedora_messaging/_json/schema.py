# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON schemas: accepted fast, explained slowly.

`jsonschema <https://python-jsonschema.readthedocs.io/>`_ is the authority. What most schemas are made of is
compiled to a function that answers first (:mod:`fedora_messaging._json._compiler`); what that does not accept
goes to jsonschema for the verdict and for the words (:mod:`fedora_messaging._json._explain`).
"""

from __future__ import annotations

import copy
from typing import Any

from .._importing import imported
from ._compiler import Accepters, compiled
from ._explain import Explanation
from .bounds import is_plain, written_size

__all__ = ["check", "proves", "see_that_it_ends"]

# Schemas that a class makes anew for every message must not fill the memory.
_MOST = 1024


class _Compiled:
    """What is needed to check values against a schema, made when first needed."""

    __slots__ = ("_explanation", "_schema", "accepters")

    def __init__(self, schema: Any) -> None:
        try:
            # A schema that is changed later changes nothing here, in neither of the two validators.
            self._schema = copy.deepcopy(schema)
        except Exception:
            self._schema = schema
        #: A quick look whether a value is valid, None if there is none for this schema.
        self.accepters: Accepters | None = compiled(self._schema)
        self._explanation: Explanation | None = None

    def explain(self, instance: Any) -> None:
        """Raise what jsonschema has to say about a value, if it has anything to say."""
        if self._explanation is None:
            self._explanation = Explanation(self._schema)
        self._explanation.check(instance)


# By owner and identity, with the schema itself: while it is kept here, nothing else gets its id.
_by_identity: dict[tuple[object, int], tuple[Any, _Compiled]] = {}
# By representation, for classes that make a new but equal schema for every message. Not by equality or JSON:
# 1 equals True, and a tuple, which is no array, looks like a list.
_by_text: dict[str, _Compiled] = {}


def check(schema: Any, instance: Any, owner: object = None, *, decoded: bool = False) -> None:
    """Check a value against a JSON schema.

    Args:
        schema: The schema; it must not be changed once it was used.
        instance: The value.
        owner: Whose schema it is: the class. What was made of a schema is kept for each owner.
        decoded: The value is what decoding JSON has given.

    Raises:
        jsonschema.ValidationError: The value is not valid.
        jsonschema.SchemaError: The schema is not.
    """
    known = _by_identity.get((owner, id(schema)))
    made = known[1] if known is not None else _compile(schema, owner)
    if not _accepts(made, instance, decoded):
        made.explain(instance)


def proves(schema: Any, instance: Any, owner: object = None) -> bool:
    """Whether a quick look shows that a value is valid, and holds only what decoding JSON gives.

    Args:
        schema, instance, owner: As for :func:`check`.
    """
    known = _by_identity.get((owner, id(schema)))
    return _accepts(known[1] if known is not None else _compile(schema, owner), instance, False)


def see_that_it_ends(value: Any) -> None:
    """See that a value can be looked through, whatever the schema is.

    Raises:
        jsonschema.ValidationError: It contains itself, is nested too deep or too large.
    """
    if is_plain(value):
        return
    try:
        written_size(value)
    except ValueError as error:
        raise imported("jsonschema").ValidationError(str(error)) from error


def _accepts(made: _Compiled, instance: Any, decoded: bool) -> bool:
    accepters = made.accepters
    if accepters is None:
        return False
    try:
        return (accepters.decoded if decoded else accepters.proven)(instance)
    except Exception:  # a value that changes meanwhile, for one, is jsonschema's to judge
        return False


def _compile(schema: Any, owner: object) -> _Compiled:
    text = repr(schema)
    made = _by_text.get(text)
    if made is None:
        made = _Compiled(schema)
        if len(_by_text) >= _MOST:
            _by_text.clear()
        _by_text[text] = made
    if len(_by_identity) >= _MOST:
        _by_identity.clear()
    _by_identity[owner, id(schema)] = schema, made
    return made
