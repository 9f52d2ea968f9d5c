# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a process counts and measures of its messages, and the text formats in which it is read."""
