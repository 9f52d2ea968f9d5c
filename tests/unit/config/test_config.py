# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration: values, errors that name file and key, and the lazy dictionary."""

import copy
import json
import logging
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from fedora_messaging import config
from fedora_messaging._core.topology import Binding, Exchange, Queue
from fedora_messaging.config import (
    DEFAULTS,
    TLS,
    Config,
    LazyConfig,
    Monitoring,
    NackDelay,
    QoS,
    Reconnect,
    load,
    parse,
)
from fedora_messaging.exceptions import ConfigurationException


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests do not read the configuration of the machine."""
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", "/nowhere/config.toml")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A function that writes the configuration file that the environment names."""

    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text)
        monkeypatch.setenv("FEDORA_MESSAGING_CONF", str(file))
        return file

    return write


# Values


def test_defaults() -> None:
    """Without configuration the values are the documented ones."""
    values = parse({})

    assert values.amqp_url == "amqp://?connection_attempts=3&retry_delay=5"
    assert values.exchanges == (Exchange("amq.topic"),)
    assert values.queues == (Queue("", durable=False, auto_delete=True, exclusive=True),)
    assert values.bindings == (Binding("", "amq.topic", ("#",)),)
    assert (values.qos, values.tls, values.monitoring) == (QoS(0, 10), TLS(), None)
    assert (values.reconnect, values.nack_delay) == (Reconnect(0.5, 8, 5), NackDelay(1, 30))
    assert (values.handshake_timeout, values.shutdown_grace) == (10, 30)
    assert (values.declare_timeout, values.ack_timeout) == (90, 1800)
    assert (values.mandatory, values.max_message_size) == (False, 64 * 1024 * 1024)
    assert (values.topic_prefix, values.publish_exchange, values.publish_priority) == ("", "amq.topic", None)
    assert values.client_properties["app"] == "Unknown"
    assert set(values.client_properties) == {"app", "product", "information", "version"}


def test_defaults_are_a_configuration() -> None:
    """The defaults written out give the defaults."""
    assert parse(DEFAULTS) == parse({})


def test_frozen() -> None:
    """Values cannot be changed."""
    with pytest.raises(AttributeError):
        parse({}).amqp_url = "amqp://elsewhere"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "attribute", "value"),
    [
        ({"qos": {"prefetch_count": 3}}, "qos", QoS(0, 3)),
        ({"tls": {"ca_cert": "/ca"}}, "tls", TLS("/ca")),
        ({"tls": {"keyfile": "k", "certfile": "c", "ca_cert": ""}}, "tls", TLS(None, "k", "c")),
        ({"reconnect": {"cap": 60}}, "reconnect", Reconnect(0.5, 60.0, 5.0)),
        ({"nack_delay": {"first": 0}}, "nack_delay", NackDelay(0.0, 30.0)),
        ({"monitoring": {"port": 8080}}, "monitoring", Monitoring(8080, "")),
        ({"monitoring": {"port": 1, "address": "::1"}}, "monitoring", Monitoring(1, "::1")),
        ({"monitoring": {"metrics": True}}, "monitoring", Monitoring(None)),
        (
            {"monitoring": {"port": 1, "dashboard": True}},
            "monitoring",
            Monitoring(1, "127.0.0.1", dashboard=True),
        ),
        (
            {"monitoring": {"port": 1, "metrics": False, "labels": ["schema"]}},
            "monitoring",
            Monitoring(1, metrics=False, labels=("schema",)),
        ),
        ({"shutdown_grace": 0}, "shutdown_grace", 0.0),
        ({"amqp_url": ["amqp://a", "amqps://b"]}, "amqp_url", ("amqp://a", "amqps://b")),
        ({"failover": "in-order"}, "failover", "in-order"),
        ({"publish_priority": 9}, "publish_priority", 9),
        ({"callback": "a:b"}, "callback", "a:b"),
        ({"consumer_config": {"a": {"b": 1}}}, "consumer_config", {"a": {"b": 1}}),
        ({"exchanges": {"e": {"type": "fanout"}}}, "exchanges", (Exchange("e", "fanout"),)),
    ],
)
def test_values(given: dict[str, Any], attribute: str, value: Any) -> None:
    """A section given in part keeps the other defaults of that section."""
    assert getattr(parse(given), attribute) == value


