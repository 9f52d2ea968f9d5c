# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The test suites of other clients of RabbitMQ, on the embedded broker: ``make peers``."""
