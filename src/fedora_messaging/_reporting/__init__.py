# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the package says of itself: texts of foreign objects, log lines, signals to receivers."""
