# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Spans of OpenTelemetry around publishing and callbacks; loaded only when tracing is enabled."""
