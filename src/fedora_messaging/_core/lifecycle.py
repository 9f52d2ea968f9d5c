# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of connections and consumers, and the table of transitions between them.

Everything that decides *whether* a consumer or a connection goes on is in this module, which does no I/O. The
Twisted layer asks for a decision, makes the transition, and acts on it.
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
    """The state of a connection or a consumer."""

    IDLE = "idle"  #: not in use: never started, or paused
    CONNECTING = "connecting"  #: connecting; a consumer: waiting for its connection
    DECLARING = "declaring"  #: opening the channel, declaring the topology
    CONSUMING = "consuming"  #: in use; for a connection without consumers: open
    BACKOFF = "backoff"  #: waiting before the next attempt
    DRAINING = "draining"  #: no new work; what is in progress may finish
    STOPPED = "stopped"  #: ended for good


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
    """A transition that is not in the table: a defect of this package, never of the application."""


class Lifecycle:
    """A state machine: a state and a generation number.

    The generation grows each time DECLARING is entered: whatever belongs to an earlier one (a late
    acknowledgement, a late reply) is recognised by its number and dropped.
    """

    __slots__ = ("generation", "state")

    def __init__(self) -> None:
        self.state = State.IDLE
        self.generation = 0

    def move(self, state: State) -> int:
        """Make the transition to ``state``, and return the generation that holds there.

        Raises:
            IllegalTransition: The transition is not in the table.
        """
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.state.value} -> {state.value}")
        self.state = state
        if state is State.DECLARING:
            self.generation += 1
        return self.generation

    @property
    def ended(self) -> bool:
        """Whether nothing new may be started."""
        return self.state in _ALWAYS


class Scope(enum.Enum):
    """What was closed."""

    CHANNEL = "channel"
    CONNECTION = "connection"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class CloseReason:
    """Why a channel or a connection ended.

    Args:
        scope: What was closed: the channel or the connection by the broker, or the transport was lost.
        code: The AMQP reply code (AMQP 0-9-1, section 1.2), 0 when there was none.
        text: The broker's reply text, or the text of the transport's error; escaped to be shown.
        cause: The error behind it, if there was one.
        opened: Whether the connection had been open before (Connection.OpenOk was received).
        peer: The broker's address as text, for a connection; "" where it is not known.
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
        """Whether the broker refused the login.

        It refused the credentials or the virtual host (402, 403, 530), or offers no login mechanism that this
        client supports. A limit that is reached is not a refusal.
        """
        if self.opened:
            return False
        if isinstance(self.cause, PermissionException):
            return True
        return self.scope is Scope.CONNECTION and self.code in (402, 403, 530) and not _is_limit_reached(self)

    @property
    def advised(self) -> str:
        """The text of the reason; for a refused login with advice on what to check."""
        if not self.refused_login or self.cause is not None:
            return str(self)
        text = str(self).replace("For details see the broker logfile", "").rstrip(" .")
        if self.code != 403:
            return f"{text}; check the virtual host, and the user's permissions in it"
        if "EXTERNAL" in text:
            return f"{text}; check that the broker knows the user in the certificate (its log says more)"
        return f"{text}; check the user name and the password (the broker's log says more)"

    @property
    def refused_tls(self) -> bool:
        """Whether TLS, or the parameters of the connection, could not be negotiated."""
        return not self.opened and isinstance(self.cause, ConnectionException)

    @property
    def faulted(self) -> bool:
        """Whether the broker closed an open connection for an error that may be the client's.

        Those are all hard errors (AMQP 0-9-1, section 1.2) but 320 and 402. The error may come again when the
        same frames are sent again.
        """
        return self.opened and self.scope is Scope.CONNECTION and self.code >= 500

    def error(self) -> ConnectionException | PermissionException:
        """Return the documented exception for it, with the broker's address and without passwords."""
        if self.refused_login:
            return PermissionException("connection", f"to {self.peer or 'the broker'}", self.advised)
        error = ConnectionException(
            reason=f"no connection to {self.peer}: {self}" if self.peer else str(self)
        )
        error.__cause__ = self.cause
        return error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a consumer does next: it goes to ``state``; if that is STOPPED, ``error`` is the reason."""

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
    """Decide what a consumer does whose channel, connection or declaration failed.

    Until it has consumed once, a refusal ends it: the configuration is probably wrong, and an operator should
    know. After that, every failure is considered temporary and retried.

    What the broker's replies mean at the first start, by reply code (AMQP 0-9-1, section 1.2; the texts are
    RabbitMQ's):

    ==== ============================================================== ==========================
    code reply of the broker                                            verdict
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
    """Whether the broker reports that the queue does not exist: the only 404 that is not temporary."""
    return reason.code == 404 and "no queue" in reason.text


def unavailable(reason: CloseReason) -> bool:
    """Whether the same declaration may succeed later.

    The node of the queue does not answer now, another connection holds the queue, or a limit is reached.
    """
    text = reason.text
    if reason.code == 404:
        return "no queue" not in text and "no exchange" not in text
    if reason.code == 403:
        return text.rstrip(".").endswith("in exclusive use")
    if reason.code in (406, 541):
        return "timeout" in text or _is_limit_reached(reason)
    return reason.code in (405, 506)


_LIMIT_REACHED = re.compile(r"\(\d+\) is reached\W*$")


def _is_limit_reached(reason: CloseReason) -> bool:
    """Whether a limit of connections or queues is reached, which is temporary."""
    return _LIMIT_REACHED.search(reason.text) is not None
