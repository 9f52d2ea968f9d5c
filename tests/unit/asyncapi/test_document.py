# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The AsyncAPI document. That it is valid by AsyncAPI's own schema is tested in tests/ecosystem."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner

from fedora_messaging import config
from fedora_messaging._asyncapi.document import document
from fedora_messaging._message.message import registry
from fedora_messaging.cli import main
from fedora_messaging.message import Message
from support.builds import BuildOfStruct


class Ordered(Message):
    """Somebody has ordered
    something.

    More about it.
    """

    topic = "shop.ordered"
    deprecated = True
    headers_schema = {"type": "object", "required": ["shop"]}  # noqa: RUF012
    body_schema = {  # noqa: RUF012
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {"item": {"$ref": "#/definitions/item"}},
        "definitions": {"item": {"type": "string"}},
    }


class Odd(Message):
    @property
    def body_schema(self) -> dict[str, Any]:  # type: ignore[override]
        return {}


_CLASSES: dict[str, type[Message]] = {"build.v1": BuildOfStruct, "shop/ordered": Ordered, "odd": Odd}


def made(**configuration: Any) -> dict[str, Any]:
    """The document of three classes and a configuration."""
    return document(_CLASSES, config.parse(configuration), title="shop", version="1.2")


def references(value: Any) -> Iterator[str]:
    """Each reference in a document."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "$ref":
                yield each
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def target(found: Any, reference: str) -> Any:
    """What a reference leads to."""
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def test_every_reference_leads_somewhere() -> None:
    """All references are to parts of the document."""
    found = made(bindings=[{"queue": "q", "exchange": "amq.topic", "routing_keys": ["buildsys.#"]}])
    all_references = list(references(found))

    assert len(all_references) > 10
    assert {dict} == {type(target(found, each)) for each in all_references}
    assert json.loads(json.dumps(found)) == found


def test_messages() -> None:
    """A message has the names, the texts and the schemas of its class."""
    found = made()["components"]["messages"]

    assert ["build.v1", "shop-ordered", "odd"] == list(found)
    assert found["shop-ordered"] == {
        "name": "shop/ordered",
        "title": "Ordered",
        "contentType": "application/json",
        "summary": "Somebody has ordered something.",
        "description": "More about it.",
        "deprecated": True,
        "headers": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {"type": "object", "required": ["shop"]},
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-07",
            "schema": {
                "type": "object",
                "properties": {
                    "item": {"$ref": "#/components/messages/shop-ordered/payload/schema/definitions/item"}
                },
                "definitions": {"item": {"type": "string"}},
            },
        },
    }
    assert {"$ref": "#/components/schemas/headers"} == found["build.v1"]["headers"]
    assert "payload" not in found["odd"]


def test_channels_and_what_is_sent() -> None:
    """A channel is the exchange to publish to with the topics of a class, after the prefix."""
    found = made(topic_prefix="org.example.", mandatory=True, amqp_url="amqp://u:secret@h/v%2Fh")
    channel = found["channels"]["amq.topic-org.example.buildsys.build.any"]

    assert "org.example.buildsys.build.*" == channel["address"]
    assert {"build.v1": {"$ref": "#/components/messages/build.v1"}} == channel["messages"]
    assert {
        "is": "routingKey",
        "exchange": {
            "name": "amq.topic",
            "type": "topic",
            "durable": True,
            "autoDelete": False,
            "vhost": "v/h",
        },
        "bindingVersion": "0.3.0",
    } == channel["bindings"]["amqp"]
    assert None is found["channels"]["amq.topic-any-topic"]["address"]
    sending = found["operations"]["send-amq.topic-org.example.shop.ordered"]
    assert ("send", True, 2) == (
        sending["action"],
        sending["bindings"]["amqp"]["mandatory"],
        sending["bindings"]["amqp"]["deliveryMode"],
    )


def test_what_is_received() -> None:
    """What a queue is bound for is received, and by each consumer; what it is not bound for is not."""
    found = made(
        exchanges={"shop": {"type": "fanout"}},
        queues={"builds": {}, "shop": {}},
        bindings=[{"queue": "builds", "exchange": "amq.topic", "routing_keys": ["buildsys.#"]}],
        consumers={
            "audit": {
                "callback": "a:b",
                "queues": {"shop": {}},
                "bindings": [{"queue": "shop", "exchange": "shop", "routing_keys": ["x"]}],
            }
        },
    )
    received = {name: each["summary"] for name, each in found["operations"].items() if "receive" in name}

    assert received == {
        "receive-builds-amq.topic-buildsys.build.any": "Consume from the queue builds",
        "receive-builds-amq.topic-any-topic": "Consume from the queue builds",
        "receive-audit-shop-shop-buildsys.build.any": "audit consumes from the queue shop",
        "receive-audit-shop-shop-shop.ordered": "audit consumes from the queue shop",
        "receive-audit-shop-shop-any-topic": "audit consumes from the queue shop",
    }
    assert "fanout" == found["channels"]["shop-shop.ordered"]["bindings"]["amqp"]["exchange"]["type"]


def test_servers() -> None:
    """Each broker is a server, without user and password."""
    urls = ["amqps://user:secret@a.example/prod", "amqp://user:secret@[::1]:5673/prod"]
    found = made(amqp_url=urls)

    assert found["servers"] == {
        "broker": {"host": "a.example:5671", "protocol": "amqps", "pathname": "/prod"},
        "broker-2": {"host": "[::1]:5673", "protocol": "amqp", "pathname": "/prod"},
    }
    assert "secret" not in json.dumps(found)


def test_keys_are_unique() -> None:
    """Names that differ in what keys leave out have keys of their own."""
    classes: dict[str, type[Message]] = {"a/b": Ordered, "a b": Ordered, "☃": Ordered}
    found = document(classes, config.parse({}), title="t", version="1")

    assert ["a-b", "a-b-2", "message"] == list(found["components"]["messages"])
    assert 1 == len(found["channels"])


def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command writes the document of a package and the configuration, or says what is not there."""
    monkeypatch.setitem(registry.classes, "build.v1", BuildOfStruct)
    monkeypatch.setitem(registry.packages, "build.v1", "build_schemas")
    conf = tmp_path / "config.toml"
    conf.write_text('topic_prefix = "org.example"\n[client_properties]\napp = "builder"\n')
    file = tmp_path / "asyncapi.json"

    def run(*args: str) -> Any:
        with mock.patch.dict(config.conf):
            result = CliRunner().invoke(main, ["schemas", "export", "--conf", str(conf), *args])
        config.conf.loaded = False
        return result

    done = run("build-schemas", "--format", "asyncapi", "-o", str(file))
    failed = run("nothing-here")

    assert 0 == done.exit_code, done.output
    found = json.loads(file.read_text())
    assert ("3.0.0", "builder") == (found["asyncapi"], found["info"]["title"])
    assert ["build.v1"] == list(found["components"]["messages"])
    assert "org.example.buildsys.build.*" in {each["address"] for each in found["channels"].values()}
    assert 2 == failed.exit_code
    assert "No message class is registered" in failed.output
