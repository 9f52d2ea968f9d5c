# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The client properties of ``connection.start-ok``: as a table of AMQP 0-9-1, or what is wrong with them.

The invariant: what cannot be sent is found when it is configured. Found in the handshake, it would be tried
again for ever.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from ..exceptions import ValidationError, excerpt
from .property_encoder import encode_field

__all__ = ["MOST", "check_client_properties", "encode_client_properties"]

#: No frame may be larger before ``frame_max`` is negotiated (section 4.2.3): 4,096 bytes. What is left
#: when the login and the properties that pika adds have had their part, in bytes.
MOST = 3_072


def encode_client_properties(properties: Mapping[str, Any]) -> bytes:
    """Encode client properties.

    Raises:
        ValueError: One cannot be sent; the text starts with its key.
    """
    table = b"".join([_field(key, value) for key, value in properties.items()])
    return struct.pack(">I", len(table)) + table


def check_client_properties(properties: Mapping[str, Any]) -> None:
    """See that client properties can be sent, and are not too many.

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
