# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The blocking client: the reactor in a thread, and callers that wait on its Deferreds."""
