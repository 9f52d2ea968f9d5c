# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""One AMQP connection: pika's adapter, channels, declarations, TLS, and how to get the next one."""
