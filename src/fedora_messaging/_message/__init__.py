# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages: the base class, its headers and accessors, the registry of classes, validation."""
