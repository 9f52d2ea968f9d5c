# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the public interface does where no broker is needed: each function is run on both implementations.

Run as a program it prints a JSON object: what each function gives, or what it raises.
"""

import contextlib
import inspect
import io
import json
import logging
import os
import pickle
import re
import tempfile
import unittest.mock
import warnings
from collections.abc import Callable
from typing import Any

import pika

from fedora_messaging import api, config, example, exceptions, message, schema_utils

SNIPPETS: dict[str, Callable[[], Any]] = {}


def snippet(function: Callable[[], Any]) -> Callable[[], Any]:
    """Register a function."""
    SNIPPETS[function.__name__] = function
    return function


def each(function: Any, *values: Any) -> Any:
    """What a function gives for each value, or raises."""
    return {repr(value)[:60]: outcome(function, value) for value in values}


def outcome(function: Any, *arguments: Any) -> Any:
    """What a call gives, as text where JSON has no word for it, or the class of what it raises."""
    try:
        return plain(function(*arguments))
    except Exception as error:
        return {"raises": type(error).__name__}


def plain(value: Any) -> Any:
    """A value as JSON; messages and what JSON does not know as text."""
    return json.loads(json.dumps(value, default=repr))


def text(function: Any, *arguments: Any) -> Any:
    """The text of what a call raises."""
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


def received(body: Any = b"{}", topic: Any = "t", **properties: Any) -> Any:
    """A message as it would be received."""
    properties = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "message_id": "an-id",
        "headers": {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20},
        **properties,
    }
    return message.get_message(topic, pika.BasicProperties(**properties), body)


# Messages


@snippet
def message_attributes() -> Any:
    """All that can be seen of a new message."""
    made = message.Message(body={"b": 1, "a": "é"}, topic="a.b", headers={"h": 1}, severity=30)
    names = [name for name in dir(message.Message) if not name.startswith("_")]
    shown = {name: getattr(made, name) for name in names if not callable(getattr(made, name))}
    shown["queue"] = made.queue
    shown.pop("headers_schema")
    shown.pop("body_schema")
    return [shown, str(made), repr(made), made._headers, plain(vars(made._properties))]


@snippet
def message_defaults() -> Any:
    """A message of nothing."""
    made = message.Message()
    return [made.topic, made.body, made.severity, made.queue, made.priority, made._properties.priority]


@snippet
def message_schemas() -> Any:
    """The base schemas: what they ask for."""
    cls = message.Message
    headers, body = cls.headers_schema, cls.body_schema
    return [sorted(headers["properties"]), headers.get("required"), headers["type"], body["type"]]


@snippet
def message_headers_are_copied() -> Any:
    """Headers are copied, the body is not."""
    headers, body = {"a": 1}, {"a": 1}
    made = message.Message(headers=headers, body=body)
    return [headers, made.body is body, made._headers is headers]


@snippet
def message_given_headers() -> Any:
    """Headers that the message makes itself, given."""
    given = {
        "fedora_messaging_schema": "other",
        "fedora_messaging_severity": 40,
        "sent-at": "2020-02-02T02:02:02+00:00",
        "priority": 5,
    }
    made = message.Message(headers=given)
    return [made._headers, made.severity, made.priority, made._properties.priority]


@snippet
def message_given_properties() -> Any:
    """Properties given: what the arguments beside them do."""
    properties = pika.BasicProperties(message_id="x", headers={"a": 1}, priority=4)
    made = message.Message(headers={"b": 2}, properties=properties, severity=40, topic="t")
    return [made._headers, made.id, made.severity, made.priority, made._properties is properties]


@snippet
def message_given_properties_without_headers() -> Any:
    """Properties without headers."""
    made = message.Message(properties=pika.BasicProperties())
    return [made._headers, made.id]


@snippet
def message_bodies() -> Any:
    """Bodies that are no objects."""

    def validated(body: Any) -> Any:
        made = message.Message(body=body)
        made.validate()
        return made.body

    return each(validated, None, {}, [], 0, "", False, "text", 5, [1], {"a": None})


@snippet
def message_validation() -> Any:
    """What is valid and what is not."""

    def headers(given: Any) -> None:
        made = message.Message()
        made._headers = given
        made.validate()

    def severity(given: Any) -> None:
        message.Message(severity=given).validate()

    def topic(given: Any) -> None:
        message.Message(topic=given).validate()

    return [
        each(severity, 10, 20, 25, 0, "20", None, 20.0),
        each(topic, "", "a" * 256, 5, None),
        each(headers, {}, {"fedora_messaging_severity": 5}, {"sent-at": 5}, {"fedora_messaging_schema": 1}),
    ]


@snippet
def message_equality() -> Any:
    """What makes messages equal."""
    one = message.Message(topic="t", body={"a": 1})
    other = message.Message(topic="t", body={"a": 1})
    other._headers["sent-at"] = "2020-02-02T02:02:02+00:00"
    third = message.Message(topic="t", body={"a": 1}, severity=10)
    return [one == other, one != other, one == third, one == 5, one == message.Message(topic="u")]


@snippet
def message_is_hashable() -> Any:
    """hash() of a message."""
    return outcome(lambda: isinstance(hash(message.Message()), int))


@snippet
def message_pickles() -> Any:
    """Pickled and back."""
    made = message.Message(topic="t", body={"a": 1})
    again = pickle.loads(pickle.dumps(made))
    return [again == made, again.id == made.id]


@snippet
def message_is_settable() -> Any:
    """Attributes that can be set."""
    made = message.Message()
    made.id, made.topic, made.body, made.severity, made.priority, made.queue = "i", "t", {"x": 1}, 40, 3, "q"
    return [str(made), made._headers, plain(vars(made._properties)), json.loads(made._encoded_body)]


@snippet
def message_signature() -> Any:
    """The constructor's parameters."""
    return [str(name) for name in inspect.signature(message.Message.__init__).parameters]


