# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The part of the configuration that a client needs to publish."""

from __future__ import annotations

from typing import Any, NamedTuple

from .._amqp.messages import PublishSettings
from .._config.checks import mapping_at
from .._config.parser import publish_settings
from .._config.sections import tracing
from .._tracing.load import publish_tracer
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
            ConfigurationException: A value cannot be used. The error names the key.
        """
        if isinstance(values, Config):
            keys = ("amqp_url", "publish_exchange", "topic_prefix", "publish_priority", "max_message_size")
            fixed = publish_settings({key: getattr(values, key) for key in keys})
            return cls(0, fixed._replace(tracer=publish_tracer(values.tracing)), ())
        generation = values.generation  # read before the values: a change in between is noticed next time
        publish = publish_settings(values)
        tracer = publish_tracer(tracing(mapping_at(values, "tracing")))
        return cls(
            values.generation if not values.loaded else generation,
            publish._replace(tracer=tracer),
            (values["amqp_url"], values["failover"], values["tls"], values["client_properties"]),
        )
