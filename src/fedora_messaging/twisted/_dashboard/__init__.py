# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The dashboard: a page that shows a process, and the stream of events that moves it."""
