# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How channels and connections close when both sides want to, and what is still under way then."""

import struct
from typing import Any

from pika import spec

from .lab import PATIENCE, Lab, case, table

_CLOSE = spec.Channel.Close(200, "", 0, 0)
_HANG_UP = spec.Connection.Close(200, "", 0, 0)


def _refused_publish(client: Any, number: int = 1) -> None:
    """Publishes to an exchange that is not there: the broker closes the channel with 404."""
    client.method(number, spec.Basic.Publish(exchange="none", routing_key="k"))
    client.header(number, 3)
    client.frame(3, number, b"abc")


def _begin_publish(client: Any) -> None:
    client.method(1, spec.Basic.Publish(exchange="amq.topic", routing_key="k"))


def _half_a_publish(client: Any) -> None:
    _begin_publish(client)
    client.header(1, 9)
    client.frame(3, 1, b"abc")


@case
def a_publish_is_refused_while_the_client_closes(lab: Lab) -> Any:
    """Both closes are answered; the number is free after the client's answer."""
    client = lab.raw().connected()
    _refused_publish(client)
    client.method(1, _CLOSE)
    closed = client.answers(2)
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def several_publishes_are_refused_while_the_client_closes(lab: Lab) -> Any:
    """A channel is closed once; what was published after that is ignored."""
    client = lab.raw().connected()
    for _ in range(5):
        _refused_publish(client)
    client.method(1, _CLOSE)
    closed = client.answers(2)
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def a_confirmed_publish_before_closes_that_cross(lab: Lab) -> Any:
    """The connection and its other channels work on."""
    queue = lab.declare(lab.channel())
    client = lab.raw().connected(channels=2)
    client.method(1, spec.Confirm.Select())
    client.method(2, spec.Confirm.Select())
    selected = client.answers(2)
    _refused_publish(client)
    client.method(1, _CLOSE)
    closed = client.answers(2)
    client.method(1, spec.Channel.CloseOk())
    client.publish(2, queue, b"\0\0", b"m")
    return [selected, closed, client.ending()]


@table({"after the broker's close": False, "after crossing closes": True})
def a_channel_opened_before_the_close_is_answered(lab: Lab, crossing: bool) -> Any:
    """A number whose close is not answered yet is in use: 504."""
    client = lab.raw().connected()
    _refused_publish(client)
    closed = [client.ending()]
    if crossing:
        client.method(1, _CLOSE)
        closed.append(client.ending())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def a_channel_closed_twice_by_the_client(lab: Lab) -> Any:
    """Each close on a channel that the broker has closed is answered."""
    client = lab.raw().connected()
    _refused_publish(client)
    client.method(1, _CLOSE)
    client.method(1, _CLOSE)
    closed = client.answers(3)
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def a_close_answered_twice(lab: Lab) -> Any:
    """The second `channel.close-ok` belongs to no channel: 504."""
    client = lab.raw().connected()
    _refused_publish(client)
    closed = client.ending()
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.CloseOk())
    return [closed, client.ending()]


@case
def a_closing_channel_counts(lab: Lab) -> Any:
    """A channel whose close is not answered counts for `channel_max`."""
    client = lab.raw().connected(channels=2, channel_max=2)
    _refused_publish(client)
    closed = client.ending()
    client.method(3, spec.Channel.Open())
    return [closed, client.ending()]


@table(
    {
        "a publish": _refused_publish,
        "a get": lambda c: c.method(1, spec.Basic.Get(queue="none")),
        "a declaration": lambda c: c.method(1, spec.Queue.Declare(queue="none", passive=True)),
        "a transaction": lambda c: c.method(1, spec.Tx.Select()),
        "what is not implemented": lambda c: c.method(1, spec.Basic.Qos(prefetch_size=1)),
        "a server's method": lambda c: c.method(1, spec.Basic.GetEmpty()),
        "a connection's method": lambda c: c.method(1, spec.Connection.Open("/")),
        "an unknown method": lambda c: c.frame(1, 1, struct.pack(">HH", 60, 999)),
        "arguments cut off": lambda c: c.frame(1, 1, struct.pack(">HHHB", 50, 10, 0, 9) + b"ab"),
        "a header first": lambda c: c.header(1, 3),
        "a body first": lambda c: c.frame(3, 1, b"abc"),
        "a publish without content": _begin_publish,
        "half a publish": _half_a_publish,
        "a heartbeat on it": lambda c: c.frame(8, 1, b""),
    }
)
def what_comes_on_a_closing_channel(lab: Lab, send: Any) -> Any:
    """Methods and whole contents are ignored; frames that do not belong together still end the connection."""
    client = lab.raw().connected()
    _refused_publish(client)
    closed = client.ending()
    send(client)
    client.method(1, spec.Channel.CloseOk())
    client.method(1, spec.Channel.Open())
    return [closed, client.ending()]


