# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of connections and consumers, and their transitions."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.lifecycle import (
    TRANSITIONS,
    IllegalTransition,
    Lifecycle,
    State,
)


@pytest.mark.parametrize(("before", "after"), list(product(State, State)))
def test_only_transitions_of_the_table_are_made(before: State, after: State) -> None:
    """A transition of the table is made; every other one raises and changes nothing."""
    life = Lifecycle()
    life.state = before
    if after in TRANSITIONS[before]:
        life.move(after)
        assert after is life.state
    else:
        with pytest.raises(IllegalTransition, match=f"{before.value} -> {after.value}"):
            life.move(after)
        assert before is life.state


def test_the_table_has_no_dead_ends() -> None:
    """From every state STOPPED can be reached, nothing leaves it, and every state can be reached from
    IDLE."""
    reached, new = {State.IDLE}, {State.IDLE}
    while new:
        new = set().union(*(TRANSITIONS[state] for state in new)) - reached
        reached |= new

    assert set(State) == reached == set(TRANSITIONS)
    assert not TRANSITIONS[State.STOPPED]
    assert all(State.STOPPED in TRANSITIONS[state] for state in State if state is not State.STOPPED)


@given(st.lists(st.sampled_from(list(State)), max_size=40))
def test_generations(moves: list[State]) -> None:
    """The generation grows with each DECLARING and with nothing else."""
    life = Lifecycle()
    for state in moves:
        before = life.generation
        if state in TRANSITIONS[life.state]:
            life.move(state)
            assert life.generation - before == (state is State.DECLARING)
        assert life.ended == (life.state in (State.DRAINING, State.STOPPED))
