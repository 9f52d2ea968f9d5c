# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Typed bodies: of, data, and the schema, for each kind of class."""

import copy
import datetime
import enum
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import pika
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedora_messaging._json.schema import check, proves
from fedora_messaging.exceptions import ValidationError
from fedora_messaging.message import Message, check_outgoing, dumps, get_message, loads
from fedora_messaging.typed import Typed
from support.builds import BUILDS, BuildOfStruct, OwnerStruct, StructBuild

_BODY: dict[str, Any] = {
    "nvr": "x-1-1",
    "task_id": 7,
    "state": "done",
    "owner": {"name": "ada", "admin": True},
    "tags": ["f44"],
    "sizes": {"x86_64": 1.5},
    "parent": None,
}

T = TypeVar("T")


@pytest.fixture(params=BUILDS, ids=lambda each: each[0].__name__)
def build(request: pytest.FixtureRequest, registered: Callable[..., str]) -> tuple[Any, Any, Any]:
    """A class of messages, the class of its body and that of the owner in it."""
    made: tuple[Any, Any, Any] = request.param
    registered(made[0])
    return made


def value_of(build: tuple[Any, Any, Any]) -> Any:
    """The body above as a value of the class."""
    _, model, owner = build
    return model(**{**_BODY, "owner": owner(**_BODY["owner"])})


def received(message: Message) -> Message:
    """A message as it is when it has been sent and received."""
    properties = pika.BasicProperties(content_encoding="utf-8", message_id="1", headers=message._headers)
    return get_message(message.topic, properties, check_outgoing(message))


def without_titles(schema: Any) -> Any:
    """A schema without titles, and with one name for each class."""
    if isinstance(schema, dict):
        return {key: without_titles(each) for key, each in schema.items() if key != "title"}
    if isinstance(schema, list):
        return [without_titles(each) for each in schema]
    return schema


def inlined(cls: Any) -> Any:
    """The schema of a class of messages, with the owner in its place."""
    schema = without_titles(cls.body_schema)
    (definition,) = schema.pop("$defs").values()
    assert schema["properties"]["owner"].pop("$ref")
    # A default is said of a class, and not of a typed dictionary.
    for each in (*definition["properties"].values(), *schema["properties"].values()):
        each.pop("default", None)
    return {**schema, "owner": {**definition, "required": sorted(definition["required"])}} | {
        "required": sorted(schema["required"])
    }


def test_both_ways(build: tuple[Any, Any, Any]) -> None:
    """What `of` is given is the body as JSON, and `data` of the received message is equal to it."""
    message = build[0].of(value_of(build), topic="buildsys.build.done", severity=30, headers={"a": 1})
    got = received(message)

    assert message.body == _BODY
    assert ("buildsys.build.done", 30, 1) == (message.topic, message.severity, message._headers["a"])
    assert type(got) is build[0]
    assert got == message
    assert got.data == value_of(build)  # type: ignore[attr-defined]
    assert got.data is got.data  # type: ignore[attr-defined]


def test_all_kinds_have_one_schema() -> None:
    """The same body gives the same schema, whichever kind its class is of, up to titles."""
    schemas = [inlined(cls) for cls, _, _ in BUILDS]

    assert all(each == schemas[0] for each in schemas)
    assert ["name"] == schemas[0]["owner"]["required"]


def test_schemas_are_compiled(build: tuple[Any, Any, Any]) -> None:
    """The fast validation proves a body by each generated schema, which is made once."""
    assert proves(build[0].body_schema, _BODY, build[0])
    assert build[0].body_schema is build[0].body_schema


def test_the_message_equals_the_untyped_one(build: tuple[Any, Any, Any]) -> None:
    """A message made of a value equals one of the same body and headers, of the class or without one."""
    message = build[0].of(value_of(build), topic="a.b")
    untyped = Message(copy.deepcopy(_BODY), topic="a.b")
    untyped._headers.update(message._headers)

    assert message == build[0](body=_BODY, topic="a.b")
    assert message == untyped
    assert untyped == message


def test_text_form_and_copies(build: tuple[Any, Any, Any]) -> None:
    """Messages with data are written, read and copied as others are."""
    message = build[0].of(value_of(build), topic="a.b")
    assert message.data == value_of(build)

    assert loads(dumps(message)) == [message]
    assert copy.deepcopy(message).data == message.data
    assert pickle.loads(pickle.dumps(message)) == message


def test_no_coercion(build: tuple[Any, Any, Any]) -> None:
    """A number as a string is refused by the schema and not made a number."""
    message = build[0](body={**_BODY, "task_id": "7"})

    with pytest.raises(ValidationError, match="'7' is not of type 'integer'"):
        _ = message.data
    with pytest.raises(ValidationError, match="'7' is not of type 'integer'"):
        check_outgoing(message)


