# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The part of the configuration that a client needs to publish."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._amqp.messages import PublishSettings
from .._config.parser import publish_settings
from ..config import Config, LazyConfig

__all__ = ["ClientSettings"]


class ClientSettings(NamedTuple):
    """The settings for each message; reading them from the configuration costs a sixth of a publish."""

    generation: int  #: of the configuration that they were read from
    publish: PublishSettings
    #: A change of these values needs a new connection. The dictionaries may be changed in place.
    connection: tuple[Any, ...]

    @classmethod
    def of(cls, values: LazyConfig | Config) -> ClientSettings:
        """Read the settings from a configuration.

        Args:
            values: The configuration.

        Raises:
            ConfigurationException: Names the key whose value cannot be used.
        """
        if isinstance(values, Config):
            keys = ("amqp_url", "publish_exchange", "topic_prefix", "publish_priority", "max_message_size")
            return cls(0, publish_settings({key: getattr(values, key) for key in keys}), ())
        generation = values.generation  # read before the values: a change in between is noticed next time
        return cls(
            values.generation if not values.loaded else generation,
            publish_settings(values),
            (values["amqp_url"], values["tls"], values["client_properties"]),
        )
