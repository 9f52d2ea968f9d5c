# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages: what they are made of, what is received, what is refused."""

import copy
import datetime
import decimal
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import jsonschema
import pika
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fedora_messaging._message.message import registry
from fedora_messaging.exceptions import ValidationError, excerpt
from fedora_messaging.message import (
    ERROR,
    INFO,
    SERIALIZED_MESSAGE_SCHEMA,
    SEVERITIES,
    WARNING,
    Message,
    check_outgoing,
    dumps,
    get_class,
    get_message,
    get_name,
    load_message,
    loads,
    outgoing_headers,
)


class Unregistered(Message):
    """Not known to any entry point."""


@pytest.fixture
def registered() -> Callable[[type[Message]], str]:
    """A function that registers a subclass and returns its schema name."""

    def register(cls: type[Message]) -> str:
        name = f"test.{uuid.uuid4()}"
        registry.add(name, cls, "Test.Schemas")
        return name

    return register


def received(body: Any = b"{}", topic: str = "a.topic", **properties: Any) -> Message:
    """A message as it is received."""
    given = {"content_encoding": "utf-8", "message_id": "an-id", "headers": headers(), **properties}
    return get_message(topic, pika.BasicProperties(**given), body)


def headers(**more: Any) -> dict[str, Any]:
    """Headers that nobody warns about."""
    return {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": INFO, **more}


# One's own messages


def test_defaults() -> None:
    """A message without arguments has an id of its own, an empty body, and the defaults of its class."""
    one, two = Message(), Message()

    assert uuid.UUID(one.id).version == 4
    assert one.id != two.id
    assert (one.topic, one.body, one.severity, one.queue, one.priority) == ("", {}, INFO, None, 0)
    assert one.deprecated is False


def test_headers() -> None:
    """The headers say schema, package, severity, time in whole seconds, and priority."""
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    made = Message(topic="a", severity=ERROR, headers={"x": 1})
    sent_at = datetime.datetime.fromisoformat(made._headers["sent-at"])

    assert made._headers == {
        "fedora_messaging_schema": "base.message",
        "fedora_messaging_schema_package": "fedora_messaging",
        "fedora_messaging_severity": 40,
        "priority": 0,
        "sent-at": made._headers["sent-at"],
        "x": 1,
    }
    assert made._headers["sent-at"].endswith("+00:00")
    assert before <= sent_at
    assert sent_at.microsecond == 0


def test_properties() -> None:
    """The AMQP properties are pika's, made of what the message has."""
    made = Message(body={"a": 1}, topic="t")
    made.priority = 5
    properties = made._properties

    assert isinstance(properties, pika.BasicProperties)
    assert (properties.content_type, properties.content_encoding) == ("application/json", "utf-8")
    assert (properties.delivery_mode, properties.message_id, properties.priority) == (2, made.id, 5)
    assert properties.headers is made._headers


@pytest.mark.parametrize("look_first", [True, False])
def test_id_and_priority_can_be_set(look_first: bool) -> None:
    """Id and priority are settable, before and after somebody has looked at the properties."""
    made = Message()
    if look_first:
        assert made._properties.priority is None
    made.id = "mine"
    made.priority = 3

    assert (made.id, made.priority) == ("mine", 3)
    assert (made._properties.message_id, made._properties.priority) == ("mine", 3)
    assert made._headers["priority"] == 3


def test_headers_are_copied_and_body_is_not() -> None:
    """The caller's headers are not changed; the body is the caller's own."""
    own_headers: dict[str, Any] = {}
    body: dict[str, Any] = {}
    made = Message(body=body, headers=own_headers)

    assert own_headers == {}
    assert made.body is body
    assert made._body is body


def test_given_properties() -> None:
    """Properties are used as they are, and headers beside them are ignored."""
    properties = pika.BasicProperties(message_id=None, headers={"a": 1})
    made = Message(properties=properties, headers={"b": 1})

    assert made._properties is properties
    assert made._headers == {"a": 1}
    assert made.id is None


def test_filter_headers(registered: Callable[[type[Message]], str]) -> None:
    """Each value of an accessor becomes a header; an accessor that raises is skipped."""

    class Filtered(Message):
        usernames = ["alice", "bob"]  # noqa: RUF012
        packages = None  # type: ignore[assignment]
        groups = ["g" * 300, 5, None]  # type: ignore[list-item]  # noqa: RUF012

        @property
        def containers(self) -> list[str]:
            return [self.body["missing"]]

        @property
        def flatpaks(self) -> list[str]:
            return [self.body["flatpak"]]

    registered(Filtered)
    added = {
        key: value
        for key, value in Filtered(body={"flatpak": "org.x"})._headers.items()
        if key.startswith(
            ("fedora_messaging_user", "fedora_messaging_flat", "fedora_messaging_g", "fedora_messaging_c")
        )
    }

    assert added == {
        "fedora_messaging_user_alice": True,
        "fedora_messaging_user_bob": True,
        "fedora_messaging_flatpak_org.x": True,
        "fedora_messaging_group_5": True,
        "fedora_messaging_group_None": True,
    }


def test_accessors() -> None:
    """The accessors of the base class say nothing, but for the summary."""
    made = Message(topic="a.b")

    assert made.summary == "a.b"
    assert [made.url, made.app_name, made.app_icon, made.agent_name, made.agent_avatar] == [None] * 5
    assert made.usernames == made.groups == made.packages == made.containers == []
    assert made.modules == made.flatpaks == []


def test_agent_avatar(registered: Callable[[type[Message]], str]) -> None:
    """The avatar of an agent comes from Libravatar."""

    class Agent(Message):
        agent_name = "dude"

    registered(Agent)

    assert "libravatar" in str(Agent().agent_avatar)


def test_unregistered() -> None:
    """A class that is not registered cannot be made, and the error says what to add."""
    with pytest.raises(TypeError, match=r"fedora\.messages.*pyproject") as caught:
        Unregistered()
    with pytest.raises(TypeError):
        get_name(Unregistered)

    assert "Unregistered" in str(caught.value)


def test_names() -> None:
    """The base class is base.message, by name and by path; unknown names are the base class."""
    assert get_name(Message) == "base.message"
    assert get_class("base.message") is Message
    assert get_class("fedora_messaging.message:Message") is Message
    assert get_class("os:system") is Message


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({"id": "other"}, True),
        ({"topic": "other"}, False),
        ({"body": {"b": 2}}, False),
        ({"_headers": {"sent-at": "x", "x-death": [], "x-first-death-queue": "q", "traceparent": "t"}}, None),
    ],
)
def test_equality(change: dict[str, Any], equal: bool | None) -> None:
    """Class, topic, body and headers count; the id, the time and what brokers and tracers add do not."""
    one = Message(body={"a": 1}, topic="t")
    two = copy.deepcopy(one)
    for name, value in change.items():
        if name == "_headers":
            two._headers.update(value)
        else:
            setattr(two, name, value)

    assert (one == two) is (equal is not False)
    assert one != "something else"


