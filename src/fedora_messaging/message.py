# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages: a topic, a JSON object as the body, headers, and a class that knows their schema."""

from __future__ import annotations

from ._message.headers import DEBUG, ERROR, INFO, SEVERITIES, WARNING, HeaderType
from ._message.message import Message, get_class, get_name, load_message_classes, outgoing_headers, registry
from ._message.serialization import SERIALIZED_MESSAGE_SCHEMA, dumps, load_message, loads
from ._message.validation import check_outgoing, get_message

__all__ = [
    "DEBUG",
    "ERROR",
    "INFO",
    "SERIALIZED_MESSAGE_SCHEMA",
    "SEVERITIES",
    "WARNING",
    "HeaderType",
    "Message",
    "check_outgoing",
    "dumps",
    "get_class",
    "get_message",
    "get_name",
    "load_message",
    "load_message_classes",
    "loads",
    "outgoing_headers",
]

# The tests of applications and of schema packages look into these, and patch classes of their own into them.
# Compatibility with release 3.9.1, until 5.0
_class_to_schema_name = registry.names
_schema_name_to_class = registry.classes
_schema_name_to_package = registry.packages
