# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Logging, calling receivers of signals, and the text of objects of other people's classes."""
