# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The message classes of installed packages, and the freezing of the schemas that classes give."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from .._message.message import Message, registry
from .frozen import FOLDER, path_of, text_of_schema
from .model import BodyModel

__all__ = ["Frozen", "classes_of", "differences", "model_of", "to_freeze"]


class Frozen(NamedTuple):
    """What the frozen schema of a class is to be.

    Attributes:
        cls: The class of messages.
        path: The path of the file.
        text: What is to be in it.
        was: What is in it; None if there is no file.
    """

    cls: type
    path: Path
    text: str
    was: str | None


def classes_of(packages: Iterable[str] = ()) -> dict[str, type[Message]]:
    """Return registered message classes by schema name, without the base class.

    Args:
        packages: The names of distributions or of import packages; none: all.

    Raises:
        LookupError: No message class is registered from one of them.
    """
    registry.load()
    known = {name: cls for name, cls in sorted(registry.classes.items()) if cls is not Message}
    wanted = tuple(packages)
    if not wanted:
        return known
    found: dict[str, type[Message]] = {}
    for package in wanted:
        plain = _plain(package)
        own = {
            name: cls
            for name, cls in known.items()
            if plain in (_plain(registry.packages.get(name, "")), _plain(cls.__module__.partition(".")[0]))
        }
        if not own:
            all_known = sorted({registry.packages.get(name) or cls.__module__ for name, cls in known.items()})
            raise LookupError(
                f'No message class is registered from the package "{package}". '
                + (
                    f"There are classes from: {', '.join(all_known)}"
                    if all_known
                    else "There are none at all"
                )
                + '. A class is registered by an entry point in the group "fedora.messages", and its package '
                "has to be installed"
            )
        found.update(own)
    return found


def model_of(cls: type[Any]) -> BodyModel | None:
    """Return the class of the body from which the schema of a class of messages is made, if it is."""
    defining = next((each for each in cls.__mro__ if "body_schema" in vars(each)), None)
    model = None if defining is None else vars(defining).get("_model_of_body")
    return model if model is not None and model.makes_schema else None


def to_freeze(package: str) -> list[Frozen]:
    """Make the schemas of a package's typed classes anew, and say where they belong.

    Args:
        package: The name of its distribution, or of the import package.

    Raises:
        LookupError: The package has no message class, or none whose schema is made from a class.
        ValueError: Two classes would have the same file; a module is no file.
        Exception: What the library of a class raises if it cannot make its schema.
    """
    models = {model.owner: model for cls in classes_of([package]).values() if (model := model_of(cls))}
    if not models:
        raise LookupError(
            f'No message class of the package "{package}" takes its schema from a class: there is nothing to '
            "freeze"
        )
    paths: dict[Path, type] = {}
    found = []
    for owner, model in models.items():
        path = path_of(owner)
        other = paths.setdefault(path, owner)
        if other is not owner:
            raise ValueError(
                f"{other.__module__}:{other.__qualname__} and {owner.__module__}:{owner.__qualname__} would "
                f"have the same file, {path}: rename one, or move it into a package of its own"
            )
        was = path.read_text("utf-8") if path.exists() else None
        found.append(Frozen(owner, path, text_of_schema(model.generated()), was))
    return found


def differences(package: str) -> list[str]:
    """Say of each typed class of a package whose frozen schema is missing or differs.

    Args:
        package: The name of its distribution, or of the import package.

    Raises:
        LookupError: As :func:`to_freeze`, and so are the others.
    """
    return [
        f"{each.cls.__qualname__}: {FOLDER}/{each.path.name} "
        + ("is not there" if each.was is None else f"differs in {_first_difference(each.was, each.text)}")
        for each in to_freeze(package)
        if each.was != each.text
    ]


def _first_difference(was: str, text: str) -> str:
    """Return the number and the content of the first line that differs."""
    before, after = was.splitlines(), text.splitlines()
    at = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    if at is None:
        return "its length"
    return f"line {at + 1}: {before[at].strip()} is frozen, and the class gives {after[at].strip()}"


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "_", package).lower()
