# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What this install makes of many messages: ``python -m support.verdicts SEED EXAMPLES [without-orjson]``.

Both ways, for schemas and values that Hypothesis makes: the same seed makes the same ones in each process.
Prints a line for each: the value that came of it, or the error.
"""

import datetime
import decimal
import enum
import json
import sys
import uuid
from typing import Any

SEED, EXAMPLES = int(sys.argv[1]), int(sys.argv[2])
if "without-orjson" in sys.argv:
    sys.modules["orjson"] = None  # type: ignore[assignment]

import pika  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from fedora_messaging._message import message  # noqa: E402
from fedora_messaging._message.validation import check_outgoing, get_message  # noqa: E402
from fedora_messaging.exceptions import ValidationError  # noqa: E402


class Sample(message.Message):
    """Its schema is another one for each example."""


message.registry.add("verdicts.sample", Sample)


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


def deep(levels: int) -> Any:
    """A list in a list in a list ..."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


_names = st.sampled_from(["a", "b", "id", "é", "\ud800"])
_numbers = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0.0, 1.0, 2**53 + 1, 0.3]))
_texts = st.one_of(st.sampled_from(["", "a", "a\n", "\ud800", "F-1"]), st.text(max_size=5))
_json = st.one_of(st.none(), st.booleans(), _numbers, _texts)
_odd = st.sampled_from(
    [
        Colour.RED,
        Number.ONE,
        Text("a"),
        uuid.UUID(int=1),
        datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
        datetime.date(2026, 1, 1),
        decimal.Decimal("1.5"),
        b"a",
        (1, 2),
        {3},
        deep(150),
        deep(198),
        deep(199),
        deep(201),
        deep(260),
    ]
)


def _trees(leaves: Any, names: Any) -> Any:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
        max_leaves=8,
    )


_values = st.one_of(
    st.dictionaries(_names, _trees(st.one_of(_json, _odd), st.one_of(_names, st.integers(0, 1))), max_size=4),
    _trees(_json, _names),
)
_types = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])
_counts = st.integers(0, 3)


def _keywords(inner: Any) -> Any:
    several = st.lists(inner, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": st.one_of(_types, st.lists(_types, min_size=1, max_size=3, unique=True)),
            "properties": st.dictionaries(_names, inner, max_size=3),
            "required": st.lists(_names, min_size=1, max_size=2, unique=True),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "items": inner,
            "enum": st.lists(_json, min_size=1, max_size=3),
            "minimum": st.integers(-1, 2),
            "multipleOf": st.sampled_from([1, 0.1]),
            "maxLength": _counts,
            "maxItems": _counts,
            "pattern": st.sampled_from(["^a$", "\\d"]),
            "anyOf": several,
            "oneOf": several,
            "not": inner,
        },
    )


_schemas = st.builds(
    lambda draft, schema: {**draft, **schema},
    st.sampled_from([{}, *({"$schema": f"http://json-schema.org/draft-0{n}/schema#"} for n in (4, 6, 7))]),
    st.recursive(st.builds(dict), _keywords, max_leaves=5),
)


def _shown(outcome: Any) -> str:
    return json.dumps(outcome if isinstance(outcome, str) else repr(outcome))


def _sent(schema: Any, value: Any) -> Any:
    Sample.body_schema = schema
    try:
        return json.loads(check_outgoing(Sample(topic="verdicts", body=value)))
    except ValidationError as error:
        return f"{type(error.__cause__).__name__}: {error}"


def _received(schema: Any, data: bytes) -> Any:
    Sample.body_schema = schema
    headers = {"fedora_messaging_schema": "verdicts.sample", "fedora_messaging_severity": 20}
    properties = pika.BasicProperties(content_encoding="utf-8", message_id="1", headers=headers)
    try:
        return get_message("verdicts", properties, data).body
    except ValidationError as error:
        return f"{type(error.__cause__).__name__}: {error}"


def _encoded(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, RecursionError):
        return b'{"a": NaN}'


@seed(SEED)
@settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(_schemas, _values, st.integers(0, 200), st.binary(max_size=2))
def verdicts(schema: Any, value: Any, place: int, noise: bytes) -> None:
    """Send a value; receive it, and receive it with a few bytes changed."""
    data = _encoded(value)
    print(_shown(_sent(schema, value)))
    print(_shown(_received(schema, data)))
    print(_shown(_received(schema, data[:place] + noise + data[place + len(noise) :])))


if __name__ == "__main__":
    verdicts()
