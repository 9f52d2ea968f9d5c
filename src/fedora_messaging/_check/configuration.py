# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks the configuration: its keys, the files that it names, and what it needs to be installed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from typing import Any

from .._tracing.load import publish_tracer
from ..config import Config, parse
from ..exceptions import ConfigurationException
from .findings import Report

__all__ = ["check_configuration"]

_UNKNOWN = re.compile(r"(?P<key>[^:]+): unknown key; (?P<fix>.*)", re.DOTALL)
_STAGE = "configuration"


def check_configuration(report: Report, given: Mapping[str, Any], where: str) -> Config | None:
    """Check the keys of a configuration. Unknown ones are named, and left out of what is checked after it.

    Args:
        report: Gets the findings.
        given: The configuration, as it is written.
        where: Where it is written, in words.

    Returns:
        The configuration; None: it cannot be used.
    """
    left = dict(given)
    known = True
    while True:
        try:
            config = parse(left)
            break
        except ConfigurationException as error:
            found = _UNKNOWN.fullmatch(error.message)
            reduced = None if found is None else _without(left, found["key"].split("."))
            if found is None or reduced is None:
                report.problem(_STAGE, f"{where}: {error.message}", f"correct the value in {where}")
                return None
            known = False
            report.problem(_STAGE, f"{where}: {found['key']}: unknown key", f"{_name(found)}, or remove it")
            left = reduced
    if known:
        report.ok(_STAGE, where)
    check_files(report, config)
    _check_tracing(report, config)
    return config


def _name(found: re.Match[str]) -> str:
    near = re.match(r"did you mean ([^?]*)\?", found["fix"])
    return f"write {near[1]}" if near else f"take another name; {found['fix']}"


def check_files(report: Report, config: Config) -> None:
    """Check that the files for TLS can be read, and the private key by nobody else."""
    tls = config.tls
    for key, path in (("ca_cert", tls.ca_cert), ("certfile", tls.certfile), ("keyfile", tls.keyfile)):
        if not path:
            continue
        try:
            with open(path, "rb"):
                mode = os.stat(path).st_mode
        except OSError as error:
            report.problem(
                _STAGE,
                f"tls.{key}: {path}: {error.strerror}",
                f"correct tls.{key}, or let the user that runs this read the file",
            )
            continue
        if key == "keyfile" and mode & (stat.S_IROTH | stat.S_IWOTH):
            report.warning(
                _STAGE, f"tls.keyfile: {path} can be read by everybody on this machine", f"chmod o= {path}"
            )


def _check_tracing(report: Report, config: Config) -> None:
    try:
        publish_tracer(config.tracing)
    except ConfigurationException as error:
        words, _, fix = error.message.partition("; install the extra otel: ")
        report.problem(_STAGE, words, fix)


def _without(values: Mapping[str, Any], path: list[str]) -> dict[str, Any] | None:
    """Copy a mapping without what a path leads to; None where it leads nowhere."""
    first, *rest = path
    if first not in values:
        return None
    copied = dict(values)
    if not rest:
        del copied[first]
        return copied
    if not isinstance(copied[first], Mapping):
        return None
    inner = _without(copied[first], rest)
    if inner is None:
        return None
    copied[first] = inner
    return copied
