# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where RabbitMQ is: Debian's 3.10 on the system, or 4.3 in a folder."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]

# The folder holds a whole system. Its mounts live in the mount namespace of the one command and end with it;
# /tmp is shared, so that a node's files have the same path on both sides.
_ENTER = 'mount --bind /tmp "$0/tmp" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'


class NotInstalled(Exception):
    """There is no such RabbitMQ here; the text says how to get it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """One RabbitMQ that nodes can be started from.

    Attributes:
        major: 3 or 4.
        version: The full version, such as "3.10.8".
        sbin: The folder of rabbitmq-server and rabbitmqctl, as the command sees it.
        root: The folder that holds the whole system, None for the machine's own.
    """

    major: int
    version: str
    sbin: str
    root: Path | None = None

    def command(self, *argv: str) -> Sequence[str]:
        """What to run so that ``argv`` runs where this RabbitMQ is."""
        if self.root is None:
            return argv
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, str(self.root), *argv]


def wanted() -> int:
    """The major version that the environment variable RABBITMQ names; 3 without it."""
    return int(os.environ.get("RABBITMQ") or 3)


def find(major: int | None = None) -> Installation:
    """The RabbitMQ of this major version; None: the one that the environment variable RABBITMQ names, else 3.

    Raises:
        NotInstalled: It is not on this machine, or this user cannot run it.
    """
    if major is None:
        major = wanted()
    if major == 3:
        return _look(3, Path("/"), "run `make rabbitmq`")
    if os.geteuid() != 0:
        raise NotInstalled("RabbitMQ 4 runs in a folder with mounts of its own: that needs root")
    root = Path(os.environ.get("RABBITMQ_4_DIR") or _CHECKOUT / ".rabbitmq-4")
    return _look(4, root.resolve(), "run `make rabbitmq-4`")


def _look(major: int, root: Path, remedy: str) -> Installation:
    homes = sorted(root.glob(f"usr/lib/rabbitmq/lib/rabbitmq_server-{major}.*"))
    if not homes:
        where = "on this machine" if root == Path("/") else f"in {root}"
        raise NotInstalled(f"no RabbitMQ {major} {where}: {remedy}")
    sbin = "/" + str((homes[-1] / "sbin").relative_to(root))
    version = homes[-1].name.partition("-")[2]
    return Installation(major, version, sbin, None if root == Path("/") else root)


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