@snippet
def message_encoded() -> Any:
    """What is sent as body and routing key."""
    made = message.Message(topic="ö", body={"a": [1, 2.5, None, "é"]})
    return [
        json.loads(made._encoded_body),
        repr(made._encoded_routing_key),
        type(made._encoded_body).__name__,
    ]


@snippet
def unregistered_class() -> Any:
    """A class that no entry point names."""

    class Unregistered(message.Message):
        pass

    error = text(Unregistered)
    return [outcome(Unregistered), outcome(message.get_name, Unregistered), "Unregistered" in error]


@snippet
def patched_class() -> Any:
    """A class patched into the registry, as tests do."""

    class Patched(message.Message):
        severity = message.ERROR
        topic = "patched.topic"

        @property
        def usernames(self) -> Any:
            return ["amy"]

    message.load_message_classes()
    with unittest.mock.patch.dict(message._class_to_schema_name, {Patched: "patched"}):
        made = Patched(body={"a": 1})
        return [repr(made), made._headers, message.get_name(Patched), made.severity, str(made)]


@snippet
def broken_accessors() -> Any:
    """Accessors that raise, or give odd things."""
    shown = {}
    for kind in ([5], None, "amy", [None], {"a": 1}, ("amy", "bob"), ["a" * 300]):

        class Odd(message.Message):
            answer = kind

            @property
            def usernames(self) -> Any:
                return self.answer

            @property
            def packages(self) -> Any:
                raise KeyError("p")

        with unittest.mock.patch.dict(message._class_to_schema_name, {Odd: "odd"}):
            shown[repr(kind)[:40]] = outcome(lambda cls=Odd: sorted(cls()._headers))
    return shown


@snippet
def agent_avatar() -> Any:
    """The avatar of a message's agent."""

    class Agent(message.Message):
        agent_name = "amy"

    with unittest.mock.patch.dict(message._class_to_schema_name, {Agent: "agent"}):
        return Agent().agent_avatar


