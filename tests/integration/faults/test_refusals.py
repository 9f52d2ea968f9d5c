# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Rows D of the matrix: the broker refuses, or its topology changes."""

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pika
import pytest

from faults import ProxyProcess
from fedora_messaging import exceptions
from fedora_messaging._runner.exit_codes import exit_code
from fedora_messaging.message import Message
from rabbitmq import Cluster, Node, Vhost
from support.account import QUEUE, SLACK, Account, Application, declare, fill, taken, through
from support.amqp import Amqp
from support.reactor import in_reactor, outcome

pytestmark = [
    pytest.mark.fedora_messaging_real_broker,
    pytest.mark.usefixtures("no_unhandled_errors"),
]

PASSWORD = "canary-4Zq7"


class User:
    """A user of a node, with a name of its own and full rights in one virtual host."""

    def __init__(self, vhost: Vhost) -> None:
        self.node = vhost.node
        self.name = f"user-{secrets.token_hex(4)}"
        self.vhost = vhost.name
        self.node.add_user(self.name, PASSWORD)
        self.permit()

    def permit(self, configure: str = ".*", write: str = ".*", read: str = ".*") -> None:
        """Set its rights."""
        self.node.set_permissions(self.name, self.vhost, configure, write, read)

    def url(self, password: str = PASSWORD) -> str:
        """The URL with which it logs in."""
        return self.node.url(self.vhost, user=self.name, password=password)


def test_d1_queue_deleted_under_its_consumer(vhost: Vhost, measured: Callable[..., None]) -> None:
    """The consumer ends with ConsumerCanceled and the broker's words within 2 s; that is exit code 12."""
    with Application(vhost.url, lambda _: None) as app:
        with Amqp(vhost.url) as amqp:
            amqp.channel.queue_delete(QUEUE)
        began = time.monotonic()
        error = app.result(2 + SLACK)
        measured(ended=time.monotonic() - began)
        ready = app.ready

    assert isinstance(error, exceptions.ConsumerCanceled)
    assert f"no queue '{QUEUE}'" in str(error)
    assert 12 == exit_code(error)
    assert not ready


def _refusals(vhost: Vhost, words: str) -> int:
    """How many channels the node has closed with these words, by its own log."""
    vhost.node.eval(
        "[begin {ok, #{module := M}} = logger:get_handler_config(H), catch M:filesync(H) end"
        " || H <- logger:get_handler_ids()]"
    )
    return sum(words in line for line in vhost.node.log().splitlines())


def test_d2_exchange_missing(vhost: Vhost, measured: Callable[..., None]) -> None:
    """One attempt, and PublishReturned with the broker's words within a second."""
    declare(vhost.url)
    missing = f"missing-{secrets.token_hex(4)}"
    with Application(vhost.url) as app:
        app.settled(app.publish(1), 60)
        (refused,) = app.publish(1, exchange=missing)
        taken_ = app.settled([refused], 1 + SLACK)
        app.settled(app.publish(1), 60)
        measured(refused=taken_)

    assert type(app.account.failed[refused]) is exceptions.PublishReturned
    assert f"no exchange '{missing}'" in str(app.account.failed[refused])
    assert 1 == _refusals(vhost, missing)
    app.account.check_published(taken(vhost.url), failed=1)


@pytest.mark.parametrize("position", [0, 500, 999])
def test_d2_one_of_a_thousand(vhost: Vhost, position: int, measured: Callable[..., None]) -> None:
    """Of a thousand in flight, that message alone fails; the channel is reopened once for the others."""
    declare(vhost.url)
    missing = f"missing-{secrets.token_hex(4)}"
    with Application(vhost.url) as app:
        app.settled(app.publish(1), 60)
        numbers = app.publish(1000, exchange=lambda n: missing if n == 1 + position else None)
        settled = app.settled(numbers, 1 + SLACK)
        measured(settled=settled)

    assert {1 + position} == app.account.failed.keys()
    assert type(app.account.failed[1 + position]) is exceptions.PublishReturned
    assert 1 == _refusals(vhost, missing)
    app.account.check_published(taken(vhost.url), failed=1)


def test_d2_a_refusal_that_names_nothing(vhost: Vhost, measured: Callable[..., None]) -> None:
    """Where the broker's text does not say which message it was, the others go one at a time until it is
    found."""
    declare(vhost.url)
    somebody = f"somebody-{secrets.token_hex(4)}"

    def properties(number: int) -> pika.BasicProperties | None:
        if number != 501:
            return None
        return pika.BasicProperties(
            user_id=somebody,
            message_id="not-mine",
            content_type="application/json",
            content_encoding="utf-8",
            headers={"fedora_messaging_schema": "base.message"},
        )

    with Application(vhost.url) as app:
        app.settled(app.publish(1), 60)
        numbers = app.publish(1000, properties=properties)
        settled = app.settled(numbers, 1 + SLACK)
        measured(settled=settled)

    assert {501} == app.account.failed.keys()
    assert type(app.account.failed[501]) is exceptions.PublishReturned
    assert 2 == _refusals(vhost, somebody)
    app.account.check_published(taken(vhost.url), failed=1)


