# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of connections and consumers, and the one table of legal moves.

Everything that decides *whether* a consumer or a connection goes on lives here; nothing here does I/O.
The wing asks, moves, and acts.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .exceptions import (
    BadDeclaration,
    BaseException,
    ConnectionException,
    ConsumerCanceled,
    PermissionException,
)

__all__ = ["LEGAL_MOVES", "CloseReason", "IllegalMove", "Lifecycle", "Scope", "State", "Verdict", "verdict"]


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
LEGAL_MOVES: dict[State, frozenset[State]] = {
    State.IDLE: _ALWAYS | {State.CONNECTING, State.DECLARING},
    State.CONNECTING: _ALWAYS | {State.IDLE, State.DECLARING, State.BACKOFF},
    State.DECLARING: _ALWAYS | {State.IDLE, State.CONNECTING, State.CONSUMING, State.BACKOFF},
    State.CONSUMING: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING, State.BACKOFF},
    State.BACKOFF: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING},
    State.DRAINING: frozenset({State.STOPPED}),
    State.STOPPED: frozenset(),
}


class IllegalMove(AssertionError):
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
            IllegalMove: The table has no such move.
        """
        if state not in LEGAL_MOVES[self.state]:
            raise IllegalMove(f"{self.state.value} -> {state.value}")
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
        text: The broker's words, or the transport's error in words.
        cause: The error underneath, if there was one.
        opened: Whether the connection had been open before (Connection.OpenOk was received).
    """

    scope: Scope
    code: int
    text: str
    cause: Exception | None = None
    opened: bool = True

    def __str__(self) -> str:
        return (
            f"{self.code} {self.text}"
            if self.code and not self.text.startswith(str(self.code))
            else self.text
        )

    @property
    def refused_login(self) -> bool:
        """Whether the broker refused the credentials or the virtual host."""
        return not self.opened and self.scope is Scope.CONNECTION and self.code in (403, 530)

    @property
    def refused_tls(self) -> bool:
        """Whether TLS could not be agreed on."""
        return not self.opened and isinstance(self.cause, ConnectionException)

    @property
    def faulted(self) -> bool:
        """Whether the broker closed an open connection for an error, which may come again with what is sent
        again: of its hard errors (AMQP 0-9-1, section 1.2) all but 320 and 402."""
        return self.opened and self.scope is Scope.CONNECTION and self.code >= 500

    def error(self) -> ConnectionException | PermissionException:
        """The documented exception for it; credentials never show."""
        if self.refused_login:
            return PermissionException("connection", "the virtual host or the credentials", str(self))
        if isinstance(self.cause, ConnectionException):
            return self.cause
        return ConnectionException(reason=str(self))


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

    Args:
        reason: How the channel or the connection ended.
        consumed_once: Whether this consumer has ever been consuming.
        recovering: The broker cancelled the consumer and the queue was looked for, passively.
        declared: What was being declared, as (type of object, description), when it was refused.
    """
    if reason.scope is Scope.TRANSPORT:
        if reason.refused_tls and not consumed_once:
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
    if consumed_once or declared is None or unavailable(reason):
        return _RETRY
    if reason.code == 403 and declared[0] in ("consumer", "queue read"):
        return Verdict(State.STOPPED, PermissionException("queue", declared[1], str(reason)))
    return Verdict(State.STOPPED, BadDeclaration(*declared, str(reason)))


def no_such_queue(reason: CloseReason) -> bool:
    """Whether the broker says that the queue does not exist: the only 404 that is not a passing one."""
    return reason.code == 404 and "no queue" in reason.text


def unavailable(reason: CloseReason) -> bool:
    """Whether the object exists, or may, but its node does not answer now."""
    return (reason.code == 404 and "no queue" not in reason.text and "no exchange" not in reason.text) or (
        reason.code in (406, 541) and "timeout" in reason.text
    )
