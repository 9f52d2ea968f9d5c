# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON and JSON Schema: strict coding, and schemas that are compiled to Python."""
