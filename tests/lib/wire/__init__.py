# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Clients without any sense of their own: one joined to the embedded broker in memory, one on a socket."""

from .client import Client, Content, joined

__all__ = ["Client", "Content", "joined"]
