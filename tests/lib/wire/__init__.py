# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A client without any sense of its own, joined to the embedded broker in memory."""

from .client import Client, Content, joined

__all__ = ["Client", "Content", "joined"]
