# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The table that maps errors of Twisted and pika: none of them leaves this package."""

from __future__ import annotations

import socket

from pika.exceptions import ConnectionBlockedTimeout
from twisted.internet import error

from ..._core.lifecycle import CloseReason, Scope
from ...exceptions import ConnectionException, from_wire

__all__ = ["transport_reason"]

#: What a transport's error is called; the first class that fits.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (error.ConnectionDone, "the broker closed the connection without a word"),
    (error.ConnectionLost, "the connection to the broker was lost"),
    (error.ConnectionAborted, "the connection was aborted"),
    (error.DNSLookupError, "the broker's host name cannot be resolved"),
    (error.UnknownHostError, "the broker's host name cannot be resolved"),
    (error.TimeoutError, "the broker did not answer in time"),
    (error.TCPTimedOutError, "the broker did not answer in time"),
    (error.ConnectionRefusedError, "nothing listens at the broker's address"),
    (error.NoRouteError, "there is no route to the broker"),
    (error.UserError, "connecting was given up"),
    (ConnectionBlockedTimeout, "the broker blocked the connection for longer than its time-out"),
    (socket.gaierror, "the broker's host name cannot be resolved"),
)

#: What it counts as, where that is not "closed".
_KINDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((error.TimeoutError, error.TCPTimedOutError), "timeout"),
    (
        (
            error.ConnectionRefusedError,
            error.NoRouteError,
            error.DNSLookupError,
            error.UnknownHostError,
            socket.gaierror,
        ),
        "refused",
    ),
)


def transport_reason(failure: BaseException | None, *, opened: bool) -> CloseReason:
    """A connection that could not be made, or that was lost, as a CloseReason with words of its own.

    A failure of TLS has a documented exception as its cause; those are not passing.
    """
    failure = failure or error.ConnectionLost()
    tls = tls_words(failure)
    if tls is not None:
        refused = ConnectionException(reason=f"TLS failed: {from_wire(tls)}")
        refused.__cause__ = failure
        return CloseReason(Scope.TRANSPORT, 0, str(refused), refused, opened=opened, kind="tls")
    words = next((words for kind, words in _WORDS if isinstance(failure, kind)), None)
    detail = str(failure).rstrip(".")  # it becomes a part of sentences
    text = f"{words}: {detail}" if words and detail else words or f"{type(failure).__name__}: {detail}"
    cause = failure if isinstance(failure, Exception) else None
    kind = next((kind for kinds, kind in _KINDS if isinstance(failure, kinds)), "closed")
    return CloseReason(Scope.TRANSPORT, 0, " ".join(text.split())[:500], cause, opened=opened, kind=kind)


#: What OpenSSL calls bytes that are not TLS.
_NOT_TLS = frozenset({"wrong version number", "packet length too long", "http request", "unknown protocol"})


def tls_words(failure: BaseException) -> str | None:
    """What went wrong in TLS, in words; None when it was something else."""
    kind = type(failure)
    if kind.__module__.startswith("service_identity"):
        return f"the certificate is not valid for this host ({failure})"[:300]
    if kind.__module__.startswith("OpenSSL"):
        if any(each[-1] in _NOT_TLS for each in _queue(failure)):
            return "the peer does not speak TLS: is it amqp://?"
        reasons = [": ".join(part for part in each if part) + _more(each[-1]) for each in _queue(failure)]
        return "; ".join(reasons) or str(failure) or kind.__name__
    return None


def _more(reason: str) -> str:
    # pyOpenSSL does not distinguish them.
    if reason != "certificate verify failed":
        return ""
    return " (it has expired or is not valid yet, or is from an authority that tls.ca_cert does not hold)"


def _queue(failure: BaseException) -> list[tuple[str, ...]]:
    first = failure.args[0] if failure.args else []
    return [tuple(map(str, each)) for each in first] if isinstance(first, list) else []
