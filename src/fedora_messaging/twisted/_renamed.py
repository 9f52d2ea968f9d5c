# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The warning about names of release 3.9.1, which modules find in :mod:`fedora_messaging.twisted._compat`."""

from __future__ import annotations

import warnings

__all__ = ["warn_renamed"]


def warn_renamed(name: str, new: str) -> None:
    """Warn whoever asks a module for a name of release 3.9.1; called by the module's ``__getattr__``.

    Args:
        name: The name.
        new: What it is called now.
    """
    warnings.warn(
        f"{name} is the name of release 3.9.1 for {new}; release 5.0 removes it",
        DeprecationWarning,
        stacklevel=3,
    )
