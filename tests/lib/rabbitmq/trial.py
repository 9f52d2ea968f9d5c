# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Whether this machine can run the tests' nodes, found out before the tests and said in one line.

``python -m rabbitmq.trial`` needs nothing but Python. It prints the version of the RabbitMQ that the tests
will use and ends with 0, or prints what is missing with the command that helps, and ends with 1.
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .installation import Installation, NotInstalled, find, program
from .node import Node, NodeFailed
from .ports import free_port

#: How much of what a node said is shown. The last lines hold the reason.
_SHOWN = 20


def lacking() -> str:
    """What this machine lacks for tests with processes and sockets of their own; "" when nothing."""
    return next(_lacks(), "")


def _lacks() -> Iterator[str]:
    if not Path("/proc/self/fd").is_dir():
        yield "/proc is not mounted: run `mount -t proc proc /proc`"
    for folder, remedy in (("/tmp", "chmod 1777 /tmp"), ("/dev/shm", "mount -t tmpfs tmpfs /dev/shm")):
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield f"no file can be made in {folder} ({error.strerror}): as root, run `{remedy}`"
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
            with socket.create_connection(probe.getsockname(), 5):
                pass
        except OSError as error:
            yield f"127.0.0.1 cannot be reached ({error}): as root, run `ip link set lo up`"
    try:
        free_port()
    except RuntimeError:
        yield "no port from 20000 to 32767 is free on 127.0.0.1: see `ss -tlnp` for who has them"
    except OSError as error:
        yield f"{error}: remove that folder, it belongs to somebody else"
    with contextlib.suppress(OSError):
        if any(entry[4][0] in ("127.0.0.1", "::1") for entry in socket.getaddrinfo("localhost", None)):
            return
    yield "localhost is not a name of 127.0.0.1 here: as root, run `echo 127.0.0.1 localhost >>/etc/hosts`"


def unusable(installation: Installation) -> str:
    """Why a plain node of this RabbitMQ can't be started, in one line, then what it said; "" when it can."""
    remedy = "reinstall it, or run `make test RABBITMQ=none` for the tests that need none"
    if installation.root is not None and not _may_mount():
        return (
            "RabbitMQ 4.3 runs in a folder with mounts of its own, which is not permitted here (a container "
            "needs the capability SYS_ADMIN): run `make test` for the system's RabbitMQ"
        )
    try:
        for name in ("erl", "epmd", "erl_call"):
            program(installation, name)
        with Node(installation=installation):
            return ""
    except NotInstalled as error:
        return str(error)
    except (NodeFailed, OSError) as error:
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        return "\n".join(
            [f"RabbitMQ {installation.version} does not start on this machine: {remedy}", *said[-_SHOWN:]]
        )


def _may_mount() -> bool:
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


def main() -> int:
    """Look, and say what was found."""
    try:
        problem = lacking()
        if not problem and os.environ.get("RABBITMQ") != "none":
            installation = find()
            problem = unusable(installation)
    except NotInstalled as error:
        problem = str(error)
    if problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
