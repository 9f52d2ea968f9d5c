# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What type checkers know of typed bodies: mypy and pyright check this file, its ignores included."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from typing_extensions import assert_type

from fedora_messaging.exceptions import ValidationError
from fedora_messaging.message import Message
from fedora_messaging.typed import Typed


class Build(msgspec.Struct):
    nvr: str
    task_id: int


class BuildV1(Typed[Build], Message):
    topic_pattern = "buildsys.build.*"

    @property
    def summary(self) -> str:
        return f"built {self.data.nvr}"


def test_what_of_and_data_are(registered: Callable[..., str]) -> None:
    """`of` takes the class of the body and returns the class of messages, and `data` is of the former."""
    registered(BuildV1)
    message = BuildV1.of(Build("x-1", 7), topic="buildsys.build.done")

    assert_type(message, BuildV1)
    assert_type(message.data, Build)
    assert_type(message.data.task_id, int)
    assert_type(BuildV1.body_schema, dict[str, Any])
    assert isinstance(message, Message)
    assert "built x-1" == message.summary


def test_what_type_checkers_refuse(registered: Callable[..., str]) -> None:
    """A value of another class, and a new value for `data`, are errors for type checkers and when run."""
    registered(BuildV1)
    with pytest.raises(ValidationError, match="takes a Build: not a Build but dict"):
        BuildV1.of({"nvr": "x-1"})  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        BuildV1(body={"nvr": "x-1", "task_id": 7}).data = Build("x-2", 8)  # type: ignore[misc]