def test_client_properties_in_part() -> None:
    """The package's own client properties stay beside one's own."""
    properties = parse({"client_properties": {"app": "Mine", "team": "infra"}}).client_properties

    assert (properties["app"], properties["team"]) == ("Mine", "infra")
    assert "pika" in properties["version"]


def test_own_queue_without_bindings() -> None:
    """Who names queues and no bindings gets no second queue beside them."""
    values = parse({"queues": {"mine": {}}})

    assert (values.queues, values.bindings) == ((Queue("mine"),), ())


def test_own_binding_without_queues() -> None:
    """Who binds queues by name gets no server-named queue beside them."""
    values = parse({"bindings": [{"queue": "mine", "exchange": "e", "routing_keys": ["#"]}]})

    assert (values.queues, values.bindings) == ((), (Binding("mine", "e", ("#",)),))


def test_own_binding_without_queue_name() -> None:
    """Who binds the server-named queue keeps it."""
    values = parse({"bindings": [{"exchange": "e", "routing_keys": ["#"]}]})

    assert [queue.name for queue in values.queues] == [""]


def test_log_config_in_part() -> None:
    """A log_config without version adds to the default one; with it, it stands alone."""
    part = parse({"log_config": {"root": {"level": "DEBUG", "handlers": []}}}).log_config
    alone = parse({"log_config": {"version": 1}}).log_config

    assert (part["version"], part["root"]["level"]) == (1, "DEBUG")
    assert alone == {"version": 1}


def test_parse_changes_nothing() -> None:
    """Neither the given mapping nor the defaults are changed or shared."""
    given: Any = {"log_config": {"root": {"level": "DEBUG"}}, "qos": {"prefetch_count": 1}}
    before, defaults = copy.deepcopy(given), copy.deepcopy(DEFAULTS)
    values = parse(given)
    given["log_config"]["root"]["level"] = "INFO"

    assert before["log_config"]["root"] == values.log_config["root"]
    assert defaults == DEFAULTS


