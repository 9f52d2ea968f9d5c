# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging schemas lint``."""

import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from fedora_messaging._message.message import registry
from fedora_messaging._schemas.packages import check_packages
from fedora_messaging._schemas.rules import RULES

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]

_MODULE = """
from fedora_messaging.message import Message


class GoodV1(Message):
    topic = "shop.good"
    body_schema = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "good", "type": "object"}


class Base(Message):
    pass


class Bad(Base):
    topic = "t" * 256
    body_schema = {
        "type": "object",
        "properties": {"a": {"type": "object", "properties": {"b": {}}, "required": ["c"]}, "n": {}},
        "required": ["a"],
    }

    @property
    def summary(self):
        return self.body["n"]

    @property
    def url(self):
        pass

    @property
    def usernames(self):
        return "jo"

    @property
    def packages(self):
        raise KeyError("x")


class BrokenV1(Message):
    body_schema = {"type": 5}


class PatternV1(Message):
    body_schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": "pattern",
        "properties": {"a": {"type": "string", "pattern": "^(a)\\\\1$"}},
        "required": ["a"],
    }


class NowhereV1(Message):
    pass


no_class = 5
"""
_POINTS = """
[fedora.messages]
shop.good = lintedshop:GoodV1
shop.bad = lintedshop:Bad
shop.broken = lintedshop:BrokenV1
shop.pattern = lintedshop:PatternV1
shop.no_class = lintedshop:no_class
shop.missing = lintedshop:Missing
shop.twice.v1 = lintedshop:GoodV1
"""
_EXPECTED = """\
FM304  shop.bad: neither Bad nor shop.bad ends with a version
FM001  shop.bad: there is no $schema; without it, it is read by draft 2020-12
FM002  shop.bad: there is neither $id nor id
FM004  shop.bad: a: c is required and not among the properties
FM102  shop.bad: url returns None
FM103  shop.bad: usernames returns jo, not a list of strings
FM101  shop.bad: packages raises KeyError: 'x'
FM201  shop.bad: The topic has 256 bytes; 255 is the most: %s
FM101  shop.bad: summary raises KeyError: 'n', where only what is required is there
FM003  shop.broken: 5 is not valid under any of the given schemas
FM301  shop.missing: lintedshop:Missing: AttributeError: module 'lintedshop' has no attribute 'Missing'
FM301  shop.no_class: lintedshop:no_class is not a message class
FM005  shop.pattern: No example could be made: a: the pattern ^(a)\\1$ is not understood: it has the \
escape \\1. Put one into the schema there, as "examples" or "default"; accessors were not tried
FM303  shop.twice.v1: otherpackage:Twice of other_package has the same name
FM302  lintedshop:NowhereV1: no entry point in the group "fedora.messages" has this class
"""


_CLASSES = {"good": "GoodV1", "bad": "Bad", "broken": "BrokenV1", "pattern": "PatternV1"}
_DISTRIBUTIONS = {
    "linted_shop": _POINTS,
    "other_package": "[fedora.messages]\nshop.twice.v1 = otherpackage:Twice\n",
}


# Once for all tests here: what is derived from a class stays known to it.
@pytest.fixture(scope="module")
def linted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A package that breaks every rule, and another one with a name of it."""
    folder = tmp_path_factory.mktemp("linted")
    (folder / "lintedshop.py").write_text(_MODULE)
    for name, points in _DISTRIBUTIONS.items():
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(points)
    registry.load()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        module = importlib.import_module("lintedshop")
        classes = {f"shop.{name}": getattr(module, cls) for name, cls in _CLASSES.items()}
        for name, cls in classes.items():
            registry.add(name, cls)
        yield
    for name, cls in classes.items():
        del registry.classes[name], registry.names[cls]
    del sys.modules["lintedshop"]


def _without_topic(text: str) -> str:
    return re.sub("t{50,}.*", "%s", text)


@pytest.mark.usefixtures("linted")
def test_every_rule(run: Run) -> None:
    """Each finding is a line with its rule; the exit code is 1; base classes need no name."""
    result = run("schemas", "lint", "linted-shop")

    assert 1 == result.exit_code
    assert _EXPECTED == _without_topic(result.stdout).replace("'%s", "%s")
    assert "5 classes checked, 15 findings\n" == result.stderr
    assert set(RULES) == set(re.findall("^FM...", result.stdout, re.MULTILINE))


@pytest.mark.usefixtures("linted")
def test_colours(run: Run) -> None:
    """On a terminal the rule is red, unless NO_COLOR is set."""
    words = ["schemas", "lint", "lintedshop", "--ignore", "FM002"]

    assert "\x1b[31mFM004\x1b[0m  shop.bad: " in run(*words, color=True).stdout
    assert "\x1b" not in run(*words, color=True, env={"NO_COLOR": "1"}).stdout


@pytest.mark.usefixtures("linted")
def test_ignored_and_as_json(run: Run) -> None:
    """Rules are left out for all schemas or for some; without a finding the exit code is 0."""
    all_rules = [word for rule in RULES for word in ("--ignore", rule)]
    result = run("schemas", "lint", "linted_shop", *all_rules)
    assert (0, "") == (result.exit_code, result.stdout)
    assert "no findings, 15 ignored" in result.stderr

    some = [word for rule in RULES if rule != "FM301" for word in ("--ignore", rule)]
    result = run("schemas", "lint", "linted_shop", *some, "--ignore", "FM301:shop.m*", "--json")
    assert [
        {"rule": "FM301", "schema": "shop.no_class", "text": "lintedshop:no_class is not a message class"}
    ] == [json.loads(line) for line in result.stdout.splitlines()]
    assert 1 == result.exit_code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such"], 'is registered from the package "no-such". There are classes from: bodhi_messages'),
        (["--ignore", "FM10"], "there is no rule FM10, did you mean FM10"),
        (["--ignore", "zzz"], "there is no rule zzz; the rules are FM001, FM002"),
    ],
)
def test_wrong_usage(words: list[str], said: str, run: Run) -> None:
    """It is said with what there is."""
    result = run("schemas", "lint", *words)

    assert 2 == result.exit_code
    assert said in result.stderr


@pytest.mark.parametrize("package", ["bodhi-messages", "copr-messaging", "pagure-messages"])
def test_real_packages(package: str) -> None:
    """Of each class in the schema packages that are installed, an example can be made."""
    checked, found = check_packages(package)

    assert checked > 5
    assert [] == [each for each in found if each.rule in ("FM003", "FM005", "FM301", "FM303")]


def test_the_page() -> None:
    """Each rule stands once on the page of the documentation, and no other one does."""
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "schema-rules.md"

    assert list(RULES) == re.findall(r"^\| (FM\d+) \|", page.read_text("utf-8"), re.MULTILINE)