@case
def a_close_within_a_content(lab: Lab) -> Any:
    """A content cannot be broken off by a close: 505."""
    client = lab.raw().connected()
    _begin_publish(client)
    client.header(1, 5)
    client.method(1, _CLOSE)
    return client.ending()


@case
def an_answer_to_no_close(lab: Lab) -> Any:
    """`channel.close-ok` on an open channel ends the connection: 503."""
    client = lab.raw().connected()
    client.method(1, spec.Channel.CloseOk())
    return client.ending()


@case
def the_connection_closes_after_a_refused_publish(lab: Lab) -> Any:
    """The client need not answer the close of a channel when it closes the connection."""
    client = lab.raw().connected()
    _refused_publish(client)
    closed = client.ending()
    client.method(0, _HANG_UP)
    return [closed, client.ending()]


@case
def a_connection_closed_twice_by_the_client(lab: Lab) -> Any:
    """Each close is answered, and the client hangs up, or lets the broker do so with its own answer."""
    client = lab.raw().connected()
    client.method(0, _HANG_UP)
    client.method(0, _HANG_UP)
    closed = client.answers(2)
    client._socket.settimeout(0.5)
    quiet = client.ending()
    client.method(0, spec.Connection.CloseOk())
    client._socket.settimeout(PATIENCE)
    return [closed, quiet, client.ending()]


@case
def two_connection_closes_that_cross(lab: Lab) -> Any:
    """The client's close is answered though the broker has closed, and the client hangs up."""
    client = lab.raw().connected()
    client.method(1, spec.Channel.Open())
    closed = [client.ending()]
    for _ in range(2):
        client.method(0, _HANG_UP)
        closed.append(client.ending())
    client._socket.settimeout(0.5)
    quiet = client.ending()
    client.method(0, spec.Connection.CloseOk())
    client._socket.settimeout(PATIENCE)
    return [closed, quiet, client.ending()]


@table(
    {
        "open": lambda c: c.method(0, spec.Connection.Open("/")),
        "channel open": lambda c: c.method(3, spec.Channel.Open()),
        "publish": _refused_publish,
        "new secret": lambda c: c.method(0, spec.Connection.UpdateSecret("x", "")),
        "body": lambda c: c.frame(3, 0, b"abc"),
        "heartbeat": lambda c: c.frame(8, 0, b""),
        "arguments cut off": lambda c: c.frame(1, 0, struct.pack(">HHH", 10, 50, 3)),
        "arguments cut off on a channel": lambda c: c.frame(1, 1, struct.pack(">HHHB", 50, 10, 0, 9)),
    }
)
def what_comes_on_a_closing_connection(lab: Lab, send: Any) -> Any:
    """Only closes and their answers matter: another close is still answered."""
    client = lab.raw().connected()
    client.method(0, _HANG_UP)
    closed = client.ending()
    send(client)
    client.method(0, _HANG_UP)
    return [closed, client.ending()]


@table(
    {
        "tune again": lambda c: c.method(0, spec.Connection.TuneOk(10, 8192, 0)),
        "new secret": lambda c: c.method(0, spec.Connection.UpdateSecret("x", "")),
        "channel open": lambda c: c.method(1, spec.Channel.Open()),
        "body": lambda c: c.frame(3, 0, b"abc"),
    }
)
def methods_before_the_vhost_is_open(lab: Lab, send: Any) -> Any:
    """After tuning, what is not `connection.open` closes the connection with a code."""
    client = lab.raw()
    client.start()
    client.log_in(capabilities={"authentication_failure_close": True})
    client.tune()
    send(client)
    return client.ending()


@table({"a token": b"token", "empty": b"", "any bytes": b"\xff\0"})
def a_new_secret(lab: Lab, secret: bytes) -> Any:
    """`connection.update-secret` is taken, whatever the secret; the connection goes on."""
    client = lab.raw().connected()
    client.frame(1, 0, struct.pack(">HHI", 10, 70, len(secret)) + secret + b"\3why")
    taken = client.ending()
    client.method(2, spec.Channel.Open())
    return [taken, client.ending()]


@case
def a_new_secret_on_a_channel(lab: Lab) -> Any:
    """The connection's secret is no affair of a channel: 503."""
    client = lab.raw().connected()
    client.method(1, spec.Connection.UpdateSecret("x", ""))
    return client.ending()