BAD = [
    ({"amqp_url": 5}, ["amqp_url", "string"]),
    ({"amqp_url": "http://h"}, ["amqp_url", "amqps"]),
    ({"amqp_url": []}, ["amqp_url", "the list is empty"]),
    ({"amqp_url": ["amqp://h", "http://h"]}, ["amqp_url[1]", "amqps"]),
    ({"amqp_url": ["amqp://h/a", "amqp://h/b"]}, ["amqp_url[1]", "'a'", "'b'"]),
    ({"failover": "random"}, ["failover", "shuffle, in-order", "'random'"]),
    ({"failover": None}, ["failover", "a string"]),
    ({"amqp_urll": "amqp://"}, ["amqp_urll", "unknown key", "amqp_url, bindings, callback"]),
    ({"passive_declares": "no"}, ["passive_declares", "true or false"]),
    ({"publish_exchange": 5}, ["publish_exchange", "string"]),
    ({"publish_exchange": None}, ["publish_exchange", "string"]),
    ({"publish_exchange": "é" * 128}, ["publish_exchange", "255"]),
    ({"publish_priority": "high"}, ["publish_priority", "integer"]),
    ({"publish_priority": 256}, ["publish_priority", "255"]),
    ({"publish_priority": True}, ["publish_priority", "integer"]),
    ({"topic_prefix": 5}, ["topic_prefix", "string"]),
    ({"exchanges": []}, ["exchanges", "dictionary"]),
    ({"exchanges": {"e": {"typ": "fanout"}}}, ["exchanges", '"e"', '"typ"', "auto_delete"]),
    ({"queues": "q"}, ["queues", "dictionary"]),
    ({"queues": {"q": {"durable": 1}}}, ["queues", '"q"', '"durable"', "true or false"]),
    ({"bindings": 5}, ["bindings", "list"]),
    ({"bindings": [{"exchange": "e"}]}, ["bindings", "1", "routing_keys"]),
    ({"callback": 5}, ["callback", "string"]),
    ({"consumer_config": "x"}, ["consumer_config", "dictionary"]),
    ({"qos": 5}, ["qos", "dictionary"]),
    ({"qos": {"prefetch": 5}}, ["qos.prefetch:", "prefetch_count, prefetch_size"]),
    ({"qos": {"prefetch_count": "5"}}, ["qos.prefetch_count", "integer"]),
    ({"qos": {"prefetch_count": 65536}}, ["qos.prefetch_count", "65535"]),
    ({"qos": {"prefetch_size": 1}}, ["qos.prefetch_size", "must be 0"]),
    ({"tls": "on"}, ["tls", "dictionary"]),
    ({"tls": {"cacert": "x"}}, ["tls.cacert", "ca_cert, certfile, keyfile"]),
    ({"tls": {"ca_cert": 5}}, ["tls.ca_cert", "string"]),
    ({"tls": {"keyfile": "k"}}, ["tls.certfile", "missing", "keyfile"]),
    ({"tls": {"certfile": "c", "keyfile": ""}}, ["tls.keyfile", "missing", "certfile"]),
    ({"client_properties": "x"}, ["client_properties", "dictionary"]),
    ({"client_properties": {"version": "1"}}, ["client_properties.version", "reserved", "product"]),
    ({"client_properties": {"app": 5}}, ["client_properties.app", "string"]),
    ({"log_config": "x"}, ["log_config", "dictionary"]),
    ({"monitoring": 80}, ["monitoring", "dictionary"]),
    ({"monitoring": {"address": "::1"}}, ["monitoring.port", "missing"]),
    ({"monitoring": {"port": "80"}}, ["monitoring.port", "integer"]),
    ({"monitoring": {"port": 70000}}, ["monitoring.port", "65535"]),
    (
        {"monitoring": {"port": 1, "host": "x"}},
        ["monitoring.host", "address, dashboard, labels, metrics, port, stuck_after"],
    ),
    ({"monitoring": {"port": 1, "metrics": "yes"}}, ["monitoring.metrics", "true or false"]),
    ({"monitoring": {"port": 1, "labels": ["topic"]}}, ["monitoring.labels", "schema", "topic"]),
    ({"monitoring": {"port": 1, "labels": "schema"}}, ["monitoring.labels", "list"]),
    ({"monitoring": {"port": 1, "stuck_after": 0}}, ["monitoring.stuck_after", "more than 0"]),
    (
        {"monitoring": {"port": 1, "stuck_after": 9, "metrics": False}},
        ["monitoring.stuck_after", "metrics = true"],
    ),
    ({"monitoring": {"metrics": False}}, ["monitoring.port", "missing", "metrics = true"]),
    ({"monitoring": {"port": 1, "address": 5}}, ["monitoring.address", "string"]),
    ({"reconnect": {"base": 0}}, ["reconnect.base", "more than 0"]),
    ({"reconnect": {"base": 9}}, ["reconnect.cap", "9 at least"]),
    ({"reconnect": {"max": 9}}, ["reconnect.max", "base, cap, stable"]),
    ({"qos": {"concurrency": 0}}, ["qos.concurrency", "from 1"]),
    ({"qos": {"concurrency": "many"}}, ["qos.concurrency", "an integer"]),
    ({"consumers": {"x": {"callback": "a:b", "concurrency": 0}}}, ["consumers.x.concurrency", "from 1"]),
    ({"retry": {"wait": "elsewhere"}}, ["retry.wait", "aside", "queue"]),
    ({"retry": {"then": "panic"}}, ["retry.then", "quarantine"]),
    ({"retry": {"delays": []}}, ["retry.delays", "1 to 100"]),
    ({"retry": {"delays": [1, -1]}}, ["retry.delays", "0 at least", "-1"]),
    ({"retry": {"delays": 5}}, ["retry.delays", "list"]),
    ({"retry": {"on": "some"}}, ["retry.on", "any"]),
    ({"retry": {"on": ["OSError"]}}, ["retry.on", "module:Class", "OSError"]),
    ({"retry": {"rest_after": 0}}, ["retry.rest_after", "1 at least"]),
    ({"retry": {"every": 5}}, ["retry.every", "unknown key", "delays"]),
    ({"consumers": {"x": {"callback": "a:b", "retry": {"wait": "y"}}}}, ["consumers.x.retry.wait", "aside"]),
    ({"nack_delay": {"first": -1}}, ["nack_delay.first", "0 at least"]),
    ({"nack_delay": {"cap": "x"}}, ["nack_delay.cap", "number of seconds"]),
    ({"handshake_timeout": True}, ["handshake_timeout", "number of seconds"]),
    ({"shutdown_grace": float("nan")}, ["shutdown_grace", "at least"]),
    ({"declare_timeout": 0}, ["declare_timeout", "more than 0"]),
    ({"ack_timeout": "1h"}, ["ack_timeout", "number of seconds"]),
    ({"mandatory": 1}, ["mandatory", "true or false"]),
    ({"max_message_size": 1.5}, ["max_message_size", "integer"]),
    ({"max_message_size": 0}, ["max_message_size", "from 1"]),
]


