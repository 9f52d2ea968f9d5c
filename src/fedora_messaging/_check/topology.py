# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks exchanges and queues, by looking for them and not declaring any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pika import spec

from .._core.lifecycle import CloseReason
from .._core.topology import Binding, Queue
from ..config import Config
from .findings import Report
from .probe import Probe

__all__ = ["all_bindings", "all_queues", "check_exchanges", "check_queues", "used_exchanges"]


def all_queues(config: Config) -> list[Queue]:
    """The queues of all consumers, each name once."""
    found = [*config.queues, *(queue for each in config.consumers for queue in each.queues)]
    return list({queue.name: queue for queue in reversed(found)}.values())[::-1]


def all_bindings(config: Config) -> list[Binding]:
    """The bindings of all consumers."""
    return [*config.bindings, *(binding for each in config.consumers for binding in each.bindings)]


def used_exchanges(config: Config) -> list[str]:
    """The names of the exchanges that are published to, or bound to; the default one, "", is always there."""
    names = [config.publish_exchange, *(binding.exchange for binding in all_bindings(config))]
    return [name for name in dict.fromkeys(names) if name]


async def check_exchanges(report: Report, config: Config, probe: Probe) -> set[str]:
    """Look for the exchanges; returns the names of those that are there.

    Raises:
        ConnectionException: The connection is lost.
    """
    declared = set() if config.passive_declares else {each.name for each in config.exchanges}
    there = []
    for name in used_exchanges(config):
        asked = spec.Exchange.Declare(exchange=name, type="direct", passive=True)
        answer = await probe.ask(asked, spec.Exchange.DeclareOk)
        # Whoever may not look may still publish and bind there.
        if not isinstance(answer, CloseReason) or answer.code == 403:
            there.append(name)
        elif answer.code == 404 and name in declared:
            report.warning(
                "exchanges",
                f"{name}: not there yet; a consumer with this configuration declares it",
                "start a consumer once before anything is published",
            )
        else:
            report.problem("exchanges", f"{name}: {answer}", _fix_exchange(config, name))
    if there:
        report.ok("exchanges", ", ".join(there))
    return set(there)


async def check_queues(report: Report, config: Config, probe: Probe) -> set[str]:
    """Look for the queues that have names; returns the names of those that are there.

    Raises:
        ConnectionException: The connection is lost.
    """
    there = set()
    for queue in all_queues(config):
        if not queue.name:
            report.ok("queues", "one that the broker names, for as long as a consumer is connected")
            continue
        asked = spec.Queue.Declare(queue=queue.name, passive=True)
        answer = await probe.ask(asked, spec.Queue.DeclareOk)
        if not isinstance(answer, CloseReason):
            there.add(queue.name)
            _describe(report, queue.name, answer)
        elif answer.code == 403:
            there.add(queue.name)
        elif answer.code == 404 and not config.passive_declares:
            report.ok("queues", f"{queue.name}: not there yet; its consumer declares it")
        elif answer.code == 405:
            report.problem(
                "queues",
                f"{queue.name}: belongs to another connection alone: {answer}",
                "end the other consumer, or give this one another queue",
            )
        else:
            report.problem(
                "queues",
                f"{queue.name}: {answer}",
                "correct its name in the bindings and [queues], have it made on the broker, or set "
                "passive_declares = false",
            )
    return there


def _describe(report: Report, name: str, answer: Any) -> None:
    depth, consumers = answer.message_count, answer.consumer_count
    text = f"{name}: {_count(depth, 'message')}, {_count(consumers, 'consumer')}"
    if depth and not consumers:
        report.warning("queues", text, "start a consumer: messages wait")
    else:
        report.ok("queues", text)


def _fix_exchange(config: Config, name: str) -> str:
    keys: Iterable[str] = (
        ["publish_exchange"] if name == config.publish_exchange else ["the exchange in bindings"]
    )
    return (
        f"correct {' and '.join(keys)}, or have it declared by a consumer: a section [exchanges.{name}] with "
        "passive_declares = false"
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
