# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames are written as pika writes them."""

import struct
from typing import Any

import pika.frame
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import spec

from fedora_messaging._amqp import frames

shorts = st.text(max_size=60).filter(lambda text: len(text.encode()) < 256)
tags = st.integers(min_value=0, max_value=2**64 - 1)


def method(number: int, sent: Any) -> bytes:
    return bytes(pika.frame.Method(number, sent).marshal())


@given(
    st.integers(1, 65535), shorts, shorts, st.binary(max_size=300), st.binary(max_size=3000), st.booleans()
)
def test_publishes_are_written_as_by_pika(
    number: int, exchange: str, routing_key: str, properties: bytes, body: bytes, mandatory: bool
) -> None:
    """basic.publish, its content header and its body frames are pika's, byte for byte."""
    frame_max = 1000
    room = frame_max - 8
    method_frame = method(
        number, spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=mandatory)
    )
    header = struct.pack(">HHQ", 60, 0, len(body)) + properties
    pieces = [body[at : at + room] for at in range(0, len(body), room)]
    written = b"".join(
        [
            method_frame,
            struct.pack(">BHI", 2, number, len(header)) + header + b"\xce",
            *(bytes(pika.frame.Body(number, piece).marshal()) for piece in pieces),
        ]
    )

    assert written == frames.publish(
        number,
        exchange.encode(),
        routing_key.encode(),
        properties,
        body,
        mandatory=mandatory,
        frame_max=frame_max,
    )


@given(st.integers(1, 65535), tags, st.booleans())
def test_settlements_are_written_as_by_pika(number: int, tag: int, flag: bool) -> None:
    """Ack, nack and reject are pika's, byte for byte."""
    assert method(number, spec.Basic.Ack(tag, flag)) == frames.ack(number, tag, flag)
    assert method(number, spec.Basic.Nack(tag, False, flag)) == frames.nack(number, tag, requeue=flag)
    assert method(number, spec.Basic.Reject(tag, flag)) == frames.reject(number, tag, requeue=flag)


@pytest.mark.parametrize(
    "sent",
    [
        spec.Queue.Declare(queue="q" * 256),
        spec.Queue.Declare(queue="q", arguments={"a": object()}),
        spec.Queue.Bind(queue="q", exchange="e", routing_key="\ud800"),
        spec.Basic.Qos(prefetch_count=70000),
    ],
)
def test_what_amqp_cannot_carry_is_a_value_error(sent: Any) -> None:
    """An argument that cannot be encoded is a ValueError that names the method."""
    with pytest.raises(ValueError, match=sent.NAME):
        frames.method(1, sent)


def test_a_header_that_exceeds_frame_max_is_refused() -> None:
    """A content header is one frame: where that would exceed frame_max, nothing is written."""
    largest = b"x" * (4096 - frames.header_frame_size(b""))
    frames.publish(1, b"e", b"t", largest, b"", mandatory=False, frame_max=4096)

    with pytest.raises(frames.HeaderTooLarge, match="4097"):
        frames.publish(1, b"e", b"t", largest + b"x", b"", mandatory=False, frame_max=4096)
