# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The page of the architecture names every module, and no module that does not exist."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "architecture.md"
#: The heading of a package's modules: "### `package`", or "### Public modules" for those at the root.
_PACKAGE = re.compile(r"^### (?:`([\w/]+)`|Public modules)\n(.*?)(?=^#|\Z)", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"\w+(?:/\w+)+(?:\.py)?")


def _source() -> Path:
    spec = find_spec("fedora_messaging")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def _listed() -> Iterator[str]:
    """The modules in the first columns of the tables, as paths."""
    for package, text in _PACKAGE.findall(_PAGE.read_text("utf-8")):
        for row in re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE):
            yield from (f"{package}/{name}".lstrip("/") for name in re.findall(r"`([^`]+)`", row))


def test_every_module_is_on_the_page() -> None:
    """Each module stands once in the table of its package, and each one in the tables exists."""
    root = _source()
    modules = {str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.py")}
    packages = {name for name in _listed() if (root / name).is_dir()}  # public ones, at the root
    listed = [name for name in _listed() if name not in packages]
    missing = {name for name in modules if not name.endswith("__init__")} - set(listed)

    assert set() == missing
    assert set() == set(listed) - modules
    assert len(listed) == len(set(listed))


def test_paths_exist() -> None:
    """Each path that the text names is one of a module, a package, or a file of the tests."""
    # Without the first columns of the tables, whose paths begin at their packages.
    text = re.sub(r"^\| `[^|]+ \|", "", _PAGE.read_text("utf-8"), flags=re.MULTILINE)
    named = {each for each in re.findall(r"`([^`\n]+)`", text) if _PATH.fullmatch(each)}
    roots = {True: _PAGE.parents[2], False: _source()}

    assert len(named) > 20
    assert [] == [each for each in sorted(named) if not (roots[each.startswith("tests/")] / each).exists()]
