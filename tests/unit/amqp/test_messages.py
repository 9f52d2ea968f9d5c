# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages on the wire: the fast codec agrees with pika's, and whatever comes in, only ValidationError
comes out."""

import datetime
import decimal
import logging
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pika import BasicProperties
from pika import data as pika_data

from fedora_messaging._amqp import messages
from fedora_messaging._amqp import properties as _properties
from fedora_messaging._amqp import received as deliveries
from fedora_messaging._core.delivery import Delivery
from fedora_messaging._message.message import registry
from fedora_messaging.exceptions import ValidationError
from fedora_messaging.message import Message
from wire.tables import nested_arrays, nested_tables, with_headers

fuzzed = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])

shorts = st.text(max_size=40).filter(lambda text: len(text.encode()) < 256)
plain_headers = st.dictionaries(
    shorts, st.one_of(st.text(max_size=20), st.booleans(), st.integers(-(2**31), 2**31 - 1)), max_size=6
)
amqp_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.text(max_size=10),
        st.binary(max_size=10),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.builds(decimal.Decimal, st.integers(0, 10**6)),
        st.datetimes(datetime.datetime(1971, 1, 1), datetime.datetime(2100, 1, 1)).map(  # noqa: DTZ001
            lambda when: when.replace(microsecond=0)
        ),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(shorts, inner, max_size=3),
    max_leaves=8,
)
headers = st.dictionaries(shorts, amqp_values, max_size=5)


def delivery(
    properties: bytes = b"\0\0", body: bytes | None = b"{}", routing_key: bytes = b"a.topic"
) -> Delivery:
    return Delivery("q", "amq.topic", routing_key, 1, 1, False, 0.0, properties, body)


def raw(properties: BasicProperties) -> bytes:
    return b"".join(properties.encode())


def fields(properties: BasicProperties) -> dict[str, Any]:
    return dict(vars(properties))


# The codec beside pika's


@given(plain_headers, st.none() | st.integers(0, 255), shorts, st.integers(1, 2))
def test_properties_are_written_as_by_pika(
    headers: dict[str, Any], priority: int | None, message_id: str, delivery_mode: int
) -> None:
    """Properties of our own shape are pika's, byte for byte."""
    properties = BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=delivery_mode,
        message_id=message_id,
        headers={"others": 1},
        priority=7,
    )
    expected = BasicProperties(**{**fields(properties), "headers": headers, "priority": priority})

    for _ in range(2):  # the second time from what was kept
        assert raw(expected) == _properties.encode_properties(properties, headers, priority)


def test_equal_headers_of_other_types_are_other_headers() -> None:
    """True, 1 and 1.0 are equal, and are written each in its own way."""
    properties = BasicProperties("application/json", "utf-8", message_id="an-id", delivery_mode=2)
    for value in (True, 1, 1.0, False, 0, 0.0):
        written = _properties.encode_properties(properties, {"a": value}, None)
        read = (_properties.decode_properties(written).headers or {})["a"]

        assert (value, type(value)) == (read, type(read))


#: Older releases of pika read timestamps without a time zone; this package names UTC.
PIKA_READS_NAIVE = pika_data.decode_value(b"T" + bytes(8), 0)[0].tzinfo is None


