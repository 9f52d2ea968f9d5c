# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration file: which one is read, and what it says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..exceptions import ConfigurationException
from . import toml

__all__ = ["VARIABLE", "load", "locate"]

#: The environment variable that names the configuration file.
VARIABLE = "FEDORA_MESSAGING_CONF"
_DEFAULT_PATH = "/etc/fedora-messaging/config.toml"


def locate(path: str | None, environ: Mapping[str, str]) -> str | None:
    """Find the configuration file: the one that is named, else the default one.

    Args:
        path: The file that the program names, if any.
        environ: The environment.

    Returns:
        Its path, with ``~`` expanded; None if none is named and the default one does not exist.
    """
    named = path or environ.get(VARIABLE)
    if named:
        return os.path.expanduser(named)
    return _DEFAULT_PATH if os.path.lexists(_DEFAULT_PATH) else None


def load(
    path: str | None, environ: Mapping[str, str], *, reader: toml.Reader | None = None
) -> dict[str, Any]:
    """Read the configuration file.

    Args:
        path: The file. None means the file named in the environment, or the default one.
        environ: The environment (``FEDORA_MESSAGING_CONF``).
        reader: A function that reads TOML. None means the default one.

    Returns:
        Its content, with the keys in lower case; empty if there is no file.

    Raises:
        ConfigurationException: A file that was named does not exist, cannot be read, is not TOML, or has a
            key twice, in different letter case.
    """
    found = locate(path, environ)
    if found is None:
        return {}
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for key, value in toml.read_file(found, reader).items():
        lower = key.lower()
        if lower in values:
            raise ConfigurationException(
                f"{found}: {lower}: is given twice, as {spelled[lower]} and as {key}"
            )
        values[lower], spelled[lower] = value, key
    return values
