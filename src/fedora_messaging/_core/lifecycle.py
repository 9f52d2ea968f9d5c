# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of connections and consumers, and the one table of legal moves.

Everything that decides *whether* a consumer or a connection goes on lives here; nothing here does I/O.
The wing asks, moves, and acts.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from ..exceptions import (
    BadDeclaration,
    BaseException,
    ConnectionException,
    ConsumerCanceled,
    NoFreeChannels,
    PermissionException,
    from_wire,
)

__all__ = [
    "TRANSITIONS",
    "CloseReason",
    "IllegalTransition",
    "Lifecycle",
    "Scope",
    "State",
    "Verdict",
    "verdict",
]


class State(enum.Enum):
    """Where a connection or a consumer stands."""

    IDLE = "idle"  #: not wanted: never started, or paused
    CONNECTING = "connecting"  #: dialling; a consumer: waiting for its connection
    DECLARING = "declaring"  #: opening the channel, declaring the topology
    CONSUMING = "consuming"  #: in use; for a connection without consumers: open
    BACKOFF = "backoff"  #: waiting before the next attempt
    DRAINING = "draining"  #: no new work; what runs may finish
    STOPPED = "stopped"  #: over, for good


_ALWAYS = frozenset({State.DRAINING, State.STOPPED})

#: From each state, the states that may follow. DRAINING and STOPPED may follow any but STOPPED.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.IDLE: _ALWAYS | {State.CONNECTING, State.DECLARING},
    State.CONNECTING: _ALWAYS | {State.IDLE, State.DECLARING, State.BACKOFF},
    State.DECLARING: _ALWAYS | {State.IDLE, State.CONNECTING, State.CONSUMING, State.BACKOFF},
    State.CONSUMING: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING, State.BACKOFF},
    State.BACKOFF: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING},
    State.DRAINING: frozenset({State.STOPPED}),
    State.STOPPED: frozenset(),
}


class IllegalTransition(AssertionError):
    """A move that the table does not allow: a defect of this package, never of the application."""