def as_pika_reads(value: Any) -> Any:
    """pika reads floats as integers, and older releases read timestamps without their time zone."""
    if isinstance(value, dict):
        return {key: as_pika_reads(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_pika_reads(item) for item in value]
    if isinstance(value, datetime.datetime) and PIKA_READS_NAIVE:
        assert value.tzinfo is datetime.timezone.utc
        return value.replace(tzinfo=None)
    return int(value) if isinstance(value, float) else value


#: Older releases of pika give long integers the type L, which AMQP 0-9-1 reads without a sign.
_pieces: list[bytes] = []
pika_data.encode_value(_pieces, -(2**40))
PIKA_WRITES_LONG_UNSIGNED = b"".join(_pieces).startswith(b"L")


def written_otherwise(value: Any) -> bool:
    """Whether pika writes a value in another way: floats as decimals, and in older releases long integers."""
    if isinstance(value, dict | list):
        return any(map(written_otherwise, value.values() if isinstance(value, dict) else value))
    if isinstance(value, int) and not isinstance(value, bool):
        return PIKA_WRITES_LONG_UNSIGNED and not -(2**31) <= value < 2**31
    return isinstance(value, float)


@given(headers, st.none() | st.integers(0, 255), st.none() | shorts, st.none() | shorts, st.none() | shorts)
def test_other_properties_are_written_as_by_pika(
    headers: dict[str, Any],
    priority: int | None,
    message_id: str | None,
    content_type: str | None,
    reply_to: str | None,
) -> None:
    """Properties of any shape are pika's, byte for byte, where pika can write them."""
    properties = BasicProperties(content_type=content_type, message_id=message_id, reply_to=reply_to)
    expected = BasicProperties(**{**fields(properties), "headers": headers, "priority": priority})
    written = _properties.encode_properties(properties, headers, priority)

    if not written_otherwise(headers):
        assert raw(expected) == written


@given(headers, st.none() | st.integers(0, 255), shorts)
@fuzzed
def test_properties_are_read_as_by_pika(
    headers: dict[str, Any], priority: int | None, message_id: str
) -> None:
    """What a peer of any implementation sends is read to the same values as by pika."""
    properties = BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        headers=headers,
        delivery_mode=2,
        priority=priority,
        message_id=message_id,
    )
    try:
        data = raw(properties)
    except Exception:
        return
    expected = BasicProperties()
    try:
        expected.decode(data)
    except Exception:
        with pytest.raises(ValidationError):
            _properties.decode_properties(data)
        return

    first = _properties.decode_properties(data)
    assert fields(expected) == as_pika_reads(fields(first))
    # What somebody does to the headers of one message does not show in the next.
    first.headers["another"] = "header"
    assert fields(expected) == as_pika_reads(fields(_properties.decode_properties(data)))


@given(
    plain_headers,
    st.none() | st.integers(0, 255),
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 255)), max_size=3),
    st.integers(0, 30),
)
@fuzzed
def test_damaged_properties_are_read_as_by_pika(
    headers: dict[str, Any], priority: int | None, flips: list[tuple[int, int]], cut: int
) -> None:
    """The fast way never accepts what pika refuses, nor reads other values."""
    properties = BasicProperties("application/json", "utf-8", headers, 2, priority, message_id="an-id")
    data = bytearray(raw(properties))
    for place, mask in flips:
        data[place % len(data)] ^= mask
    damaged = bytes(data[: len(data) - cut])
    expected = BasicProperties()
    try:
        expected.decode(damaged)
    except Exception:
        return  # what then becomes of it is for the tests below
    try:
        read = _properties.decode_properties(damaged)
    except ValidationError:
        return  # names that are not UTF-8, which pika leaves as bytes

    assert fields(expected) == as_pika_reads(fields(read))


finite = st.floats(allow_nan=False, allow_infinity=False)
decimals = st.builds(
    lambda number, scale: decimal.Decimal(number).scaleb(-scale),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 255),
)
moments = st.datetimes(
    datetime.datetime(1970, 1, 1),  # noqa: DTZ001
    datetime.datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([datetime.timezone.utc, datetime.timezone(datetime.timedelta(hours=1))]),
).map(lambda when: when.replace(microsecond=0))
every_type = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | finite
    | decimals
    | st.text(max_size=10)
    | st.binary(max_size=10).filter(lambda data: data != b"")
    | moments.filter(lambda when: when.timestamp() >= 0),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(shorts, inner, max_size=3),
    max_leaves=8,
)


def types_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: types_of(item) for key, item in value.items()}
    return [types_of(item) for item in value] if isinstance(value, list) else type(value)


