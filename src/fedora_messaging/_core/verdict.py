# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a consumer does whose channel, connection or declaration failed."""

from __future__ import annotations

from dataclasses import dataclass

from ..exceptions import (
    BadDeclaration,
    BaseException,
    ConfigurationException,
    ConsumerCanceled,
    NoFreeChannels,
    PermissionException,
)
from .lifecycle import CloseReason, Scope, State, is_limit_reached

__all__ = ["RETRY_RIGHTS", "Verdict", "no_such_queue", "unavailable", "verdict"]

#: What was refused when a consumer may not declare what its failure policy needs; described by what that is.
RETRY_RIGHTS = "failure policy"


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
    403  what the failure policy needs refused                          ConfigurationException
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
    if reason.code == 403 and declared[0] == RETRY_RIGHTS:
        return Verdict(State.STOPPED, ConfigurationException(f"{declared[1]}. The broker says: {reason}"))
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
        return "timeout" in text or is_limit_reached(reason)
    return reason.code in (405, 506)
