# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which RabbitMQ the tests take."""

from pathlib import Path

import pytest

from rabbitmq.installation import Installation, NotInstalled, newest, usable


def _put(root: Path, home: str, plugin: str) -> None:
    (root / home / "sbin").mkdir(parents=True)
    (root / home / "sbin" / "rabbitmq-defaults").touch()
    (root / home / "plugins" / plugin).mkdir(parents=True)


@pytest.mark.parametrize(
    ("version", "release", "major"), [("3.10.8", "3.10", 3), ("4.0.5", "4.0", 4), ("4.3.6-rc.1", "4.3", 4)]
)
def test_a_version_has_a_release(version: str, release: str, major: int) -> None:
    """A release is the first two numbers of a version."""
    installation = Installation(version, "/sbin")

    assert (release, major) == (installation.release, installation.major)


@pytest.mark.parametrize(
    ("version", "release", "since"),
    [
        ("3.10.8", (3, 10), True),
        ("3.9.27", (3, 10), False),
        ("3.13.7", (3, 9), True),
        ("4.0.5", (3, 10), True),
        ("4.0.5", (4,), True),
        ("4.0.5", (4, 3), False),
        ("4.10.0", (4, 3), True),
    ],
)
def test_releases_are_compared_as_numbers(version: str, release: tuple[int, ...], since: bool) -> None:
    """3.10 is later than 3.9, and 4.10 than 4.3."""
    assert since == Installation(version, "/sbin").since(*release)


def test_the_newest_is_taken(tmp_path: Path) -> None:
    """Of several, wherever packages put them, the newest."""
    _put(tmp_path, "usr/lib/rabbitmq/lib/rabbitmq_server-3.9.27", "rabbit-3.9.27")
    _put(tmp_path, "usr/lib64/rabbitmq/lib/rabbitmq_server-3.13.7", "rabbit-3.13.7.ez")
    _put(tmp_path, "opt/rabbitmq", "rabbit-3.10.8")

    found = newest(tmp_path)

    assert Installation("3.13.7", "/usr/lib64/rabbitmq/lib/rabbitmq_server-3.13.7/sbin", tmp_path) == found


def test_a_folder_without_a_server_is_none(tmp_path: Path) -> None:
    """What a removed package leaves behind is no RabbitMQ."""
    (tmp_path / "usr/lib/rabbitmq/lib/rabbitmq_server-3.10.8/plugins/rabbit-3.10.8").mkdir(parents=True)

    assert newest(tmp_path) is None


@pytest.mark.parametrize(
    ("found", "which", "words"),
    [
        (None, "", "no RabbitMQ on this machine: run `make rabbitmq`"),
        ("3.9.27", "", "RabbitMQ 3.9.27 on this machine is too old, the tests need 3.10 or newer"),
        ("4.0.5", "3", "RABBITMQ=3, and this machine has RabbitMQ 4.0.5"),
    ],
)
def test_what_does_not_do_is_named(found: str | None, which: str, words: str) -> None:
    """None, one that is too old, or one that was not asked for: one line with the way out."""
    with pytest.raises(NotInstalled, match=words) as caught:
        usable(Installation(found, "/sbin") if found else None, which)

    assert 1 == len(str(caught.value).splitlines())


@pytest.mark.parametrize("version", ["3.10.0", "3.13.7", "4.0.5", "4.3.6", "5.0.0"])
def test_any_from_3_10_on_will_do(version: str) -> None:
    """The system's RabbitMQ is taken whichever release it is."""
    installation = Installation(version, "/sbin")

    assert installation == usable(installation, "")