@given(st.dictionaries(shorts, every_type, max_size=4))
@fuzzed
def test_headers_of_every_type_arrive_unchanged(headers: dict[str, Any]) -> None:
    """A header of any type that AMQP has is received with the value and the type it was sent with."""
    properties = BasicProperties("application/json", "utf-8", message_id="an-id", delivery_mode=2)
    read = _properties.decode_properties(_properties.encode_properties(properties, headers, None)).headers

    assert headers == read
    assert types_of(headers) == types_of(read)


@pytest.mark.parametrize(
    ("kind", "data", "value"),
    [
        (b"b", b"\x80", -128),
        (b"B", b"\xff", 255),
        (b"s", b"\x80\0", -32768),
        (b"U", b"\x80\0", -32768),
        (b"u", b"\xff\xff", 65535),
        (b"I", b"\xff\xff\xff\xff", -1),
        (b"i", b"\xff\xff\xff\xff", 2**32 - 1),
        (b"l", b"\x80" + bytes(7), -(2**63)),
        (b"L", b"\x7f" + b"\xff" * 7, 2**63 - 1),
        (b"f", b"\x40\x70\0\0", 3.75),
        (b"d", b"\x40\x0e\0\0\0\0\0\0", 3.75),
        (b"D", b"\2\0\0\x01\x77", decimal.Decimal("3.75")),
        (b"D", b"\2\xff\xff\xff\x6a", decimal.Decimal("-1.50")),
        (b"t", b"\1", True),
        (b"S", b"\0\0\0\2\xc3\xb6", "ö"),
        (b"S", b"\0\0\0\1\xff", b"\xff"),
        (b"x", b"\0\0\0\1a", b"a"),
        (b"T", bytes(7) + b"\1", datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)),
        (b"V", b"", None),
        (b"A", b"\0\0\0\3t\1V", [True, None]),
        (b"F", b"\0\0\0\4\1at\1", {"a": True}),
    ],
)
def test_headers_as_other_clients_send_them(kind: bytes, data: bytes, value: Any) -> None:
    """Each type of RabbitMQ's is read to its value, and what was read can be sent again unchanged."""
    read = _properties.decode_properties(with_headers((b"h", kind, data)))
    again = _properties.encode_properties(BasicProperties(), read.headers or {}, None)

    assert {"h": value} == read.headers
    assert type(value) is type((read.headers or {})["h"])
    assert {"h": value} == _properties.decode_properties(again).headers


def _in_itself() -> list[Any]:
    root: list[Any] = []
    root += [root, root, root]
    return root


def _nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        10**5000,
        (1, 2),
        {1},
        object(),
        1j,
        datetime.date(2026, 1, 1),
        datetime.datetime(1969, 12, 31, tzinfo=datetime.timezone.utc),
        float("nan"),
        float("-inf"),
        decimal.Decimal("NaN"),
        decimal.Decimal("-Infinity"),
        decimal.Decimal(2**31),
        decimal.Decimal("1e-256"),
        decimal.Decimal("1e999999"),
        decimal.Decimal("1.2345678901"),
        "\ud800",
        {5: 1},
        {"k" * 256: 1},
        [1, {"deep": [(1, 2)]}],
        _in_itself(),
        _nested(300),
        _nested(100_000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_place_in_amqp_is_refused_by_name(value: Any) -> None:
    """A header that cannot be sent as what it is is a ValidationError that names it, in one short line."""
    message = Message(topic="t", headers={"good": 1.5, "the-header": value})
    with pytest.raises(ValidationError, match=r"The header the-header (cannot be sent|is nested)") as refused:
        messages.encode(message)

    assert len(str(refused.value)) < 500
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("correlation_id", 5),
        ("reply_to", "r" * 256),
        ("message_id", "i" * 256),
        ("type", "\ud800"),
        ("timestamp", 2**64),
        ("timestamp", "now"),
        ("delivery_mode", 256),
        ("priority", -1),
    ],
)
def test_a_property_that_cannot_be_sent_is_named(name: str, value: Any) -> None:
    """A property that AMQP cannot hold is a ValidationError that names it."""
    properties = BasicProperties("application/json", "utf-8", headers={}, message_id="an-id")
    setattr(properties, name, value)
    with pytest.raises(ValidationError, match=f"The property {name} cannot be sent"):
        messages.encode(Message(topic="t", properties=properties))


