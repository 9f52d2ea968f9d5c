# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames are read as pika reads them, whatever the bytes and however they are cut."""

import struct
from typing import Any

import pika.frame
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pika import spec

from fedora_messaging._amqp import frames as _frames

CHANNEL = 3
FRAME_MAX = 8192
HEADER_MAX = 300_000

shorts = st.text(max_size=60).filter(lambda text: len(text.encode()) < 256)
tags = st.integers(min_value=0, max_value=2**64 - 1)


class Recorder:
    """A sink, and all else that a reader talks to, as a list of events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_confirm(self, tag: int, multiple: bool, positive: bool) -> None:
        self.events.append(("confirm", tag, multiple, positive))

    def on_deliver(self, tag: int, redelivered: bool, exchange: bytes, routing_key: bytes) -> None:
        self.events.append(("deliver", tag, redelivered, exchange, routing_key))

    def on_header(self, size: int, properties: bytes) -> None:
        self.events.append(("header", size, properties))

    def on_body(self, fragment: bytes) -> None:
        self.events.append(("body", fragment))

    def on_method(self, received: Any) -> None:
        self.events.append(("method", repr(received)))

    def other(self, data: bytes) -> None:
        self.events.append(("other", data))

    def heartbeat(self) -> None:
        self.events.append("heartbeat")


def read(data: bytes, cuts: list[int]) -> tuple[list[Any], Exception | None]:
    """The events of bytes that arrive in pieces, and the error that ended them."""
    recorder = Recorder()
    reader = _frames.FrameReader(recorder.other, recorder.heartbeat)
    reader.sinks[CHANNEL] = recorder
    reader.frame_max = FRAME_MAX
    reader.header_max = HEADER_MAX
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    before = 0
    try:
        for end in ends:
            reader.feed(data[before:end])
            before = end
    except _frames.CorruptFrame as error:
        return recorder.events, error
    return recorder.events, None


def method(number: int, sent: Any) -> bytes:
    return bytes(pika.frame.Method(number, sent).marshal())


def expected(data: bytes) -> list[Any]:
    """What pika's codec makes of whole frames."""
    events: list[Any] = []
    while data:
        size, decoded = pika.frame.decode_frame(data)
        frame: Any = decoded
        piece, data = data[:size], data[size:]
        if isinstance(frame, pika.frame.Heartbeat):
            events.append("heartbeat")
        elif frame.channel_number != CHANNEL:
            events.append(("other", piece))
        elif isinstance(frame, pika.frame.Header):
            events.append(("header", frame.body_size, piece[19:-1]))
        elif isinstance(frame, pika.frame.Body):
            events.append(("body", frame.fragment))
        elif isinstance(frame.method, spec.Basic.Deliver):
            sent = frame.method
            events.append(
                (
                    "deliver",
                    sent.delivery_tag,
                    sent.redelivered,
                    sent.exchange.encode(),
                    sent.routing_key.encode(),
                )
            )
        elif isinstance(frame.method, (spec.Basic.Ack, spec.Basic.Nack)):
            confirm = frame.method
            events.append(
                ("confirm", confirm.delivery_tag, confirm.multiple, isinstance(frame.method, spec.Basic.Ack))
            )
        else:
            events.append(("method", repr(frame.method)))
    return events


channels = st.sampled_from([0, CHANNEL, CHANNEL, CHANNEL, 7])
methods = st.one_of(
    st.builds(spec.Basic.Deliver, shorts, tags, st.booleans(), shorts, shorts),
    st.builds(spec.Basic.Ack, tags, st.booleans()),
    st.builds(spec.Basic.Nack, tags, st.booleans(), st.booleans()),
    st.builds(spec.Basic.Return, st.integers(0, 65535), shorts, shorts, shorts),
    st.builds(spec.Channel.Close, st.integers(0, 65535), shorts, st.just(60), st.just(40)),
    st.builds(spec.Basic.ConsumeOk, shorts),
    st.builds(spec.Queue.DeclareOk, shorts, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.just(spec.Channel.OpenOk()),
)
frames = st.one_of(
    st.builds(method, channels, methods),
    st.builds(
        lambda number, size, text: bytes(
            pika.frame.Header(number, size, pika.BasicProperties(message_id=text, headers={"a": 1})).marshal()
        ),
        channels,
        st.integers(0, 2**63 - 1),
        shorts,
    ),
    st.builds(
        lambda number, data: bytes(pika.frame.Body(number, data).marshal()), channels, st.binary(max_size=200)
    ),
    st.just(_frames.HEARTBEAT),
)
streams = st.lists(frames, max_size=8).map(b"".join)
cuts = st.lists(st.integers(min_value=0, max_value=5000), max_size=12)


@given(streams, cuts)
def test_what_pika_reads_is_read_the_same(data: bytes, cuts: list[int]) -> None:
    """Whole frames give the events that pika's codec gives, wherever the stream is cut."""
    assert (expected(data), None) == read(data, cuts)


@given(streams, cuts, st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 255)), min_size=1, max_size=4))
@settings(max_examples=300)
def test_flipped_bits_are_corrupt_frames_or_other_frames(
    data: bytes, cuts: list[int], flips: list[tuple[int, int]]
) -> None:
    """Damaged streams give frames or CorruptFrame and nothing else, the same for every way to cut them."""
    damaged = bytearray(data)
    for place, mask in flips:
        if damaged:
            damaged[place % len(damaged)] ^= mask
    events, error = read(bytes(damaged), cuts)

    assert (events, repr(error)) == ((whole := read(bytes(damaged), []))[0], repr(whole[1]))


