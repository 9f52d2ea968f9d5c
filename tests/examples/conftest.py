# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Fixtures of the tests of the examples: an embedded broker, and programs that use it."""

from support.embedded_fixtures import embedded, programs, session_broker

__all__ = ["embedded", "programs", "session_broker"]
