# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas list``, ``show`` and ``diff``."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from fedora_messaging.message import Message

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]

_OLD: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_list(run: Run) -> None:
    """Each schema is a line, with its package and class; programs get JSON."""
    result = run("schemas", "list", "--package", "fedora-messaging", "--json")
    (found,) = [
        each for each in map(json.loads, result.output.splitlines()) if each["schema"] == "base.message"
    ]

    assert {
        "schema": "base.message",
        "package": "fedora_messaging",
        "class": "fedora_messaging.message:Message",
    } == found
    assert "base.message " in run("schemas", "list").output


def test_list_of_an_unknown_package(run: Run) -> None:
    """It is wrong usage, and said with the likely one or with all."""
    assert "did you mean copr_messaging?" in run("schemas", "list", "--package", "copr-message").stderr

    result = run("schemas", "list", "--package", "zzz")
    assert 2 == result.exit_code
    assert "there are bodhi_messages, copr_messaging, " in result.stderr


def test_a_schema_that_is_a_property(run: Run, built: type[Message]) -> None:
    """It is the one that messages of the class have."""
    schema = {"type": "object", "properties": {"n": {"const": 7}}}
    built.body_schema = property(lambda message: schema)  # type: ignore[assignment]

    assert schema == json.loads(run("schemas", "show", "example.built").output)
    assert {"n": 7} == json.loads(run("schemas", "show", "example.built", "--example").output)


def test_show(run: Run) -> None:
    """The schema is JSON; an unknown one is said with the likely one."""
    assert Message.body_schema == json.loads(run("schemas", "show", "base.message").output)

    refused = run("schemas", "show", "bas.message")
    assert 2 == refused.exit_code
    assert "did you mean base.message?" in refused.stderr


def test_an_example(run: Run) -> None:
    """What show --example prints is valid by the schema."""
    assert {} == json.loads(run("schemas", "show", "base.message", "--example").output)


def test_no_example(run: Run, built: type[Message]) -> None:
    """Where none can be made, the place and the way out are said, and the exit code is 1."""
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 0}}}
    built.body_schema = {**schema, "required": ["n"]}
    result = run("schemas", "show", "example.built", "--example")

    assert 1 == result.exit_code
    assert "Error: No example could be made: n: 0 is less than the minimum of 1" in result.stderr


@pytest.mark.parametrize(
    ("new", "code", "said"),
    [
        (_OLD, 0, "compatible\n"),
        ({**_OLD, "required": []}, 1, "breaks consumers   required: n is required by one only\n"),
        (
            {**_OLD, "properties": {"n": {"type": "integer", "minimum": 1}}},
            1,
            "breaks publishers  n: minimum: differs\n",
        ),
        ({**_OLD, "not": {"required": ["x"]}}, 3, "cannot tell        not: differs\n"),
    ],
)
def test_diff(new: dict[str, Any], code: int, said: str, run: Run, tmp_path: Path) -> None:
    """The exit code is for CI, the line for people."""
    files = tmp_path / "old.json", tmp_path / "new.json"
    for file, schema in zip(files, (_OLD, new), strict=True):
        file.write_text(json.dumps(schema))
    result = run("schemas", "diff", *files)

    assert (code, said) == (result.exit_code, result.output)


def test_an_installed_schema(run: Run, tmp_path: Path) -> None:
    """What show printed is compatible with what is installed."""
    file = tmp_path / "base.json"
    file.write_text(run("schemas", "show", "base.message").output)

    assert 0 == run("schemas", "diff", file, "base.message@installed").exit_code


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "an installed schema is named ID@installed"),
        ("{", "is neither JSON nor a wheel"),
        ("5", "is not a JSON schema but 5"),
        ('{"type": 5}', "is not a valid JSON schema"),
    ],
)
def test_what_is_no_schema(text: str | None, words: str, run: Run, tmp_path: Path) -> None:
    """It is wrong usage, in one line."""
    file = tmp_path / "old.json"
    if text is not None:
        file.write_text(text)
    result = run("schemas", "diff", file, "base.message@installed")

    assert 2 == result.exit_code
    assert words in result.stderr


@pytest.fixture
def exported(run: Run, tmp_path: Path) -> Path:
    """A file with the schemas of copr-messaging."""
    file = tmp_path / "released.json"
    assert 0 == run("schemas", "export", "copr-messaging", "--format", "jsonschema", "-o", file).exit_code
    return file


def test_a_package(run: Run, exported: Path) -> None:
    """What was exported is compared class by class with what is installed."""
    same = run("schemas", "diff", exported, "copr-messaging@installed")
    assert (0, "compatible\n") == (same.exit_code, same.output)

    content = json.loads(exported.read_text())
    content["schemas"]["copr.build.end"]["required"].remove("chroot")
    content["schemas"]["copr.gone"] = {}
    exported.write_text(json.dumps(content))
    result = run("schemas", "diff", exported, "copr-messaging@installed")

    assert 1 == result.exit_code
    assert [
        "breaks publishers  copr.build.end: required: chroot is required by one only",
        "cannot tell        copr.gone: it is not there any more: who consumes it may wait in vain",
    ] == result.output.splitlines()
    as_json = [
        json.loads(each)
        for each in run("schemas", "diff", "--json", exported, "copr-messaging@installed").output.splitlines()
    ]
    assert ["copr.build.end", "copr.gone"] == [each["schema"] for each in as_json]


def test_two_wheels(run: Run, tmp_path: Path) -> None:
    """Their classes are compared; one that cannot be read cannot be told."""
    wheels = []
    for version, schema in (("1", '{"type": "object"}'), ("2", '{"type": "object", "required": ["a"]}')):
        wheels.append(tmp_path / f"shop-{version}-py3-none-any.whl")
        with zipfile.ZipFile(wheels[-1], "w") as archive:
            archive.writestr("wheelshop.py", f"class Order:\n    body_schema = {schema}\n")
            archive.writestr(
                "shop.dist-info/entry_points.txt", "[fedora.messages]\norder = wheelshop:Order\n"
            )
    result = run("schemas", "diff", *wheels)

    assert (1, "breaks publishers  order: required: a is required by one only\n") == (
        result.exit_code,
        result.output,
    )
    assert 3 == run("schemas", "diff", wheels[0], "copr-messaging@installed").exit_code


def test_a_schema_and_a_package(run: Run, exported: Path) -> None:
    """They cannot be compared; a name that is neither is said with the likely one."""
    result = run("schemas", "diff", exported, "copr.build.end@installed")
    assert 2 == result.exit_code
    assert "name two of a kind" in result.stderr

    result = run("schemas", "diff", exported, "copr.build.en@installed")
    assert 2 == result.exit_code
    assert "did you mean copr.build.end?" in result.stderr


def test_colours(run: Run, exported: Path) -> None:
    """On a terminal what breaks is red, and what cannot be told yellow."""
    exported.write_text(json.dumps({"schemas": {"copr.gone": {}}}))
    result = run("schemas", "diff", exported, "copr-messaging@installed", color=True)

    assert result.output.startswith("\x1b[33mcannot tell       \x1b[0m copr.gone: ")