def test_own_headers_do_not_replace_the_message_s() -> None:
    """Headers that the message has of itself are not the caller's to give."""
    made = Message(headers={"sent-at": "x", "fedora_messaging_severity": 5, "priority": 7})

    assert made._headers["sent-at"] != "x"
    assert made._headers["fedora_messaging_severity"] == INFO
    assert made._headers["priority"] == 0


def test_other_headers_count() -> None:
    """A header of one's own makes a difference."""
    assert Message(headers={"mine": 1}) != Message(headers={"mine": 2})


def test_unhashable() -> None:
    """Messages cannot be hashed."""
    with pytest.raises(TypeError):
        hash(Message())


def test_text() -> None:
    """Both texts have a fixed form."""
    made = Message(body={"b": 1, "a": "é"}, topic="t")
    made.id = "1"
    made._headers["sent-at"] = "now"

    assert repr(made) == "Message(id='1', topic='t', body={'b': 1, 'a': 'é'})"
    assert str(made).split("\n") == [
        "Id: 1",
        "Topic: t",
        "Headers: {",
        '    "fedora_messaging_schema": "base.message",',
        '    "fedora_messaging_schema_package": "fedora_messaging",',
        '    "fedora_messaging_severity": 20,',
        '    "priority": 0,',
        '    "sent-at": "now"',
        "}",
        "Body: {",
        '    "a": "\\u00e9",',
        '    "b": 1',
        "}",
    ]


