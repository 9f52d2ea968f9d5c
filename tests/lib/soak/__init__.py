# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``make soak``: publishers and consumers through links that fail at random, and an account at the end."""
