# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the release of the broker means for a configuration (https://www.rabbitmq.com/release-information)."""

from __future__ import annotations

import re

from ..config import DEFAULTS, Config
from .findings import Report
from .topology import all_queues

__all__ = ["check_release"]

#: What RabbitMQ calls itself, and the embedded broker, which behaves as a release of it.
_RABBITMQ = ("RabbitMQ", "fedora-messaging")
#: Since RabbitMQ 4.0 the largest message is this by default (configuration key max_message_size).
_LARGEST = 16 * 1024 * 1024
#: Seconds after which RabbitMQ by default closes the channel of a consumer that does not acknowledge
#: (https://www.rabbitmq.com/docs/consumers, Delivery Acknowledgement Timeout).
_CONSUMER_TIMEOUT = 1_800
#: Seconds: where a callback may not even take so long, messages that were sent in advance wait too long.
_QUICK = 0.1


def check_release(report: Report, config: Config, product: str, version: str) -> None:
    """Check what a configuration says against what a release of RabbitMQ does.

    Args:
        report: Gets the findings.
        config: The configuration.
        product: What the broker calls itself.
        version: Its version.
    """
    found = re.match(r"(\d+)\.(\d+)", version)
    if product not in _RABBITMQ or found is None:
        return
    release = int(found[1]), int(found[2])
    name = f"RabbitMQ {found[0]}"
    for queue in all_queues(config):
        if queue.existing:
            continue
        shown = queue.name or "the one that the broker names"
        section = f'[queues."{queue.name}"]'
        if release >= (4, 3) and not (queue.durable or queue.exclusive):
            report.problem(
                "queues",
                f"{shown}: neither durable nor exclusive, which {name} refuses",
                f"write durable = true or exclusive = true in {section}",
            )
        if release >= (3, 12) and "x-queue-mode" in queue.arguments:
            report.warning(
                "queues", f"{shown}: x-queue-mode has no effect on {name}", f"remove it from {section}"
            )
        quorum = queue.arguments.get("x-queue-type") == "quorum"
        if quorum and release >= (4, 0) and "x-dead-letter-exchange" not in queue.arguments:
            report.warning(
                "queues",
                f"{shown}: a quorum queue without dead-letter exchange; {name} drops a message that has come "
                "back 20 times",
                f"write x-dead-letter-exchange in the arguments of {section}, or a failure policy "
                'with then = "quarantine"',
            )
    if release >= (4, 0) and _LARGEST < config.max_message_size != DEFAULTS["max_message_size"]:
        report.warning(
            "handshake",
            f"max_message_size is {config.max_message_size:,}; {name} takes {_LARGEST:,} bytes by default",
            "raise max_message_size in rabbitmq.conf, or lower it in this configuration",
        )
    _check_prefetch(report, config)
    if config.ack_timeout > _CONSUMER_TIMEOUT:
        report.warning(
            "handshake",
            f"ack_timeout is {config.ack_timeout:g} s; {name} by default closes the channel of a consumer "
            f"that holds a message for {_CONSUMER_TIMEOUT:,} s",
            "raise consumer_timeout in rabbitmq.conf, or lower ack_timeout",
        )


def _check_prefetch(report: Report, config: Config) -> None:
    """Compare how many messages are sent in advance with how long the last of them may wait.

    What waits for half of ack_timeout goes back to the queue, since the broker would close the channel.
    """
    sections = [("qos", config.qos)] if not config.consumers else []
    sections += [(f"consumers.{each.name}.qos", each.qos) for each in config.consumers]
    for section, qos in sections:
        longest = config.ack_timeout / 2
        if not qos.prefetch_count:
            said = f"0: all messages of a queue come at once, and go back where they wait over {longest:g} s"
        elif (each := longest * qos.concurrency / qos.prefetch_count) < _QUICK:
            said = (
                f"{qos.prefetch_count:,}: with callbacks that take over {each:.2g} s the last messages wait "
                f"over {longest:g} s, and go back"
            )
        else:
            continue
        key = f"{section}.prefetch_count"
        report.warning("queues", f"{key} is {said}", f"lower {key}" if qos.prefetch_count else f"set {key}")
