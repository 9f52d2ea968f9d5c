# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Bytes on the wire of the embedded broker: frames, methods, tables, properties."""