def _restored(
    account: Account, app: Application, restore: Callable[[], Any], measured: Callable[..., None]
) -> None:
    """Wait until an application that retries has noticed that all is well again."""
    declared = len(account.declared_at)
    restore()
    began = time.monotonic()
    account.wait_for("consuming again", lambda: len(account.declared_at) > declared, 30 + SLACK)
    measured(back=time.monotonic() - began)
    assert app.ready


def test_d3_exchange_missing_at_reconnect(vhost: Vhost, measured: Callable[..., None]) -> None:
    """The consumer tries again with back-off, unready, and consumes once the exchange is there."""
    with ExitStack() as stack:
        amqp = stack.enter_context(Amqp(vhost.url))
        amqp.channel.exchange_declare("ours", "topic", durable=True)
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(
            Application(
                through(vhost.url, proxy),
                lambda _: None,
                bindings=[{"exchange": "ours", "queue": QUEUE, "routing_keys": ["faults.#"]}],
                publish_exchange="ours",
            )
        )
        account = app.account
        app.settled(app.publish(1), 60)
        amqp.channel.exchange_delete("ours")
        proxy.cut()
        app.logged("no exchange 'ours'", 60, count=3)
        ready = app.ready
        _restored(
            account,
            app,
            lambda: amqp.channel.exchange_declare("ours", "topic", durable=True),
            measured,
        )
        app.settled(app.publish(5), 60)
        account.wait_for("all", lambda: len(account.numbers()) == 6, 60)

    assert not ready
    assert {} == account.failed


def test_d4_rights_removed_at_reconnect(vhost: Vhost, measured: Callable[..., None]) -> None:
    """The same when the consumer's rights are gone for a while."""
    user = User(vhost)
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(Application(through(user.url(), proxy), lambda _: None))
        account = app.account
        app.settled(app.publish(1), 60)
        user.permit("", "", "")
        proxy.cut()
        app.logged("ACCESS_REFUSED", 60, count=3)
        ready = app.ready
        _restored(account, app, user.permit, measured)
        app.settled(app.publish(5), 60)
        account.wait_for("all", lambda: len(account.numbers()) == 6, 60)

    assert not ready
    assert {} == account.failed
    assert PASSWORD not in app.log


def test_d5_password_changed(vhost: Vhost, measured: Callable[..., None]) -> None:
    """A consumer whose login is refused at a reconnect tries again; a publish fails at once and says why."""
    user = User(vhost)
    with ExitStack() as stack:
        proxy = stack.enter_context(ProxyProcess(vhost.node.port))
        app = stack.enter_context(Application(through(user.url(), proxy), lambda _: None))
        account = app.account
        app.settled(app.publish(1), 60)
        account.wait_for("the first one", lambda: len(account.numbers()) == 1, 60)
        vhost.node.rabbitmqctl("change_password", user.name, "another")
        proxy.cut()
        app.logged("ACCESS_REFUSED", 60, count=3)
        ready = app.ready
        (refused,) = app.publish(1)
        app.settled([refused], 10)
        _restored(
            account,
            app,
            lambda: vhost.node.rabbitmqctl("change_password", user.name, PASSWORD),
            measured,
        )
        app.settled(app.publish(5), 60)
        account.wait_for("all", lambda: len(account.numbers()) == 6, 60)

    assert not ready
    assert {refused} == account.failed.keys()
    assert isinstance(account.failed[refused], exceptions.ConnectionException)
    assert "ACCESS_REFUSED" in str(account.failed[refused])
    assert PASSWORD not in app.log + str(account)


def test_d6_unroutable_with_mandatory(vhost: Vhost) -> None:
    """Of 2,000 in flight exactly the unroutable half fails, with the same Message twice on either side."""
    declare(vhost.url)
    messages = [Message(topic=f"{'faults' if n % 2 else 'nowhere'}.{n}", body={"n": n}) for n in range(1998)]
    messages += [messages[0], messages[1]]

    with Application(vhost.url, mandatory=True) as app:

        async def publish() -> list[Any]:
            sent = [app.service.publish(message) for message in messages]
            return [await outcome(each) for each in sent]

        outcomes = in_reactor(publish)

    wrong = [
        (message.topic, result)
        for message, result in zip(messages, outcomes, strict=True)
        if (type(result) is exceptions.PublishReturned) != message.topic.startswith("nowhere")
    ]
    assert [] == wrong
    assert {"312 NO_ROUTE"} == {str(result).split(": ")[-1] for result in outcomes if result is not None}
    assert 1000 == len(taken(vhost.url))