def test_validate_raises_jsonschemas_errors(registered: Callable[[type[Message]], str]) -> None:
    """validate() checks the class's schema and the base schema, and changes nothing."""

    class Strict(Message):
        body_schema = {"type": "object", "required": ["a"]}  # noqa: RUF012
        headers_schema = {"type": "object", "required": ["mine"]}  # noqa: RUF012

    registered(Strict)
    Strict({"a": 1}, {"mine": 1}).validate()
    for body, own in [({}, {"mine": 1}), ({"a": 1}, {}), (["a"], {"mine": 1}), (0, {"mine": 1})]:
        made = Strict(body, own)  # type: ignore[arg-type]
        before = copy.deepcopy((made.body, made._headers))
        with pytest.raises(jsonschema.ValidationError):
            made.validate()

        assert (made.body, made._headers) == before


@pytest.mark.parametrize("body", [[], 0, "", False, "text", 1.5, (), object()])
def test_body_that_is_no_object(body: Any) -> None:
    """A body that is not an object is not valid, however false it is."""
    with pytest.raises(jsonschema.ValidationError):
        Message(body).validate()


def test_broken_schema(registered: Callable[[type[Message]], str]) -> None:
    """A broken schema is a SchemaError of validate(), and a ValidationError when publishing."""

    class Broken(Message):
        body_schema = {"type": "objekt"}  # noqa: RUF012

    registered(Broken)
    with pytest.raises(jsonschema.SchemaError):
        Broken().validate()
    with pytest.raises(ValidationError):
        check_outgoing(Broken())


# What may be sent


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("text", "Not a message but str"),
        (None, "Not a message"),
        (Message, "Not a message"),
        (Message(topic="é" * 128), "256 bytes"),
        (Message(topic=5), "must be a string"),  # type: ignore[arg-type]
        (Message(topic="\ud800"), "UTF-8"),
        (Message(severity=15), "15 is not one of"),
        (Message(body=[]), "not of type 'object'"),  # type: ignore[arg-type]
        (Message(properties=pika.BasicProperties(headers={"sent-at": 5})), "5 is not of type"),
    ],
)
def test_cannot_be_sent(bad: Any, words: str) -> None:
    """What cannot be sent is a ValidationError that says why."""
    with pytest.raises(ValidationError, match=words):
        check_outgoing(bad)


def test_can_be_sent() -> None:
    """A valid message passes, with a topic of 255 bytes too."""
    check_outgoing(Message(topic="a" * 255, body={"a": [1, None, {"b": "é"}]}))


def test_schema_that_raises(registered: Callable[[type[Message]], str]) -> None:
    """A schema property that raises is a ValidationError, outgoing and incoming."""

    class Raises(Message):
        @property
        def body_schema(self) -> Any:  # type: ignore[override]
            raise RuntimeError("no schema today")

    name = registered(Raises)
    with pytest.raises(ValidationError, match="no schema today"):
        check_outgoing(Raises())
    with pytest.raises(ValidationError, match="no schema today"):
        received(headers=headers(fedora_messaging_schema=name))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"update": {"date": datetime.datetime(2026, 1, 1)}}, r"\$\.update\.date is a datetime"),  # noqa: DTZ001
        ({"a": float("nan")}, r"\$\.a is nan"),
        ({"a": {1, 2}}, r"\$\.a is a set"),
    ],
)
def test_not_serialisable(body: Any, words: str) -> None:
    """A body that JSON cannot hold is a ValidationError that names the path."""
    with pytest.raises(ValidationError, match=words):
        _ = Message(body)._encoded_body


def test_encoded() -> None:
    """The wire's form of body and topic."""
    made = Message({"é": 1}, topic="é")

    assert made._encoded_body == b'{"\xc3\xa9":1}'
    assert made._encoded_routing_key == "é"


def test_outgoing_headers() -> None:
    """What brokers added to a received message is left out when it is published again."""
    own = headers(mine=1)
    again = received(
        headers={**own, "x-death": [{"count": 1}], "x-first-death-queue": "q", "x-delivery-count": 2}
    )

    assert outgoing_headers(again) == own
    assert outgoing_headers(received(headers=own)) is own