@snippet
def classes_by_name() -> Any:
    """get_class and get_name."""
    return [
        message.get_class("base.message").__name__,
        message.get_class("interop.strict").__name__,
        message.get_class("nobody.knows").__name__,
        message.get_name(message.Message),
        message.get_name(message.get_class("interop.strict")),
        outcome(message.get_name, int),
    ]


@snippet
def constants() -> Any:
    """Severities and their like."""
    return [message.DEBUG, message.INFO, message.WARNING, message.ERROR, list(message.SEVERITIES)]


# Received


@snippet
def received_well() -> Any:
    """A message as it should be."""
    got = received(b'{"a": 1}', priority=4, message_id="id")
    return [repr(got), str(got), got.priority, got.severity, got.queue]


@snippet
def received_without() -> Any:
    """Messages that lack something."""
    return [
        outcome(lambda: str(received(headers={}))),
        outcome(lambda: received(headers={}).severity),
        outcome(lambda: received(content_encoding=None).body),
        outcome(lambda: received(content_type=None).body),
        outcome(lambda: type(received(headers={"fedora_messaging_schema": "unknown.one"})).__name__),
        outcome(lambda: received(message_id=None).id),
    ]


@snippet
def received_without_headers() -> Any:
    """No headers at all."""
    return outcome(lambda: received(headers=None)._headers)


@snippet
def received_encodings() -> Any:
    """Encodings of the body."""

    def decoded(encoding: str) -> Any:
        return received('{"a": "é"}'.encode("latin-1"), content_encoding=encoding).body

    return each(decoded, "utf-8", "latin-1", "iso-8859-1", "nothing-known")


@snippet
def received_bodies() -> Any:
    """Bodies that are no JSON objects."""
    return each(
        lambda body: received(body).body,
        b"",
        b"null",
        b"[]",
        b"0",
        b'"x"',
        b"{",
        b"\xff",
        b"NaN",
        b'{"a":NaN}',
    )


@snippet
def received_headers() -> Any:
    """Headers of odd kinds."""

    def with_header(value: Any) -> Any:
        headers = {"fedora_messaging_schema": "base.message", **value}
        return received(headers=headers).severity

    return each(
        with_header,
        {"fedora_messaging_severity": 25},
        {"fedora_messaging_severity": "20"},
        {"sent-at": 5},
        {"fedora_messaging_schema": "odd"},
    )


@snippet
def received_with_a_schema() -> Any:
    """A message that its class does not accept."""
    headers = {"fedora_messaging_schema": "interop.strict", "fedora_messaging_severity": 20}
    return [
        outcome(lambda: received(b'{"number": 1}', headers=headers)),
        outcome(lambda: received(b'{"number": -1}', headers=headers)),
        outcome(lambda: received(b"{}", headers=headers)),
    ]


# Serialised


@snippet
def dumped() -> Any:
    """The serialised form."""
    made = message.Message(topic="t.ö", body={"b": 1, "a": ["é", None]}, headers={"h": True}, severity=40)
    made.priority = 3
    made.queue = "q"
    return [api.dumps(made), api.dumps([made]) == api.dumps(made), api.dumps([made, made]).count("\n")]


@snippet
def dumped_nothing() -> Any:
    """No messages."""
    return api.dumps([])


@snippet
def dumped_oddly() -> Any:
    """What is no message."""
    return each(api.dumps, 5, [5], None, "text", message.Message(body=[1]))  # type: ignore[arg-type]


