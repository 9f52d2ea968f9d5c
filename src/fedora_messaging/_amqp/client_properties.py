# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks and encodes the client properties of ``connection.start-ok``.

Invariant: properties that cannot be sent are refused when they are configured. In the handshake the error
would be retried for ever.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from ..exceptions import ValidationError, excerpt
from .property_encoder import encode_field

__all__ = ["MOST", "check_client_properties", "encode_client_properties"]

#: The most bytes: before ``frame_max`` is negotiated no frame may have more than 4,096 (section 4.2.3), and
#: the login and the properties that pika adds need the rest.
MOST = 3_072


def encode_client_properties(properties: Mapping[str, Any]) -> bytes:
    """Encode client properties.

    Raises:
        ValueError: One cannot be sent; the text starts with its key.
    """
    table = b"".join([_field(key, value) for key, value in properties.items()])
    return struct.pack(">I", len(table)) + table


def check_client_properties(properties: Mapping[str, Any]) -> None:
    """Check that client properties can be sent, and are not too large together.

    Raises:
        ValueError: As :func:`encode_client_properties`, or all together are too large.
    """
    size = len(encode_client_properties(properties))
    if size > MOST:
        largest, key = max((len(_field(key, value)), key) for key, value in properties.items())
        raise ValueError(
            f"{key}: has {largest:,} bytes, all client properties together {size:,}; they may have {MOST:,}"
        )


def _field(key: Any, value: Any) -> bytes:
    try:
        return encode_field(key, value)
    except ValidationError as error:
        text = str(error)
        words = text.partition(" cannot be sent: ")[2] or text
        raise ValueError(f"{excerpt(key, 40)}: cannot be sent: {words}") from None