# What is received


def test_received() -> None:
    """A message is received as it was sent."""
    sent = Message({"a": [1, 2.5, None]}, topic="t", severity=WARNING)
    sent.priority = 4
    got = get_message("t", copy.deepcopy(sent._properties), sent._encoded_body)

    assert got == sent
    assert (type(got), got.id, got.severity, got.priority) == (Message, sent.id, WARNING, 4)
    assert got.queue is None


def test_class_with_an_init_of_its_own(registered: Callable[[type[Message]], str]) -> None:
    """Subclasses may override __init__, and may make properties of topic and severity."""

    class Own(Message):
        severity = property(lambda self: ERROR)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.extra = self.body["a"]

    name = registered(Own)
    got = received(b'{"a": 5}', headers=headers(fedora_messaging_schema=name))

    assert isinstance(got, Own)
    assert (got.extra, got.severity) == (5, ERROR)


def test_nothing_but_a_body(caplog: pytest.LogCaptureFixture) -> None:
    """No header is required: the defaults are taken, each with a warning."""
    got = get_message("t", pika.BasicProperties(), b'{"a": 1}')

    assert (type(got), got.severity, got.id, got.topic, got.body) == (Message, INFO, None, "t", {"a": 1})
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 4


@pytest.mark.parametrize(
    ("encoding", "body"), [("latin-1", b'{"a": "\xe9"}'), ("UTF-16", '{"a": "é"}'.encode("utf-16"))]
)
def test_other_encodings(encoding: str, body: bytes) -> None:
    """Bodies in the encodings that are known are read."""
    assert received(body, content_encoding=encoding).body == {"a": "é"}


@pytest.mark.parametrize(
    "encoding", ["gzip", "hex", "rot13", "unknown", "idna", "os.path", "\x00", 5, b"utf-8", []]
)
def test_unknown_encodings(encoding: Any) -> None:
    """Every other encoding is refused, and not even looked up."""
    with pytest.raises(ValidationError, match="encoding"):
        received(content_encoding=encoding)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"no json",
        b'{"a": NaN}',
        b"null",
        b"0",
        b"[]",
        b"false",
        b'""',
        b'"text"',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 201 + b"1" + b"}" * 201,
        b'{"a": 1e999}',
    ],
)
def test_bad_bodies(body: bytes) -> None:
    """Whatever is not a JSON object is refused."""
    with pytest.raises(ValidationError):
        received(body)


@pytest.mark.parametrize(
    "bad",
    [
        {"fedora_messaging_schema": {"a": 1}},
        {"fedora_messaging_schema": ["a"]},
        {"fedora_messaging_schema": 5},
        {"fedora_messaging_severity": 15},
        {"fedora_messaging_severity": "INFO"},
        {"fedora_messaging_severity": [20]},
        {"fedora_messaging_severity": True},
        {"fedora_messaging_schema_package": 5},
        {"sent-at": datetime.datetime(2026, 1, 1)},  # noqa: DTZ001
    ],
)
def test_bad_headers(bad: dict[str, Any]) -> None:
    """Headers of wrong types are refused."""
    with pytest.raises(ValidationError):
        received(headers=headers(**bad))


def test_class_that_raises(registered: Callable[[type[Message]], str]) -> None:
    """A class that cannot be made is a ValidationError with the cause."""

    class Raises(Message):
        def __init__(self, **kwargs: Any) -> None:
            raise RecursionError

    name = registered(Raises)
    with pytest.raises(ValidationError) as caught:
        received(headers=headers(fedora_messaging_schema=name))

    assert isinstance(caught.value.__cause__, RecursionError)


def test_cause_and_summary(registered: Callable[[type[Message]], str]) -> None:
    """jsonschema's error is the cause, and its first line the summary."""

    class Strict(Message):
        body_schema = {"type": "object", "required": ["a"]}  # noqa: RUF012

    name = registered(Strict)
    with pytest.raises(ValidationError) as caught:
        received(headers=headers(fedora_messaging_schema=name))

    assert isinstance(caught.value.__cause__, jsonschema.ValidationError)
    assert caught.value.summary == "'a' is a required property"


