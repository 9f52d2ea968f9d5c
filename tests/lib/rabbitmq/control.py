# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a test may ask of a running node: rabbitmqctl, Erlang expressions, and the common cases of both."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from .installation import Installation, program

#: Who does it, for the node's log.
_BY = '<<"tests">>'

_QUEUE = re.compile("([0-9]+):([0-9A-F]*);")


class ControlFailed(Exception):
    """The node refused a command; the text is the command's own."""


class Control:
    """Commands for one node."""

    def __init__(
        self, installation: Installation, name: str, cookie: str, environ: Mapping[str, str]
    ) -> None:
        self.installation = installation
        self.name = name
        self._cookie = cookie
        self._environ = dict(environ)

    def rabbitmqctl(self, *argv: str, timeout: float = 180) -> str:
        """Run rabbitmqctl (about a second) and return what it printed.

        Raises:
            ControlFailed: It ended with an error.
        """
        tool = f"{self.installation.sbin}/rabbitmqctl"
        return self._run([tool, "--quiet", "-n", self.name, *argv], "", timeout)

    def eval(self, expression: str, *, timeout: float = 180) -> str:
        """Evaluate an Erlang expression in the node (some milliseconds) and return its value as text.

        Raises:
            ControlFailed: The node can't be reached, or the expression failed.
        """
        tool = program(self.installation, "erl_call")
        argv = [tool, "-c", self._cookie, "-name", self.name, "-e"]
        answer = self._run(argv, expression.rstrip().removesuffix(".") + ".\n", timeout)
        if not answer.startswith("{ok, "):
            raise ControlFailed(answer)
        return answer.removeprefix("{ok, ").removesuffix("}")

    def _run(self, argv: Sequence[str], text: str, timeout: float) -> str:
        done = subprocess.run(
            self.installation.command(*argv),
            env=self._environ,
            input=text,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise ControlFailed(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout.strip()

    def rows(self, command: str, *columns: str, vhost: str | None = None) -> list[dict[str, Any]]:
        """A list command (``list_queues``, ``list_connections``, ...) as dictionaries."""
        where = () if vhost is None else ("-p", vhost)
        answer = self.rabbitmqctl(command, *where, *columns, "--formatter", "json")
        found: list[dict[str, Any]] = json.loads(answer or "[]")
        return found

    def list_queues(self, vhost: str = "/") -> dict[str, int]:
        """Name and number of messages, ready and unacknowledged, of each queue."""
        where = binary(vhost)
        answer = self.eval(
            "[begin {_, _, _, Name} = N, binary_to_list(iolist_to_binary("
            '[integer_to_list(M), ":", binary:encode_hex(Name), ";"])) end'
            f" || [{{name, N}}, {{messages, M}}] <- rabbit_amqqueue:info_all({where}, [name, messages])]"
        )
        return {bytes.fromhex(name).decode(): int(count) for count, name in _QUEUE.findall(answer)}

    def add_vhost(self, vhost: str, user: str = "guest") -> None:
        """Make a virtual host in which this user may do everything."""
        self._done(f"rabbit_vhost:add({binary(vhost)}, {_BY})")
        self.set_permissions(user, vhost)

    def delete_vhost(self, vhost: str) -> None:
        """Remove a virtual host; connections to it are closed by the node."""
        self._done(f"rabbit_vhost:delete({binary(vhost)}, {_BY})")

    def add_user(self, user: str, password: str) -> None:
        """Make a user without any permission."""
        self._call("add_user", user, password)

    def change_password(self, user: str, password: str) -> None:
        """Give a user another password; its connections stay open."""
        self._call("change_password", user, password)

    def delete_user(self, user: str) -> None:
        """Remove a user; the node closes its connections."""
        self._call("delete_user", user)

    def set_permissions(
        self, user: str, vhost: str, configure: str = ".*", write: str = ".*", read: str = ".*"
    ) -> None:
        """Permissions as regular expressions over names."""
        self._call("set_permissions", user, vhost, configure, write, read)

    def _call(self, function: str, *arguments: str) -> None:
        """Call a function of the node's user database, in a hundredth of the time of rabbitmqctl."""
        values = ", ".join([*(binary(each) for each in arguments), _BY])
        self._done(f"rabbit_auth_backend_internal:{function}({values})")

    def _done(self, expression: str) -> None:
        """Evaluate an expression whose value is ok, unless something went wrong.

        Raises:
            ControlFailed: It did.
        """
        answer = self.eval(expression)
        if answer != "ok":
            raise ControlFailed(f"{expression}: {answer}")

    def set_topic_permissions(self, user: str, vhost: str, exchange: str, write: str, read: str) -> None:
        """Permissions as regular expressions over routing keys of one topic exchange."""
        self.rabbitmqctl("set_topic_permissions", "-p", vhost, user, exchange, write, read)

    def set_policy(
        self,
        name: str,
        pattern: str,
        definition: Mapping[str, Any],
        *,
        vhost: str = "/",
        apply_to: str = "all",
    ) -> None:
        """A policy for the queues or exchanges whose name the pattern matches."""
        values = (vhost, name, pattern, json.dumps(dict(definition)), "0", apply_to)
        self._done(f"rabbit_policy:parse_set({', '.join(map(binary, values))}, {_BY})")

    def clear_policy(self, name: str, *, vhost: str = "/") -> None:
        """Remove a policy."""
        self._done(f"rabbit_policy:delete({binary(vhost)}, {binary(name)}, {_BY})")

    def set_disk_free_limit(self, limit: int) -> None:
        """Raise the disk alarm when less than that many bytes are free, or clear it."""
        self._done(f"rabbit_disk_monitor:set_disk_free_limit({limit})")

    def block_publishers(self) -> None:
        """Raise the memory alarm: the node stops reading from connections that publish."""
        self.rabbitmqctl("set_vm_memory_high_watermark", "0")

    def unblock_publishers(self) -> None:
        """Clear the memory alarm."""
        self.rabbitmqctl("set_vm_memory_high_watermark", "0.6")

    def close_connections(self, reason: str = "closed by the test") -> None:
        """The node closes every client connection with 320 (CONNECTION_FORCED)."""
        close = f'rabbit_networking:close_connection(P, "{reason}")'
        self.eval(f"[{close} || P <- rabbit_networking:local_connections()]")


def binary(text: str) -> str:
    """An Erlang binary literal."""
    return "<<" + ",".join(str(byte) for byte in text.encode()) + ">>"
