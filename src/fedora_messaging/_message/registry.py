# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Schema names and the message classes they stand for, from the ``fedora.messages`` entry points."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from .._importing import imported
from .._reporting.log import SafeLog
from .._reporting.loggers import SCHEMA
from ..exceptions import excerpt

if TYPE_CHECKING:
    from importlib import metadata

__all__ = ["GROUP", "Registry", "Schema"]

GROUP = "fedora.messages"

_log = SafeLog(SCHEMA)

# Remote peers choose the names in messages: neither the log nor the memory may grow with them.
_MOST_WARNINGS = 1000


class Schema(NamedTuple):
    """The registration of a message class.

    Attributes:
        name: The schema's name: the name of the entry point.
        package: The normalised name of its distribution; None if that is not known.
    """

    name: str
    package: str | None


def _entry_points() -> Iterable[metadata.EntryPoint]:
    # Imported late: a script that publishes plain messages never needs it.
    found: Iterable[metadata.EntryPoint] = imported("importlib.metadata").entry_points(group=GROUP)
    return found


def _sort_key(entry_point: metadata.EntryPoint) -> tuple[str, str, str]:
    dist = entry_point.dist
    # Those whose distribution is not known come last.
    return (dist.name.lower() if dist is not None else "\U0010ffff"), entry_point.name, entry_point.value


class Registry:
    """The message classes by name, and back; read from the entry points once, on first use.

    Changes of the three dictionaries have effect: tests of applications patch their classes into them.

    Args:
        base: The base class of all message classes.
        entry_points: Returns the entry points.

    Attributes:
        classes: The class with each schema name.
        names: The schema name of each class.
        packages: The normalised name of the distribution each schema name came from, if that is known.
    """

    def __init__(
        self, base: type, entry_points: Callable[[], Iterable[metadata.EntryPoint]] = _entry_points
    ) -> None:
        self._base = base
        self._entry_points = entry_points
        self.classes: dict[str, type] = {}
        self.names: dict[type, str] = {}
        self.packages: dict[str, str] = {}
        self._paths: dict[str, type] = {}
        self._origins: dict[
            type, str | None
        ] = {}  # the distribution of each class, also where another class has its name
        self._schemas: dict[type, Schema] = {}
        self._warned: set[str] = set()
        # Reentrant: a schema package may build messages while it is imported.
        self._lock = threading.RLock()
        self._started = self._loaded = False

    @property
    def loaded(self) -> bool:
        """Whether the entry points have been read."""
        return self._loaded

    def load(self) -> None:
        """Read the entry points. Classes that cannot be imported are logged and left out."""
        if self._loaded:
            return
        with self._lock:
            if self._started:
                return
            self._started = True
            # If two packages have the same schema name, the first package by name has it, wherever they are
            # installed.
            for entry_point in sorted(self._entry_points(), key=_sort_key):
                self._add(entry_point)
            self._loaded = True

    def _add(self, entry_point: metadata.EntryPoint) -> None:
        name = entry_point.name
        try:
            cls = entry_point.load()
        except (Exception, SystemExit) as error:
            _log.error("The message class %s (%s) is broken: %s", name, entry_point.value, excerpt(error))
            return
        if not (isinstance(cls, type) and issubclass(cls, self._base)):
            _log.error("The entry point %s (%s) is not a message class", name, entry_point.value)
            return
        dist = entry_point.dist
        self.add(name, cls, dist.name if dist is not None else None)

    def add(self, name: str, cls: type, package: str | None = None) -> None:
        """Register one class.

        Where two classes claim a name, messages are received as the first one, and both are sent with it. A
        class with several names is sent with the first.

        Args:
            name: The schema's name.
            cls: The class.
            package: The name of the distribution it is from.
        """
        normalised = _normalised(package) if package else None
        first = self.classes.setdefault(name, cls)
        if first is not cls:
            _log.warning(
                "Two message classes have the schema name %s: %s of the package %s, as which messages are "
                "received, and %s of the package %s",
                name,
                first.__qualname__,
                self.packages.get(name, "(unknown)"),
                cls.__qualname__,
                normalised or "(unknown)",
            )
        elif normalised:
            self.packages.setdefault(name, normalised)
        if cls not in self.names:
            self.names[cls] = name
            self._origins[cls] = normalised
        self._paths.setdefault(f"{cls.__module__}:{cls.__qualname__}", cls)

    def get(self, name: str) -> type | None:
        """Return the class with a schema name or Python path (``package.module:Class``), else None."""
        self.load()
        return self.classes.get(name) or self._paths.get(name)

    def find(self, name: str, package: str | None = None) -> type:
        """Return the class with a schema name; if there is none, warn once a name and return the base class.

        Args:
            name: The schema's name.
            package: The distribution that the message names, for the warning.
        """
        found = self.get(name)
        if found is not None:
            return found
        if name not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(name)
            hint = f'; install the package "{excerpt(package, 100)}" to get it' if package else ""
            _log.warning('No message class is registered for the schema "%s"%s', excerpt(name, 200), hint)
        return self._base

    def schema(self, cls: type) -> Schema | None:
        """Return the registration of a class; None if it is not registered."""
        name = self.names.get(cls)
        cached = self._schemas.get(cls)
        if cached is not None and cached.name == name:
            return cached
        if name is None and not self._loaded:
            self.load()
            name = self.names.get(cls)
            if name is None and not self._loaded:
                return self._future_schema(cls)
        if name is None:
            return None
        made = self._schemas[cls] = Schema(name, self._package(cls, name))
        return made

    def _package(self, cls: type, name: str) -> str | None:
        """Return the package of a class, also where two classes have the same schema name."""
        if self.classes.get(name) is not cls and cls in self._origins:
            return self._origins[cls]
        return self.packages.get(name)

    def _future_schema(self, cls: type) -> Schema | None:
        """Return the registration that a class will have; for calls that interrupt the loading."""
        path = f"{cls.__module__}:{cls.__qualname__}"
        for entry_point in sorted(self._entry_points(), key=_sort_key):
            if entry_point.value == path:
                dist = entry_point.dist
                return Schema(entry_point.name, _normalised(dist.name) if dist is not None else None)
        return None


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "_", package).lower()
