# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is needed of the configuration to send a message."""

from __future__ import annotations

from typing import Any, NamedTuple

from .config import Config, LazyConfig

__all__ = ["Sending"]


class Sending(NamedTuple):
    """What is needed of the configuration for each message; looking it all up costs a sixth of a publish."""

    generation: int  #: of the configuration that it was read from
    topic_prefix: str
    priority: int | None
    limit: int
    exchange: str
    #: Other values here need a new connection. The dictionaries may be changed in place.
    connection: tuple[Any, ...]

    @classmethod
    def of(cls, values: LazyConfig | Config) -> Sending:
        """Those of a configuration."""
        if isinstance(values, Config):
            return cls(
                0,
                values.topic_prefix,
                values.publish_priority,
                values.max_message_size,
                values.publish_exchange,
                (),
            )
        return cls(
            values.generation,
            values["topic_prefix"] or "",
            values["publish_priority"],
            values["max_message_size"],
            values["publish_exchange"],
            (values["amqp_url"], values["tls"], values["client_properties"]),
        )
