# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""TOML files, read by both readers on every Python that has them."""

import sys
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging._config.toml import READERS, Reader, default_reader, read, read_file
from fedora_messaging.exceptions import ConfigurationException

names = sorted(READERS) if sys.version_info >= (3, 11) else ["toml"]


@pytest.fixture(params=names)
def reader(request: pytest.FixtureRequest) -> Reader:
    """Each of the readers."""
    return READERS[request.param]


def test_default() -> None:
    """Python's own reader is taken where there is one."""
    assert default_reader() is READERS[names[-1]]


def test_read(reader: Reader, tmp_path: Path) -> None:
    """Both read what configuration files are made of."""
    file = tmp_path / "config.toml"
    file.write_bytes(
        b'amqp_url = "amqp://h"\r\n[qos]\r\nprefetch_count = 3 # three\r\n'
        b'[[bindings]]\nexchange = "\xc3\xa9"\nrouting_keys = [\n  "a",\n  "b",\n]\n'
        b'[queues."a.b"]\nauto_delete = true\n[queues."a.b".arguments]\n"x-expires" = 1000\n'
    )

    assert read_file(file, reader) == {
        "amqp_url": "amqp://h",
        "qos": {"prefetch_count": 3},
        "bindings": [{"exchange": "é", "routing_keys": ["a", "b"]}],
        "queues": {"a.b": {"auto_delete": True, "arguments": {"x-expires": 1000}}},
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb == 2\n", 2),
        ("a = 1\n\nthis is not TOML\n", 3),
        ("a = [1,\n2", 2),
        ('a = "x', 1),
        ("a = 1\n[qos\nb = 1", 2),
        ("a = [", 1),
        ("= 5", 1),
        ("a = \n", 1),
        ("a = 1\na = 2\n", 2),
        ("a = '''\nx", 2),
        ("[[a]\n", 1),
        ("a = { b = 1", 1),
    ],
)
def test_broken(reader: Reader, text: str, line: int, tmp_path: Path) -> None:
    """Every fault of either reader is one line that names file and line."""
    file = tmp_path / "config.toml"
    file.write_text(text)
    try:
        read_file(file, reader)
    except ConfigurationException as error:
        message = error.message
    else:
        assert reader is READERS["toml"], "only the older reader accepts broken files"
        return

    assert message.startswith(f"{file}: line ")
    assert "not valid TOML" in message
    assert "\n" not in message
    if reader is not READERS["toml"]:
        assert message.startswith(f"{file}: line {line}: ")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")
@pytest.mark.parametrize("text", ["a = [", "a = [1,\n2", "a = 1\n[qos", "a = [1]\nb = {c = 1", "a = [[1]"])
def test_cut_off(text: str) -> None:
    """Python's own reader refuses a file that was cut off between brackets."""
    with pytest.raises(ConfigurationException, match="here: line "):
        read(text, "here", READERS["tomllib"])


@pytest.mark.parametrize(
    "fault", [IndexError("list index out of range"), KeyError("x"), RecursionError(), TypeError("y")]
)
def test_reader_that_raises_anything(fault: Exception) -> None:
    """Whatever a reader raises is a ConfigurationException with a line."""

    def broken(text: str) -> dict[str, Any]:
        raise fault

    with pytest.raises(ConfigurationException, match="here: line 2: not valid TOML: something is missing"):
        read("a = 1\nb = [\n\n", "here", broken)


def test_numbers_of_two_kinds() -> None:
    """Where the reader wants one kind in an array, the error says how to write it."""
    text = "delays = [0.5, 60]"
    if sys.version_info >= (3, 11):
        assert {"delays": [0.5, 60]} == read(text, "here", READERS["tomllib"])
    with pytest.raises(ConfigurationException, match=r"write \[0\.5, 60\.0\]"):
        read(text, "here", READERS["toml"])


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ConfigurationException, match=r"gone\.toml: cannot be read: No such file"):
        read_file(tmp_path / "gone.toml")


def test_directory(tmp_path: Path) -> None:
    """A directory cannot be read."""
    with pytest.raises(ConfigurationException, match="cannot be read: Is a directory"):
        read_file(tmp_path)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is named."""

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigurationException, match=r"c\.toml: cannot be read: Permission denied"):
        read_file(tmp_path / "c.toml")


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is refused by the line."""
    file = tmp_path / "config.toml"
    file.write_bytes(b'a = 1\nb = "\xe9"\n')
    with pytest.raises(ConfigurationException, match="line 2: not UTF-8"):
        read_file(file)


def test_byte_order_mark(reader: Reader, tmp_path: Path) -> None:
    """A byte order mark in front of the text is not a part of it."""
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\n")

    assert read_file(file, reader) == {"a": 1}
