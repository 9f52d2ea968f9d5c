# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Every message class that the schema packages register."""

import warnings
from importlib import metadata

import pytest
from ecosystem.fetch import PACKAGES
from ecosystem.instances import instance

from fedora_messaging import message
from fedora_messaging._schemas.example import example
from fedora_messaging._schemas.packages import check_packages

POINTS = sorted(metadata.entry_points(group="fedora.messages"))

# Their own classes warn that they are deprecated when they are made.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")


def made(point: metadata.EntryPoint) -> message.Message:
    """A message of a class, with all that its schema knows in its body."""
    cls = point.load()
    made: message.Message = cls(topic=f"org.example.{point.name}", body=instance(cls.body_schema))
    return made


def package(point: metadata.EntryPoint) -> str:
    """The name of the package a class is from, as messages carry it."""
    assert point.dist is not None
    return point.dist.name.replace("-", "_").lower()


def test_all_packages_are_here() -> None:
    """Each package has registered message classes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        message.load_message_classes()

    assert {package(point) for point in POINTS} == {
        "fedora_messaging",
        *(name.replace("-", "_") for name in PACKAGES),
    }


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_builds_and_validates(point: metadata.EntryPoint) -> None:
    """A class makes messages that carry its name and its package, and are valid."""
    made_message = made(point)
    made_message.validate()

    assert message.get_name(type(made_message)) == point.name
    assert message.get_class(point.name) is type(made_message)
    assert made_message._headers["fedora_messaging_schema"] == point.name
    assert made_message._headers["fedora_messaging_schema_package"] == package(point)


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_examples(point: metadata.EntryPoint) -> None:
    """What "schemas show --example" prints is valid, with all properties and with the required ones alone."""
    cls = point.load()
    for sparse in (False, True):
        cls(topic="org.example", body=example(cls.body_schema, "object", sparse=sparse)).validate()


def test_rules() -> None:
    """All classes are checked by the rules, and none has a schema that cannot be used."""
    checked, found = check_packages()

    assert checked == len(POINTS) - 1  # without the base class
    assert [] == [each for each in found if each.rule in ("FM003", "FM005", "FM301", "FM303")]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_dumps_and_loads(point: metadata.EntryPoint) -> None:
    """A message that is dumped and loaded is the same one, of the same class."""
    made_message = made(point)
    (loaded,) = message.loads(message.dumps(made_message))

    assert type(loaded) is type(made_message)
    assert loaded == made_message
    assert loaded.id == made_message.id
    assert loaded._headers == made_message._headers


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_sent_and_received(point: metadata.EntryPoint) -> None:
    """What is received is what was sent, and of the same class."""
    made_message = made(point)
    received = message.get_message(
        made_message._encoded_routing_key, made_message._properties, made_message._encoded_body
    )

    assert type(received) is type(made_message)
    assert received == made_message