@pytest.mark.parametrize(("given", "words"), BAD)
def test_bad_values(given: dict[str, Any], words: list[str]) -> None:
    """Every wrong value is one line that names the key; unknown keys list the known ones."""
    with pytest.raises(ConfigurationException) as caught:
        parse(given)

    assert [word for word in words if word not in caught.value.message] == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "good", "bad"),
    [
        (
            config.validate_bindings,
            [{"exchange": "e", "routing_keys": ["#"], "queue": "q"}],
            [{"exchange": "e"}],
        ),
        (config.validate_queues, {"q": {}}, {"q": {"x": 1}}),
        (config.validate_queues, {}, []),
        (config.validate_client_properties, {"app": "x"}, {"product": "x"}),
        (config.validate_monitoring, {"port": 5}, {"address": ""}),
    ],
)
def test_public_checks(function: Callable[[Any], None], good: Any, bad: Any) -> None:
    """The four public checks return nothing or raise ConfigurationException."""
    function(good)
    with pytest.raises(ConfigurationException):
        function(bad)


def test_no_secrets_in_representation() -> None:
    """Neither values nor errors show a password."""
    given = {"amqp_url": "amqp://user:canary@h", "consumer_config": {"password": "canary"}}

    assert "canary" not in repr(parse(given))
    for key in DEFAULTS:
        with pytest.raises(ConfigurationException) as caught:
            parse({key: ("canary", object())})
        assert "canary" not in str(caught.value)


# Files


def test_no_file_at_all() -> None:
    """Without a file at the default place and none named, there is nothing."""
    if not os.path.lexists("/etc/fedora-messaging/config.toml"):
        assert load(None, {}) == {}
    else:
        assert load(None, {}) != {}


def test_keys_are_lower_cased(write: Callable[[str], Path]) -> None:
    """Keys may be written in capitals."""
    file = write('AMQP_URL = "amqp://h"\nTopic_Prefix = "p"\n')

    assert load(str(file), {}) == {"amqp_url": "amqp://h", "topic_prefix": "p"}


@pytest.mark.parametrize("named", ["variable", "argument"])
def test_named_and_missing(named: str, tmp_path: Path) -> None:
    """A file that was named and is not there is an error that names it."""
    gone = str(tmp_path / "gone.toml")
    path, variable = (None, gone) if named == "variable" else (gone, "other")
    with pytest.raises(ConfigurationException, match=r"gone\.toml: cannot be read: No such file"):
        load(path, {"FEDORA_MESSAGING_CONF": variable})


