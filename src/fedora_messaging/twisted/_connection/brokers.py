# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A broker that a factory may connect to: how to log in, what to call it, and its TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..._core.address import Address

__all__ = ["Broker"]


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that a factory may connect to.

    Args:
        parameters: pika's connection parameters, which belong to this broker alone.
        address: Its address, for texts.
        tls: What :func:`~fedora_messaging.twisted._connection.tls.client_options` makes for it; None: without
            TLS.
    """

    parameters: Any = field(repr=False)
    address: Address
    tls: Any = field(default=None, repr=False)
