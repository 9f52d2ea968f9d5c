# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publish and consume messages over RabbitMQ; start with `fedora_messaging.api`."""