@given(st.binary(max_size=400), cuts)
@settings(max_examples=300)
def test_any_bytes_are_frames_or_corrupt(data: bytes, cuts: list[int]) -> None:
    """Noise raises CorruptFrame, or waits for more."""
    read(data, cuts)


@given(st.sampled_from([1, 2, 3, 8]), channels.filter(bool), st.binary(max_size=60))
@settings(max_examples=500)
def test_well_framed_noise(kind: int, number: int, payload: bytes) -> None:
    """A payload of noise in a frame with everything right around it raises nothing but CorruptFrame."""
    read(struct.pack(">BHI", kind, number, len(payload)) + payload + b"\xce", [])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"AMQP\0\0\x09\x01", "another version"),
        (b"\x05\0\0\0\0\0\0\xce", "unknown frame type 5"),
        (struct.pack(">BHI", 3, CHANNEL, FRAME_MAX) + b"\0", "exceeds the negotiated frame_max"),
        (struct.pack(">BHI", 2, CHANNEL, HEADER_MAX + 1) + b"\0", "a content header of 300001 bytes exceeds"),
        (b"\x08\0\0\0\0\0\0\xcd", "frame-end"),
        (struct.pack(">BHIIB", 1, CHANNEL, 5, 0x00FF00FF, 0) + b"\xce", "cannot be decoded"),
        (struct.pack(">BHI", 2, CHANNEL, 4) + b"\0\x3c\0\0\xce", "content header is too short"),
        (struct.pack(">BHIHHQH", 2, CHANNEL, 14, 61, 0, 0, 0) + b"\xce", "unknown class 61"),
        (struct.pack(">BHIHB", 1, CHANNEL, 3, 60, 1) + b"\xce", "method frame is too short"),
    ],
)
def test_corrupt_frames_say_why(data: bytes, words: str) -> None:
    """The error says what is wrong with a frame."""
    assert words in str(read(data + bytes(8), [])[1])


def test_the_reader_waits_for_the_size_it_allows(capsys: Any) -> None:
    """A frame of exactly frame_max bytes is read."""
    body = b"x" * (FRAME_MAX - _frames.OVERHEAD)
    data = bytes(pika.frame.Body(CHANNEL, body).marshal())

    assert ([("body", body)], None) == read(data, [1, 7, 8, 4000])


@given(st.integers(FRAME_MAX, HEADER_MAX - 12), st.lists(st.integers(0, HEADER_MAX), max_size=12))
@settings(max_examples=50)
def test_content_headers_may_be_larger_than_frames(size: int, cuts: list[int]) -> None:
    """RabbitMQ sends content headers beyond frame_max: they are read, and so are the frames behind them."""
    properties = b"p" * size
    payload = struct.pack(">HHQ", 60, 0, 1) + properties
    data = struct.pack(">BHI", 2, CHANNEL, len(payload)) + payload + b"\xce"
    body = bytes(pika.frame.Body(CHANNEL, b"x").marshal())

    assert ([("header", 1, properties), ("body", b"x"), "heartbeat"], None) == read(
        data + body + _frames.HEARTBEAT, cuts
    )


def test_before_the_limits_are_agreed_on_nothing_is_larger_than_a_frame() -> None:
    """A peer that has not been let in cannot make the reader collect a large content header."""
    reader = _frames.FrameReader(lambda _: None, lambda: None)

    with pytest.raises(_frames.CorruptFrame, match="exceeds"):
        reader.feed(struct.pack(">BHI", 2, 1, _frames.UNTUNED_FRAME_MAX + 1) + b"\0")


def test_a_heartbeat_within_a_frame_is_seen_however_it_is_cut() -> None:
    """A heartbeat's bytes at the end of an unfinished frame are reported, and the frame is still read."""
    recorder = Recorder()
    reader = _frames.FrameReader(recorder.other, recorder.heartbeat)
    reader.sinks[CHANNEL] = recorder
    body = b"x" * 20 + _frames.HEARTBEAT + b"y"
    data = bytes(pika.frame.Body(CHANNEL, body).marshal())
    for at in range(len(data) - 2):
        reader.feed(data[at : at + 1])
    assert data[:7] == reader.swallowing
    reader.feed(data[-2:])

    assert [("body", body)] == recorder.events
    assert b"" == reader.swallowing
