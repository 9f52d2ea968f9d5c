# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is known of messages that could not be processed."""

import base64
import json
from datetime import datetime, timezone
from typing import Any

import pika

from fedora_messaging._amqp.dead_letters import dead_letter, exported
from fedora_messaging._amqp.properties import encode_properties
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.message import loads

HEADERS = {"fedora_messaging_schema": "base.message", "fedora_messaging_severity": 20}
FAILURE = {
    "fedora_messaging_failure_error": "OSError: full",
    "fedora_messaging_failure_attempts": 4,
    "fedora_messaging_failure_at": "2026-01-02T03:04:05+00:00",
}
DEATH = {
    "queue": "q",
    "reason": "rejected",
    "count": 3,
    "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    "exchange": "amq.topic",
    "routing-keys": ["shop.sold"],
}


def delivery(exchange: str = "q.quarantine", body: bytes | None = b"{}", **values: Any) -> Delivery:
    headers = {**HEADERS, **values.pop("headers", {})}
    properties = pika.BasicProperties(content_encoding="utf-8", **{"message_id": "an-id", **values})
    raw = encode_properties(properties, headers, None)
    return Delivery("q.quarantine", exchange, b"a.topic", 1, 0, False, 0.0, raw, body)


def test_a_message_from_quarantine() -> None:
    """The headers that a consumer has added say what happened."""
    letter = dead_letter(delivery(headers=FAILURE), "q")

    assert ("an-id", "a.topic", False, "") == (
        letter.id,
        letter.topic,
        letter.topic_from_death,
        letter.invalid,
    )
    assert {"error": "OSError: full", "attempts": 4, "at": "2026-01-02T03:04:05+00:00"} == letter.failure
    assert letter.message is not None
    assert "q" == letter.message.queue


def test_forged_headers() -> None:
    """What came through another exchange has no failure, and x-death means nothing in a quarantine."""
    assert {} == dead_letter(delivery("amq.topic", headers=FAILURE), "q").failure
    assert {} == dead_letter(delivery("other.quarantine", headers=FAILURE), "q").failure

    letter = dead_letter(delivery(headers={"x-death": [DEATH]}), "q")
    assert ("a.topic", {}) == (letter.topic, letter.failure)


def test_a_dead_letter_of_the_broker() -> None:
    """How it left the queue, and with which topic, is in x-death."""
    letter = dead_letter(delivery("amq.direct", headers={"x-death": [DEATH]}), "q")

    assert ("shop.sold", True) == (letter.topic, letter.topic_from_death)
    assert {
        "error": "dead-lettered: rejected",
        "at": "2026-01-02T03:04:05+00:00",
        "attempts": 3,
        "queue": "q",
        "exchange": "amq.topic",
    } == letter.failure


def test_several_deaths() -> None:
    """The death in the queue in question counts; where it is not listed, the first."""
    later = {**DEATH, "queue": "waiting", "reason": "expired", "routing-keys": ["other"]}
    deaths = {"x-death": [later, DEATH]}

    assert "shop.sold" == dead_letter(delivery("e", headers=deaths), "q").topic
    assert "other" == dead_letter(delivery("e", headers=deaths), "waiting").topic
    assert "shop.sold" == dead_letter(delivery("e", headers=deaths), "elsewhere").topic


def test_a_topic_that_was_kept() -> None:
    """A dead letter with its old routing key has the topic that it says."""
    death = {**DEATH, "routing-keys": ["a.topic"]}
    letter = dead_letter(delivery("e", headers={"x-death": [death]}), "q")

    assert ("a.topic", False) == (letter.topic, letter.topic_from_death)


def test_x_death_of_any_shape() -> None:
    """Whatever x-death holds is no error."""
    values: list[Any] = ["text", 5, [], ["text"], [{}], [{"routing-keys": "text"}], [{"routing-keys": [5]}]]
    for value in values:
        letter = dead_letter(delivery("e", headers={"x-death": value}), "q")
        assert "a.topic" == letter.topic
        json.dumps(exported(letter))


def test_without_an_id() -> None:
    """A message without an id has a name that depends on topic and body alone."""
    one = dead_letter(delivery(message_id=None, body=b"x"), "q").id

    assert one.startswith("~")
    assert one == dead_letter(delivery(message_id=None, body=b"x", headers={"x-delivery-count": 1}), "q").id
    assert one != dead_letter(delivery(message_id=None, body=b"y"), "q").id


def test_export_of_a_valid_message() -> None:
    """It is a line that loads() reads, without the headers of the failure, which is beside them."""
    content = exported(dead_letter(delivery(body=b'{"n": 1}', headers=FAILURE), "q"))
    (message,) = loads(json.dumps(content))

    assert ("a.topic", "an-id", {"n": 1}, "q") == (message.topic, message.id, message.body, message.queue)
    assert HEADERS == content["headers"]
    assert {"error": "OSError: full", "attempts": 4, "at": "2026-01-02T03:04:05+00:00"} == content["failure"]


def test_export_of_an_invalid_message() -> None:
    """There is the reason, and the body byte for byte."""
    content = exported(dead_letter(delivery(body=b"\xff\x00", headers=FAILURE), "q"))

    assert content["invalid"].startswith("The body is not valid JSON")
    assert b"\xff\x00" == base64.b64decode(content["body_base64"])
    assert ("an-id", "a.topic", HEADERS) == (content["id"], content["topic"], content["headers"])
    assert "body" not in content


def test_a_body_that_was_not_kept() -> None:
    """A body over the limit is not valid, and has no bytes."""
    content = exported(dead_letter(delivery(body=None), "q"))

    assert "max_message_size" in content["invalid"]
    assert content["body_base64"] is None


def test_properties_that_cannot_be_read() -> None:
    """A message whose properties are damaged is described as far as possible."""
    letter = dead_letter(delivery()._replace(properties=b"\xff\xff\xff", routing_key=b"\xff"), "q")

    assert letter.invalid
    assert letter.id.startswith("~")
    assert "\\xff" == letter.topic
    json.dumps(exported(letter))
