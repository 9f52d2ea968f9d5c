# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where RabbitMQ is: the one that the system has, whichever release, or 4.3 in a folder.

What the environment variable RABBITMQ may say:

- nothing: the system's, from release 3.10 on;
- 3: the system's, which has to be of that major version;
- 4: the one in the folder that RABBITMQ_4_DIR names, else in the checkout's ``.rabbitmq-4``;
- none: there is none, and what needs one is left out.

A test that asserts what only some releases do asks `Installation.since`, never the variable.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]
_SYSTEM = Path("/")
_OLDEST = (3, 10)

# The folder holds a whole system. Its mounts live in the mount namespace of the one command and end with it;
# /tmp is shared, so that a node's files have the same path on both sides.
_ENTER = 'mount --bind /tmp "$0/tmp" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'


class NotInstalled(Exception):
    """There is no such RabbitMQ here; the text, one line, says how to get it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One RabbitMQ that nodes can be started from.

    Attributes:
        version: The full version, such as "3.10.8".
        sbin: The folder of rabbitmq-server and rabbitmqctl, as the command sees it.
        root: The folder that holds the whole system, None for the machine's own.
    """

    version: str
    sbin: str
    root: Path | None = None

    @property
    def major(self) -> int:
        """The first number of the version."""
        return _numbers(self.version)[0]

    @property
    def release(self) -> str:
        """The first two numbers of the version, such as "3.10"."""
        return ".".join(map(str, _numbers(self.version)[:2]))

    def since(self, *release: int) -> bool:
        """Whether its version is this one or a later one: ``since(4, 0)``."""
        return _numbers(self.version) >= release

    def command(self, *argv: str) -> Sequence[str]:
        """What to run so that ``argv`` runs where this RabbitMQ is."""
        if self.root is None:
            return argv
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, str(self.root), *argv]


def wanted() -> str:
    """What the environment variable RABBITMQ says: "", "3", "4" or "none".

    Raises:
        NotInstalled: Something else.
    """
    value = os.environ.get("RABBITMQ") or ""
    if value not in ("", "3", "4", "none"):
        raise NotInstalled(f"RABBITMQ={value}: it may be 3, 4, none, or nothing for what the system has")
    return value


def find(which: str | None = None) -> Installation:
    """The RabbitMQ that ``which`` names; None: the one that the environment variable RABBITMQ names.

    Raises:
        NotInstalled: It is not on this machine, is too old, or this user cannot run it.
    """
    if which is None:
        which = wanted()
    if which == "none":
        raise NotInstalled("none, because RABBITMQ=none says so")
    if which == "4":
        return _in_folder(Path(os.environ.get("RABBITMQ_4_DIR") or _CHECKOUT / ".rabbitmq-4").resolve())
    return usable(newest(_SYSTEM), which)


def usable(found: Installation | None, which: str) -> Installation:
    """The system's RabbitMQ, if it will do where ``which`` was asked for, "" or "3".

    Raises:
        NotInstalled: There is none, it is too old, or of another major version.
    """
    if found is None:
        raise NotInstalled("no RabbitMQ on this machine: run `make rabbitmq`")
    if not found.since(*_OLDEST):
        raise NotInstalled(
            f"RabbitMQ {found.version} on this machine is too old, the tests need 3.10 or newer: upgrade "
            "rabbitmq-server, or run `make test RABBITMQ=4`"
        )
    if which == "3" and found.major != 3:
        raise NotInstalled(
            f"RABBITMQ=3, and this machine has RabbitMQ {found.version}: run `make test` without RABBITMQ=3"
        )
    return found


def _in_folder(root: Path) -> Installation:
    if os.geteuid() != 0:
        raise NotInstalled(
            "RabbitMQ 4.3 runs in a folder with mounts of its own, which needs root: run `make test` for the "
            "system's RabbitMQ, or this as root"
        )
    found = newest(root)
    if found is None:
        raise NotInstalled(f"no RabbitMQ 4 in {root}: run `make rabbitmq-4`")
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("-")[0])[:3])


def newest(root: Path) -> Installation | None:
    """The newest RabbitMQ of the system whose root folder this is."""
    homes = {home.resolve(): version for home, version in _homes(root)}
    if not homes:
        return None
    home, version = max(homes.items(), key=lambda each: _numbers(each[1]))
    return Installation(version, f"/{(home / 'sbin').relative_to(root)}", None if root == _SYSTEM else root)


def _homes(root: Path) -> Iterator[tuple[Path, str]]:
    """The folder and the version of each RabbitMQ: of packages, and of an archive that is on the PATH."""
    found = [*root.glob("usr/lib*/rabbitmq/lib/rabbitmq_server-*"), *root.glob("opt/rabbitmq*")]
    if root == _SYSTEM and (server := shutil.which("rabbitmq-server")):
        found.append(Path(server).resolve().parents[1])
    for home in found:
        versions = [path.name for path in home.glob("plugins/rabbit-[0-9]*")]
        # The wrapper that packages put in /usr/sbin wants root; the real one has this file beside it.
        if versions and (home / "sbin/rabbitmq-defaults").exists():
            yield home, versions[0].removeprefix("rabbit-").removesuffix(".ez")


def program(installation: Installation, name: str) -> str:
    """The path of an Erlang program, as the command sees it.

    Raises:
        NotInstalled: Erlang's base package lacks it.
    """
    if installation.root is None:
        found = shutil.which(name, path="/usr/bin:/usr/local/bin:" + os.environ.get("PATH", ""))
        if found is None:
            raise NotInstalled(f"{name} (Debian: erlang-base) is not on this machine: run `make rabbitmq`")
        return found
    return f"/usr/bin/{name}"
