# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the integration tests share: programs in processes of their own, and coroutines in the reactor's thread."""
