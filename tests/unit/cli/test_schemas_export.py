# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas export`` to JSON schemas and to Markdown; AsyncAPI has tests of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from fedora_messaging._schemas.documents import bundle, markdown
from fedora_messaging.message import Message

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "An order",
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "Its id,\nor|and number"},
        "state": {"enum": ["open", None]},
        "lines": {"type": "array", "items": {"$ref": "#/definitions/line"}},
        "any": {},
        "either": {"anyOf": [{"type": "array", "items": {"type": ["integer", "null"]}}, {"type": "boolean"}]},
    },
    "required": ["id"],
    "definitions": {
        "line": {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "parts": {"$ref": "#/definitions/line"}},
            "required": ["sku"],
        }
    },
}
_EXPECTED = """\
# Shop

## shop.order

Somebody has ordered something.

This message is deprecated.

Topic: `shop.order`

Class: `{module}.{name}`

| property | type | required | description |
| --- | --- | --- | --- |
| `id` | string (uuid) | yes | Its id, or\\|and number |
| `state` | `"open"` or `null` |  |  |
| `lines` | array of object |  |  |
| `lines[].sku` | string | yes |  |
| `lines[].parts` | object |  |  |
| `any` | any |  |  |
| `either` | array of (integer or null) or boolean |  |  |

Example of a body:

```json
{{
  "id": "6f1c2f0e-7a51-4b1f-9d3c-000000000001",
  "state": "open",
  "lines": [
    {{
      "sku": "sku"
    }}
  ],
  "any": "any",
  "either": [
    1
  ]
}}
```
"""


class _Order(Message):
    """Somebody has ordered something."""

    topic = "shop.order"
    deprecated = True
    body_schema = _SCHEMA


def test_markdown() -> None:
    """A class is a section with its properties, those of objects inside it too, and an example."""
    expected = _EXPECTED.format(module=_Order.__module__, name=_Order.__qualname__)

    assert expected == markdown({"shop.order": _Order}, "Shop")


_INVALID: dict[str, Any] = {"type": 5}
_ENDLESS: dict[str, Any] = {"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]}


class _Broken(Message):
    body_schema = _INVALID


class _Recursive(Message):
    body_schema = _ENDLESS


def test_schemas_that_cannot_be_described() -> None:
    """Of one that is not valid it is said; one without an example has none."""
    page = markdown({"broken": _Broken, "recursive": _Recursive}, "Shop")

    assert "The schema is not valid: 5 is not valid under any of the given schemas" in page
    assert "| `n` | object | yes |  |" in page
    assert "Example" not in page


def test_bundle() -> None:
    """Each schema is there as it is, by its name."""
    assert {"schemas": {"shop.order": _SCHEMA}} == bundle({"shop.order": _Order})


def test_to_a_file(run: Run, tmp_path: Path) -> None:
    """The package chooses the classes, and --output the file."""
    file = tmp_path / "schemas.json"
    result = run("schemas", "export", "copr-messaging", "--format", "jsonschema", "-o", file)

    assert (0, "") == (result.exit_code, result.output)
    assert "copr.build.end" in json.loads(file.read_text())["schemas"]
    assert run("schemas", "export", "copr-messaging", "--format", "markdown").output.startswith(
        "# copr-messaging\n\n## copr.build.end\n"
    )
