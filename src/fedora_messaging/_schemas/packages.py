# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks the message classes of installed packages, as their entry points name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata

from .._message.message import Message, registry
from .._message.registry import GROUP
from .._reporting.text import shown
from .rules import Finding, check_class

__all__ = ["check_packages"]

#: What this package registers itself.
_OURS = "fedora_messaging"


def check_packages(package: str | None = None) -> tuple[int, list[Finding]]:
    """Check the message classes of a package by all rules. Their modules are imported.

    Args:
        package: The name of its distribution, or of the import package; None: all that are installed.

    Returns:
        How many classes were checked, and what breaks the rules.

    Raises:
        LookupError: No message class is registered from the package.
    """
    points = [each for each in metadata.entry_points(group=GROUP) if _package_of(each) != _OURS]
    own = [each for each in points if package is None or _is_of(each, package)]
    if package is not None and not own:
        known = ", ".join(sorted({_package_of(each) for each in points})) or "none"
        raise LookupError(
            f'No message class is registered from the package "{package}". There are classes from: {known}. '
            f'A class is registered by an entry point in the group "{GROUP}", and its package has to be '
            "installed"
        )
    registry.load()
    findings: list[Finding] = []
    checked = 0
    for point in sorted(own, key=lambda each: (each.name, each.value)):
        others = [each for each in points if each.name == point.name and each != point]
        findings += _of_name(point, others)
        try:
            cls = point.load()
        except (Exception, SystemExit) as error:
            findings.append(Finding("FM301", point.name, f"{point.value}: {shown(error, 300)}"))
            continue
        if not (isinstance(cls, type) and issubclass(cls, Message)):
            findings.append(Finding("FM301", point.name, f"{point.value} is not a message class"))
            continue
        checked += 1
        findings += check_class(point.name, cls)
    findings += _unregistered({_top(each.value) for each in own})
    return checked, findings


def _of_name(point: metadata.EntryPoint, others: Iterable[metadata.EntryPoint]) -> Iterator[Finding]:
    for other in others:
        package = _package_of(other)
        yield Finding("FM303", point.name, f"{other.value} of {package} has the same name")


def _unregistered(packages: set[str]) -> Iterator[Finding]:
    """Find classes that nothing is derived from and that have no name."""
    waiting = list(Message.__subclasses__())
    while waiting:
        cls = waiting.pop()
        derived = cls.__subclasses__()
        waiting += derived
        if not derived and cls not in registry.names and cls.__module__.partition(".")[0] in packages:
            path = f"{cls.__module__}:{cls.__qualname__}"
            yield Finding("FM302", path, f'no entry point in the group "{GROUP}" has this class')


def _package_of(point: metadata.EntryPoint) -> str:
    return "" if point.dist is None else _plain(point.dist.name)


def _is_of(point: metadata.EntryPoint, package: str) -> bool:
    return _plain(package) in (_package_of(point), _plain(_top(point.value)))


def _top(value: str) -> str:
    return re.split(r"[.:]", value)[0]


def _plain(package: str) -> str:
    return re.sub(r"[-_.]+", "_", package).lower()
