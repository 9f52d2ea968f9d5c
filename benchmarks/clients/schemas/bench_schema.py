# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The message class of the benchmarks, found by its entry point in each environment."""

from workload import BODY_SCHEMA

from fedora_messaging import message


class Comment(message.Message):
    """A comment on an update."""

    body_schema = BODY_SCHEMA
