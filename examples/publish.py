# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publishes some messages to the configured broker: ``python publish.py [HOW MANY]``."""

import sys

from fedora_messaging import api

for number in range(1, int(sys.argv[1] if len(sys.argv) > 1 else 3) + 1):
    message = api.Message(topic="demo.greeting", body={"greeting": "hello", "number": number})
    api.publish(message)  # returns when the broker has confirmed it
    print(f"published  {message.topic} {message.body} id={message.id}")
