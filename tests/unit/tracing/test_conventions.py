# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The names of spans and attributes."""

from typing import Any

import pytest
from opentelemetry.semconv._incubating.attributes import messaging_attributes
from opentelemetry.semconv.attributes import error_attributes, exception_attributes, server_attributes
from opentelemetry.semconv.schemas import Schemas

from fedora_messaging._tracing import conventions


@pytest.mark.parametrize("name", [name for name in conventions.__all__ if name.isupper()])
def test_names_of_the_conventions(name: str) -> None:
    """Each attribute, and the version, is in the semantic conventions, and not deprecated there."""
    modules: list[Any] = [messaging_attributes, error_attributes, exception_attributes, server_attributes]
    known = {getattr(module, each): module for module in modules for each in vars(module) if each.isupper()}
    value = getattr(conventions, name)
    if name == "SCHEMA_URL":
        assert value in [each.value for each in Schemas]
    elif name != "EXCEPTION":  # an event
        assert value in known


def test_operations_of_the_conventions() -> None:
    """The types of operations are those of the conventions."""
    known = {each.value for each in messaging_attributes.MessagingOperationTypeValues}

    assert conventions.common_publish_attributes("e")[conventions.OPERATION_TYPE] in known
    assert conventions.common_process_attributes("q")[conventions.OPERATION_TYPE] in known


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("e", "a.b"), "e:a.b"),
        (("e", "a.b", "q"), "e:a.b:q"),
        (("", "q"), "q"),
        (("", "q", "q"), "q"),
        (("e", "", "q"), "e:q"),
        (("", ""), "amq.default"),
    ],
)
def test_destinations(parts: tuple[str, ...], name: str) -> None:
    """They are what is not empty, with colons between, and a queue only once."""
    assert name == conventions.destination(*parts)


def test_names_of_spans() -> None:
    """They have the names of exchanges and queues, but no name that a broker has made."""
    assert ("publish e", "publish amq.default") == tuple(map(conventions.publish_name, ("e", "")))
    assert ("process q", "process") == tuple(map(conventions.process_name, ("q", "amq.gen-x")))


def test_queues_named_by_the_broker() -> None:
    """They are anonymous and temporary, and have no template."""
    found = conventions.common_process_attributes("amq.gen-x")

    assert found[conventions.ANONYMOUS] is True
    assert found[conventions.TEMPORARY] is True
    assert conventions.TEMPLATE not in found
