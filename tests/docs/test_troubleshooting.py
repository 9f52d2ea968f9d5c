# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The errors that the page on troubleshooting explains are texts of the package."""

import re
from pathlib import Path

import pytest

import fedora_messaging
from fedora_messaging import exceptions

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "troubleshooting.md"
#: Texts that jsonschema writes.
_OF_OTHERS = ("is not of type", "is a required property")


def _source() -> str:
    """All text of the package, with strings that go on in the next line joined."""
    source = "\n".join(
        path.read_text("utf-8") for path in Path(fedora_messaging.__file__).parent.rglob("*.py")
    )
    return re.sub(r'"\s*\n\s*f?"', "", source)


def _texts() -> list[str]:
    """What stands in the first column of the tables, in monospace."""
    cells = re.findall(r"^\| (`[^|]+) \|", _PAGE.read_text("utf-8"), re.MULTILINE)
    return [text for cell in cells for text in re.findall(r"`([^`]+)`", cell)]


@pytest.fixture(scope="module")
def source() -> str:
    """The package's source."""
    return _source()


@pytest.mark.parametrize("text", _texts())
def test_texts_are_those_of_the_package(text: str, source: str) -> None:
    """Each part of a text between its variable parts stands in the package's source."""
    for part in re.split("…", text):
        words = part.strip()
        assert not words or words in _OF_OTHERS or words in source, words


def test_there_are_texts() -> None:
    """The table is read: there are texts of all sections."""
    assert len(_texts()) > 30


def test_the_index_names_each_error(built: Path) -> None:
    """The index has every error class of the package."""
    page = (built / "troubleshooting.html").read_text("utf-8")

    assert [] == [name for name in exceptions.__all__ if name not in page]
