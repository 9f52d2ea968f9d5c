# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The embedded broker's end of a connection: handshake, channels, methods."""