# The dictionary

READS: list[Callable[[LazyConfig], Any]] = [
    lambda conf: conf["topic_prefix"],
    lambda conf: conf.get("topic_prefix"),
    lambda conf: conf.copy(),
    lambda conf: list(conf),
    lambda conf: list(reversed(conf)),
    lambda conf: len(conf),
    lambda conf: list(conf.keys()),
    lambda conf: list(conf.values()),
    lambda conf: list(conf.items()),
    lambda conf: "topic_prefix" in conf,
    lambda conf: conf == {},
    lambda conf: conf != {},
    lambda conf: conf | {},
    lambda conf: {} | conf,
    lambda conf: {**conf},
    lambda conf: dict(conf),
    lambda conf: repr(conf),
    lambda conf: str(conf),
    lambda conf: json.dumps(conf),
    lambda conf: json.dumps(conf, indent=1),
    lambda conf: copy.copy(conf),
    lambda conf: copy.deepcopy(conf),
    lambda conf: pickle.dumps(conf),
    lambda conf: conf.setdefault("topic_prefix", ""),
    lambda conf: conf.update(topic_prefix="x"),
    lambda conf: conf._validate(),
    lambda conf: bool(conf),
    lambda conf: dict[str, Any]().update(conf),
]


@pytest.mark.parametrize("read", READS)
def test_reading_loads(read: Callable[[LazyConfig], Any], write: Callable[[str], Path]) -> None:
    """Whatever looks at the dictionary loads it first."""
    write('topic_prefix = "mine"')
    conf = LazyConfig()
    untouched = conf.loaded
    read(conf)

    assert (untouched, conf.loaded) == (False, True)


@pytest.mark.parametrize(
    "read", [json.dumps, lambda conf: json.dumps(conf, indent=1), lambda conf: json.dumps(dict(conf))]
)
def test_json(read: Callable[[LazyConfig], str], write: Callable[[str], Path]) -> None:
    """json.dumps sees what is in the file."""
    write('topic_prefix = "mine"')

    assert json.loads(read(LazyConfig()))["topic_prefix"] == "mine"


def test_is_a_dictionary() -> None:
    """The configuration is a real dict."""
    assert isinstance(config.conf, dict)


def test_load_config_returns_itself(write: Callable[[str], Path], tmp_path: Path) -> None:
    """load_config() takes a path that goes before the environment's, and returns the configuration."""
    write('topic_prefix = "environment"')
    other = tmp_path / "other.toml"
    other.write_text('topic_prefix = "argument"')
    conf = LazyConfig()

    assert conf.load_config()["topic_prefix"] == "environment"
    assert conf.load_config(str(other)) is conf
    assert conf["topic_prefix"] == "argument"
    assert (conf.path, conf.given) == (str(other), {"topic_prefix": "argument"})


def test_loaded_can_be_set(write: Callable[[str], Path]) -> None:
    """Setting loaded to False has the file read again."""
    file = write('topic_prefix = "one"')
    conf = LazyConfig()
    before = conf["topic_prefix"]
    file.write_text('topic_prefix = "two"')
    conf.loaded = False

    assert (before, conf["topic_prefix"]) == ("one", "two")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("qos = 5", "qos: must be a section"),
        ("[qos]\nprefetch = 5", "qos.prefetch: unknown key"),
        ('[tls]\nkeyfile = "k"', "tls.certfile: is missing"),
        ("a = ", "line 1"),
        ('[client_properties]\nversion = "x"', "client_properties.version: is reserved"),
    ],
)
def test_errors_name_the_file(text: str, words: str, write: Callable[[str], Path]) -> None:
    """An error of a file is one line with the file and the key; the next look tries again."""
    file = write(text)
    conf = LazyConfig()
    for _ in range(2):
        with pytest.raises(ConfigurationException) as caught:
            conf["topic_prefix"]

        assert str(caught.value).startswith(f"Configuration error: {file}: ")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    assert conf.loaded is False


