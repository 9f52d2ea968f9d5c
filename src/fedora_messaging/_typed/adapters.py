# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Adapters to the libraries that convert classes: pydantic for its own, msgspec for all the others.

Neither library is imported before a schema has to be made or a value converted.
"""

from __future__ import annotations

import sys
import types
from importlib.util import find_spec
from typing import Any, Protocol, Union, get_origin

from .._importing import imported
from .._json import codec
from .._json.bounds import is_plain

__all__ = ["Adapter", "adapter_for", "check_library", "name_of_model"]

#: The types that are no JSON objects, which are refused when the class of messages is made.
_NO_OBJECTS = (bool, bytes, float, frozenset, int, list, set, str, tuple, type(None))


class Adapter(Protocol):
    """Converts values of one class."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON schema, as the library makes it."""

    def dump(self, data: Any) -> Any:
        """Convert a value of the class to what decoding JSON gives.

        Raises:
            ValueError: JSON cannot represent it.
            TypeError: The same, or it is not of the class.
        """

    def load(self, body: Any) -> Any:
        """Convert a decoded body, without coercion.

        Raises:
            Exception: The library's own error: the class refuses it.
        """


def adapter_for(model: Any) -> Adapter:
    """Return the adapter for a class.

    Raises:
        ImportError: The library that it needs is not installed.
    """
    return _Pydantic(model) if _is_pydantic(model) else _Msgspec(model)


def check_library(model: Any, user: str) -> None:
    """Check that a class can be the body of messages, and that its library is installed; imports nothing.

    Args:
        model: The class.
        user: The name of the class of messages, for the error.

    Raises:
        ImportError: The library is not installed.
        TypeError: A value of the class is never a JSON object.
    """
    origin = get_origin(model) or model
    if origin in _NO_OBJECTS:
        raise TypeError(
            f"The body of a message is a JSON object, which {name_of_model(model)} is not: "
            f"give {user} a class with fields"
        )
    if not _is_pydantic(model) and sys.modules.get("msgspec") is None and find_spec("msgspec") is None:
        raise ImportError(_missing(model, user), name="msgspec")


def name_of_model(model: Any) -> str:
    """Return the name of a class, for errors."""
    return getattr(model, "__qualname__", None) or repr(model)


def _is_pydantic(model: Any) -> bool:
    # Set by pydantic 2 on its models and on its dataclasses.
    return hasattr(get_origin(model) or model, "__pydantic_validator__")


def _missing(model: Any, user: str = "") -> str:
    of = f"of {user} " if user else ""
    return (
        f"The body {of}is {name_of_model(model)}, which msgspec converts, and msgspec is not installed: "
        "pip install msgspec"
    )


class _Pydantic:
    """Models and dataclasses of pydantic."""

    def __init__(self, model: Any) -> None:
        self._adapter = imported("pydantic").TypeAdapter(model)
        self._model = model

    def schema(self) -> dict[str, Any]:
        made: dict[str, Any] = self._adapter.json_schema(by_alias=True, mode="validation")
        return made

    def dump(self, data: Any) -> Any:
        _check_instance(data, self._model)
        return self._adapter.dump_python(data, mode="json", by_alias=True, warnings="error")

    def load(self, body: Any) -> Any:
        # From JSON, where strictness takes strings for times and lists for sets, which JSON does not have.
        return self._adapter.validate_json(codec.encode(body), strict=True)


class _Msgspec:
    """Structs of msgspec, dataclasses, classes of attrs, typed dictionaries."""

    def __init__(self, model: Any) -> None:
        try:
            self._msgspec = imported("msgspec")
        except ImportError as error:
            raise ImportError(_missing(model), name="msgspec") from error
        self._model = model

    def schema(self) -> dict[str, Any]:
        made: dict[str, Any] = imported("msgspec.json").schema(self._model)
        return made

    def dump(self, data: Any) -> Any:
        _check_instance(data, self._model)
        body = self._msgspec.to_builtins(data, str_keys=True)
        return body if is_plain(body) else _with_lists(body)

    def load(self, body: Any) -> Any:
        return self._msgspec.convert(body, self._model, strict=True, str_keys=True)


def _check_instance(data: Any, model: Any) -> None:
    expected = get_origin(model) or model
    if expected in (types.UnionType, Union) or not isinstance(expected, type):
        return
    if hasattr(expected, "__required_keys__"):  # a typed dictionary, of typing or of typing_extensions
        expected = dict
    if not isinstance(data, expected):
        raise TypeError(f"not a {name_of_model(model)} but {type(data).__name__}")


def _with_lists(value: Any) -> Any:
    """Copy a value with lists in the place of tuples, which decoding JSON does not give."""
    if type(value) is dict:
        return {key: _with_lists(each) for key, each in value.items()}
    if type(value) in (list, tuple):
        return [_with_lists(each) for each in value]
    return value
