# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What frames consist of, and the limits of their sizes; AMQP 0-9-1 specification, section 4.2.3."""

from __future__ import annotations

from pika import spec

# The types of frames.
METHOD, CONTENT_HEADER, CONTENT_BODY, HEARTBEAT_TYPE = 1, 2, 3, 8
#: The last octet of each frame.
END = b"\xce"
#: A whole heartbeat frame.
HEARTBEAT = b"\x08\0\0\0\0\0\0\xce"

# The class and method ids of the methods that are read and written here.
DELIVER = spec.Basic.Deliver.INDEX
ACK = spec.Basic.Ack.INDEX
NACK = spec.Basic.Nack.INDEX
REJECT = spec.Basic.Reject.INDEX

#: Bytes of a frame that are not its payload.
OVERHEAD = 8
#: Bytes of a content header's frame that are not its properties: class, weight and the body's size.
HEADER_OVERHEAD = OVERHEAD + 14
#: What a peer may send before frame_max is negotiated.
UNTUNED_FRAME_MAX = 131_072
#: The largest content header that is read on an open connection, whatever the limit of bodies, in bytes.
LEAST_HEADER_MAX = 16 * 1024 * 1024
