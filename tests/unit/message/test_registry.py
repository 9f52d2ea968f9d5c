# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message classes come from entry points, and one broken package stops nobody."""

import logging
import sys
import threading
import types
from collections.abc import Iterator
from importlib import metadata

import pytest

from fedora_messaging._message.registry import GROUP, Registry, Schema


class Base:
    pass


class One(Base):
    pass


class Two(Base):
    pass


class Other:
    pass


class Dist(metadata.Distribution):
    """A distribution in memory."""

    def __init__(self, name: str) -> None:
        self.called = name

    def read_text(self, filename: str) -> str | None:
        return f"Metadata-Version: 2.1\nName: {self.called}\nVersion: 1\n" if "META" in filename else None

    def locate_file(self, path: object) -> object:  # type: ignore[override]
        return path


def point(name: str, value: str, package: str = "Some.Schemas-Package") -> metadata.EntryPoint:
    """An entry point of a distribution."""
    made = metadata.EntryPoint(name, value, GROUP)
    vars(made).update(dist=Dist(package))
    return made


@pytest.fixture(autouse=True)
def module(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module with classes to register."""
    module = types.ModuleType("registered")
    vars(module).update(One=One, Two=Two, Other=Other)
    for cls in (One, Two):
        monkeypatch.setattr(cls, "__module__", "registered")
    monkeypatch.setitem(sys.modules, "registered", module)
    return module


def registry(*points: metadata.EntryPoint) -> Registry:
    """A registry of these entry points."""
    return Registry(Base, lambda: points)


def test_names_and_classes() -> None:
    """The entry point's name stands for the class, and the class for name and normalised package."""
    known = registry(point("one.v1", "registered:One"))

    assert known.get("one.v1") is One
    assert known.schema(One) == Schema("one.v1", "some_schemas_package")


def test_python_path() -> None:
    """A registered class is found by its Python path, others are not even imported."""
    known = registry(point("one.v1", "registered:One"))

    assert known.get("registered:One") is One
    assert known.get("registered:Two") is None


@pytest.mark.parametrize("broken", ["missing_module:One", "registered:Three", "registered:Other", "x"])
def test_broken_entry_point(broken: str, caplog: pytest.LogCaptureFixture) -> None:
    """A broken entry point is logged by name and left out; the ones after it are there."""
    known = registry(point("broken.v1", broken), point("one.v1", "registered:One"))

    assert known.get("one.v1") is One
    assert known.get("broken.v1") is None
    assert "broken.v1" in caplog.text


def test_module_that_exits(module: types.ModuleType) -> None:
    """A package that exits when it is imported ends nothing."""

    class Exits(metadata.EntryPoint):
        def load(self) -> object:
            raise SystemExit(1)

    known = registry(Exits("exits", "x:y", GROUP), point("one.v1", "registered:One"))

    assert known.get("one.v1") is One


@pytest.mark.parametrize("turned", [False, True])
def test_name_of_two_packages(turned: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Both classes keep a name that two packages claim, and messages are received as the first package's."""
    points = [point("a.v1", "registered:One", "a-messages"), point("a.v1", "registered:Two", "b-messages")]
    known = registry(*(reversed(points) if turned else points))

    assert known.get("a.v1") is One
    assert known.schema(One) == Schema("a.v1", "a_messages")
    assert known.schema(Two) == Schema("a.v1", "b_messages")
    assert known.packages == {"a.v1": "a_messages"}
    assert known.get("registered:Two") is Two
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert all(name in caplog.text for name in ("a.v1", "a_messages", "b_messages"))


@pytest.mark.parametrize("turned", [False, True])
def test_class_with_two_names(turned: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A class with two names is sent with the first by name, and received with both."""
    points = [point("one.v1", "registered:One"), point("one.v2", "registered:One")]
    known = registry(*(reversed(points) if turned else points))

    assert known.get("one.v1") is known.get("one.v2") is One
    assert known.schema(One) == Schema("one.v1", "some_schemas_package")
    assert caplog.text == ""


def test_same_class_of_two_packages(caplog: pytest.LogCaptureFixture) -> None:
    """A class that two packages register with one name is one class: nobody is warned."""
    known = registry(
        point("a.v1", "registered:One", "a-messages"), point("a.v1", "registered:One", "b-messages")
    )

    assert known.schema(One) == Schema("a.v1", "a_messages")
    assert caplog.text == ""


def test_unknown_name_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    """An unknown name gives the base class, and one warning that names the package."""
    known = registry()

    assert known.find("odd.v1", "odd_schemas") is Base
    assert known.find("odd.v1", "odd_schemas") is Base
    assert len(caplog.records) == 1
    assert "odd.v1" in caplog.text
    assert "odd_schemas" in caplog.text


def test_hostile_names(caplog: pytest.LogCaptureFixture) -> None:
    """Names from strangers neither forge log lines nor fill the log."""
    known = registry()
    known.find("x\nCRITICAL forged" + "y" * 100_000, "p\n" * 100_000)
    for number in range(3000):
        known.find(f"name.{number}")

    assert len(caplog.records) == 1000
    assert max(len(record.getMessage()) for record in caplog.records) < 1000
    assert not any("\n" in record.getMessage() for record in caplog.records)


def test_loaded_once() -> None:
    """The entry points are read once, by whichever of many threads comes first."""
    reads = []

    def points() -> Iterator[metadata.EntryPoint]:
        reads.append(1)
        yield point("one.v1", "registered:One")

    known = Registry(Base, points)
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(known.get("one.v1"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reads == [1]
    assert found == [One] * 20


def test_package_that_looks_itself_up_while_imported(caplog: pytest.LogCaptureFixture) -> None:
    """A module that uses the registry while the registry imports it gets what is known so far."""
    caplog.set_level(logging.ERROR)

    class Curious(metadata.EntryPoint):
        def load(self) -> object:
            assert known.get("one.v1") is One
            return Two

    known = registry(point("one.v1", "registered:One"), Curious("two.v1", "registered:Two", GROUP))

    assert known.get("two.v1") is Two
    assert caplog.text == ""


def test_patched_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that an application's test patches into the names has a schema, without a package."""
    known = registry(point("one.v1", "registered:One"))
    known.load()
    monkeypatch.setitem(known.names, Two, "two.v1")
    monkeypatch.setitem(known.classes, "two.v1", Two)

    assert known.schema(Two) == Schema("two.v1", None)
    assert known.get("two.v1") is Two


def test_names_that_are_changed() -> None:
    """Who changes the table of names, as tests do, gets what is in it now."""
    tested = registry()
    answers = []
    for name in ("one", "two", None):
        if name is None:
            del tested.names[One]
        else:
            tested.names[One] = name
        answers.append(tested.schema(One))

    assert answers == [Schema("one", None), Schema("two", None), None]
