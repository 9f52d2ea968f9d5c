# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages between the two implementations, in all four directions."""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
from ecosystem.instances import instance
from interop.conftest import Side

from fedora_messaging import message
from support.amqp import Amqp

pytestmark = pytest.mark.fedora_messaging_real_broker

SIDES = ("ours", "theirs")
each_direction = pytest.mark.parametrize(
    ("publisher", "consumer"),
    [(publisher, consumer) for publisher in SIDES for consumer in SIDES],
    ids=lambda side: side,
)

EVERYTHING = {
    "name": "all",
    "usernames": ["amy", "bob", "zoë"],
    "groups": ["packagers", "docs-team"],
    "packages": ["kernel", "python3.13", "gtk+"],
    "containers": ["f43/toolbox"],
    "modules": ["nodejs:22"],
    "flatpaks": ["org.gnome.Maps"],
}

# One message for each kind of field, and for each kind of value in it.
FIELDS: dict[str, dict[str, Any]] = {
    "plain": {"topic": "org.example.plain", "body": {"Hello": "world"}},
    "no body": {"topic": "org.example.none"},
    "empty body": {"topic": "org.example.empty", "body": {}},
    "no topic": {"topic": "", "body": {"topic": None}},
    "long topic": {"topic": "t" * 255},
    "topic in Greek": {"topic": "org.παράδειγμα.ö", "body": {}},
    "debug": {"topic": "org.example.debug", "severity": 10},
    "info": {"topic": "org.example.info", "severity": 20},
    "warning": {"topic": "org.example.warning", "severity": 30},
    "error": {"topic": "org.example.error", "severity": 40},
    "priority 0": {"topic": "org.example.priority", "priority": 0},
    "priority 7": {"topic": "org.example.priority", "priority": 7},
    "priority 255": {"topic": "org.example.priority", "priority": 255},
    "headers": {
        "topic": "org.example.headers",
        "headers": {
            "text": "value",
            "empty": "",
            "accents": "šč €",
            "yes": True,
            "no": False,
            "byte": 1,
            "word": 70_000,
            "long": 2**40,
            "negative": -(2**40),
            "nothing": None,
            "list": ["a", 1, False, ["b"]],
            "table": {"a": {"b": "c"}},
        },
    },
    "own sent-at": {"topic": "org.example.sent", "headers": {"sent-at": "2020-02-02T02:02:02+00:00"}},
    "accessors": {"class": "interop.everything", "body": EVERYTHING},
    "accessors and headers": {
        "class": "interop.everything",
        "topic": "org.example.other",
        "body": EVERYTHING,
        "headers": {"fedora_messaging_user_carl": False, "mine": 1},
        "severity": 10,
    },
    "schema": {"class": "interop.strict", "topic": "org.example.strict", "body": {"number": 5}},
    "unicode": {
        "topic": "org.example.unicode",
        "body": {"text": 'zażółć 語 🎉 \u2028\u0000\x7f \\ " /', "ключ": [""], "": "empty key"},
    },
    "numbers": {
        "topic": "org.example.numbers",
        "body": {
            "integers": [0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**64, -(2**64), 10**40],
            "floats": [0.0, -0.0, 0.1, 1e-7, 1e16, 1.5e300, 1.0],
            "others": [True, False, None],
        },
    },
    "nested": {"topic": "org.example.nested", "body": {"list": json.loads("[" * 150 + "]" * 150)}},
    "big": {"topic": "org.example.big", "body": {"text": "é" * 300_000}},
    "bodhi": {
        "class": "bodhi.buildroot_override.tag.v1",
        "topic": "bodhi.buildroot_override.tag",
        "body": {
            "override": {"nvr": "libxcrypt-4.4.4-2.fc28", "submitter": {"name": "besser82"}},
            "agent": "besser82",
        },
    },
    "pagure": {
        "class": "pagure.git.branch.creation",
        "topic": "pagure.git.branch.creation",
        "body": instance(message.get_class("pagure.git.branch.creation").body_schema),
    },
}


