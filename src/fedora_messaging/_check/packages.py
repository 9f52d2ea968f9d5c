# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks what is installed: the schema packages, and the callbacks that the configuration names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .._importing import imported
from .._message.registry import GROUP
from .._reporting.text import shown
from .._runner.callbacks import CallbackNotFound, find_callback
from ..config import Config
from ..message import Message
from .findings import Report

__all__ = ["check_callbacks", "check_schemas", "installed_schemas"]


def installed_schemas() -> Iterable[Any]:
    """The entry points of message classes."""
    found: Iterable[Any] = imported("importlib.metadata").entry_points(group=GROUP)
    return found


def check_schemas(report: Report, entry_points: Iterable[Any]) -> None:
    """Import each message class, and look for names that are taken twice."""
    classes: dict[str, tuple[str, str]] = {}
    packages = set()
    failed: dict[tuple[str, str], tuple[object, list[str]]] = {}
    for entry_point in sorted(entry_points, key=lambda each: (_package(each), each.name, each.value)):
        package, name = _package(entry_point), entry_point.name
        packages.add(package)
        try:
            cls = entry_point.load()
        except (Exception, SystemExit) as error:
            failed.setdefault((package, shown(error, 300)), (error, []))[1].append(name)
            continue
        if not (isinstance(cls, type) and issubclass(cls, Message)):
            report.problem(
                "schemas",
                f"{package}: {name} ({entry_point.value}) is not a message class",
                f"name a subclass of fedora_messaging.message.Message there, or remove {package}",
            )
            continue
        other, value = classes.setdefault(name, (package, entry_point.value))
        if value != entry_point.value:
            report.warning(
                "schemas",
                f"{other} and {package} both register the schema {name}: messages are received as {value}",
                f"remove {other} or {package}",
            )
    for (package, text), (raised, names) in failed.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        report.problem("schemas", f"{package}: {names[0]}{more}: {text}", _fix(package, raised))
    broken = sum(len(names) for _, names in failed.values())
    report.ok(
        "schemas",
        f"{_count(len(packages), 'package', 'packages')}, {_count(len(classes), 'class', 'classes')}"
        f"{f' without the {broken} above' if broken else ''}",
    )


def check_callbacks(report: Report, config: Config, resolve: Callable[[Any], Any]) -> None:
    """Import the callbacks that are configured, and see whether they can be called with a message."""
    wanted = [("callback", config.callback)] if config.callback else []
    wanted += [(f"consumers.{each.name}.callback", each.callback) for each in config.consumers]
    for key, named in wanted:
        try:
            find_callback(named, resolve, options="the option --callback")
        except CallbackNotFound as error:
            report.problem("callback", f"{key}: {error}", f"correct {key}, or what it names")
        else:
            report.ok("callback", f"{key}: {named}")


def _package(entry_point: Any) -> str:
    return str(entry_point.dist.name) if entry_point.dist is not None else entry_point.value.partition(":")[0]


def _fix(package: str, error: object) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"install what has the module {error.name.partition('.')[0]}, or remove {package}"
    return f"install another version of {package}, or remove it"


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
