# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What becomes of a consumer when something fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._core.lifecycle import CloseReason, Scope, State
from fedora_messaging._core.verdict import RETRY_RIGHTS, Verdict, verdict
from fedora_messaging.exceptions import (
    BadDeclaration,
    BaseException,
    ConfigurationException,
    ConnectionException,
    ConsumerCanceled,
    PermissionException,
)

QUEUE = ("queue", "q")
NO_QUEUE = CloseReason(Scope.CHANNEL, 404, "NOT_FOUND - no queue 'q' in vhost '/'")
NO_EXCHANGE = CloseReason(Scope.CHANNEL, 404, "NOT_FOUND - no exchange 'x' in vhost '/'")
NODE_DOWN = CloseReason(
    Scope.CHANNEL, 404, "NOT_FOUND - home node 'n' of durable queue 'q' in vhost '/' is down or inaccessible"
)
REFUSED = CloseReason(Scope.CHANNEL, 403, "ACCESS_REFUSED - read access to queue 'q' refused")
MISMATCH = CloseReason(Scope.CHANNEL, 406, "PRECONDITION_FAILED - inequivalent arg 'durable'")
BAD_LOGIN = CloseReason(Scope.CONNECTION, 403, "ACCESS_REFUSED - Login was refused", opened=False)
NO_VHOST = CloseReason(Scope.CONNECTION, 530, "NOT_ALLOWED - vhost nowhere not found", opened=False)
NOT_READY = CloseReason(Scope.CONNECTION, 541, "INTERNAL_ERROR - vhost '/' is down", opened=False)
DECLARED_AND_CLOSED = CloseReason(Scope.CONNECTION, 541, "INTERNAL_ERROR - deprecated feature")
UNKNOWN_TYPE = CloseReason(Scope.CONNECTION, 503, "COMMAND_INVALID - unknown exchange type 'odd'")
NO_ANSWER = CloseReason(Scope.CONNECTION, 541, "INTERNAL_ERROR - Cannot declare a queue 'q': timeout")
FORCED = CloseReason(Scope.CONNECTION, 320, "CONNECTION_FORCED - broker forced connection closure")
LOST = CloseReason(Scope.TRANSPORT, 0, "the connection to the broker was lost")
TLS = CloseReason(Scope.TRANSPORT, 0, "TLS failed", ConnectionException(reason="TLS failed"), opened=False)
ALL = [
    NO_QUEUE, NO_EXCHANGE, NODE_DOWN, REFUSED, MISMATCH, BAD_LOGIN, NO_VHOST, NOT_READY, DECLARED_AND_CLOSED,
    UNKNOWN_TYPE, NO_ANSWER, FORCED, LOST, TLS,
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "declared", "error"),
    [
        (NO_EXCHANGE, ("binding", "q to x with '#'"), BadDeclaration),
        (NO_QUEUE, QUEUE, BadDeclaration),
        (MISMATCH, QUEUE, BadDeclaration),
        (REFUSED, QUEUE, BadDeclaration),
        (REFUSED, ("consumer", "q"), PermissionException),
        (DECLARED_AND_CLOSED, QUEUE, BadDeclaration),
        (UNKNOWN_TYPE, ("exchange", "x"), BadDeclaration),
        (BAD_LOGIN, None, PermissionException),
        (NO_VHOST, None, PermissionException),
        (TLS, None, ConnectionException),
    ],
)
def test_refusals_at_the_first_start_end_a_consumer(
    reason: CloseReason, declared: tuple[str, str] | None, error: type[Exception]
) -> None:
    """Until it has consumed once, a person should hear of a refusal, in the broker's words."""
    judged = verdict(reason, consumed_once=False, declared=declared)

    assert State.STOPPED is judged.state
    assert error is type(judged.error)
    assert reason.text.split(" - ")[-1] in str(judged.error)


@pytest.mark.parametrize(
    ("reason", "declared"),
    [
        (NODE_DOWN, QUEUE),
        (NO_ANSWER, QUEUE),
        (NOT_READY, None),
        (FORCED, None),
        (FORCED, QUEUE),
        (LOST, None),
        (LOST, QUEUE),
    ],
)
def test_what_may_pass_is_retried_at_the_first_start_too(
    reason: CloseReason, declared: tuple[str, str] | None
) -> None:
    """A broker that is absent, restarting or not ready is waited for, for ever."""
    assert verdict(reason, consumed_once=False, declared=declared).error is None


@pytest.mark.parametrize("reason", ALL)
@pytest.mark.parametrize("declared", [None, QUEUE, ("consumer", "q"), ("binding", "b"), ("exchange", "x")])
def test_after_it_has_consumed_everything_is_retried(
    reason: CloseReason, declared: tuple[str, str] | None
) -> None:
    """Once it has consumed, no failure of a new connection or of its topology ends a consumer."""
    expected = State.BACKOFF if reason.scope is Scope.CHANNEL else State.CONNECTING

    assert Verdict(expected) == verdict(reason, consumed_once=True, declared=declared)


@pytest.mark.parametrize("reason", ALL)
def test_a_cancelled_consumer_ends_when_its_queue_is_gone_and_only_then(reason: CloseReason) -> None:
    """Of all answers to looking for the queue, «no queue» ends the consumer."""
    judged = verdict(reason, consumed_once=True, recovering=True, declared=QUEUE)

    assert (reason is NO_QUEUE) == (judged.state is State.STOPPED)
    assert isinstance(judged.error, ConsumerCanceled) == (reason is NO_QUEUE)


@given(
    st.builds(
        CloseReason,
        st.sampled_from(list(Scope)),
        st.sampled_from([0, 200, 311, 320, 403, 404, 405, 406, 501, 504, 530, 540, 541])
        | st.integers(0, 999),
        st.text(max_size=40),
        st.none() | st.just(ConnectionException(reason="TLS failed: x")) | st.just(OSError("x")),
        st.booleans(),
    ),
    st.booleans(),
    st.booleans(),
    st.none() | st.just(QUEUE),
)
def test_every_failure_has_a_verdict(
    reason: CloseReason, consumed_once: bool, recovering: bool, declared: tuple[str, str] | None
) -> None:
    """A consumer goes on, or it ends with a documented error: there is no third way."""
    judged = verdict(reason, consumed_once=consumed_once, recovering=recovering, declared=declared)

    assert judged.state in (State.BACKOFF, State.CONNECTING, State.STOPPED)
    assert (judged.state is State.STOPPED) == isinstance(judged.error, BaseException)
    assert isinstance(reason.error(), (ConnectionException, PermissionException))


def test_rights_that_the_failure_policy_needs() -> None:
    """A consumer that may not declare what its policy needs ends with what to ask for."""
    reason = CloseReason(Scope.CHANNEL, 403, "ACCESS_REFUSED - no")
    decision = verdict(reason, consumed_once=False, declared=(RETRY_RIGHTS, "retry.wait: the broker has to"))

    assert State.STOPPED is decision.state
    assert isinstance(decision.error, ConfigurationException)
    assert "retry.wait: the broker has to. The broker says: 403" in str(decision.error)
