# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks by name, and the exit codes that errors stand for."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any

from .. import exceptions
from .._reporting.text import shown
from ..exceptions import (
    BadDeclaration,
    ConfigurationException,
    ConnectionException,
    ConsumerCanceled,
    HaltConsumer,
    PermissionException,
)

__all__ = [
    "CallbackFailed",
    "CallbackNotFound",
    "check_callback",
    "exit_code",
    "load_callback",
    "load_callback_file",
]


class CallbackNotFound(Exception):
    """There is no such callback, it cannot be imported, or it cannot be called."""


class CallbackFailed(Exception):
    """A callback raised an exception."""

    def __init__(self, error: Exception) -> None:
        if issubclass(type(error), exceptions.CallbackRaised) and error.__cause__ is not None:
            super().__init__(f"The callback raised {shown(error.__cause__)}")
        else:
            super().__init__(f"The callback raised {shown(error)}")


def load_callback(path: str) -> Any:
    """The object with the path ``package.module:object``.

    Raises:
        CallbackNotFound: Says in one line what is wrong.
    """
    module, name = _split(path, "package.module:object")
    try:
        loaded = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        hint = _not_searched(module) if isinstance(error, ModuleNotFoundError) else ""
        raise CallbackNotFound(f'The module "{module}" cannot be imported: {_line(error)}{hint}') from error
    return _find(loaded, name, f'the module "{module}"')


def _not_searched(module: str) -> str:
    """What to do about a module in the current folder, where a command does not look for modules."""
    here = Path(module.replace(".", "/"))
    file = next((file for file in (here.with_suffix(".py"), here / "__init__.py") if file.is_file()), None)
    if file is None:
        return ""
    return f". It is in the current folder, which is not searched: set PYTHONPATH=. or name the file, {file}"


def load_callback_file(path: str) -> Any:
    """The object with the path ``path/to/file.py:object``.

    Raises:
        CallbackNotFound: Says in one line what is wrong.
    """
    file, name = _split(path, "path/to/file.py:object")
    location = Path(file)
    try:
        if not location.is_file():
            raise CallbackNotFound(f'There is no file "{file}"')
        loaded = types.ModuleType(f"_fedora_messaging_callback_{location.stem}")
        loaded.__file__ = str(location.resolve())
        sys.modules[loaded.__name__] = loaded  # dataclasses and pickle look their module up there
        exec(compile(location.read_bytes(), str(location), "exec"), loaded.__dict__)
    except CallbackNotFound:
        raise
    except (Exception, SystemExit) as error:
        raise CallbackNotFound(f'The file "{file}" cannot be imported: {_line(error)}') from error
    return _find(loaded, name, f'the file "{file}"')


def check_callback(value: Any, path: str) -> Any:
    """The same value, if it can be called.

    Raises:
        CallbackNotFound: It cannot.
    """
    if not callable(value):
        raise CallbackNotFound(f'"{path}" is a {type(value).__name__}, which cannot be called')
    return value


def _split(path: str, form: str) -> tuple[str, str]:
    module, colon, name = path.strip().rpartition(":")
    if not (module and colon and name):
        raise CallbackNotFound(f'The callback must have the form "{form}", not "{path}"')
    return module, name


def _find(module: Any, name: str, where: str) -> Any:
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise CallbackNotFound(f'There is no "{name}" in {where}') from None
    return check_callback(found, name)


def _line(error: object) -> str:
    return " ".join(shown(error, 2000).split())


def exit_code(error: BaseException | None) -> int:
    """What a process that ends with this error exits with."""
    if error is None:
        return 0
    kind = type(error)  # isinstance() asks the error's __class__, which may raise
    if issubclass(kind, HaltConsumer):
        code = getattr(error, "exit_code", 0)
        return int(code) if issubclass(type(code), int) else 0 if code is None else 1  # as sys.exit() has it
    table: tuple[tuple[type[BaseException], int], ...] = (
        (CallbackNotFound, 1),
        (ConfigurationException, 2),
        (exceptions.CallbackRaised, 13),
        (BadDeclaration, 10),
        (PermissionException, 15),
        (ConsumerCanceled, 12),
        (ConnectionException, 14),
        (exceptions.BaseException, 11),
    )
    return next((code for base, code in table if issubclass(kind, base)), 13)
