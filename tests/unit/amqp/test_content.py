# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames of messages that arrive are joined, and frames that cannot follow each other are refused."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import spec

from fedora_messaging._amqp.content import ContentReader
from fedora_messaging._amqp.frames import CorruptFrame

Step = Callable[[ContentReader], None]


def reader(max_body: int = 1000) -> tuple[ContentReader, list[tuple[Any, ...]]]:
    """A reader, and what it was told to tell."""
    made = ContentReader(max_body=max_body)
    events: list[tuple[Any, ...]] = []
    made.on_delivery = lambda *event: events.append(event)
    made.on_returned = lambda *event: events.append(event)
    return made, events


def _deliver(tag: int) -> Step:
    return lambda content: content.deliver(tag, False, b"e", b"k")


def _header(size: int) -> Step:
    return lambda content: content.header(size, b"p")


def _body(fragment: bytes) -> Step:
    return lambda content: content.body(fragment)


def _returned(content: ContentReader) -> None:
    content.returned(spec.Basic.Return(312, "NO_ROUTE", "e", "k"))


@given(bodies=st.lists(st.lists(st.binary(max_size=20), max_size=5), max_size=4))
def test_bodies_are_joined_however_they_are_cut(bodies: list[list[bytes]]) -> None:
    """Each delivery arrives once, in order, with the whole of its body, empty pieces and bodies included."""
    content, events = reader()
    for tag, pieces in enumerate(bodies, 1):
        content.deliver(tag, tag % 2 == 0, b"exchange", b"key")
        content.header(sum(map(len, pieces)), b"properties")
        missing = sum(map(len, pieces))
        for piece in pieces:
            if missing:
                content.body(piece)
                missing -= len(piece)

    assert [
        (tag, tag % 2 == 0, b"exchange", b"key", b"properties", b"".join(pieces))
        for tag, pieces in enumerate(bodies, 1)
    ] == events


def test_a_body_of_one_frame_is_not_copied() -> None:
    """A body that arrives in one frame is handed on as the object that it came as."""
    content, events = reader()
    body = b"x" * 100
    for step in (_deliver(1), _header(len(body)), _body(body)):
        step(content)

    assert events[0][-1] is body


@pytest.mark.parametrize(("size", "expected"), [(10, b"x" * 10), (11, None)])
def test_the_limit_of_bodies(size: int, expected: bytes | None) -> None:
    """A body over the limit is read to its end and not kept; the next delivery is read as ever."""
    content, events = reader(max_body=10)
    for step in (_deliver(1), _header(size), _body(b"x" * 4), _body(b"x" * (size - 4))):
        step(content)
    for step in (_deliver(2), _header(0)):
        step(content)

    assert [expected, b""] == [event[-1] for event in events]


@pytest.mark.parametrize(
    ("name", "expected"), [("é", "é".encode()), (b"\xff", b"\xff")]
)  # as pika decodes a short string that is UTF-8, and one that is not
def test_a_message_that_comes_back(name: str | bytes, expected: bytes) -> None:
    """A returned message is told with its names as bytes, and its text fit to be shown."""
    content, events = reader()
    content.returned(spec.Basic.Return(312, "NO\nROUTE", name, name))
    content.header(1, b"p")
    content.body(b"x")

    assert [(312, "NO\\nROUTE", expected, expected, b"p")] == events


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([_header(1)], "belongs to no message"),
        ([_body(b"x")], "longer than its header says"),
        ([_deliver(1), _body(b"x")], "longer than its header says"),
        ([_deliver(1), _header(1), _header(1)], "belongs to no message"),
        ([_deliver(1), _header(1), _body(b"xx")], "longer than its header says"),
        ([_deliver(1), _header(0), _body(b"x")], "longer than its header says"),
        ([_deliver(1), _header(0), _header(0)], "belongs to no message"),
        ([_deliver(1), _deliver(2)], "came before the content"),
        ([_deliver(1), _returned], "came before the content"),
        ([_returned, _deliver(1)], "came before the content"),
        ([_returned, _header(1), _returned], "came before the content"),
        ([_deliver(2)], "delivery 2 came after delivery 0"),
        ([_deliver(1), _header(0), _deliver(1)], "delivery 1 came after delivery 1"),
    ],
)
def test_frames_that_cannot_follow_each_other(steps: list[Step], says: str) -> None:
    """A frame that cannot follow the one before it is an error, and nobody gets a message of it."""
    content, events = reader()
    for step in steps[:-1]:
        step(content)
    before = list(events)
    with pytest.raises(CorruptFrame, match=says):
        steps[-1](content)

    assert before == events


@pytest.mark.parametrize("steps", [[_deliver(1)], [_deliver(1), _header(2), _body(b"x")], [_returned]])
def test_what_is_incomplete_when_the_channel_closes(steps: list[Step]) -> None:
    """Whatever is incomplete when it is closed is told to nobody, nor is what comes after that."""
    content, events = reader()
    for step in steps:
        step(content)
    content.close()
    with pytest.raises(CorruptFrame):
        content.body(b"x")
    _returned(content)
    content.header(0, b"p")

    assert [] == events
