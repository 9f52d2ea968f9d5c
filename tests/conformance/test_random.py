# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Random sequences of declare, bind, publish, get and settle have the same results on both brokers."""

from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .lab import Lab

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.slow]

_KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"x-max-length": 2},
    {"x-max-priority": 3},
    {"x-max-length": 3, "x-overflow": "reject-publish"},
    {"x-queue-type": "quorum"},
)
_QUEUES, _EXCHANGES = st.sampled_from("abc"), st.sampled_from("xy")
_KEYS = st.sampled_from(["", "k", "k.l", "m", "*", "#", "k.*", "#.l"])
_STEPS = st.one_of(
    st.tuples(st.just("queue"), _QUEUES, st.integers(0, len(_KINDS) - 1)),
    st.tuples(st.just("exchange"), _EXCHANGES, st.sampled_from(["direct", "topic", "fanout"])),
    st.tuples(st.just("bind"), _QUEUES, _EXCHANGES, _KEYS),
    st.tuples(st.just("unbind"), _QUEUES, _EXCHANGES, _KEYS),
    st.tuples(st.just("join"), _EXCHANGES, _EXCHANGES, _KEYS),
    st.tuples(st.just("publish"), _EXCHANGES, _KEYS, st.integers(0, 4), st.booleans()),
    st.tuples(st.just("put"), _QUEUES, st.integers(0, 4)),
    st.tuples(st.just("put"), _QUEUES, st.integers(0, 4)),
    st.tuples(st.just("get"), _QUEUES, st.booleans()),
    st.tuples(st.just("get"), _QUEUES, st.just(False)),
    st.tuples(st.just("ack"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("nack"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("reject"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("recover")),
    st.tuples(st.just("purge"), _QUEUES),
    st.tuples(st.just("delete"), _QUEUES),
)


class _Run:
    """One sequence on one broker."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.connection = lab.connect()
        self.channel = lab.channel(self.connection)
        self.watcher = lab.channel(self.connection)
        self.queues: set[str] = set()
        self.tags: list[int] = []
        self.bodies = count(1)

    def step(self, name: str, *values: Any) -> Any:
        """Does one step and says what came of it; a channel that was closed is opened again."""
        result = self.lab.attempt(self._do, name, *values)
        if result == "ok":
            return self.result
        self.tags.clear()
        if not self.connection.is_open:
            self.connection = self.lab.connect()
            self.watcher = self.lab.channel(self.connection)
        self.channel = self.lab.channel(self.connection)
        return result

    def counts(self, expected: dict[str, int] | None) -> dict[str, int]:
        """How many messages are ready in each queue, once that is as expected, or stays otherwise."""
        return {
            queue: self.lab.ready(self.watcher, self.lab.name(queue), (expected or {}).get(queue))
            for queue in sorted(self.queues)
        }

    def _do(self, name: str, *values: Any) -> None:
        self.result: Any = "ok"
        getattr(self, f"_{name}")(*values)

    def _queue(self, queue: str, kind: int) -> None:
        self.channel.queue_declare(self.lab.name(queue), durable=True, arguments=_KINDS[kind])
        self.queues.add(queue)

    def _exchange(self, exchange: str, kind: str) -> None:
        self.channel.exchange_declare(self.lab.name(exchange), kind)

    def _bind(self, queue: str, exchange: str, key: str) -> None:
        self.channel.queue_bind(self.lab.name(queue), self.lab.name(exchange), key)

    def _unbind(self, queue: str, exchange: str, key: str) -> None:
        self.channel.queue_unbind(self.lab.name(queue), self.lab.name(exchange), key)

    def _join(self, destination: str, source: str, key: str) -> None:
        self.channel.exchange_bind(self.lab.name(destination), self.lab.name(source), key)

    def _publish(self, exchange: str, key: str, priority: int, mandatory: bool) -> None:
        body = str(next(self.bodies))
        exchange = self.lab.name(exchange)
        self.result = self.lab.publish(
            self.channel, exchange, key, body, mandatory=mandatory, priority=priority
        )

    def _put(self, queue: str, priority: int) -> None:
        self.result = self.lab.put(
            self.channel, self.lab.name(queue), str(next(self.bodies)), priority=priority
        )

    def _get(self, queue: str, auto_ack: bool) -> None:
        got = self.lab.get(self.channel, self.lab.name(queue), auto_ack=auto_ack)
        self.result = None
        if got is not None:
            self.result = (got.body, got.outcome["redelivered"], got.outcome["left"])
            if not auto_ack:
                self.tags.append(got.tag)

    def _settle(self, index: int, multiple: bool) -> int:
        """The tag to settle, which need not be outstanding any more."""
        if not self.tags:
            return 99
        tag = self.tags[index % len(self.tags)]
        self.tags = [each for each in self.tags if each > tag or (each < tag and not multiple)]
        return tag

    def _ack(self, index: int, multiple: bool) -> None:
        self.channel.basic_ack(self._settle(index, multiple), multiple)
        self._wait()

    def _nack(self, index: int, multiple: bool) -> None:
        self.channel.basic_nack(self._settle(index, multiple), multiple)
        self._wait()

    def _reject(self, index: int, requeue: bool) -> None:
        self.channel.basic_reject(self._settle(index, False), requeue)
        self._wait()

    def _wait(self) -> None:
        """A method that is answered: what went before has been seen to, or has closed the channel."""
        self.channel.exchange_declare("amq.topic", passive=True)

    def _recover(self) -> None:
        self.tags.clear()
        self.channel.basic_recover(True)

    def _purge(self, queue: str) -> None:
        self.result = self.channel.queue_purge(self.lab.name(queue)).method.message_count

    def _delete(self, queue: str) -> None:
        self.queues.discard(queue)
        self.result = self.channel.queue_delete(self.lab.name(queue)).method.message_count


_examples = count(1)


@settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(_STEPS, min_size=5, max_size=40))
def test_random_sequences(
    steps: list[tuple[Any, ...]], embedded_url: str, reference_url: str, release: str
) -> None:
    """Whatever the sequence, every step has the same result, and leaves the same counts."""
    prefix = f"random{next(_examples)}"
    ours, theirs = (_Run(Lab(url, release, prefix)) for url in (embedded_url, reference_url))
    try:
        for number, (name, *values) in enumerate(steps):
            result = ours.step(name, *values)
            counts = ours.counts(None)

            assert (number, name, theirs.step(name, *values)) == (number, name, result)
            assert theirs.counts(counts) == counts
    finally:
        for run in (ours, theirs):
            for queue in run.queues:
                run.watcher.queue_delete(run.lab.name(queue))
            run.lab.close()
