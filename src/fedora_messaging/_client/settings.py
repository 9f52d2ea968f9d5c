# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a client needs of the configuration to send messages."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._amqp.messages import PublishSettings
from .._config.parser import publish_settings
from ..config import Config, LazyConfig

__all__ = ["ClientSettings"]


class ClientSettings(NamedTuple):
    """What is needed of the configuration for each message; looking it all up costs a sixth of a publish."""

    generation: int  #: of the configuration that it was read from
    publish: PublishSettings
    #: Other values here need a new connection. The dictionaries may be changed in place.
    connection: tuple[Any, ...]

    @classmethod
    def of(cls, values: LazyConfig | Config) -> ClientSettings:
        """Those of a configuration.

        Raises:
            ConfigurationException: Names the key that cannot be used.
        """
        if isinstance(values, Config):
            keys = ("amqp_url", "publish_exchange", "topic_prefix", "publish_priority", "max_message_size")
            return cls(0, publish_settings({key: getattr(values, key) for key in keys}), ())
        generation = values.generation  # before the values: what changes meanwhile is read again
        return cls(
            values.generation if not values.loaded else generation,
            publish_settings(values),
            (values["amqp_url"], values["tls"], values["client_properties"]),
        )