# Whatever comes in

bodies = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"{}", b"null", b"[]", b"0", b"false", b'"text"', b'{"a": NaN}', b"[" * 2000, None]),
)


def only_validation_errors(received: Delivery) -> None:
    """Decoding gives a message or ValidationError, and everything said of the delivery is one short line."""
    try:
        message = deliveries.decode(received)
    except ValidationError as error:
        line = deliveries.describe(received, error)
    else:
        assert isinstance(message, Message)
        assert "q" == message.queue
        assert isinstance(repr(message) + str(message) + message.summary, str)
        line = deliveries.describe(received, ValueError("of any kind"))
    assert len(line.encode()) < 900
    assert line.isprintable()
    key, *counts = deliveries.refusal_key(received)
    hash(key)
    assert all(0 <= each < 2**31 for each in counts)


@given(st.binary(max_size=120), bodies, st.binary(max_size=20))
@fuzzed
def test_noise(properties: bytes, body: bytes | None, routing_key: bytes) -> None:
    """Properties, body and routing key of any bytes are a message, or a ValidationError."""
    only_validation_errors(delivery(properties, body, routing_key))


own = st.sampled_from(
    [
        "fedora_messaging_schema",
        "fedora_messaging_schema_package",
        "fedora_messaging_severity",
        "sent-at",
        "priority",
        "x-delivery-count",
        "x-death",
    ]
)


@given(
    st.dictionaries(own | shorts, amqp_values, max_size=6),
    st.none() | shorts,
    st.sampled_from(
        [None, "", "utf-8", "UTF-8", "gzip", "hex", "rot13", "utf-16", "\n", "idna", "undefined"]
    ),
    bodies,
)
@fuzzed
def test_any_headers(
    headers: dict[str, Any], message_id: str | None, encoding: str | None, body: bytes
) -> None:
    """Headers of every AMQP type, ours and others, are those of a message, or a ValidationError."""
    try:
        data = raw(BasicProperties(headers=headers, message_id=message_id, content_encoding=encoding))
    except Exception:
        return
    only_validation_errors(delivery(data, body))


@given(
    st.lists(
        st.tuples(
            st.one_of(own.map(str.encode), st.binary(max_size=12)),
            st.sampled_from([bytes((kind,)) for kind in b"tbBsuUIilLfdDSATFVx"])
            | st.binary(min_size=1, max_size=1),
            st.one_of(st.binary(max_size=20), st.integers(0, 2**64 - 1).map(lambda n: struct.pack(">Q", n))),
        ),
        max_size=4,
    )
)
@fuzzed
def test_raw_tables(entries: list[tuple[bytes, bytes, bytes]]) -> None:
    """Tables that no client library would write are headers of a message, or a ValidationError."""
    only_validation_errors(delivery(with_headers(*entries)))


BARE = b"\0\0"
JSON = raw(BasicProperties(content_encoding="utf-8", headers={"fedora_messaging_schema": "base.message"}))


def encoded_as(encoding: str) -> bytes:
    return raw(
        BasicProperties(content_encoding=encoding, headers={"fedora_messaging_schema": "base.message"})
    )


def schema(value: Any) -> bytes:
    return raw(BasicProperties(content_encoding="utf-8", headers={"fedora_messaging_schema": value}))


def stamp(seconds: int) -> bytes:
    return with_headers((b"when", b"T", struct.pack(">Q", seconds)))