@pytest.mark.parametrize("what", ["publish", "topic"])
def test_d7_publishing_denied(vhost: Vhost, what: str, measured: Callable[..., None]) -> None:
    """PublishForbidden within a second, for that message alone."""
    declare(vhost.url)
    user = User(vhost)
    if what == "publish":
        user.permit(write="amq.topic")
        denied: dict[str, Any] = {"exchange": lambda n: "amq.direct" if n == 7 else None}
    else:
        user.node.set_topic_permissions(user.name, user.vhost, "amq.topic", r"^faults\..*", ".*")
        denied = {"topic": lambda n: "denied.7" if n == 7 else f"faults.{n}"}
    with Application(user.url()) as app:
        app.settled(app.publish(1), 60)
        numbers = app.publish(20, **denied)
        settled = app.settled(numbers, 1 + SLACK)
        measured(settled=settled)

    assert {7} == app.account.failed.keys()
    assert type(app.account.failed[7]) is exceptions.PublishForbidden
    assert "ACCESS_REFUSED" in str(app.account.failed[7])
    app.account.check_published(taken(vhost.url), failed=1)


@pytest.mark.parametrize("what", ["consume", "vhost", "password"])
def test_d8_refused_at_the_first_start(vhost: Vhost, what: str, measured: Callable[..., None]) -> None:
    """PermissionException with the broker's words within 2 s: exit code 15, and never the password."""
    declare(vhost.url)
    user = User(vhost)
    url = user.url()
    if what == "consume":
        user.permit(read="^amq.*")
        words = f"queue '{QUEUE}'"
    elif what == "vhost":
        user.node.rabbitmqctl("clear_permissions", "-p", user.vhost, user.name)
        words = f"access to vhost '{vhost.name}' refused for user '{user.name}'"
    else:
        url = user.url("canary-wrong")
        words = "ACCESS_REFUSED - Login was refused"
    began = time.monotonic()
    with Application(url, lambda _: None, wait=False) as app:
        error = app.result(2 + SLACK)
        measured(refused=time.monotonic() - began)
        if what != "consume":
            (number,) = app.publish(1)
            app.settled([number], 2 + SLACK)
            assert isinstance(app.account.failed[number], exceptions.ConnectionException)

    assert type(error) is exceptions.PermissionException
    assert words in str(error)
    assert 15 == exit_code(error)
    assert "canary" not in f"{error} {error!r} {app.log} {app.account}"


@pytest.mark.slow
@pytest.mark.parametrize("back", ["soon", "late"])
def test_d9_the_queues_node_is_down(cluster: Cluster, back: str, measured: Callable[..., None]) -> None:
    """The broker cancels the consumer, the queue is still there: it is looked for until its node is back,
    also by a consumer that starts meanwhile."""
    here, there, _ = cluster.nodes
    with Amqp(there.url()) as amqp:  # a classic queue lives on the node where it was declared
        amqp.queue(QUEUE, "faults.#")
    with ExitStack() as stack:
        app = stack.enter_context(Application(here.url(), lambda _: None))
        account = app.account
        app.settled(app.publish(1), 60)
        there.kill()
        app.logged("looking for the queue", 60)
        late = stack.enter_context(Application(here.url(), lambda _: None, wait=False))
        if back == "late":
            app.logged("Next try", 90 + SLACK)  # the cluster takes a minute to say that it cannot tell
        else:
            time.sleep(5)
        ready = app.ready, late.ready
        _restored(account, app, there.start, measured)
        late.account.wait_for("consuming, too", lambda: late.ready, 30 + SLACK)
        measured(failed=[line for line in app.log.splitlines() if "Next try" in line])
        numbers = app.publish(20)
        app.settled(numbers, 60)
        account.wait_for(
            "all",
            lambda: account.numbers() | late.account.numbers() >= set(numbers),
            10,
        )

    assert (False, False) == ready
    assert {} == account.failed


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_d9_the_broker_lost_its_patience(
    own_node: Callable[..., Node], kind: str, measured: Callable[..., None]
) -> None:
    """A delivery unacknowledged for consumer_timeout costs the consumer (4.3: of a quorum queue) or its
    channel (3.10); it consumes again within 5 s, one callback at a time."""
    node = own_node(
        advanced="[{rabbit, [{consumer_timeout, 1000}, {channel_tick_interval, 1000},"
        " {quorum_tick_interval, 1000}]}].\n"
    )
    arguments = {"x-queue-type": kind}
    count = 20
    fill(node.url(), count, arguments)
    slow = iter([6.0])
    queues = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": arguments}}
    with Application(node.url(), lambda _: time.sleep(next(slow, 0.0)), queues=queues) as app:
        account = app.account
        began = time.monotonic()
        if node.installation.major == 3 or kind == "quorum":
            account.wait_for("declared again", lambda: len(account.declared_at) >= 2, 5 + 5 + SLACK)
            measured(declared=account.declared_at[1] - began)
        account.wait_for("all", lambda: len(account.numbers()) == count, 60)

    account.check_consumed(count)
    account.check_left(taken(node.url()))


def test_a_declaration_that_costs_the_connection(vhost: Vhost) -> None:
    """What 3.10 answers with 503 and the end of the connection, and 4.3 with 406, is BadDeclaration: exit
    code 10."""
    odd = {"odd": {"type": "x-odd", "durable": True, "auto_delete": False, "arguments": {}}}
    with Application(vhost.url, lambda _: None, wait=False, exchanges=odd) as app:
        error = app.result(2 + SLACK)

    assert type(error) is exceptions.BadDeclaration
    assert "unknown exchange type 'x-odd'" in str(error)
    assert 10 == exit_code(error)
