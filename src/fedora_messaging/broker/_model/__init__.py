# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the embedded broker holds: virtual hosts, exchanges, queues, messages, rights."""
