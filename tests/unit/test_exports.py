# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the public modules export."""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest


def _modules() -> list[str]:
    spec = find_spec("fedora_messaging")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    source = Path(next(iter(spec.submodule_search_locations)))
    names = [".".join(path.relative_to(source.parent).with_suffix("").parts) for path in source.rglob("*.py")]
    return sorted(name.removesuffix(".__init__") for name in names if not name.endswith("__main__"))


_PUBLIC = [name for name in _modules() if "._" not in name and name != "fedora_messaging"]


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, functions; each by the alphabet, as ruff's RUF022 sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("name", _modules())
def test_exports_exist_and_are_sorted(name: str) -> None:
    """`__all__` names each thing once, in order, and only things that are there."""
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", []))

    assert sorted(set(exported), key=_order) == exported
    assert [] == [export for export in exported if not hasattr(module, export)]


@pytest.mark.parametrize("name", _PUBLIC)
def test_public_modules_say_what_they_export(name: str) -> None:
    """A module whose name is public has an `__all__`, unless it defines nothing."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    body = ast.parse(Path(module.__file__).read_text()).body
    defined = [node for node in body if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.Assign)]

    assert not defined or hasattr(module, "__all__")


@pytest.mark.parametrize("name", _modules())
def test_modules_carry_licence_and_docstring(name: str) -> None:
    """Each file starts with the two-line licence header and says what it is for."""
    module = importlib.import_module(name)
    assert module.__file__ is not None
    lines = Path(module.__file__).read_text().splitlines()

    assert "# SPDX-License-Identifier: MIT" == lines[1]
    assert module.__doc__
