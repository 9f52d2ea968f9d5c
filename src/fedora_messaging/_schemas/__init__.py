# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the commands of ``fedora-messaging schemas`` know about the schemas of message classes."""
