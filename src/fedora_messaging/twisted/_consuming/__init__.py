# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The parts of a consumer: its subscription, its deliveries, and what became of them."""
