# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The AsyncAPI documents of real schema packages are valid by AsyncAPI's own JSON Schema."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fedora_messaging import config
from fedora_messaging._asyncapi.document import document
from fedora_messaging._typed.packages import classes_of
from fedora_messaging.message import Message
from support.builds import BUILDS

_BINDINGS = [
    {"queue": "q", "exchange": "amq.topic", "routing_keys": ["bodhi.#", "*.pagure.#"]},
    {"queue": "q", "exchange": "amq.headers", "routing_keys": [""]},
]


@pytest.fixture(scope="session")
def validator(sources: Path) -> Any:
    """Validates AsyncAPI documents."""
    schema = json.loads((sources.parent / "asyncapi" / "package" / "schemas" / "3.0.0.json").read_text())
    return jsonschema.Draft7Validator(schema)


def _errors(validator: Any, classes: dict[str, type[Message]]) -> list[str]:
    made = document(
        classes,
        config.parse({"bindings": _BINDINGS, "topic_prefix": "org.example"}),
        title="everything",
        version="1",
    )
    return [f"{list(each.absolute_path)}: {each.message[:200]}" for each in validator.iter_errors(made)]


@pytest.mark.parametrize(
    "package", ["bodhi-messages", "pagure-messages", "copr-messaging", "noggin-messages"]
)
def test_schema_packages(validator: Any, package: str) -> None:
    """The document of a schema package is valid."""
    classes = classes_of([package])

    assert classes
    assert [] == _errors(validator, classes)


def test_typed_classes(validator: Any) -> None:
    """The document of typed bodies of all kinds is valid."""
    assert [] == _errors(validator, {cls.__name__: cls for cls, _, _ in BUILDS})


def test_the_validator_refuses(validator: Any) -> None:
    """A document with a part that AsyncAPI does not know is refused."""
    made = document({}, config.parse({}), title="t", version="1")

    assert validator.is_valid(made)
    assert not validator.is_valid({**made, "queues": {}})