def test_what_the_class_refuses_and_the_schema_does_not(build: tuple[Any, Any, Any]) -> None:
    """JSON Schema takes 7.0 for an integer, the classes do not: the error says that the two differ."""
    got = received(build[0](body={**_BODY, "task_id": 7.0}))

    with pytest.raises(ValidationError, match="schema and class differ"):
        _ = got.data  # type: ignore[attr-defined]


def test_another_body_is_converted_anew(registered: Callable[..., str]) -> None:
    """`data` is of the body that the message has, and cannot be set."""
    registered(BuildOfStruct)
    message = BuildOfStruct(body=dict(_BODY))
    assert 7 == message.data.task_id

    message.body = {**_BODY, "task_id": 8}

    assert 8 == message.data.task_id
    with pytest.raises(AttributeError):
        message.data = message.data  # type: ignore[misc]


def test_values_of_another_class() -> None:
    """`of` takes values of its class alone."""
    with pytest.raises(ValidationError, match=r"BuildOfStruct\.of takes a StructBuild: .*but dict"):
        BuildOfStruct.of(_BODY)  # type: ignore[arg-type]


def test_values_that_are_no_objects(registered: Callable[..., str]) -> None:
    """A class that is written as an array is told so when a message is made of it."""

    class Row(msgspec.Struct, array_like=True):
        a: int

    class Rows(Typed[Row], Message):
        pass

    registered(Rows)
    with pytest.raises(ValidationError, match=r"JSON object, and .*Row is written as"):
        Rows.of(Row(1))


@pytest.mark.parametrize("model", [int, list[int], str, None, tuple[int, str]])
def test_classes_that_are_no_objects(model: Any) -> None:
    """A type argument that is never a JSON object is refused when the class is made."""
    with pytest.raises(TypeError, match="The body of a message is a JSON object"):
        _made(model)


def _made(model: Any) -> Any:
    class Bad(Typed[model], Message):
        pass

    return Bad


def test_no_class_at_all() -> None:
    """A class of messages that names no class of its body is refused."""
    with pytest.raises(TypeError, match="names no class of its body"):

        class Bad(Typed, Message):  # type: ignore[type-arg]
            pass


def test_generic_classes_and_subclasses(registered: Callable[..., str]) -> None:
    """A generic class of messages may leave the class open; a subclass has that of its base, or its own."""

    class Base(Typed[T], Message, Generic[T]):
        pass

    class Of(Base[StructBuild]):
        pass

    class Below(Of):
        pass

    class Other(Below, Typed[OwnerStruct]):
        pass

    for cls in (Of, Below, Other):
        registered(cls)
    assert Of.body_schema["title"] == "StructBuild"
    assert Below.body_schema == Of.body_schema
    assert "OwnerStruct" == Other.body_schema["title"]
    assert "ada" == Other(body={"name": "ada"}).data.name  # type: ignore[attr-defined]


def test_a_schema_of_its_own(registered: Callable[..., str]) -> None:
    """A class that gives its schema keeps it, and has data all the same."""

    class Own(Typed[OwnerStruct], Message):
        body_schema = {"type": "object", "required": ["name"]}  # noqa: RUF012

    registered(Own)

    assert ["type", "required"] == list(Own.body_schema)
    assert "ada" == Own(body={"name": "ada"}).data.name
    with pytest.raises(ValidationError, match="schema and class differ"):
        _ = received(Own(body={"name": 1})).data  # type: ignore[attr-defined]


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class RichStruct(msgspec.Struct, rename="camel"):
    due_at: Annotated[datetime.datetime, msgspec.Meta(tz=True)]
    colours: set[Colour]
    span: tuple[int, str]
    data: bytes
    nested: dict[int, list[OwnerStruct]]


class RichModel(pydantic.BaseModel):
    due_at: pydantic.AwareDatetime = pydantic.Field(alias="dueAt")
    colours: set[Colour]
    span: tuple[int, str]
    number: int = pydantic.Field(ge=0, le=10)


class OfRichStruct(Typed[RichStruct], Message):
    pass


class OfRichModel(Typed[RichModel], Message):
    pass


def _rich() -> Iterator[tuple[Any, Any]]:
    due = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    yield OfRichStruct, RichStruct(due, {Colour.RED}, (1, "a"), b"x", {1: [OwnerStruct("ada")]})
    yield OfRichModel, RichModel(dueAt=due, colours={Colour.RED}, span=(1, "a"), number=3)


