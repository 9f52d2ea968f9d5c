# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schemas of the message classes in a wheel."""

import json
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging._schemas.wheels import Wheel, read_wheel

Build = Callable[..., Path]

_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Builds a wheel of files, and of entry points."""

    def made(files: dict[str, str], **points: str) -> Path:
        path = tmp_path / "shop-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
            lines = [f"{name} = {value}\n" for name, value in points.items()]
            archive.writestr("shop-1.0.dist-info/entry_points.txt", "[fedora.messages]\n" + "".join(lines))
        return path

    return made


@pytest.fixture
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process may be started."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)


@pytest.mark.usefixtures("nothing_runs")
@pytest.mark.parametrize("module", ["wheelshop.py", "wheelshop/__init__.py"])
def test_a_literal(module: str, build: Build) -> None:
    """It is read, and nothing of the wheel is run."""
    code = f"raise SystemExit\nclass Order(Base):\n    body_schema = {_SCHEMA}\n"
    code += "    class V2(Base):\n        body_schema: dict = {}\n"
    wheel = build({module: code}, order="wheelshop:Order", Order2="wheelshop:Order.V2 [extra]")

    assert {"order": _SCHEMA, "Order2": {}} == read_wheel(wheel).schemas


@pytest.mark.usefixtures("nothing_runs")
def test_a_frozen_schema(build: Build) -> None:
    """It is read from its file beside the module."""
    files = {
        "wheelshop/orders.py": "class Order(Typed[Body]):\n    pass\n",
        "wheelshop/schemas/Order.json": json.dumps(_SCHEMA),
    }

    assert Wheel({"order": _SCHEMA}) == read_wheel(build(files, order="wheelshop.orders:Order"))


_COMPUTED = """
from fedora_messaging.message import Message
print("noise")
class Order(Message):
    body_schema = dict(type="object", properties={"n": {"type": "integer"}})
class Inherits(Order):
    pass
class Changed(Message):
    body_schema = {}
Changed.body_schema["type"] = "object"
"""


def test_what_has_to_be_imported(build: Build) -> None:
    """Another process imports it, whatever the package prints; what cannot be is said for each class."""
    wheel = build(
        {"wheelshop.py": _COMPUTED, "wheelbroken.py": "import nothing_of_that_name\n"},
        order="wheelshop:Order",
        inherits="wheelshop:Inherits",
        changed="wheelshop:Changed",
        broken="wheelbroken:Order",
        missing="wheelshop:Missing",
        elsewhere="fedora_messaging.message:Message",
    )
    found = read_wheel(wheel)

    assert {"order": _SCHEMA, "inherits": _SCHEMA, "changed": {"type": "object"}} == found.schemas
    assert {
        "broken": "ModuleNotFoundError: No module named 'nothing_of_that_name'",
        "missing": "AttributeError: module 'wheelshop' has no attribute 'Missing'",
        "elsewhere": "ImportError: fedora_messaging.message is not in the wheel",
    } == found.unknown


def test_a_process_that_ends(build: Build) -> None:
    """It is said for each class."""
    found = read_wheel(build({"wheelshop.py": "import os\nos._exit(7)\n"}, order="wheelshop:Order"))

    assert Wheel({}, {"order": "importing ended with 7"}) == found


def test_what_is_no_wheel(build: Build, tmp_path: Path) -> None:
    """A file that is no archive, or an archive without message classes, is an error."""
    file = tmp_path / "x.whl"
    file.write_text("x")
    with pytest.raises(ValueError, match="it is no wheel"):
        read_wheel(file)
    with pytest.raises(ValueError, match="it has no message class"):
        read_wheel(build({}))