def test_huge_bad_body_in_a_log(registered: Callable[[type[Message]], str]) -> None:
    """What a log says about a huge bad body is 1 kB at most, with its control characters escaped."""

    class Strict(Message):
        body_schema = {"type": "object", "properties": {"a": {"type": "integer"}}}  # noqa: RUF012

    name = registered(Strict)
    body = json.dumps({"a": "x\r\nCRITICAL forged" + "y" * 16_000_000}).encode()
    with pytest.raises(ValidationError) as caught:
        received(body, headers=headers(fedora_messaging_schema=name))
    line = excerpt(caught.value)

    assert len(line) < 1000
    assert line.isprintable()


amqp_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64),
        st.floats(),
        st.text(max_size=10),
        st.binary(max_size=10),
        st.datetimes(),
        st.decimals(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
known_headers = [
    "fedora_messaging_schema",
    "fedora_messaging_schema_package",
    "fedora_messaging_severity",
    "sent-at",
]
hostile_headers = st.one_of(
    amqp_values,
    st.dictionaries(st.one_of(st.sampled_from(known_headers), st.text(max_size=5)), amqp_values, max_size=5),
)
hostile_bodies = st.one_of(
    st.binary(max_size=50),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=5),
    st.builds(
        pika.BasicProperties,
        headers=hostile_headers,
        content_encoding=st.one_of(st.just("utf-8"), amqp_values),
        content_type=amqp_values,
        message_id=amqp_values,
        priority=amqp_values,
        timestamp=amqp_values,
    ),
    hostile_bodies,
)
@example("", pika.BasicProperties(headers={b"\xff": 1}, message_id=b"\xff"), b"{}")
@example("", pika.BasicProperties(headers=None), b"{}")
@example("\ud800", pika.BasicProperties(headers={"x": decimal.Decimal("NaN")}), b'{"\\ud800": 1}')
def test_hostile(topic: str, properties: Any, body: bytes) -> None:
    """Whatever comes in is a message or a ValidationError; a message can be printed, dumped and compared."""
    try:
        got = get_message(topic, properties, body)
    except ValidationError:
        return
    again = loads(dumps(got))[0]

    assert str(got)
    assert repr(got)
    assert got == got
    assert (again.topic, again.body) == (got.topic, got.body)


# The serialised form


def test_dumps() -> None:
    """One JSON object a line, keys sorted."""
    one = Message({"b": 1, "a": "\u2028"}, topic="t")
    one._headers["sent-at"] = "now"
    one.id = "1"
    one.queue = "q"

    line = (
        '{"body": {"a": "\\u2028", "b": 1}, "headers": {"fedora_messaging_schema": "base.message", '
        '"fedora_messaging_schema_package": "fedora_messaging", "fedora_messaging_severity": 20, '
        '"priority": 0, "sent-at": "now"}, "id": "1", "priority": 0, "queue": "q", "topic": "t"}'
    )

    assert dumps(one) == f"{line}\n"
    assert dumps([one, one]) == f"{line}\n{line}\n"
    assert dumps([]) == ""


@pytest.mark.parametrize(
    ("value", "written"),
    [("ż🎉", "ż🎉"), ("ż\u2028", "\\u017c\\u2028"), ("ż\ud83c", "\\u017c\\ud83c")],
    ids=["text", "end of line", "half a pair"],
)
def test_dumps_of_other_scripts(value: str, written: str) -> None:
    """Text of any script is written as it is, unless lines or files could not hold it."""
    text = dumps(Message({"a": value}))

    assert f'{{"a": "{written}"}}' in text
    assert [f"{line}\n" for line in text.splitlines()] == [text]
    assert text.encode("utf-8")
    assert loads(text)[0].body == {"a": value}


def test_dumps_of_dead_letters() -> None:
    """Times become ISO 8601 strings and bytes their decoding, in text and serialised form."""
    time = datetime.datetime(2026, 1, 1, 1, 2, 3, tzinfo=datetime.timezone.utc)
    dead = received(headers=headers(**{"x-death": [{"time": time, "reason": b"re\xffjected"}]}))
    shown = json.loads(dumps(dead))["headers"]["x-death"]

    assert shown == [{"time": "2026-01-01T01:02:03+00:00", "reason": "re\ufffdjected"}]
    assert "2026-01-01T01:02:03+00:00" in str(dead)