@pytest.mark.parametrize(
    ("properties", "body"),
    [
        (encoded_as("klingon"), b"{}"),
        (encoded_as("gzip"), b"{}"),
        (encoded_as("hex"), b"7b7d"),
        (schema({"a": 1}), b"{}"),
        (schema(["a"]), b"{}"),
        (schema(7), b"{}"),
        (JSON, b"no JSON"),
        (JSON, b"\xff\xfe{}"),
        (JSON, b'{"a": NaN}'),
        (JSON, b'{"a": Infinity}'),
        (JSON, b"[" * 100_000),
        (JSON, b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
        (JSON, b"null"),
        (JSON, b"0"),
        (JSON, b"[]"),
        (JSON, b"false"),
        (JSON, b'"text"'),
        (JSON, b""),
        (JSON, None),
        (BARE, b"null"),
        (with_headers((b"a", b"A", nested_arrays(300))), b"{}"),
        (with_headers((b"a", b"F", nested_tables(500))), b"{}"),
        (with_headers((b"a", b"A", nested_arrays(500))), b"{}"),
        (with_headers((b"\xff\xfe", b"t", b"\1")), b"{}"),
        (struct.pack(">HB", BasicProperties.FLAG_MESSAGE_ID, 2) + b"\xff\xfe", b"{}"),
        (b"\xff\xff", b"{}"),
        (b"", b"{}"),
    ],
)
def test_hostile_messages(properties: bytes, body: bytes | None) -> None:
    """What is no message is ValidationError, and the error is one short line."""
    received = delivery(properties, body)

    with pytest.raises(ValidationError):
        deliveries.decode(received)
    only_validation_errors(received)


@pytest.mark.parametrize(
    "properties",
    [
        BARE,
        stamp(2**31),
        stamp(2**40),
        stamp(2**63),
        with_headers((b"a", b"A", nested_arrays(150))),
        struct.pack(">HB", BasicProperties.FLAG_MESSAGE_ID, 40) + b"cut",
        with_headers((b"x", b"V", b"")),
        with_headers((b"x", b"x", b"\0\0\0\1\xff")),
    ],
)
def test_odd_messages(properties: bytes) -> None:
    """What is merely odd (no headers at all, a time far away, AMQP types without a place in JSON) gets
    through or is refused, and nothing else."""
    only_validation_errors(delivery(properties))


def test_a_newline_in_the_id_forges_no_line() -> None:
    """Control characters are escaped in what is logged of a message."""
    received = delivery(raw(BasicProperties(message_id="a\nERROR all is lost\x1b[31m")), b"no\nJSON")
    with pytest.raises(ValidationError) as refused:
        deliveries.decode(received)
    line = deliveries.describe(received, refused.value)

    assert line.isprintable()
    assert "a\\nERROR" in line


@pytest.mark.parametrize("body", [b"x" * 16_000_000, b'{"a": "' + b"\x07\n" * 8_000_000 + b'"}'])
def test_huge_bodies_are_told_in_a_short_line(body: bytes) -> None:
    """Sixteen megabytes of no message take less than one kilobyte of log."""
    received = delivery(JSON, body, b"t" * 255)
    with pytest.raises(ValidationError) as refused:
        deliveries.decode(received)

    assert len(deliveries.describe(received, refused.value).encode()) < 900


class _Raises(Message):
    """A class whose every part raises."""

    what = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if self.what == "init":
            raise SystemError("a class that cannot be made")
        super().__init__(*args, **kwargs)

    @property
    def body_schema(self) -> Any:  # type: ignore[override]
        if self.what == "schema":
            raise LookupError("a schema that is not there")
        if self.what == "broken schema":
            return {"type": "no such type"}
        return {"type": "object"}

    @property
    def usernames(self) -> list[str]:
        raise ZeroDivisionError("an accessor")


class _Init(_Raises):
    what = "init"


class _Schema(_Raises):
    what = "schema"


class _Broken(_Raises):
    what = "broken schema"


class _Accessor(_Raises):
    what = "accessor"


@pytest.fixture(scope="module", autouse=True)
def _registered() -> None:
    for cls in (_Init, _Schema, _Broken, _Accessor):
        registry.add(f"wire.{cls.__name__}", cls, "tests")


@pytest.mark.parametrize("name", ["_Init", "_Schema", "_Broken"])
def test_classes_that_raise(name: str) -> None:
    """Whatever a schema package raises while its message is made is ValidationError."""
    with pytest.raises(ValidationError):
        deliveries.decode(delivery(schema(f"wire.{name}")))


def test_accessors_that_raise() -> None:
    """An accessor that raises is no reason to refuse a message."""
    assert type(deliveries.decode(delivery(schema("wire._Accessor")))) is _Accessor


# What goes out


@given(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
    st.text(max_size=20),
    st.sampled_from([10, 20, 30, 40]),
    st.none() | st.integers(0, 9),
)
def test_what_is_sent_is_received(
    body: dict[str, Any], topic: str, severity: int, priority: int | None
) -> None:
    """A message that is encoded and decoded is equal to itself, with the same id, severity and priority."""
    sent = Message(body=body, topic=topic, severity=severity)
    if priority is not None:
        sent.priority = priority
    try:
        encoded = messages.encode(sent)
    except ValidationError:
        return  # lone surrogates
    received = deliveries.decode(delivery(encoded.properties, encoded.body, encoded.routing_key))

    assert sent == received
    assert (sent.id, sent.severity, priority or 0) == (received.id, received.severity, received.priority)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=6,
    ),
    headers,
    st.text(max_size=300),
)
@fuzzed
def test_outgoing_faults_are_validation_errors(body: Any, headers: dict[str, Any], topic: str) -> None:
    """Whatever an application puts into a message, encoding it works or raises ValidationError."""
    message = Message(body=body, topic=topic, headers=headers)
    try:
        encoded = messages.encode(message)
    except ValidationError:
        return
    assert len(encoded.routing_key) < 256


