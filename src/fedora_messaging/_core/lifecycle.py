# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The states of connections and consumers, and the table of transitions between them.

Everything that decides *whether* a consumer or a connection goes on is in this module, which does no I/O. The
Twisted layer asks for a decision, makes the transition, and acts on it.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..exceptions import (
    ConnectionException,
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
    "is_limit_reached",
]


class State(enum.Enum):
    """The state of a connection or a consumer."""

    IDLE = "idle"  #: not in use: never started, or paused
    CONNECTING = "connecting"  #: connecting; a consumer: waiting for its connection
    DECLARING = "declaring"  #: opening the channel, declaring the topology
    CONSUMING = "consuming"  #: in use; for a connection without consumers: open
    BACKOFF = "backoff"  #: waiting before the next attempt
    RESTING = "resting"  #: a consumer: waiting before it tries one message, after several failed
    DRAINING = "draining"  #: no new work; what is in progress may finish
    STOPPED = "stopped"  #: ended for good


_ALWAYS = frozenset({State.DRAINING, State.STOPPED})

#: From each state, the states that may follow. DRAINING and STOPPED may follow any but STOPPED.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.IDLE: _ALWAYS | {State.CONNECTING, State.DECLARING},
    State.CONNECTING: _ALWAYS | {State.IDLE, State.DECLARING, State.BACKOFF},
    State.DECLARING: _ALWAYS | {State.IDLE, State.CONNECTING, State.CONSUMING, State.BACKOFF},
    State.CONSUMING: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING, State.BACKOFF, State.RESTING},
    State.BACKOFF: _ALWAYS | {State.IDLE, State.CONNECTING, State.DECLARING},
    State.RESTING: _ALWAYS | {State.CONNECTING, State.CONSUMING},
    State.DRAINING: frozenset({State.STOPPED}),
    State.STOPPED: frozenset(),
}


class IllegalTransition(AssertionError):
    """A transition that is not in the table: a defect of this package, never of the application."""


class Lifecycle:
    """A state machine: a state and a generation number.

    The generation grows each time DECLARING is entered: whatever belongs to an earlier one (a late
    acknowledgement, a late reply) is recognised by its number and dropped.

    Args:
        changed: Called after each transition with the state before and the state after it; must not raise.
            None: nobody is told.
    """

    __slots__ = ("changed", "generation", "state")

    def __init__(self, changed: Callable[[State, State], None] | None = None) -> None:
        self.state = State.IDLE
        self.generation = 0
        self.changed = changed

    def move(self, state: State) -> int:
        """Make the transition to ``state``, and return the generation that holds there.

        Raises:
            IllegalTransition: The transition is not in the table.
        """
        if state not in TRANSITIONS[self.state]:
            raise IllegalTransition(f"{self.state.value} -> {state.value}")
        before, self.state = self.state, state
        if state is State.DECLARING:
            self.generation += 1
        if self.changed is not None:
            self.changed(before, state)
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
        kind: What ended or prevented the connection, in a word: "refused" (nothing listens there, or the host
            is not found), "timeout", "tls", "heartbeat" (the peer was silent), or "closed" for anything else.
    """

    scope: Scope
    code: int
    text: str
    cause: Exception | None = None
    opened: bool = True
    peer: str = ""
    kind: str = field(default="closed", compare=False)

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
        return self.scope is Scope.CONNECTION and self.code in (402, 403, 530) and not is_limit_reached(self)

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
    def failure(self) -> str:
        """The :attr:`kind`, or "auth" for a refused login."""
        return "auth" if self.refused_login else self.kind

    @property
    def passing(self) -> CloseReason:
        """The same as an error of the transport, which refuses nothing: other brokers may accept."""
        return CloseReason(Scope.TRANSPORT, 0, self.advised, opened=self.opened, peer=self.peer)

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


_LIMIT_REACHED = re.compile(r"\(\d+\) is reached\W*$")


def is_limit_reached(reason: CloseReason) -> bool:
    """Whether a limit of connections or queues is reached, which is temporary."""
    return _LIMIT_REACHED.search(reason.text) is not None
