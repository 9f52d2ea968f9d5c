# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Decisions without I/O: states, outcomes, what to send next, which tags to settle."""
