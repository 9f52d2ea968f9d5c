# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frozen schemas: written by the command, used instead of the class, checked by tests."""

import importlib
import json
import subprocess
import sys
import types
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fedora_messaging.cli import main
from fedora_messaging.exceptions import ValidationError
from fedora_messaging.message import Message, check_outgoing
from fedora_messaging.testing import check_frozen_schemas

_SOURCE = """
from dataclasses import dataclass

from fedora_messaging.message import Message
from fedora_messaging.typed import Typed


@dataclass
class Build:
    nvr: str
    task_id: int


class BuildV1(Typed[Build], Message):
    pass


class Untyped(Message):
    body_schema = {"type": "object"}
"""


class Package:
    """A schema package in a folder, imported and registered."""

    def __init__(self, folder: Path, register: Callable[..., str]) -> None:
        self.name = f"schemas_{uuid.uuid4().hex}"
        self.folder = folder / self.name
        self._register = register
        self.folder.mkdir()
        self.module = self.imported()

    def imported(self, source: str = _SOURCE) -> types.ModuleType:
        """Write the package, import it anew and register its classes."""
        (self.folder / "__init__.py").write_text(source)
        sys.modules.pop(self.name, None)
        importlib.invalidate_caches()
        for each in self.folder.glob("__pycache__/*"):
            each.unlink()
        self.module = importlib.import_module(self.name)
        for key, each in vars(self.module).items():
            if isinstance(each, type) and issubclass(each, Message) and each is not Message:
                self._register(each, "Dist.Of-" + self.name, f"{self.name}.{key}")
        return self.module

    @property
    def frozen(self) -> Path:
        return self.folder / "schemas" / "BuildV1.json"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registered: Callable[..., str]) -> Any:
    """A schema package with one typed class."""
    monkeypatch.syspath_prepend(tmp_path)
    made = Package(tmp_path, registered)
    yield made
    sys.modules.pop(made.name, None)


def run(*args: str) -> Result:
    """Run the command line."""
    return CliRunner().invoke(main, ["schemas", *args], prog_name="fedora-messaging")


def test_freezing(package: Package) -> None:
    """The command writes the schema that the class gives, and says so once."""
    first, second = run("freeze", package.name), run("freeze", package.name)

    assert f"{package.frozen} written\n" == first.output
    assert f"{package.frozen} is unchanged\n" == second.output
    assert package.module.BuildV1.body_schema == json.loads(package.frozen.read_text())
    assert ["BuildV1.json"] == [each.name for each in package.frozen.parent.iterdir()]


def test_the_frozen_schema_is_used(package: Package) -> None:
    """A frozen schema decides, also where it differs from what the class would give."""
    run("freeze", package.name)
    schema = json.loads(package.frozen.read_text())
    schema["properties"]["nvr"]["maxLength"] = 3
    package.frozen.write_text(json.dumps(schema))
    cls = package.imported().BuildV1

    check_outgoing(cls(body={"nvr": "abc", "task_id": 1}))
    with pytest.raises(ValidationError, match="'abcd' is too long"):
        check_outgoing(cls(body={"nvr": "abcd", "task_id": 1}))


def test_no_library_is_needed_for_a_frozen_schema(package: Package) -> None:
    """A consumer that reads `body` imports no library, and may do without it."""
    run("freeze", package.name)
    code = (
        "import sys; sys.modules['msgspec'] = None\n"
        f"sys.path.insert(0, {str(package.folder.parent)!r})\n"
        f"from {package.name} import Build, BuildV1\n"
        "print(BuildV1.body_schema['required'])\n"
        "try: BuildV1.of(Build('x', 1))\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )

    assert "['nvr', 'task_id']\nThe body is Build, which msgspec converts" in done.stdout
    assert "" == done.stderr


def test_a_changed_class(package: Package) -> None:
    """The check names class, file and the first line that differs, as the command does with --check."""
    with pytest.raises(AssertionError, match=r"BuildV1: schemas/BuildV1\.json is not there"):
        check_frozen_schemas(package.name)
    run("freeze", package.name)
    check_frozen_schemas(package.name)
    assert 0 == run("freeze", package.name, "--check").exit_code

    package.imported(_SOURCE.replace("task_id: int", "task_id: str"))
    with pytest.raises(AssertionError) as raised:
        check_frozen_schemas(f"dist-of_{package.name}")
    result = run("freeze", package.name, "--check")

    assert 'differs in line 10: "type": "integer" is frozen, and the class gives "type": "string"' in str(
        raised.value
    )
    assert f"fedora-messaging schemas freeze dist-of_{package.name}" in str(raised.value)
    assert 1 == result.exit_code
    assert "differs in line 10" in result.output
    assert "integer" in package.frozen.read_text()


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_frozen_schema_that_is_none(package: Package, content: str) -> None:
    """A file that cannot be read as a schema is an error that names it and the way out."""
    package.frozen.parent.mkdir()
    package.frozen.write_text(content)

    with pytest.raises(ValidationError, match=r"schemas/BuildV1\.json beside .* cannot be used: .*freeze"):
        check_outgoing(package.module.BuildV1(body={"nvr": "a", "task_id": 1}))


def test_classes_with_one_file(package: Package) -> None:
    """Two classes of one name in the same folder are refused, and nothing is written."""
    second = _SOURCE + "\nFirst = BuildV1\n\nclass BuildV1(Typed[Build], Message):\n    pass\n"
    package.imported(second)

    result = run("freeze", package.name)

    assert 1 == result.exit_code
    assert "would have the same file" in result.output
    assert not package.frozen.exists()


def test_packages_without_typed_classes(package: Package) -> None:
    """A package that is not installed, or has no typed class, is said to be so."""
    unknown = run("freeze", "nothing-here")
    package.imported(_SOURCE.replace("Typed[Build], ", ""))
    untyped = run("freeze", package.name)

    assert (2, 2) == (unknown.exit_code, untyped.exit_code)
    assert 'No message class is registered from the package "nothing-here"' in unknown.output
    assert "takes its schema from a class: there is nothing to freeze" in untyped.output