class Lifecycle:
    """One machine: a state and a generation number.

    The generation grows each time DECLARING is entered: whatever belongs to an earlier one (a late
    acknowledgement, a late reply) is recognised by its number and dropped.
    """

    __slots__ = ("generation", "state")

    def __init__(self) -> None:
        self.state = State.IDLE
        self.generation = 0

    def move(self, state: State) -> int:
        """Go to ``state`` and return the generation that holds there.

        Raises:
            IllegalTransition: The table has no such move.
        """
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.state.value} -> {state.value}")
        self.state = state
        if state is State.DECLARING:
            self.generation += 1
        return self.generation

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be started."""
        return self.state in _ALWAYS


class Scope(enum.Enum):
    """What a close ended."""

    CHANNEL = "channel"
    CONNECTION = "connection"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class CloseReason:
    """Why a channel or a connection ended.

    Args:
        scope: Who closed: the broker its channel or connection, or the transport went away.
        code: The AMQP reply code (AMQP 0-9-1, section 1.2), 0 when there was none.
        text: The broker's words, or the transport's error in words; made fit to be shown.
        cause: The error underneath, if there was one.
        opened: Whether the connection had been open before (Connection.OpenOk was received).
        peer: The broker's address in words, for a connection; "" where it is not known.
    """

    scope: Scope
    code: int
    text: str
    cause: Exception | None = None
    opened: bool = True
    peer: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", from_wire(self.text))

    def __str__(self) -> str:
        return (
            f"{self.code} {self.text}"
            if self.code and not self.text.startswith(str(self.code))
            else self.text
        )

    @property
    def refused_login(self) -> bool:
        """Whether the credentials or the virtual host were refused (402, 403, 530), or no login was tried
        because the broker offers none that this client can do. A limit that is reached is no refusal."""
        if self.opened:
            return False
        if isinstance(self.cause, PermissionException):
            return True
        return self.scope is Scope.CONNECTION and self.code in (402, 403, 530) and not _reached(self)

    @property
    def advised(self) -> str:
        """The words of the reason; for a refused login with what to check."""
        if not self.refused_login or self.cause is not None:
            return str(self)
        words = str(self).replace("For details see the broker logfile", "").rstrip(" .")
        if self.code != 403:
            return f"{words}; check the virtual host, and the user's permissions in it"
        if "EXTERNAL" in words:
            return f"{words}; check that the broker knows the user in the certificate (its log says more)"
        return f"{words}; check the user name and the password (the broker's log says more)"

    @property
    def refused_tls(self) -> bool:
        """Whether TLS, or the terms that the broker offers for the connection, could not be agreed on."""
        return not self.opened and isinstance(self.cause, ConnectionException)

    @property
    def faulted(self) -> bool:
        """Whether the broker closed an open connection for an error, which may come again with what is sent
        again: of its hard errors (AMQP 0-9-1, section 1.2) all but 320 and 402."""
        return self.opened and self.scope is Scope.CONNECTION and self.code >= 500

    def error(self) -> ConnectionException | PermissionException:
        """The documented exception for it, with the broker's address; passwords never show."""
        if self.refused_login:
            return PermissionException("connection", f"to {self.peer or 'the broker'}", self.advised)
        error = ConnectionException(
            reason=f"no connection to {self.peer}: {self}" if self.peer else str(self)
        )
        error.__cause__ = self.cause
        return error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a consumer does next: go to ``state``; ``error`` says how it ended if that is STOPPED."""

    state: State
    error: BaseException | None = None


_RETRY = Verdict(State.BACKOFF)
_RECONNECT = Verdict(State.CONNECTING)


def verdict(
    reason: CloseReason,
    *,
    consumed_once: bool,
    recovering: bool = False,
    declared: tuple[str, str] | None = None,
) -> Verdict:
    """What becomes of a consumer whose channel, connection or declaration failed.

    Until it has consumed once, a refusal ends it: the configuration is wrong and a person should hear
    of it. After that, every failure is taken for a passing one and retried.

    What the broker's answers mean at the first start, by reply code (AMQP 0-9-1, section 1.2; the texts
    are RabbitMQ's):

    ==== ============================================================== ==========================
    code the broker says                                                verdict
    ==== ============================================================== ==========================
    320  connection forced: stopping, or closed by an administrator     retry
    402  invalid path, to connection.open                               PermissionException
    403  login refused                                                  PermissionException
    403  queue in exclusive use: another consumer has it                retry
    403  consuming refused                                              PermissionException
    403  another declaration refused                                    BadDeclaration
    404  no queue, no exchange                                          BadDeclaration
    404  anything else: a node of the cluster is down                   retry
    405  resource locked: an exclusive queue of another connection,     retry
         which may be our last one that the broker has not given up
    406  a limit is reached, or a time-out                              retry
    406  anything else: other properties than the queue has             BadDeclaration
    501, frame error, syntax error, command invalid, channel error,     BadDeclaration, if it answers
    etc. unexpected frame, not implemented                              a declaration, else retry
    506  resource error: the broker lacks something now                 retry
    530  not allowed, to connection.open                                PermissionException
    530  not allowed, because a limit is reached                        retry
    541  internal error, to a declaration, but for a time-out           BadDeclaration
    541  internal error, to anything else: not ready yet                retry
    ==== ============================================================== ==========================

    When all channels that ``channel_max`` allows are in use, that is BadDeclaration.

    Args:
        reason: How the channel or the connection ended.
        consumed_once: Whether this consumer has ever been consuming.
        recovering: The broker cancelled the consumer and the queue was looked for, passively.
        declared: What was being declared, as (type of object, description), when it was refused.
    """
    if reason.scope is Scope.TRANSPORT:
        if (reason.refused_tls or reason.refused_login) and not consumed_once:
            return Verdict(State.STOPPED, reason.error())
        return _RECONNECT
    if reason.scope is Scope.CONNECTION:
        if consumed_once:
            return _RECONNECT
        if reason.refused_login:
            return Verdict(State.STOPPED, reason.error())
        if reason.faulted and declared is not None and not unavailable(reason):
            return Verdict(State.STOPPED, BadDeclaration(*declared, str(reason)))
        return _RECONNECT
    if recovering and no_such_queue(reason):
        return Verdict(State.STOPPED, ConsumerCanceled(f"The queue is gone: {reason}"))
    if isinstance(reason.cause, NoFreeChannels) and not consumed_once:
        return Verdict(State.STOPPED, BadDeclaration("channel", "for its queue", str(reason)))
    if consumed_once or declared is None or unavailable(reason):
        return _RETRY
    if reason.code == 403 and declared[0] in ("consumer", "queue read"):
        return Verdict(State.STOPPED, PermissionException("queue", declared[1], str(reason)))
    return Verdict(State.STOPPED, BadDeclaration(*declared, str(reason)))


def no_such_queue(reason: CloseReason) -> bool:
    """Whether the broker says that the queue does not exist: the only 404 that is not a passing one."""
    return reason.code == 404 and "no queue" in reason.text


def unavailable(reason: CloseReason) -> bool:
    """Whether what was declared may be had later: its node does not answer now, or another connection has
    it, or a limit is reached."""
    text = reason.text
    if reason.code == 404:
        return "no queue" not in text and "no exchange" not in text
    if reason.code == 403:
        return text.rstrip(".").endswith("in exclusive use")
    if reason.code in (406, 541):
        return "timeout" in text or _reached(reason)
    return reason.code in (405, 506)


_REACHED = re.compile(r"\(\d+\) is reached\W*$")


def _reached(reason: CloseReason) -> bool:
    """Whether a limit of connections or queues, which others fill, is reached: a refusal that passes."""
    return _REACHED.search(reason.text) is not None
