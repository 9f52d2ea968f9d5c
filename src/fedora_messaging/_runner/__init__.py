# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the command line and twistd share: callbacks by name, exit codes, systemd."""
