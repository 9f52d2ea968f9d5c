# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Short representations of values of any size and depth, which a remote peer may have sent."""

from __future__ import annotations

import reprlib

__all__ = ["short_repr"]


class _ShortRepr(reprlib.Repr):
    """Short representations of values of any size and depth."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = 120

    def repr_str(self, value: str, level: int) -> str:
        return super().repr_str(value[: self.maxstring + 1], level)

    def repr_bytes(self, value: bytes, level: int) -> str:
        return repr(value[: self.maxother])

    repr_bytearray = repr_bytes

    def repr_int(self, value: int, level: int) -> str:
        # Python refuses to convert very long integers.
        return super().repr_int(value, level) if value.bit_length() < 1000 else "<a very long integer>"

    def repr_instance(self, value: object, level: int) -> str:
        try:
            return super().repr_instance(value, level)
        except RecursionError:
            return f"<{type(value).__name__} nested too deep to show>"


_short = _ShortRepr()


def short_repr(value: object) -> str:
    """Represent a value in a few hundred characters, whatever its size and depth.

    Args:
        value: Any value. One of the application's own classes may raise anything from its ``__repr__``.
    """
    return _short.repr(value)