@snippet
def loaded() -> Any:
    """Lines that are read."""
    base = {"topic": "t", "body": {}}

    def read(more: Any) -> Any:
        (one,) = api.loads(json.dumps({**base, **more}))
        return [
            one.topic,
            one.body,
            one.severity,
            one.priority,
            one.queue,
            one.id and len(one.id),
            one._headers,
        ]

    return each(
        read,
        {},
        {"id": "mine"},
        {"id": None},
        {"queue": "q"},
        {"priority": 7},
        {"headers": {}},
        {"headers": {"fedora_messaging_severity": 40}},
        {"headers": {"sent-at": "2020-02-02T02:02:02+00:00", "x": 1}},
        {"headers": {"fedora_messaging_schema": "nobody.knows"}},
        {"headers": {"fedora_messaging_schema": "interop.strict"}},
        {"more": 1},
    )


@snippet
def loaded_broken() -> Any:
    """Lines that cannot be read."""
    return each(
        api.loads,
        "",
        "\n\n",
        "{",
        "[]",
        "null",
        '{"topic": "t"}',
        '{"body": {}}',
        '{"topic": 5, "body": {}}',
        '{"topic": "t", "body": []}',
        '{"topic": "t", "body": {}, "id": 5}',
        '{"topic": "t", "body": {}, "headers": {"fedora_messaging_severity": 99}}',
        '{"topic": "t", "body": {}, "priority": "high"}',
    )


@snippet
def loaded_message() -> Any:
    """load_message of a dictionary."""
    return each(
        message.load_message,
        {"topic": "t", "body": {"a": 1}, "id": "i"},
        {"topic": "t", "body": None},
        {},
        {"topic": "t", "body": {}, "headers": None},
    )


@snippet
def serialised_schema() -> Any:
    """The schema of the serialised form."""
    schema = message.SERIALIZED_MESSAGE_SCHEMA
    return [sorted(schema["properties"]), sorted(schema["required"]), schema["type"]]


# Exceptions


@snippet
def exception_families() -> Any:
    """Which exception is a kind of which."""
    found = {}
    for name in dir(exceptions):
        cls = getattr(exceptions, name)
        if isinstance(cls, type) and issubclass(cls, exceptions.BaseException):
            found[name] = [each.__name__ for each in cls.__mro__[1:] if each.__name__[0] != "_"]
    return {name: parents for name, parents in found.items() if not name.startswith("_")}


@snippet
def exception_attributes() -> Any:
    """What exceptions carry."""
    halt = exceptions.HaltConsumer(exit_code=3, reason="why", requeue=True)
    other = exceptions.HaltConsumer()
    returned = exceptions.PublishReturned(reason="no route")
    declaration = exceptions.BadDeclaration("queue", {"queue": "q"}, "bad")
    configuration = exceptions.ConfigurationException("wrong")
    return [
        [halt.exit_code, halt.reason, halt.requeue],
        [other.exit_code, other.reason, other.requeue],
        [returned.reason],
        [declaration.obj_type, declaration.description, declaration.reason],
        [configuration.message, str(configuration)],
    ]


@snippet
def exception_texts() -> Any:
    """What exceptions say."""
    return [
        str(exceptions.PublishReturned(reason="no route")),
        str(exceptions.PublishException("no route")),
        str(exceptions.ConfigurationException("wrong")),
        str(exceptions.ConnectionException("gone")),
        str(exceptions.HaltConsumer(reason="why")),
        str(exceptions.ValidationError("wrong")),
        str(exceptions.Nack("why")),
    ]


@snippet
def exception_texts_of_nothing() -> Any:
    """What exceptions say that were given no reason."""
    names = ["Nack", "Drop", "HaltConsumer", "ConsumerCanceled", "NoFreeChannels", "ConnectionException"]
    names += ["PublishException", "PublishReturned", "PublishTimeout", "PublishForbidden", "ValidationError"]
    names += ["PermissionException", "BadDeclaration"]
    return {name: bool(str(getattr(exceptions, name)())) for name in names}


@snippet
def validation_summary() -> Any:
    """The summary of a validation error."""
    try:
        received(b'{"number": -1}', headers={"fedora_messaging_schema": "interop.strict"})
    except exceptions.ValidationError as error:
        return error.summary
    return None


