# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The source code that a compiled schema consists of."""

from typing import Any

import pytest

from fedora_messaging._json._source import SourceBlock
from fedora_messaging._json.bounds import BUDGET, LONG, within


def run(block: SourceBlock, value: object, budget: int = BUDGET) -> object:
    """What a function with the block returns for a value."""
    names: dict[str, Any] = {"plain": within, "even": lambda v, b=1: v % 2 == 0 and b}
    exec("\n".join(["def f(v, b):", *block.lines, " return b"]), names)
    result: object = names["f"](value, budget)
    return result


def test_lines_under_a_line() -> None:
    """A block under a line is indented below it, and adds to the same lines."""
    block = SourceBlock(1)
    block.under("for x in v:").under("if x:").refuse("x > 2")

    assert [" for x in v:", "  if x:", "   if x > 2: return False"] == block.lines
    assert run(block, [0, 3]) is False
    assert BUDGET == run(block, [0, 2])


def test_an_inner_block_is_added_later() -> None:
    """An inner block has lines of its own, so that it can be left out when there are none."""
    block = SourceBlock(1)
    inner = block.inner()
    inner.refuse("v > 2")

    assert [] == block.lines
    assert ["  if v > 2: return False"] == inner.lines


@pytest.mark.parametrize("proving", [False, True])
def test_a_call_of_another_function(proving: bool) -> None:
    """What the other function refuses is refused; a proving one also takes and returns the budget."""
    block = SourceBlock(1)
    block.call("even", "v", proving)

    assert 10 == run(block, 2, 10)
    assert run(block, 3, 10) is False


def test_what_is_spent() -> None:
    """A value that uses the budget up is refused, be it described by the schema or not."""
    described, free = SourceBlock(1), SourceBlock(1)
    described.spend("len(v)")
    free.prove_free("v")

    for block in (described, free):
        assert 7 == run(block, [1, 2, 3], 10)
        assert run(block, [1, 2, 3], 3) is False


def test_only_repeated_strings_are_charged() -> None:
    """The one long string of a block that runs once is as large as it is in memory, and costs nothing."""
    once = SourceBlock(1)
    once.measure("v")
    assert [] == once.lines
    loop = once.under("for x in v:")
    loop.measure("x")

    assert 10_000 - 2 * (8_000 >> 3) == run(once, ["a" * 8_000, "b" * LONG, "c" * 8_000], 10_000)
