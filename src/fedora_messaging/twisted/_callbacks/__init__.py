# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Calling an application's callback: in a thread, on the reactor, under asyncio."""