# Avatars


@snippet
def avatars() -> Any:
    """Avatars of users, addresses and OpenIDs."""
    return [
        schema_utils.user_avatar_url("amy"),
        schema_utils.user_avatar_url("zoë", size=10, default="identicon"),
        schema_utils.libravatar_url(email="Amy@Example.ORG"),
        schema_utils.libravatar_url(openid="http://amy.id.fedoraproject.org/", size=3),
        schema_utils.libravatar_url(email="a@b", openid="http://c/"),
        outcome(schema_utils.libravatar_url),
        schema_utils.user_avatar_url("a b&c", default="https://example.org/?a=b&c"),
    ]


# Configuration


def configured(content: str, function: Any = lambda conf: dict(conf)) -> Any:
    """What a configuration file's text makes of the configuration."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.toml")
        with open(path, "w") as file:
            file.write(content)
        return function(config.LazyConfig().load_config(path))


def differences(content: str) -> Any:
    """What a configuration file's text changes."""
    return {key: value for key, value in configured(content).items() if value != config.DEFAULTS.get(key)}


@snippet
def config_defaults() -> Any:
    """The defaults, but for those that only we have."""
    shown = {key: config.DEFAULTS[key] for key in ("amqp_url", "bindings", "callback", "consumer_config")}
    more = ("exchanges", "passive_declares", "publish_exchange", "publish_priority", "qos", "queues", "tls")
    shown.update({key: config.DEFAULTS[key] for key in (*more, "topic_prefix", "log_config")})
    shown["client_properties"] = sorted(config.DEFAULTS["client_properties"])
    shown["app"] = config.DEFAULTS["client_properties"]["app"]
    shown["queues"] = list(shown["queues"].values())
    for binding in shown["bindings"] if isinstance(shown["bindings"], (list, tuple)) else [shown["bindings"]]:
        binding = dict(binding)
    shown["bindings"] = [{k: v for k, v in b.items() if k != "queue"} for b in shown["bindings"]]
    return shown


@snippet
def config_log_config() -> Any:
    """The default logging."""
    return config.DEFAULTS["log_config"]


@snippet
def config_files() -> Any:
    """What files change."""
    return each(
        differences,
        "",
        'amqp_url = "amqp://there"',
        'topic_prefix = "org"',
        'AMQP_URL = "amqp://upper"',
        'publish_exchange = "amq.fanout"\npublish_priority = 3\npassive_declares = true',
        '[consumer_config]\nany = "thing"',
        '[exchanges."mine"]\ntype = "fanout"\ndurable = true\nauto_delete = false\narguments = {}',
        "[queues.mine]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {}",
        '[[bindings]]\nqueue = "q"\nexchange = "amq.topic"\nrouting_keys = ["a", "b"]',
        "[qos]\nprefetch_size = 0\nprefetch_count = 25",
        '[tls]\nca_cert = "/ca"\nkeyfile = "/key"\ncertfile = "/cert"',
        'callback = "fedora_messaging.example:printer"',
        "[monitoring]\nport = 1234",
        '[monitoring]\nport = 1234\naddress = "::1"',
        "[log_config]\nversion = 1\ndisable_existing_loggers = true",
    )


@snippet
def config_client_properties() -> Any:
    """Client properties: one's own beside those that are always there."""

    def app(conf: Any) -> Any:
        return [conf["client_properties"].get(key) for key in ("app", "mine")]

    return [configured('[client_properties]\napp = "me"\nmine = "yes"', app)]


@snippet
def config_partial_sections() -> Any:
    """Sections given in part."""
    return each(differences, "[tls]\nca_cert = '/ca'", "[qos]\nprefetch_count = 5")