@pytest.mark.parametrize(("cls", "value"), list(_rich()), ids=["msgspec", "pydantic"])
def test_types_that_json_does_not_have(cls: Any, value: Any, registered: Callable[..., str]) -> None:
    """Times, enumerations, sets, tuples, bytes and renamed fields survive the way, as JSON."""
    registered(cls)
    message = cls.of(value, topic="a")

    assert "dueAt" in message.body
    assert ["red"] == message.body["colours"]
    assert [1, "a"] == message.body["span"]
    assert received(message).data == value  # type: ignore[attr-defined]


def test_tagged_unions(registered: Callable[..., str]) -> None:
    """A union of tagged structs is a body, and what OpenAPI says of unions is not in its schema."""

    class Started(msgspec.Struct, tag=True):
        task: int

    class Ended(msgspec.Struct, tag=True):
        task: int
        ok: bool

    class Either(Typed[Started | Ended], Message):
        pass

    registered(Either)

    assert Ended(1, True) == received(Either.of(Ended(1, True), topic="a")).data  # type: ignore[attr-defined]
    assert "discriminator" not in repr(Either.body_schema)


def test_recursive_classes(registered: Callable[..., str]) -> None:
    """A class that contains itself has a schema."""
    registered(OfTree)
    tree = Tree(1, [Tree(2, [])])

    assert tree == received(OfTree.of(tree, topic="a")).data  # type: ignore[attr-defined]


class Tree(msgspec.Struct):
    value: int
    below: "list[Tree]"


class OfTree(Typed[Tree], Message):
    pass


_owner = st.fixed_dictionaries({"name": st.text()}, optional={"admin": st.booleans()})
_bodies = st.fixed_dictionaries(
    {
        "nvr": st.text(),
        "task_id": st.integers(),
        "state": st.sampled_from(["done", "failed"]),
        "owner": _owner,
        "tags": st.lists(st.text()),
        "sizes": st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
    },
    optional={"parent": st.none() | st.integers()},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_bodies)
def test_what_the_class_dumps_is_valid(build: tuple[Any, Any, Any], body: dict[str, Any]) -> None:
    """Whatever a value is dumped as, the schema accepts, and the class reads it as an equal value."""
    cls, model, owner = build
    value = model(**{**body, "owner": owner(**body["owner"])})
    message = cls.of(value)

    check(cls.body_schema, message.body, cls)
    assert value == message.data


def _fresh(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=200, check=False
    )
    return done.stdout + done.stderr


_LOADED = "print([name for name in ('msgspec', 'pydantic') if name in sys.modules])"


@pytest.mark.parametrize("module", ["api", "message", "typed"])
def test_nothing_is_imported_before_it_is_needed(module: str, tmp_path: Path) -> None:
    """Neither library is loaded with the package, nor for typed messages with the interface."""
    said = _fresh(
        f"import sys, fedora_messaging.{module}; {_LOADED}; print('fedora_messaging.typed' in sys.modules)",
        tmp_path,
    )

    assert f"[]\n{module == 'typed'}" == said.strip()


_OF_DATACLASS = """
import sys
from dataclasses import dataclass
from fedora_messaging.message import Message
from fedora_messaging.typed import Typed

@dataclass
class Build:
    nvr: str

class BuildV1(Typed[Build], Message):
    pass
"""


def test_a_schema_is_not_made_on_import(tmp_path: Path) -> None:
    """Making a class of messages loads no library: it is loaded when the schema is read."""
    said = _fresh(
        f"{_OF_DATACLASS}\nprint('msgspec' in sys.modules)\n"
        "BuildV1.body_schema\nprint('msgspec' in sys.modules)",
        tmp_path,
    )

    assert "False\nTrue" == said.strip()


def test_a_missing_library(tmp_path: Path) -> None:
    """Without msgspec, a dataclass as the body is an ImportError that names class and library."""
    hidden = "import sys; sys.modules['msgspec'] = None\n"
    said = _fresh(hidden + _OF_DATACLASS, tmp_path)

    assert "ImportError: The body of BuildV1 is Build, which msgspec converts" in said
    assert "pip install msgspec" in said


@dataclass
class Later:
    """A class that is found by its name."""

    name: str


class ByName(Typed["Later"], Message):
    pass


class ByPath(Typed["support.builds.OwnerStruct"], Message):  # type: ignore[name-defined]
    pass


class Nowhere(Typed["Missing"], Message):  # type: ignore[name-defined]
    pass


def test_classes_given_by_name(registered: Callable[..., str]) -> None:
    """A class may be given by its name in the module, or by the name with its own module."""
    registered(ByName)
    registered(ByPath)

    assert Later("ada") == ByName(body={"name": "ada"}).data
    assert "OwnerStruct" == ByPath.body_schema["title"]
    with pytest.raises(NameError, match='Nowhere is given as "Missing"'):
        _ = Nowhere.body_schema
