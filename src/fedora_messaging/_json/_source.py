# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The source code of one block of a validator: lines that refuse a value, at the level where they stand.

A function that proves a value also takes a budget, ``b``, which it spends and returns; see
:mod:`fedora_messaging._json._compiler`.
"""

from __future__ import annotations

from .bounds import LONG, MAX_DEPTH

__all__ = ["MOST_NESTED", "SourceBlock"]

# More deeply nested schemas are left to jsonschema, and so are more deeply nested values in places that a
# schema does not describe: what is proven is never nested more than MAX_DEPTH levels.
MOST_NESTED = 32
_FREE_DEPTH = MAX_DEPTH - MOST_NESTED


class SourceBlock:
    """A block of a function's source code.

    Args:
        level: How deep the block is nested.
        lines: The lines to add to; None: a new list.
        repeated: Whether the block may run many times for one value: in a loop, or in a function that is
            called in a loop.
    """

    def __init__(self, level: int, lines: list[str] | None = None, *, repeated: bool = False) -> None:
        self.level = level
        self.repeated = repeated
        self.lines: list[str] = [] if lines is None else lines

    def add(self, line: str) -> None:
        """Add a line."""
        self.lines.append(" " * self.level + line)

    def refuse(self, condition: str) -> None:
        """Refuse the value if a condition holds."""
        self.add(f"if {condition}: return False")

    def call(self, function: str, value: str, proving: bool) -> None:
        """Refuse the value if a function refuses it."""
        if proving:
            self.prove(function, value)
        else:
            self.refuse(f"not {function}({value})")

    def prove(self, function: str, value: str) -> None:
        """Refuse the value if a function does, which takes the budget and returns what is left of it."""
        self.add(f"b = {function}({value}, b)")
        self.refuse("not b")

    def prove_free(self, value: str) -> None:
        """Refuse a value that the schema does not describe, unless it is plain."""
        self.add(f"b = plain({value}, b, {_FREE_DEPTH})")
        self.refuse("not b")

    def spend(self, amount: str) -> None:
        """Take an amount from the budget, and refuse the value if that uses it up."""
        self.add(f"b -= {amount}")
        self.refuse("b < 1")

    def measure(self, text: str) -> None:
        """Charge a long string to the budget, if there may be many strings."""
        if self.repeated:
            self.under(f"if len({text}) > {LONG}:").spend(f"len({text}) >> 3")

    def inner(self) -> SourceBlock:
        """Make a nested block with lines of its own, to be added later."""
        return SourceBlock(self.level + 1, repeated=self.repeated)

    def under(self, line: str) -> SourceBlock:
        """Add a line that ends with a colon, and return the block under it."""
        self.add(line)
        repeated = self.repeated or line.startswith("for ")
        return SourceBlock(self.level + 1, self.lines, repeated=repeated)