@snippet
def config_refused() -> Any:
    """What is refused."""
    return each(
        differences,
        "unknown = 1",
        "not toml",
        '[client_properties]\nproduct = "x"',
        '[client_properties]\nversion = "x"',
        '[client_properties]\ninformation = "x"',
        '[[bindings]]\nqueue = "q"\nexchange = "e"\nrouting_keys = "a"\nmore = 1',
        '[[bindings]]\nqueue = "q"\nrouting_keys = ["a"]',
        "[queues.q]\nodd = 1",
        '[monitoring]\naddress = "x"',
        "[monitoring]\nport = 'x'",
    )


@snippet
def config_is_a_dictionary() -> Any:
    """What can be done to the configuration."""
    conf = config.LazyConfig()
    conf.load_config()
    conf.update({"topic_prefix": "a"})
    copied = conf.copy()
    copied["topic_prefix"] = "b"
    kept = [conf["topic_prefix"], conf.get("topic_prefix"), conf.get("nothing"), "qos" in conf, conf.loaded]
    with unittest.mock.patch.dict(conf, {"topic_prefix": "patched"}):
        kept.append(conf["topic_prefix"])
    kept.append(conf["topic_prefix"])
    return [
        *kept,
        isinstance(conf, dict),
        isinstance(json.dumps(conf), str),
        outcome(conf.pop, "topic_prefix"),
        outcome(lambda: conf["nothing"]),
        outcome(lambda: conf.setdefault("topic_prefix", "x")),
        len(list(conf)) == len(conf) == len(list(conf.items())) == len(list(conf.keys())),
    ]


@snippet
def config_lazy() -> Any:
    """When it is loaded."""
    shown = []
    for read in (
        lambda conf: conf["amqp_url"],
        lambda conf: conf.get("amqp_url"),
        lambda conf: "amqp_url" in conf,
        lambda conf: list(conf.keys()),
        lambda conf: list(conf),
        lambda conf: len(conf),
        lambda conf: conf.update({"topic_prefix": "x"}),
        lambda conf: conf.copy(),
        lambda conf: conf.setup_logging,
        lambda conf: bool(conf),
        lambda conf: repr(conf),
        lambda conf: conf.setdefault("amqp_url", "x"),
    ):
        conf = config.LazyConfig()
        read(conf)
        shown.append(conf.loaded)
    return shown


@snippet
def config_of_the_environment() -> Any:
    """FEDORA_MESSAGING_CONF names the file."""
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write('topic_prefix = "from.the.file"')
        file.flush()
        with unittest.mock.patch.dict(os.environ, {"FEDORA_MESSAGING_CONF": file.name}):
            return config.LazyConfig()["topic_prefix"]


@snippet
def config_missing_file() -> Any:
    """A file that is named and not there."""
    with unittest.mock.patch.dict(os.environ, {"FEDORA_MESSAGING_CONF": "/nowhere/config.toml"}):
        return outcome(lambda: config.LazyConfig()["topic_prefix"])


@snippet
def config_load_config_returns() -> Any:
    """What load_config returns."""
    conf = config.LazyConfig()
    return conf.load_config() is conf


@snippet
def config_validators() -> Any:
    """The validators of parts."""
    queue = {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}
    binding = {"queue": "q", "exchange": "e", "routing_keys": ["a"]}
    return [
        each(
            config.validate_bindings, [binding], binding, [], [{}], {}, 5, [{**binding, "routing_keys": "a"}]
        ),
        each(config.validate_bindings, [{**binding, "more": 1}], [{**binding, "queue": ""}]),
        each(config.validate_bindings, [{"queue": "q", "exchange": "e", "routing_key": "a"}]),
        each(config.validate_bindings, [{"exchange": "e", "routing_keys": ["a"]}]),
        each(
            config.validate_queues, {"q": queue}, {}, {"q": {}}, {"q": {**queue, "odd": 1}}, {"q": 5}, [], 5
        ),
        each(config.validate_queues, {"q": {"durable": True}}, {"": queue}),
        each(config.validate_client_properties, {"app": "x"}, {"version": "x"}, {"any": 5}, {}),
        each(
            config.validate_monitoring,
            {"port": 1},
            {"port": "x"},
            {},
            {"address": "x"},
            {"port": 1, "odd": 1},
        ),
    ]