def test_pop() -> None:
    """pop() is refused."""
    with pytest.raises(ConfigurationException):
        LazyConfig().pop("amqp_url")
    with pytest.raises(ConfigurationException):
        LazyConfig().popitem()


@pytest.mark.parametrize("clear", [False, True])
def test_patch_dict(clear: bool, write: Callable[[str], Path]) -> None:
    """unittest.mock.patch.dict works, on a configuration that was never looked at too."""
    write('topic_prefix = "mine"')
    conf = LazyConfig()
    with mock.patch.dict(conf, {"publish_exchange": "e"}, clear=clear):
        inside = dict(conf)

    assert inside["publish_exchange"] == "e"
    assert inside.get("topic_prefix") == (None if clear else "mine")
    assert (conf["publish_exchange"], conf["topic_prefix"]) == ("amq.topic", "mine")


def test_writing(write: Callable[[str], Path]) -> None:
    """Items can be set and deleted, before the first look too; a wrong one is found by _validate()."""
    write('topic_prefix = "mine"')
    conf = LazyConfig()
    conf["publish_exchange"] = "e"
    del conf["callback"]
    conf |= {"mandatory": True}

    assert (conf["publish_exchange"], conf["topic_prefix"], conf["mandatory"]) == ("e", "mine", True)
    assert "callback" not in conf
    conf["mandatory"] = "yes"
    with pytest.raises(ConfigurationException, match="mandatory"):
        conf._validate()


def test_parsed(write: Callable[[str], Path]) -> None:
    """What is in the dictionary can be had as values."""
    write('topic_prefix = "mine"')
    conf = LazyConfig()

    assert isinstance(conf.parsed(), Config)
    assert conf.parsed().topic_prefix == "mine"


def test_representation_hides_passwords(write: Callable[[str], Path]) -> None:
    """repr() and str() hide passwords wherever they are."""
    write(
        'amqp_url = ["amqp://user:canary@h/?heartbeat=5", "amqp://user:canary@g"]\n'
        '[consumer_config]\nurl = "postgres://u:canary@h"\n'
        'db_password = "canary"\n[consumer_config.api]\ntoken = "canary"\nuser = "me"\n'
    )
    shown = repr(LazyConfig())

    assert "canary" not in shown + str(LazyConfig())
    assert "amqp://user:***@h/?heartbeat=5" in shown
    assert "'user': 'me'" in shown


