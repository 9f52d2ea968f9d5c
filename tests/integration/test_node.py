# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The RabbitMQ nodes that the other tests stand on."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pika
import pytest
from pika.exceptions import ChannelClosedByBroker, ConnectionClosedByBroker

from rabbitmq import Certificates, Cluster, Node, NodeFailed, NotInstalled, VhostPool, find
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker


def _connect(url: str) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(url))


def test_vhosts_are_separate(vhosts: VhostPool) -> None:
    """What one test leaves in its virtual host no other test sees."""
    one, other = vhosts.take(), vhosts.take()
    connection = _connect(one.url)
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("a name with spaces, é", durable=True)
    for _ in range(3):
        channel.basic_publish("", "a name with spaces, é", b"{}")
    connection.close()

    assert {"a name with spaces, é": 3} == one.queues()
    assert {} == other.queues()


def test_the_pool_never_gives_a_vhost_twice(rabbitmq: Node) -> None:
    """A pool that runs out makes the next batch, with new names."""
    pool = VhostPool(rabbitmq, prefix="small", batch=2)

    assert ["small1", "small2", "small3"] == [pool.take().name for _ in range(3)]


def test_a_killed_node_comes_back_with_its_data(own_node: Callable[..., Node]) -> None:
    """After SIGKILL nobody listens; after the restart it is the same port with the same durable messages."""
    node = own_node()
    connection = _connect(node.url())
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("kept", durable=True)
    channel.basic_publish("", "kept", b"{}", pika.BasicProperties(delivery_mode=2))
    connection.close()
    node.kill()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", node.port))
    node.start()

    assert {"kept": 1} == node.list_queues()


def test_a_stopped_node_closes_its_connections_in_order(own_node: Callable[..., Node]) -> None:
    """`stop` ends with CONNECTION_FORCED (320) for those who are connected."""
    node = own_node()
    connection = _connect(node.url())
    node.stop()
    with pytest.raises(ConnectionClosedByBroker) as caught:
        connection.process_data_events(time_limit=10)

    assert 320 == caught.value.reply_code


def test_settings_reach_the_node(own_node: Callable[..., Node]) -> None:
    """rabbitmq.conf, advanced.config and the list of plugins are the ones given."""
    node = own_node(
        conf=("channel_max = 17",),
        advanced="[{rabbit, [{consumer_timeout, 3000}]}].\n",
        plugins=("rabbitmq_auth_mechanism_ssl",),
    )

    assert "{ok, 17}" == node.eval("application:get_env(rabbit, channel_max)")
    assert "{ok, 3000}" == node.eval("application:get_env(rabbit, consumer_timeout)")
    assert "rabbitmq_auth_mechanism_ssl" in node.eval("rabbit_plugins:active()")


def test_a_bad_setting_is_told(own_node: Callable[..., Node]) -> None:
    """A node that does not start says why, and leaves nothing behind."""
    with pytest.raises(NodeFailed, match="no_such_key"):
        own_node(conf=("no_such_key = 1",))


def test_tls_listener(own_node: Callable[..., Node], certificates: Certificates) -> None:
    """With certificates the node listens for TLS as well."""
    node = own_node(tls=certificates)
    parameters = pika.URLParameters(node.url(tls=True))
    parameters.ssl_options = pika.SSLOptions(certificates.client_context(), "localhost")
    connection = pika.BlockingConnection(parameters)

    assert connection.is_open
    connection.close()


def _heard(connection: pika.BlockingConnection, seen: list[str], count: int) -> list[str]:
    """Let a connection read until so much was noted, or for a minute; returns what was."""
    deadline = time.monotonic() + 60
    while len(seen) < count and time.monotonic() < deadline:
        connection.process_data_events(time_limit=1)
    return [*seen]


def test_alarm(own_node: Callable[..., Node]) -> None:
    """A raised memory alarm blocks a connection that publishes, clearing it unblocks."""
    node = own_node()
    seen: list[str] = []
    connection = _connect(node.url())
    connection.add_on_connection_blocked_callback(lambda _, frame: seen.append(frame.method.reason))
    connection.add_on_connection_unblocked_callback(lambda *_: seen.append("unblocked"))
    node.block_publishers()
    channel = connection.channel()
    channel.basic_publish("amq.topic", "a", b"{}")
    blocked = _heard(connection, seen, 1)
    node.unblock_publishers()
    both = _heard(connection, seen, 2)
    connection.close()

    assert [True] == [bool(reason) for reason in blocked]
    assert [*blocked, "unblocked"] == both


def test_users_and_permissions(own_node: Callable[..., Node]) -> None:
    """A user may do what its permissions say and no more."""
    node = own_node()
    node.add_user("reader", "s3cret/@")
    node.set_permissions("reader", "/", configure="", write="", read=".*")
    connection = _connect(node.url(user="reader", password="s3cret/@"))
    with pytest.raises(ChannelClosedByBroker) as caught:
        connection.channel().queue_declare("mine")
    connection.close()

    assert 403 == caught.value.reply_code


def test_three_nodes_are_one_cluster(cluster: Cluster) -> None:
    """A queue declared at one node of the cluster is known to the others."""
    connection = _connect(cluster.nodes[0].url())
    connection.channel().queue_declare("q", durable=True, arguments={"x-queue-type": "quorum"})
    connection.close()

    # The others hear of it a little later.
    until(lambda: [{"q": 0}] * 3 == [node.list_queues() for node in cluster.nodes])


def test_a_missing_installation_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where RabbitMQ 4.3 is not set up, the error names the command that does it."""
    monkeypatch.setenv("RABBITMQ_4_DIR", str(tmp_path))
    with pytest.raises(NotInstalled, match=r"make rabbitmq-4|needs root"):
        find("4")


_INTERRUPTED = """
import sys
sys.path.insert(0, sys.argv[1])
from rabbitmq import Node
node = Node()
node.start()
print(node.port, node.epmd_port, node.folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.needs_rabbitmq
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_when_the_tests_die(number: int) -> None:
    """Node, epmd and files go when the process that started them is killed."""
    tests = Path(__file__).resolve().parents[1] / "lib"
    with subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(tests)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as run:
        assert run.stdout is not None
        port, epmd_port, folder = run.stdout.readline().split()
        socket.create_connection(("127.0.0.1", int(port))).close()
        run.send_signal(number)
        assert "" == run.stdout.read()  # the end of file comes when the reaper, too, has ended

    for gone in (port, epmd_port):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(gone)))
    assert not Path(folder).exists()