# The rest


@snippet
def printer() -> Any:
    """The example callback."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        example.printer(message.Message(topic="t", body={"a": 1}))
    return out.getvalue()


@snippet
def signals() -> Any:
    """The signals' names."""
    return [api.pre_publish_signal.name, api.publish_signal.name, api.publish_failed_signal.name]


@snippet
def callbacks_refused() -> Any:
    """What is no callback."""

    class NotCallable:
        pass

    return each(lambda callback: api.consume(callback), 5, None, "text", NotCallable)


@snippet
def consume_refused() -> Any:
    """Bindings and queues that are refused."""

    def binding(given: Any) -> None:
        api.consume(print, bindings=given)

    def queues(given: Any) -> None:
        api.consume(print, queues=given)

    return [
        each(binding, 5, [{}], [5], {"queue": "q"}, [{"queue": "q", "exchange": "e", "odd": 1}]),
        each(queues, 5, [], {"q": 5}, {"q": {"odd": 1}}),
    ]


@snippet
def signatures() -> Any:
    """The parameters of functions, by name and order."""
    functions: list[Any] = [
        api.publish,
        api.consume,
        message.get_message,
        message.get_name,
        message.load_message,
    ]
    functions += [message.loads, message.dumps, schema_utils.user_avatar_url, schema_utils.libravatar_url]
    return {function.__name__: list(inspect.signature(function).parameters) for function in functions}


@snippet
def mocked_sends() -> Any:
    """mock_sends: what it says and what it lets through."""
    from fedora_messaging import testing

    one, two = message.Message(topic="one"), message.Message(topic="two")

    def sends(expected: Any, sent: Any) -> Any:
        with testing.mock_sends(*expected) as seen:
            for each in sent:
                api.publish(each)
        return [str(each.topic) for each in seen]

    def counted(expected: Any, sent: Any) -> Any:
        return str(text(sends, expected, sent)).splitlines()[0]

    class Wrong(Exception):
        pass

    def raises() -> None:
        with testing.mock_sends(one):
            raise Wrong

    @testing.mock_sends(message.Message)
    def decorated() -> Any:
        api.publish(one)
        return 5

    invalid = message.Message(topic="t", body="text")  # type: ignore[arg-type]
    return [
        outcome(sends, [one], [message.Message(topic="one")]),
        outcome(sends, [message.Message], [one]),
        outcome(sends, [message.Message, one], [two, one]),
        outcome(sends, [], []),
        counted([], [one]),
        counted([one], []),
        counted([one, two], [one]),
        outcome(sends, [one], [two]),
        outcome(sends, [one, two], [two, one]),
        outcome(sends, [message.get_class("interop.strict")], [one]),
        outcome(sends, [message.Message], [invalid]),
        outcome(raises),
        outcome(decorated),
        outcome(decorated),
    ]


@snippet
def mocked_sends_and_signals() -> Any:
    """Signals while sends are mocked."""
    from fedora_messaging import testing

    fired = []

    def receiver(sender: Any, message: Any) -> None:
        fired.append(message.topic)

    api.pre_publish_signal.connect(receiver)
    api.publish_signal.connect(receiver)
    with testing.mock_sends(message.Message):
        api.publish(message.Message(topic="t"))
    return fired


@snippet
def statistics() -> Any:
    """The statistics' values."""
    from fedora_messaging.twisted.stats import ConsumerStatistics, FactoryStatistics

    one = ConsumerStatistics(received=3, processed=2)
    return [
        one.as_dict(),
        FactoryStatistics().as_dict(),
        FactoryStatistics(published=1, consumed=one).as_dict(),
    ]


