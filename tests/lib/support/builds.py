# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One body, as a class of each kind, and the message classes of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import attrs
import msgspec
import pydantic
from typing_extensions import NotRequired, TypedDict

from fedora_messaging.message import Message
from fedora_messaging.typed import Typed

__all__ = [
    "BUILDS",
    "BuildOfAttrs",
    "BuildOfDataclass",
    "BuildOfDict",
    "BuildOfPydantic",
    "BuildOfStruct",
    "OwnerData",
    "OwnerDict",
    "OwnerModel",
    "OwnerStruct",
]


class OwnerStruct(msgspec.Struct):
    """Who builds."""

    name: str
    admin: bool = False


class StructBuild(msgspec.Struct):
    """A build."""

    nvr: str
    task_id: int
    state: Literal["done", "failed"]
    owner: OwnerStruct
    tags: list[str]
    sizes: dict[str, float]
    parent: int | None = None


class OwnerModel(pydantic.BaseModel):
    """Who builds."""

    name: str
    admin: bool = False


class ModelBuild(pydantic.BaseModel):
    """A build."""

    nvr: str
    task_id: int
    state: Literal["done", "failed"]
    owner: OwnerModel
    tags: list[str]
    sizes: dict[str, float]
    parent: int | None = None


@dataclass
class OwnerData:
    """Who builds."""

    name: str
    admin: bool = False


@dataclass
class DataclassBuild:
    """A build."""

    nvr: str
    task_id: int
    state: Literal["done", "failed"]
    owner: OwnerData
    tags: list[str]
    sizes: dict[str, float] = field()
    parent: int | None = None


@attrs.define
class OwnerAttrs:
    """Who builds."""

    name: str
    admin: bool = False


@attrs.define
class AttrsBuild:
    """A build."""

    nvr: str
    task_id: int
    state: Literal["done", "failed"]
    owner: OwnerAttrs
    tags: list[str]
    sizes: dict[str, float]
    parent: int | None = None


class OwnerDict(TypedDict):
    """Who builds."""

    name: str
    admin: NotRequired[bool]


class DictBuild(TypedDict):
    """A build."""

    nvr: str
    task_id: int
    state: Literal["done", "failed"]
    owner: OwnerDict
    tags: list[str]
    sizes: dict[str, float]
    parent: NotRequired[int | None]


class BuildOfStruct(Typed[StructBuild], Message):
    """Of a struct."""

    topic_pattern = "buildsys.build.*"


class BuildOfPydantic(Typed[ModelBuild], Message):
    """Of a model."""


class BuildOfDataclass(Typed[DataclassBuild], Message):
    """Of a dataclass."""


class BuildOfAttrs(Typed[AttrsBuild], Message):
    """Of a class of attrs."""


class BuildOfDict(Typed[DictBuild], Message):
    """Of a typed dictionary."""


#: Each class of messages, with the classes of its body and of the owner in it.
BUILDS: list[tuple[Any, Any, Any]] = [
    (BuildOfStruct, StructBuild, OwnerStruct),
    (BuildOfPydantic, ModelBuild, OwnerModel),
    (BuildOfDataclass, DataclassBuild, OwnerData),
    (BuildOfAttrs, AttrsBuild, OwnerAttrs),
    (BuildOfDict, DictBuild, OwnerDict),
]