def travelled(
    publisher: Side, consumer: Side, amqp: Amqp, folder: Path, described: list[dict[str, Any]], **how: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Publish messages from one side to the other; what the publisher and what the consumer sees."""
    amqp.queue("mail", "#")
    sent = publisher.publish(folder, described, **how)
    received = consumer.consume("mail", len(described), **how)
    assert amqp.take("mail") == []
    return sent, received


def without_queue(message: dict[str, Any]) -> dict[str, Any]:
    """A message as it is seen before it was sent: from no queue."""
    return {**message, "queue": None, "dumps": {**message["dumps"], "queue": None}}


def nameless(message: dict[str, Any]) -> Any:
    """A message without what is different each time: its id, and when it was sent."""
    text = json.dumps(message, sort_keys=True).replace(message["id"], "ID")
    return json.loads(re.sub(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "TIME", text))


@pytest.fixture(scope="module")
def control() -> dict[str, Any]:
    """What the consumer has seen of each message in the first direction that was tested."""
    return {}


@each_direction
def test_every_field(
    publisher: str,
    consumer: str,
    sides: dict[str, Side],
    amqp: Amqp,
    tmp_path: Path,
    control: dict[str, Any],
) -> None:
    """What is received is what was sent, field by field, and the same in every direction."""
    sent, received = travelled(sides[publisher], sides[consumer], amqp, tmp_path, list(FIELDS.values()))

    for name, before, after in zip(FIELDS, sent, received, strict=True):
        assert without_queue(before) == without_queue(after), name
        assert after["queue"] == "mail", name
        assert nameless(after) == control.setdefault(name, nameless(after)), name


@each_direction
def test_500_messages(
    publisher: str, consumer: str, sides: dict[str, Side], amqp: Amqp, tmp_path: Path
) -> None:
    """500 messages arrive in order, each with the content it was given."""
    dice = random.Random(500)

    def value(depth: int = 0) -> Any:
        kinds = ["text", "integer", "float", "constant"] + ["list", "object"] * (depth < 4)
        match dice.choice(kinds):
            case "text":
                return "".join(
                    chr(dice.choice([32, 160, 0x4E00, 0x1F600]) + dice.randrange(90)) for _ in range(9)
                )
            case "integer":
                return dice.randrange(-(2**70), 2**70)
            case "float":
                return dice.uniform(-1e9, 1e9)
            case "constant":
                return dice.choice([True, False, None])
            case "list":
                return [value(depth + 1) for _ in range(dice.randrange(5))]
            case _:
                return {f"key {number}": value(depth + 1) for number in range(dice.randrange(5))}

    described = [
        {
            "topic": f"org.example.n{number}",
            "body": {"number": number, "value": value()},
            "severity": dice.choice([10, 20, 30, 40]),
            "priority": dice.randrange(10),
            "headers": {"number": number},
        }
        for number in range(500)
    ]
    sent, received = travelled(sides[publisher], sides[consumer], amqp, tmp_path, described)

    assert [each["body"] for each in described] == [each["body"] for each in received]
    assert [without_queue(each) for each in sent] == [without_queue(each) for each in received]


@each_direction
def test_topic_prefix(
    publisher: str, consumer: str, sides: dict[str, Side], amqp: Amqp, tmp_path: Path
) -> None:
    """The prefix is put before the topic of what is sent, and received as a part of it."""
    for number, prefix in enumerate(("org.fedoraproject.prod", "org.fedoraproject.stg.", "")):
        (sent,), (received,) = travelled(
            sides[publisher],
            sides[consumer],
            amqp,
            tmp_path,
            [{"topic": f"prefixed.{number}"}],
            config=f"topic_prefix = {json.dumps(prefix)}\n",
        )

        assert sent["topic"] == f"prefixed.{number}"
        assert received["topic"] == ".".join(filter(None, [prefix.rstrip("."), f"prefixed.{number}"]))


@each_direction
def test_publish_priority(
    publisher: str, consumer: str, sides: dict[str, Side], amqp: Amqp, tmp_path: Path
) -> None:
    """The configured priority is that of messages which have none of their own."""
    described: list[dict[str, Any]] = [{"topic": "none"}, {"topic": "own", "priority": 2}]
    _, received = travelled(
        sides[publisher], sides[consumer], amqp, tmp_path, described, config="publish_priority = 5\n"
    )

    assert [each["priority"] for each in received] == [5, 2]
    assert [each["properties"]["priority"] for each in received] == [5, 2]


def test_the_wire_is_the_same(sides: dict[str, Side], amqp: Amqp, tmp_path: Path) -> None:
    """A third client sees no difference between what the two send."""
    amqp.queue("mail", "#")
    seen: dict[str, list[Any]] = {}
    for name, side in sides.items():
        side.publish(tmp_path, list(FIELDS.values()))
        seen[name] = [
            nameless(
                {
                    "id": got.id,
                    "topic": got.topic,
                    "properties": {**vars(got.properties), "message_id": None},
                    "body": json.loads(got.body),
                }
            )
            for got in amqp.take("mail")
        ]

    assert len(seen["ours"]) == len(FIELDS)
    for name, ours, theirs in zip(FIELDS, seen["ours"], seen["theirs"], strict=True):
        assert ours == theirs, name
