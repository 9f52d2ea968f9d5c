# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Callbacks by name: loaded from a module or a file, and made ready to be called."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._reporting.text import shown
from ..exceptions import CallbackRaised

__all__ = [
    "CallbackFailed",
    "CallbackNotFound",
    "check_callback",
    "find_callback",
    "load_callback",
    "load_callback_file",
]


class CallbackNotFound(Exception):
    """A callback does not exist, cannot be imported, or cannot be called."""


class CallbackFailed(Exception):
    """A callback raised an exception."""

    def __init__(self, error: Exception) -> None:
        if issubclass(type(error), CallbackRaised) and error.__cause__ is not None:
            super().__init__(f"The callback raised {shown(error.__cause__)}")
        else:
            super().__init__(f"The callback raised {shown(error)}")


def find_callback(
    named: Any,
    resolve: Callable[[Any], Callable[[Any], Any]],
    *,
    options: str,
    load: Callable[[str], Any] | None = None,
) -> Callable[[Any], Any]:
    """The callback that options or the configuration name, ready to be called.

    Args:
        named: Its path, or the callback itself; empty if none is named.
        resolve: Makes a callable of it, as :func:`fedora_messaging.twisted._callbacks.calling.resolve` does.
            It is passed in because it belongs to a higher layer.
        options: The options that can name a callback, for the error.
        load: Loads the object that a path names; None: :func:`load_callback`.

    Raises:
        CallbackNotFound: None is named, or it cannot be loaded or used.
    """
    if not named:
        raise CallbackNotFound(f"There is no callback: name one with {options} or in the configuration")
    found = named if callable(named) else (load or load_callback)(named)
    try:
        return resolve(found)
    except Exception as error:
        reason = str(error) if isinstance(error, ValueError) else shown(error, 2000)
        raise CallbackNotFound(f'The callback "{named}" cannot be used: {reason}') from error


def load_callback(path: str) -> Any:
    """The object with the path ``package.module:object``.

    Raises:
        CallbackNotFound: The reason, in one line.
    """
    module, name = _split(path, "package.module:object")
    try:
        loaded = importlib.import_module(module)
    except (Exception, SystemExit) as error:
        hint = _current_folder_hint(module) if isinstance(error, ModuleNotFoundError) else ""
        raise CallbackNotFound(
            f'The module "{module}" cannot be imported: {_one_line(error)}{hint}'
        ) from error
    return _find_object(loaded, name, f'the module "{module}"')


def _current_folder_hint(module: str) -> str:
    """What to do about a module in the current folder, where a command does not look for modules."""
    here = Path(module.replace(".", "/"))
    file = next((file for file in (here.with_suffix(".py"), here / "__init__.py") if file.is_file()), None)
    if file is None:
        return ""
    return f". It is in the current folder, which is not searched: set PYTHONPATH=. or name the file, {file}"


def load_callback_file(path: str) -> Any:
    """The object with the path ``path/to/file.py:object``.

    Raises:
        CallbackNotFound: The reason, in one line.
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
        raise CallbackNotFound(f'The file "{file}" cannot be imported: {_one_line(error)}') from error
    return _find_object(loaded, name, f'the file "{file}"')


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


def _find_object(module: Any, name: str, where: str) -> Any:
    found = module
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise CallbackNotFound(f'There is no "{name}" in {where}') from None
    return check_callback(found, name)


def _one_line(error: object) -> str:
    return " ".join(shown(error, 2000).split())
