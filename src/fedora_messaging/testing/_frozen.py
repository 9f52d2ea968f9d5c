# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A test of schema packages: what is frozen is what the classes give."""

from __future__ import annotations

from .._typed.packages import differences

__all__ = ["check_frozen_schemas"]


def check_frozen_schemas(package: str) -> None:
    """Check that the frozen schemas of a package match its classes.

    Args:
        package: The name of the distribution or of the import package.

    Raises:
        AssertionError: A schema is not frozen, or differs from its class. The error says where.
        LookupError: The package has no message class with a typed body.
        ValueError: Two classes would use the same file, or a module is not a file.
    """
    found = differences(package)
    if found:
        raise AssertionError(
            "\n".join([*found, f'If that is intended, run "fedora-messaging schemas freeze {package}".'])
        )
