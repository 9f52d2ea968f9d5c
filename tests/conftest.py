# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures for all tests: private RabbitMQ nodes."""

pytest_plugins = ["rabbitmq.fixtures"]
