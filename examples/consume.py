# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Prints the messages that arrive, and ends after some of them: ``python consume.py [HOW MANY]``."""

import sys

from fedora_messaging import api
from fedora_messaging.exceptions import HaltConsumer

left = int(sys.argv[1] if len(sys.argv) > 1 else 3)


def print_message(message: api.Message) -> None:
    """Print one message; HaltConsumer after the last acknowledges it and ends ``api.consume``."""
    global left
    print(f"received   {message.topic} {message.body} id={message.id}")
    left -= 1
    if left == 0:
        raise HaltConsumer


bindings = [{"exchange": "amq.topic", "queue": "demo", "routing_keys": ["#"]}]
try:
    api.consume(print_message, bindings=bindings)
except HaltConsumer as halt:
    sys.exit(halt.exit_code)