def test_the_prefix_counts() -> None:
    """A topic that is too long only with its prefix is refused, and so is a body over the limit."""
    message = Message(topic="t" * 250, body={"a": "x" * 100})
    with pytest.raises(ValidationError, match="257 bytes long with its prefix"):
        messages.encode(message, topic_prefix="prefix.")
    with pytest.raises(ValidationError, match="max_message_size is 50"):
        messages.encode(message, limit=50)


def test_extra_headers_stay_out_of_the_message() -> None:
    """Headers given to encode are sent, and the message does not get them."""
    message = Message(topic="t")
    encoded = messages.encode(message, headers=[("traceparent", "00-1-2-03")])

    assert "traceparent" not in message._headers
    assert "00-1-2-03" == (_properties.decode_properties(encoded.properties).headers or {})["traceparent"]


def test_headers_fill_no_memory(caplog: pytest.LogCaptureFixture) -> None:
    """What is kept of headers is bounded, however many pass by."""
    caplog.set_level(logging.ERROR)
    for n in range(5000):
        raw_properties = _properties.encode_properties(
            BasicProperties("application/json", "utf-8", delivery_mode=2, message_id="i"),
            {f"fedora_messaging_user_{n}": True},
            None,
        )
        _properties.decode_properties(raw_properties)

    assert len(_properties._names) <= 1000
    assert len(_properties._decoded_tables) <= 1000


def test_what_messages_of_other_clients_lack_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line for each kind of lack and queue, and another with the count at the 1,000th message."""

    def receive(queue: str, count: int) -> list[str]:
        caplog.clear()
        for _ in range(count):
            deliveries.decode(Delivery(queue, "e", b"t", 1, 1, False, 0.0, b"\0\0", b"{}"))
        return [record.getMessage() for record in caplog.records]

    first, others, another, many = (
        receive("a queue of others", 1),
        receive("a queue of others", 998),
        receive("another queue of others", 1),
        receive("a queue of others", 100),
    )

    assert (4, 0, 4, 4) == (len(first), len(others), len(another), len(many))
    assert all("a queue of others" in line for line in first)
    assert all("1,000th" in line for line in many)
