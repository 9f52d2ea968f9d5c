# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The names of spans and attributes, and what they are made of.

They are those of OpenTelemetry's semantic conventions 1.44.0 for messaging and for RabbitMQ
(https://opentelemetry.io/docs/specs/semconv/messaging/rabbitmq/), which a test compares with the package
opentelemetry-semantic-conventions. That one is not needed here: what it has for messaging is marked as
incubating, and its modules may change with any release.
"""

from __future__ import annotations

from .._metrics.recorder import SERVER_NAMED, queue_label

__all__ = [
    "ANONYMOUS",
    "DELIVERY_TAG",
    "DESTINATION",
    "ERROR_TYPE",
    "EXCEPTION",
    "EXCEPTION_MESSAGE",
    "EXCEPTION_TRACEBACK",
    "EXCEPTION_TYPE",
    "MESSAGE_ID",
    "OPERATION",
    "OPERATION_TYPE",
    "ROUTING_KEY",
    "SCHEMA_URL",
    "SERVER_ADDRESS",
    "SERVER_PORT",
    "SYSTEM",
    "TEMPLATE",
    "TEMPORARY",
    "common_process_attributes",
    "common_publish_attributes",
    "destination",
    "process_name",
    "publish_name",
]

#: The version of the conventions, as spans name it.
SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

SYSTEM = "messaging.system"
OPERATION = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
TEMPLATE = "messaging.destination.template"
ANONYMOUS = "messaging.destination.anonymous"
TEMPORARY = "messaging.destination.temporary"
ROUTING_KEY = "messaging.rabbitmq.destination.routing_key"
DELIVERY_TAG = "messaging.rabbitmq.message.delivery_tag"
MESSAGE_ID = "messaging.message.id"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
ERROR_TYPE = "error.type"

#: The event of a span for an exception.
EXCEPTION = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_TRACEBACK = "exception.stacktrace"

#: What the conventions call the exchange whose name is empty.
_DEFAULT_EXCHANGE = "amq.default"


def publish_name(exchange: str) -> str:
    """Return the name of the span of a message that is published."""
    return f"publish {exchange or _DEFAULT_EXCHANGE}"


def process_name(queue: str) -> str:
    """Return the name of the span of a callback; it never has the name of a queue that the broker named."""
    return "process" if queue_label(queue) == SERVER_NAMED else f"process {queue}"


def common_publish_attributes(exchange: str) -> dict[str, str | bool]:
    """Return the attributes of all messages that are published to an exchange."""
    return {
        SYSTEM: "rabbitmq",
        OPERATION: "publish",
        OPERATION_TYPE: "send",
        TEMPLATE: exchange or _DEFAULT_EXCHANGE,
    }


def common_process_attributes(queue: str) -> dict[str, str | bool]:
    """Return the attributes of all messages of a queue."""
    attributes: dict[str, str | bool] = {
        SYSTEM: "rabbitmq",
        OPERATION: "process",
        OPERATION_TYPE: "process",
    }
    if queue_label(queue) == SERVER_NAMED:
        return {**attributes, ANONYMOUS: True, TEMPORARY: True}
    return {**attributes, TEMPLATE: queue}


def destination(exchange: str, routing_key: str, queue: str = "") -> str:
    """Return the name of a destination: what is empty is left out, as is a queue named as the routing key."""
    parts = [exchange, routing_key, "" if queue == routing_key else queue]
    return ":".join(filter(None, parts)) or _DEFAULT_EXCHANGE
