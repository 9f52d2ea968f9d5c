# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames, methods and contents on the wire."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pika import frame, spec

from fedora_messaging.broker._wire.assembly import Assembler, Frames
from fedora_messaging.broker._wire.codec import (
    decode_method,
    encode_ack,
    encode_content,
    encode_deliver,
    encode_get_ok,
    encode_method,
    short_string,
)
from fedora_messaging.broker._wire.errors import AMQPError, Disconnect


def _payload(method: Any) -> bytes:
    marshalled: bytes = frame.Method(1, method).marshal()
    return marshalled[7:-1]


@pytest.mark.parametrize(
    "method",
    [
        spec.Queue.Declare(queue="q", durable=True, nowait=True),
        spec.Exchange.Declare(exchange="x", type="topic", internal=True),
        spec.Basic.Consume(queue="q", consumer_tag="t", exclusive=True),
        spec.Basic.Nack(delivery_tag=2**40, multiple=True, requeue=False),
        spec.Basic.Publish(exchange="x", routing_key="é", mandatory=True),
        spec.Basic.Qos(prefetch_count=7, global_qos=True),
        spec.Connection.TuneOk(1, 2, 3),
        spec.Queue.Unbind(queue="q", exchange="x", routing_key="k"),
    ],
    ids=lambda method: method.NAME,
)
def test_methods_are_decoded_as_they_were_encoded(method: object) -> None:
    """What pika encodes is decoded to the same values."""
    expected = {name: value for name, value in vars(method).items() if name != "arguments"}
    decoded = {
        name: value for name, value in vars(decode_method(_payload(method))).items() if name != "arguments"
    }

    assert expected == decoded


def test_arguments_keep_their_types() -> None:
    """Tables in methods keep the AMQP types of their values."""
    method = decode_method(_payload(spec.Queue.Declare(queue="q", arguments={"a": 1, "b": "x"})))

    assert {"a": (b"I", 1), "b": (b"S", b"x")} == method.arguments


@given(st.binary(max_size=40))
def test_any_payload_is_a_method_or_an_error(payload: bytes) -> None:
    """No bytes do anything but decode or raise what closes the connection."""
    with suppress(AMQPError, Disconnect):
        decode_method(payload)


@given(st.sampled_from([10, 20, 30, 40, 50, 60, 85, 90]), st.integers(0, 120), st.binary(max_size=30))
def test_any_arguments_are_decoded_or_an_error(class_id: int, method_id: int, arguments: bytes) -> None:
    """Whatever the arguments of a method, they decode or close the connection."""
    with suppress(AMQPError, Disconnect):
        decode_method(class_id.to_bytes(2, "big") + method_id.to_bytes(2, "big") + arguments)


def test_handmade_frames_are_those_of_pika() -> None:
    """The frames encoded by hand, for speed, are what pika's encoder makes."""
    address = short_string("x") + short_string("k")

    assert frame.Method(3, spec.Basic.Ack(9, True)).marshal() == encode_ack(3, 9, True)
    assert frame.Method(3, spec.Basic.Deliver("t", 9, True, "x", "k")).marshal() == encode_deliver(
        3, short_string("t"), 9, True, address
    )
    assert frame.Method(3, spec.Basic.GetOk(9, False, "x", "k", 4)).marshal() == encode_get_ok(
        3, 9, False, address, 4
    )


@pytest.mark.parametrize(("size", "frames"), [(0, 1), (1, 2), (4088, 2), (4089, 3), (10000, 4)])
def test_a_body_is_cut_into_frames(size: int, frames: int) -> None:
    """Body frames are no larger than the client allows."""
    found: list[tuple[int, int]] = []
    Frames(lambda kind, channel, payload: found.append((kind, len(payload))), 4096).feed(
        b"".join(encode_content(1, b"\0\0", b"x" * size, 4096))
    )

    assert frames == len(found)
    assert size == sum(length for kind, length in found if kind == 3)


def _stream() -> bytes:
    return b"".join(
        [
            frame.Method(1, spec.Basic.Publish(exchange="", routing_key="k")).marshal(),
            *encode_content(1, b"\0\0", b"hello", 4096),
            encode_ack(1, 5, False),
        ]
    )


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_frames_may_arrive_in_any_pieces(sizes: list[int]) -> None:
    """However a stream is cut into pieces, the frames are the same."""
    whole: list[tuple[int, int, bytes]] = []
    Frames(lambda *each: whole.append(each), 4096).feed(_stream())
    pieces: list[tuple[int, int, bytes]] = []
    frames = Frames(lambda *each: pieces.append(each), 4096)
    rest = _stream()
    for size in sizes:
        frames.feed(rest[:size])
        rest = rest[size:]
    frames.feed(rest)

    assert whole == pieces


def test_a_stopped_stream_waits() -> None:
    """Nothing is handed on while stopped, and nothing is lost."""
    found: list[int] = []
    frames = Frames(lambda kind, channel, payload: found.append(kind), 4096)
    frames.stopped = True
    frames.feed(_stream())
    before = list(found)
    frames.stopped = False
    frames.feed(b"")

    assert ([], [1, 2, 3, 1]) == (before, found)


@pytest.mark.parametrize(
    "data", [b"\x09\0\x01\0\0\0\x01\0\xce", b"\x01\0\x01\xff\xff\xff\xff", b"\x01\0\x01\0\0\0\x01\0\0"]
)
def test_what_is_no_frame(data: bytes) -> None:
    """Unknown types, sizes over the limit and wrong ends are 501."""
    with pytest.raises(AMQPError) as caught:
        Frames(lambda *each: None, 4096).feed(data)

    assert 501 == caught.value.code


def test_a_publish_is_put_together() -> None:
    """Method, header and body frames become one command."""
    assembler = Assembler()
    commands = []
    Frames(lambda kind, channel, payload: commands.append(assembler.frame(kind, payload)), 4096).feed(
        _stream()
    )
    publish = commands[2]

    assert publish is not None
    assert (b"\0\0", b"hello") == (publish.properties, publish.body)
    assert [None, None] == commands[:2]


def test_names_need_not_be_text() -> None:
    """A routing key that is not UTF-8 survives decoding and encoding."""
    method = decode_method(_payload(spec.Basic.Publish(exchange="", routing_key=b"\xff.a")))
    encoded = encode_method(1, spec.Basic.Return(312, "NO_ROUTE", "", method.routing_key))

    assert b"\x03\xff.a" in encoded
