# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Three nodes that know each other."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from .control import ControlFailed, binary
from .installation import Installation, find
from .node import Epmd, Node, Settings

#: The memory of one node, in which the tests fit: alarms beyond that.
_MEMORY = "vm_memory_high_watermark.absolute = 600MiB"

#: Deletes all queues; its value are the names of those that were not deleted.
_DELETE_QUEUES = """
begin
    [catch rabbit_amqqueue:delete(Q, false, false, <<"tests">>) || Q <- rabbit_amqqueue:list()],
    [amqqueue:get_name(Q) || Q <- rabbit_amqqueue:list()]
end
"""

#: Seconds between two questions to a node about what it reports to nobody.
_PAUSE = 0.1


class Cluster:
    """A cluster of private nodes; each has its own port and may be killed and started by itself.

    Args:
        size: How many nodes.
        settings: For all of them.
        installation: Which RabbitMQ; None: the one that RABBITMQ names.
    """

    def __init__(
        self, size: int = 3, settings: Settings | None = None, *, installation: Installation | None = None
    ) -> None:
        installation = installation or find()
        settings = settings or Settings()
        mark = secrets.token_hex(3)
        names = [f"c{number}-{mark}" for number in range(1, size + 1)]
        conf = (
            _MEMORY,
            "cluster_formation.peer_discovery_backend = classic_config",
            *(
                f"cluster_formation.classic_config.nodes.{n} = {name}@localhost"
                for n, name in enumerate(names, 1)
            ),
        )
        settings = replace(settings, conf=(*conf, *settings.conf))
        self._cookie = secrets.token_hex(10)
        self._epmd = Epmd(installation)
        self._parted: Node | None = None
        self.nodes = tuple(
            Node(settings, installation=installation, name=name, epmd=self._epmd, cookie=self._cookie)
            for name in names
        )

    def urls(
        self,
        vhost: str = "/",
        *,
        first: Node | None = None,
        user: str = "guest",
        password: str = "guest",
        query: str = "",
    ) -> list[str]:
        """The AMQP URLs of all nodes, in their order, but for the one that is to come first."""
        nodes = sorted(self.nodes, key=lambda node: node is not first)
        return [node.url(vhost, user=user, password=password, query=query) for node in nodes]

    def start(self) -> None:
        """Start all nodes side by side and return when each accepts connections.

        Raises:
            NodeFailed: One of them did not start.
        """
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()

    # Partitions

    def part(self, node: Node) -> None:
        """Separate a node from the others; its clients notice nothing.

        The nodes are made to refuse each other: each is told a cookie for the other that the other does not
        expect, then what connects them is closed. So both sides know at once, as after a reset; where packets
        vanish, they know after 60 s (Erlang's net_ticktime).
        """
        self._parted = node
        others = [other for other in self.nodes if other is not node and other.running]
        for one, other in [(node, each) for each in others] + [(each, node) for each in others]:
            one.eval(f"erlang:set_cookie('{other.name}', 'not-{one.name}')")
        for other in others:
            node.eval(f"erlang:disconnect_node('{other.name}')")

    def heal(self) -> None:
        """End the separation; the nodes connect again by themselves, or because they are asked to."""
        node, self._parted = self._parted, None
        if node is None:
            return
        others = [other for other in self.nodes if other is not node and other.running]
        for one, other in [(node, each) for each in others] + [(each, node) for each in others]:
            one.eval(f"erlang:set_cookie('{other.name}', '{self._cookie}')")
        for other in others:
            node.eval(f"net_kernel:connect_node('{other.name}')")

    # Its state

    def restore(self) -> None:
        """Have all nodes run and know each other, without any queues, as after :meth:`start`.

        Raises:
            NodeFailed: One of them did not start.
        """
        self.heal()
        gone = [node for node in self.nodes if not node.running]
        for node in gone:
            node.launch()
        for node in gone:
            node.wait()
        self.wait_until_whole()
        self.wait_for("no queues", lambda: self.nodes[0].eval(_DELETE_QUEUES) == "[]")

    def wait_until_whole(self, timeout: float = 60) -> None:
        """Return when each node knows that all are running."""
        for node in self.nodes:
            self.wait_for(
                f"{node.name} sees all nodes",
                lambda node=node: len(self.running_at(node)) == len(self.nodes),  # type: ignore[misc]
                timeout,
            )

    def running_at(self, node: Node) -> list[str]:
        """The names of the nodes that run, as far as this one knows."""
        return re.findall(r"'([^']+)'", node.eval("rabbit_nodes:list_running()"))

    def wait_for(self, what: str, reached: Callable[[], bool], timeout: float = 30) -> None:
        """Ask again and again until something holds; a node that does not answer is asked again, too."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                if reached():
                    return
                answer = "no"
            except ControlFailed as error:
                answer = str(error)
            assert time.monotonic() < deadline, f"{what}: not within {timeout:g} s: {answer}"
            time.sleep(_PAUSE)

    def leader(self, queue: str, vhost: str = "/") -> Node:
        """The node that leads a quorum queue, or is the home of a classic one."""
        node = next(node for node in self.nodes if node.running and node is not self._parted)
        answer = node.eval(
            f"begin Name = rabbit_misc:r({binary(vhost)}, queue, {binary(queue)}), "
            "{ok, Q} = rabbit_amqqueue:lookup(Name), case amqqueue:get_pid(Q) of "
            "{N, _} -> ra_leaderboard:lookup_leader(N); P -> {home, node(P)} end end"
        )
        found = [each for each in self.nodes if each.name in answer]
        if len(found) != 1:
            raise ControlFailed(f"the leader of {queue!r}: {answer}")
        return found[0]

    def close(self) -> None:
        """End all nodes and their epmd, and remove their files."""
        for node in self.nodes:
            node.close()
        self._epmd.close()

    def __enter__(self) -> "Cluster":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
