# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The class of the body of one class of messages: found, its schema made, and used when first needed."""

from __future__ import annotations

import pkgutil
import sys
from typing import Any, ForwardRef, TypeVar, get_args, get_origin

from .adapters import Adapter, adapter_for, check_library, name_of_model
from .frozen import frozen_schema
from .normal import normalised

__all__ = ["BodyModel", "LazySchema", "argument_of"]


class BodyModel:
    """The class of the bodies of a class of messages.

    Args:
        owner: The class of messages.
        model: The class of its bodies, or its name: in the module of the owner, or with its own module
            (``package.models.Build``).

    Raises:
        ImportError: The library that converts the class is not installed, and the schema is not frozen.
        TypeError: The class is never a JSON object.
    """

    def __init__(self, owner: type, model: Any) -> None:
        self._owner = owner
        self._named: str | None = model.__forward_arg__ if isinstance(model, ForwardRef) else None
        self._model = None if self._named is not None else model
        self._adapter: Adapter | None = None
        #: Whether the owner's schema is made from the class; it may give one of its own instead.
        self.makes_schema = "body_schema" not in vars(owner)
        if self._named is None:
            try:
                check_library(model, owner.__qualname__)
            except ImportError:
                # With a frozen schema, only "data" and "of" need the library.
                if frozen_schema(owner) is None:
                    raise

    @property
    def owner(self) -> type:
        """The class of messages that names the class of the bodies."""
        return self._owner

    @property
    def name(self) -> str:
        """The name of the class, for errors."""
        return self._named or name_of_model(self._model)

    @property
    def adapter(self) -> Adapter:
        """What converts values of the class.

        Raises:
            ImportError: A library is not installed.
            NameError: There is no class with the name that was given.
        """
        if self._adapter is None:
            self._adapter = adapter_for(self._resolved())
        return self._adapter

    def generated(self) -> dict[str, Any]:
        """Make the schema from the class, whether one is frozen or not.

        Raises:
            ImportError: A library is not installed.
            NameError: There is no class with the name that was given.
            TypeError: The library has no schema for a type in the class.
        """
        return normalised(self.adapter.schema())

    def schema(self) -> dict[str, Any]:
        """Return the frozen schema if there is one, else make it from the class.

        Raises:
            ValueError: The frozen schema cannot be read.
            ImportError: As :meth:`generated`, and so are NameError and TypeError.
        """
        frozen = frozen_schema(self._owner)
        return self.generated() if frozen is None else frozen

    def _resolved(self) -> Any:
        if self._named is None:
            return self._model
        module = sys.modules[self._owner.__module__]
        try:
            if "." in self._named:
                model = pkgutil.resolve_name(self._named)
            else:
                model = getattr(module, self._named)
        except AttributeError as error:
            raise NameError(
                f'The class of the body of {self._owner.__qualname__} is given as "{self._named}", '
                f"and is not there: {error}"
            ) from error
        check_library(model, self._owner.__qualname__)
        return model


class LazySchema:
    """A class attribute that becomes the schema when it is first read."""

    def __init__(self, model: BodyModel) -> None:
        self.model = model

    def __get__(self, message: object, cls: type | None = None) -> dict[str, Any]:
        schema = self.model.schema()
        # Two threads may both make it: they are equal, and each is kept by what compiles schemas.
        self.model.owner.body_schema = schema  # type: ignore[attr-defined]
        return schema


def argument_of(cls: type, base: type) -> Any:
    """Return the type argument that a class gives a generic base class.

    Args:
        cls: The class.
        base: The generic class, which has one parameter.

    Returns:
        The argument; a TypeVar if the class is generic itself; None if its own bases give none.
    """
    for each in vars(cls).get("__orig_bases__", ()):
        origin, arguments = get_origin(each), get_args(each)
        if origin is base:
            return arguments[0]
        if isinstance(origin, type) and issubclass(origin, base):
            inherited = argument_of(origin, base)
            if isinstance(inherited, TypeVar):
                parameters = origin.__parameters__  # type: ignore[attr-defined]
                return arguments[parameters.index(inherited)]
    return None