@snippet
def statistics_are_settable() -> Any:
    """The statistics can be written to and added."""
    from fedora_messaging.twisted.stats import ConsumerStatistics

    one = ConsumerStatistics()
    return [
        outcome(lambda: setattr(one, "received", 5)),
        outcome(lambda: (one + ConsumerStatistics(received=1)).received),
    ]


def parameters(function: Any, *expected: Any) -> Any:
    """Whether a function takes these parameters, in this order, and asks for no more."""
    taken = list(inspect.signature(function).parameters.values())
    needed = [each.name for each in taken if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    names = [each.name for each in taken]
    return names[: len(expected)] == list(expected) and set(needed) <= set(expected)


@snippet
def v2_service() -> Any:
    """The service of 3.9.1's name: what it has."""
    from fedora_messaging.twisted.service import FedoraMessagingServiceV2 as Service

    service = Service("amqp://guest:guest@localhost:1/%2F")
    return [
        type(service.factory).__name__,
        service.stats.as_dict(),
        service.consuming,
        service.name,
        service.running,
        service.parent,
        service.factory.confirms,
        Service("amqp://", publish_confirms=False).factory.confirms,
        Service().consuming,
        parameters(Service, "amqp_url", "publish_confirms"),
    ]


@snippet
def v2_service_children() -> Any:
    """The services that it holds."""
    from fedora_messaging.twisted.service import FedoraMessagingServiceV2

    return len(FedoraMessagingServiceV2().services)


@snippet
def v2_factory() -> Any:
    """The factory of 3.9.1's name: what it has."""
    from fedora_messaging.twisted.factory import FedoraMessagingFactoryV2 as Factory

    factory = Factory(pika.URLParameters("amqp://"), confirms=False)
    return [
        factory.confirms,
        factory.consuming,
        factory.stats.as_dict(),
        factory.protocol.__name__,
        type(factory.when_connected()).__name__,
        parameters(Factory, "parameters", "confirms"),
        parameters(Factory.consume, "self", "callback", "bindings", "queues"),
        parameters(Factory.publish, "self", "message", "exchange"),
        parameters(Factory.cancel, "self", "consumers"),
    ]


@snippet
def v2_protocol() -> Any:
    """The protocol of 3.9.1's name: what it has."""
    from fedora_messaging.twisted.protocol import FedoraMessagingProtocolV2 as Protocol

    return [
        Protocol(pika.URLParameters("amqp://")).is_closed,
        parameters(Protocol, "parameters", "confirms"),
        parameters(Protocol.consume, "self", "callback", "queue", "previous_consumer"),
        parameters(Protocol.publish, "self", "message", "exchange"),
        parameters(Protocol.declare_exchanges, "self", "exchanges"),
        parameters(Protocol.declare_queue, "self", "queue"),
        parameters(Protocol.declare_queues, "self", "queues"),
        parameters(Protocol.bind_queues, "self", "bindings"),
        parameters(Protocol.halt, "self"),
    ]


@snippet
def tls_parameters() -> Any:
    """The configured certificates in pika's parameters."""
    from fedora_messaging.twisted import service

    config.conf.load_config()
    given = pika.URLParameters("amqps://host/")
    service._configure_tls_parameters(given)
    assert given.ssl_options is not None
    return [
        type(given.credentials).__name__,
        given.ssl_options.server_hostname,
        given.ssl_options.context.check_hostname,
        type(service._ssl_context_factory(given)).__name__,
    ]


@snippet
def pages() -> Any:
    """The monitor's parameters."""
    from fedora_messaging.twisted.monitor import monitor_service

    return list(inspect.signature(monitor_service).parameters)[:3]


def main() -> None:
    """Run them all."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    shown = {name: outcome(function) for name, function in SNIPPETS.items()}
    text = json.dumps(shown, sort_keys=True)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)
    text = re.sub(
        r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", lambda m: m[0] if m[0][:4] == "2020" else "TIME", text
    )
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    print(text)


if __name__ == "__main__":
    main()
