# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One virtual host a test, made fifty at a time."""

from collections import deque
from dataclasses import dataclass

from .node import Node

# One expression for all of them: fifty rabbitmqctl calls would take a minute.
_MAKE = """
[begin
    V = iolist_to_binary(io_lib:format("{prefix}~b", [N])),
    rabbit_vhost:add(V, <<"guest">>),
    rabbit_auth_backend_internal:set_permissions(<<"guest">>, V, <<".*">>, <<".*">>, <<".*">>, <<"guest">>)
end || N <- lists:seq({first}, {last})], done
"""


@dataclass(frozen=True, slots=True)
class Vhost:
    """An empty virtual host in which guest may do everything."""

    name: str
    node: Node

    @property
    def url(self) -> str:
        """Its AMQP URL, for guest."""
        return self.node.url(self.name)

    def queues(self) -> dict[str, int]:
        """Name and number of messages, ready and unacknowledged, of each queue."""
        return self.node.list_queues(self.name)

    def set_policy(
        self, name: str, pattern: str, definition: dict[str, object], apply_to: str = "all"
    ) -> None:
        """A policy for the queues or exchanges whose name the pattern matches."""
        self.node.set_policy(name, pattern, definition, vhost=self.name, apply_to=apply_to)


class VhostPool:
    """Virtual hosts of one node that no test has used yet.

    Args:
        node: Where they are.
        prefix: How their names start.
        batch: How many are made at a time.
    """

    def __init__(self, node: Node, prefix: str = "t", batch: int = 50) -> None:
        self._node = node
        self._prefix = prefix
        self._batch = batch
        self._made = 0
        self._free: deque[str] = deque()

    def take(self) -> Vhost:
        """An empty one."""
        if not self._free:
            first, last = self._made + 1, self._made + self._batch
            self._node.eval(_MAKE.format(prefix=self._prefix, first=first, last=last))
            self._made = last
            self._free.extend(f"{self._prefix}{number}" for number in range(first, last + 1))
        return Vhost(self._free.popleft(), self._node)
