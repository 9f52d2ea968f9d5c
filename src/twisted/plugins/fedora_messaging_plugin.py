# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``twistd fedora-messaging``. An ``__init__.py`` beside it would hide Twisted's own plugins."""

from twisted.application.service import ServiceMaker

fedora_messaging = ServiceMaker(
    "Fedora Messaging",
    "fedora_messaging.twisted.tap",
    "Consumes messages from RabbitMQ and calls a callback with each.",
    "fedora-messaging",
)