@pytest.mark.parametrize("bad", ["text", [5], [Message(), None]])
def test_dumps_of_no_message(bad: Any) -> None:
    """Only messages can be dumped."""
    with pytest.raises(ValidationError, match="Not a message"):
        dumps(bad)


def test_dumps_of_bad_body() -> None:
    """A body that JSON cannot hold is a ValidationError."""
    with pytest.raises(ValidationError, match=r"\$\.a is a set"):
        dumps(Message({"a": {1}}))


@given(
    st.lists(
        st.builds(
            lambda body, topic, severity, queue, priority: (body, topic, severity, queue, priority),
            st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none()), max_size=3),
            st.text(),
            st.sampled_from(SEVERITIES),
            st.one_of(st.none(), st.text()),
            st.integers(0, 255),
        ),
        max_size=3,
    )
)
def test_round_trip(parts: list[Any]) -> None:
    """Everything of a message survives dumping and loading."""
    messages = []
    for body, topic, severity, queue, priority in parts:
        made = Message(body, topic=topic, severity=severity)
        made.queue, made.priority = queue, priority
        messages.append(made)
    loaded = loads(dumps(messages))

    assert loaded == messages
    for one, two in zip(messages, loaded, strict=True):
        assert one._headers == two._headers
        assert (one.id, one.severity, one.queue, one.priority) == (
            two.id,
            two.severity,
            two.queue,
            two.priority,
        )


def test_load_message_with_little() -> None:
    """Topic and body are enough."""
    loaded = load_message({"topic": "t", "body": {"a": 1}})

    assert (type(loaded), loaded.topic, loaded.body, loaded.severity) == (Message, "t", {"a": 1}, INFO)
    assert uuid.UUID(loaded.id).version == 4
    loaded.validate()


def test_load_message_of_unknown_schema() -> None:
    """The name of a schema that is not known here is kept, for those who know it."""
    given = {"fedora_messaging_schema": "elsewhere.v1", "fedora_messaging_severity": 30, "mine": 1}
    loaded = load_message({"topic": "t", "body": {}, "headers": given})

    assert (type(loaded), loaded.severity) == (Message, WARNING)
    assert given.items() <= loaded._headers.items()


def test_dumps_of_what_is_not_valid() -> None:
    """Only valid messages can be dumped."""
    with pytest.raises(ValidationError, match="not of type 'object'"):
        dumps(Message([]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Line 2 is not valid JSON"),
        ("[]", "Line 2: .* is not of type 'object'"),
        ('{"topic": "t"}', "Line 2: 'body' is a required property"),
        ('{"body": {}}', "Line 2: 'topic' is a required property"),
        ('{"topic": 5, "body": {}}', "Line 2: 5 is not of type 'string'"),
        ('{"topic": "t", "body": []}', "Line 2: .* is not of type 'object'"),
        ('{"topic": "t", "body": {}, "headers": []}', "Line 2"),
        ('{"topic": "t", "body": {}, "id": 5}', "Line 2"),
        ('{"topic": "t", "body": {}, "headers": {"fedora_messaging_severity": 7}}', "Line 2: 7 is not"),
        ('{"topic": "t", "body": {}, "priority": "high"}', "Line 2"),
        ('{"topic": "t", "body": {}, "headers": {"fedora_messaging_schema": 5}}', "Line 2"),
        ('{"topic": "t", "body": {"a": NaN}}', "Line 2"),
    ],
)
def test_bad_lines(line: str, words: str) -> None:
    """A bad line is a ValidationError that names its number."""
    with pytest.raises(ValidationError, match=words):
        loads('{"topic": "t", "body": {}}\n' + line + "\n")


def test_serialised_schema() -> None:
    """The published schema accepts what dumps() writes."""
    jsonschema.validate(json.loads(dumps(Message())), SERIALIZED_MESSAGE_SCHEMA)


# Cheap imports


def test_imports_are_cheap() -> None:
    """Importing messages imports neither Twisted nor crochet, and no validator."""
    code = (
        "import sys, fedora_messaging.message, fedora_messaging.config;"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'twisted', 'crochet', 'jsonschema', 'toml', 'click'}))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert shown == "[]\n"
