# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks what a user may do on a broker; leaves nothing there."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from pika import spec

from .._core.address import Address
from .._core.lifecycle import CloseReason
from .._core.topology import Queue
from ..config import Config
from ..exceptions import BaseException, excerpt
from ..message import Message
from ..twisted._connection.declare import exchange_method, queue_method
from ..twisted.protocol import FedoraMessagingProtocol
from .findings import Report
from .probe import Probe
from .topology import all_bindings, all_queues

__all__ = ["TOPIC", "check_declaring", "check_publishing", "check_rights"]

#: The topic of the message that is published on request.
TOPIC = "fedora_messaging.check"


class _Refusals:
    """Notes what a user may not do, and in the end what they may, if that is all that was tried."""

    def __init__(self, report: Report, stage: str, address: Address) -> None:
        self.tried: list[str] = []
        self.count = 0
        self._report = report
        self._stage = stage
        self._address = address

    def note(self, what: str, right: str, name: str, answer: Any) -> None:
        """Note an answer, if it is a refusal: of a right to something with a name, or of something else."""
        self.tried.append(what)
        if not isinstance(answer, CloseReason):
            return
        self.count += 1
        fix = "the broker's log says more"
        if answer.code == 403:
            fix = (
                f"let the {right} right match {name or 'amq.default'}: rabbitmqctl set_permissions -p "
                f"{self._address.vhost} {self._address.user or 'USER'} CONFIGURE WRITE READ"
            )
        elif answer.code == 406:
            fix = f"write the properties that {name} has in the configuration, or delete it on the broker"
        self._report.problem(self._stage, f"{what}: {answer}", fix)

    def end(self) -> None:
        """Nothing more is tried."""
        if self.tried and not self.count:
            self._report.ok(self._stage, ", ".join(dict.fromkeys(self.tried)))


async def check_rights(
    report: Report, config: Config, probe: Probe, address: Address, exchanges: set[str], queues: set[str]
) -> None:
    """Check whether the user may publish, and bind.

    Publishing is tried in a transaction that is rolled back, and binding by removing a binding that cannot
    be there, or with a queue that is gone again.

    Args:
        report: Gets the findings.
        config: The configuration.
        probe: Asks the broker.
        address: The broker.
        exchanges: The exchanges that are there.
        queues: The queues that are there.

    Raises:
        ConnectionException: The connection is lost.
    """
    refusals = _Refusals(report, "rights", address)
    target = config.publish_exchange
    if target in exchanges or not target:
        answer: Any = await probe.publish_and_take_back(target, _topic(config))
        refusals.note(f"publish to {target or 'the default exchange'}", "WRITE", target, answer)
    nowhere = f"{TOPIC}.{uuid.uuid4()}"
    for binding in all_bindings(config):
        if binding.exchange not in exchanges:
            continue
        what = f"bind {binding.queue or 'a queue that the broker names'} to {binding.exchange}"
        if binding.queue in queues:
            unbind = spec.Queue.Unbind(queue=binding.queue, exchange=binding.exchange, routing_key=nowhere)
            answer = await probe.ask(unbind, spec.Queue.UnbindOk)
        elif binding.queue:
            continue  # it is not there yet
        else:
            answer = await _bind_new(probe, binding.exchange, nowhere)
        read = isinstance(answer, CloseReason) and "exchange" in answer.text
        right = "READ" if read else "WRITE" if binding.queue else "CONFIGURE and WRITE"
        refusals.note(what, right, binding.exchange if read else binding.queue or "amq.gen-", answer)
    refusals.end()


async def check_declaring(
    report: Report, config: Config, probe: Probe, address: Address, exchanges: set[str], queues: set[str]
) -> None:
    """Check whether the user may declare what is configured. What was not there is gone again after it.

    Args and raises: see :func:`check_rights`.
    """
    refusals = _Refusals(report, "declare", address)
    for exchange in config.exchanges:
        if exchange.name.startswith("amq.") or not exchange.name:
            continue
        known = exchange.name in exchanges or not isinstance(
            await probe.ask(exchange_method(exchange, passive=True), spec.Exchange.DeclareOk), CloseReason
        )
        wanted = exchange if known else replace(exchange, durable=False, auto_delete=True)
        answer = await probe.ask(exchange_method(wanted), spec.Exchange.DeclareOk)
        refusals.note(f"declare the exchange {exchange.name}", "CONFIGURE", exchange.name, answer)
        if not known and not isinstance(answer, CloseReason):
            await probe.ask(spec.Exchange.Delete(exchange=exchange.name), spec.Exchange.DeleteOk)
    for queue in all_queues(config):
        if queue.existing:
            continue
        known = queue.name in queues
        asked = queue_method(queue) if known else queue_method(Queue(queue.name, False, True, True))
        answer = await probe.ask(asked, spec.Queue.DeclareOk)
        what = f"declare the queue {queue.name}" if queue.name else "declare a queue that the broker names"
        refusals.note(what, "CONFIGURE", queue.name or "amq.gen-", answer)
        if not known and not isinstance(answer, CloseReason):
            await probe.ask(spec.Queue.Delete(queue=answer.queue), spec.Queue.DeleteOk)
    refusals.end()


async def check_publishing(
    report: Report, config: Config, connection: FedoraMessagingProtocol, clock: Any, timeout: float
) -> None:
    """Publish a message, which others see, and wait for its confirm."""
    publishing = connection.publish(Message(topic=_topic(config)), config.publish_exchange)
    try:
        await publishing.addTimeout(timeout, clock)
    except BaseException as error:
        report.problem(
            "publish", excerpt(error), "mend what the other stages name; the broker's log says more"
        )
    except Exception:  # Twisted's TimeoutError
        report.problem(
            "publish",
            f"no confirm within {timeout:g} s",
            "look whether the broker has an alarm: rabbitmqctl status lists them",
        )
    else:
        report.ok("publish", f"one message with the topic {_topic(config)} was confirmed")


async def _bind_new(probe: Probe, exchange: str, key: str) -> Any:
    """Bind a queue that is only this connection's, and delete it; returns the reply, or the refusal."""
    declared = await probe.ask(spec.Queue.Declare(exclusive=True, auto_delete=True), spec.Queue.DeclareOk)
    if isinstance(declared, CloseReason):
        return declared
    bound = await probe.ask(
        spec.Queue.Bind(queue=declared.queue, exchange=exchange, routing_key=key), spec.Queue.BindOk
    )
    await probe.ask(spec.Queue.Delete(queue=declared.queue), spec.Queue.DeleteOk)
    return bound


def _topic(config: Config) -> str:
    prefix = config.topic_prefix.rstrip(".")
    return f"{prefix}.{TOPIC}" if prefix else TOPIC
