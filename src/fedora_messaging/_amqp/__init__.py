# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Bytes of AMQP 0-9-1: frames, properties, and whole messages in both directions."""
