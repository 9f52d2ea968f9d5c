# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schemas of the message classes in a wheel.

What is written down as a literal, or frozen as a file, is read. Only for the others is the code of the wheel
imported, in a process of its own that has the wheel's files first on its path, then what is installed here.
"""

from __future__ import annotations

import ast
import configparser
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._json import codec
from .._message.registry import GROUP
from .._typed.frozen import FOLDER
from ..exceptions import excerpt

__all__ = ["Wheel", "read_wheel"]

#: How long importing may take, in seconds.
_TIMEOUT = 120
_MOST_BYTES = 500 * 1024 * 1024
_PROGRAM = """
import json, os, sys

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the package prints is no answer
folder, ours = sys.argv[1:]
sys.path.insert(0, folder)
sys.path.append(ours)
import importlib

found = {}
for name, value in json.load(sys.stdin).items():
    try:
        module, _, path = value.partition(":")
        each = importlib.import_module(module)
        if not os.path.realpath(each.__file__).startswith(os.path.realpath(folder) + os.sep):
            raise ImportError(f"{module} is not in the wheel")
        for part in path.split("."):
            each = getattr(each, part)
        schema = each.body_schema
        if not isinstance(schema, (bool, dict)):
            raise TypeError("body_schema is no dictionary")
        json.dumps(schema)
        found[name] = {"schema": schema}
    except BaseException as error:
        try:
            found[name] = {"error": f"{type(error).__name__}: {error}"}
        except BaseException:
            found[name] = {"error": type(error).__name__}
json.dump(found, answers)
answers.flush()
"""


@dataclass(frozen=True)
class Wheel:
    """What is in a wheel.

    Attributes:
        schemas: The schemas of bodies by their names.
        unknown: Why a schema could not be found out, by its name.
    """

    schemas: dict[str, Any] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)


def read_wheel(path: Path) -> Wheel:
    """Find the schemas of the message classes that a wheel registers.

    Args:
        path: The wheel.

    Raises:
        OSError: It cannot be read.
        ValueError: It is no wheel, or registers no message class.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            points = _entry_points(archive)
            written = {name: _written(archive, value) for name, value in points.items()}
            schemas = {name: each for name, each in written.items() if each is not None}
            others = {name: value for name, value in points.items() if name not in schemas}
            unknown: dict[str, str] = {}
            if others:
                for name, answer in _imported(archive, others).items():
                    if "schema" in answer:
                        schemas[name] = answer["schema"]
                    else:
                        unknown[name] = answer["error"]
    except zipfile.BadZipFile as error:
        raise ValueError("it is no wheel") from error
    return Wheel(schemas, unknown)


def _entry_points(archive: zipfile.ZipFile) -> dict[str, str]:
    files = [each for each in archive.namelist() if each.endswith(".dist-info/entry_points.txt")]
    parser = configparser.ConfigParser(delimiters="=", interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    try:
        for each in files:
            parser.read_string(archive.read(each).decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ValueError(f"its entry points cannot be read: {excerpt(error, 100)}") from error
    found = dict(parser.items(GROUP)) if parser.has_section(GROUP) else {}
    if not found:
        raise ValueError(f'it has no message class: no entry point in the group "{GROUP}"')
    return {name: value.partition("[")[0].strip() for name, value in found.items()}


def _written(archive: zipfile.ZipFile, value: str) -> Any:
    """Return a schema that can be read without running anything; None if it cannot."""
    module, _, qualname = value.partition(":")
    path = module.replace(".", "/")
    names = set(archive.namelist())
    source = next((each for each in (f"{path}.py", f"{path}/__init__.py") if each in names), None)
    if source is None:
        return None
    try:
        tree = ast.parse(archive.read(source))
    except (SyntaxError, ValueError):
        return None
    node = _class_in(tree, qualname)
    if node is None or node.decorator_list or node.keywords or _is_changed_later(tree):
        return None
    given = [each for each in node.body if _assigns(each)]
    frozen = f"{source.rpartition('/')[0]}/{FOLDER}/{qualname}.json".lstrip("/")
    try:
        if (
            len(given) == 1
            and isinstance(given[0], (ast.Assign, ast.AnnAssign))
            and given[0].value is not None
        ):
            return ast.literal_eval(given[0].value)
        return codec.decode(archive.read(frozen)) if not given and frozen in names else None
    except (ValueError, TypeError, RecursionError):
        return None


def _class_in(tree: ast.Module, qualname: str) -> ast.ClassDef | None:
    body: list[ast.stmt] = tree.body
    found = None
    for name in qualname.split("."):
        several = [each for each in body if isinstance(each, ast.ClassDef) and each.name == name]
        if len(several) != 1:
            return None
        found = several[0]
        body = found.body
    return found


def _assigns(statement: ast.stmt) -> bool:
    """Whether a statement of a class may give it its schema."""
    return not isinstance(statement, ast.ClassDef) and any(
        (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "body_schema")
        or (isinstance(node, ast.FunctionDef) and node.name == "body_schema")
        for node in ast.walk(statement)
    )


def _is_changed_later(tree: ast.Module) -> bool:
    """Whether some code of the module has to do with the schemas of classes."""
    return any(isinstance(node, ast.Attribute) and node.attr == "body_schema" for node in ast.walk(tree))


def _imported(archive: zipfile.ZipFile, points: dict[str, str]) -> dict[str, dict[str, Any]]:
    if sum(each.file_size for each in archive.infolist()) > _MOST_BYTES:
        raise ValueError("it is too large to be unpacked")
    ours = str(Path(__file__).resolve().parents[2])
    with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
        archive.extractall(folder)
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", _PROGRAM, folder, ours],
                input=json.dumps(points).encode(),
                capture_output=True,
                cwd=folder,
                timeout=_TIMEOUT,
                check=False,
            )
            found: dict[str, dict[str, Any]] = json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            reason = f"importing takes longer than {_TIMEOUT} seconds"
        except ValueError:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            reason = f"importing ended with {done.returncode}" + (f": {said[-1]}" if said else "")
        else:
            return found
    return {name: {"error": reason} for name in points}
