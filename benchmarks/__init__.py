# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How fast the package is beside others, on one private RabbitMQ node."""