def test_many_threads(write: Callable[[str], Path]) -> None:
    """Twenty threads that look at once all see the file's content."""
    write('topic_prefix = "mine"')
    conf = LazyConfig()
    start = threading.Barrier(20)
    seen: list[object] = []

    def look() -> None:
        start.wait()
        seen.append(conf["topic_prefix"])

    threads = [threading.Thread(target=look) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == ["mine"] * 20


@pytest.fixture
def logs() -> Iterator[None]:
    """Python's logging as it was before."""
    loggers = [logging.getLogger(name) for name in ("", "fedora_messaging")]
    before = [(log.level, log.handlers[:], log.propagate) for log in loggers]
    yield
    for log, (level, handlers, propagate) in zip(loggers, before, strict=True):
        log.setLevel(level)
        log.handlers[:] = handlers
        log.propagate = propagate


@pytest.mark.usefixtures("logs")
def test_setup_logging(write: Callable[[str], Path]) -> None:
    """log_config is what Python's logging is configured with."""
    write("")
    LazyConfig().setup_logging()

    assert logging.getLogger("fedora_messaging").level == logging.INFO
    assert logging.getLogger().level == logging.WARNING


@pytest.mark.usefixtures("logs")
@pytest.mark.parametrize(
    "log_config",
    [
        "version = 7",
        "version = 1\n[log_config.handlers.x]\nclass = 'no.such.Class'",
        "version = 1\n[log_config.root]\nhandlers = ['missing']",
        "version = 1\nhandlers = 5",
        "version = 1\n[log_config.root]\nlevel = 'LOUD'",
    ],
)
def test_log_config_that_is_refused(log_config: str, write: Callable[[str], Path]) -> None:
    """A log_config that dictConfig refuses is one line that names file and key."""
    file = write(f"[log_config]\n{log_config}\n")
    with pytest.raises(ConfigurationException) as caught:
        LazyConfig().setup_logging()

    assert caught.value.message.startswith(f"{file}: log_config: ")
    assert "\n" not in caught.value.message


def test_the_generation_grows_with_changes(write: Callable[[str], Path]) -> None:
    """What changes the configuration, or reads it again, gives it another generation; looking does not."""
    path = str(write('topic_prefix = "z"'))
    conf = LazyConfig()
    conf.load_config(path)
    changes: list[Callable[[], object]] = [
        lambda: conf.__setitem__("topic_prefix", "a"),
        lambda: conf.update(topic_prefix="b"),
        lambda: conf.setdefault("topic_prefix", "c"),
        lambda: conf.__ior__({"topic_prefix": "d"}),
        lambda: conf.__delitem__("topic_prefix"),
        conf.clear,
        lambda: conf.load_config(path),
    ]
    generations = [conf.generation]
    for change in changes:
        change()
        generations.append(conf.generation)
    before = conf.generation
    assert conf["topic_prefix"] == conf.get("topic_prefix") == dict(conf)["topic_prefix"]

    assert len(set(generations)) == len(changes) + 1
    assert conf.generation == before


def test_a_key_in_two_spellings(write: Callable[[str], Path]) -> None:
    """One key in two letter cases is an error that names both."""
    file = write('AMQP_URL = "amqp://a"\namqp_url = "amqp://b"\n')
    with pytest.raises(ConfigurationException) as caught:
        LazyConfig().load_config()

    assert caught.value.message == f"{file}: amqp_url: is given twice, as AMQP_URL and as amqp_url"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("amqp_ulr = 1", "amqp_ulr: unknown key; did you mean amqp_url? The known ones are: ack_timeout"),
        ("[qos]\nprefetch = 1", "qos.prefetch: unknown key; did you mean prefetch_"),
        ("nonsense = 1", "nonsense: unknown key; the known ones are: ack_timeout"),
    ],
)
def test_the_nearest_key_is_named_first(text: str, words: str, write: Callable[[str], Path]) -> None:
    """A mistyped key is answered with the key that was likely meant."""
    write(text)
    with pytest.raises(ConfigurationException) as caught:
        LazyConfig().load_config()

    assert words in caught.value.message


def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tilde is expanded in the name of the configuration, of TLS files and of log files."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FEDORA_MESSAGING_CONF", "~/own.toml")
    (tmp_path / "own.toml").write_text(
        '[tls]\nca_cert = "~/ca.pem"\n[log_config]\nversion = 1\n'
        '[log_config.handlers.file]\nclass = "logging.FileHandler"\nfilename = "~/own.log"\n'
        '[log_config.loggers.test_home_folder]\nhandlers = ["file"]\n'
    )
    conf = LazyConfig()
    conf.setup_logging()
    (handler,) = logging.getLogger("test_home_folder").handlers
    handler.close()

    assert conf.parsed().tls.ca_cert == str(tmp_path / "ca.pem")
    assert conf.path == str(tmp_path / "own.toml")
    assert (tmp_path / "own.log").exists()


def test_passwords_in_any_value_are_hidden() -> None:
    """Whole sections under a secret's name are hidden, and passwords with blanks in URLs."""
    shown = config.hidden(
        {"password": {"old": "canary"}, "urls": ["amqp://u:can ary@h"], "token": ["canary"], "raw": b"x"}
    )

    assert shown == {"password": "***", "urls": ["amqp://u:***@h"], "token": "***", "raw": b"x"}
