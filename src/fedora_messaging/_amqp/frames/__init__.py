# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""AMQP 0-9-1 frames of messages and their confirms: written and read by offset, without I/O.

Everything else goes through pika's codec, which is also the reference implementation of this module: a
property test shows that both read and write the same. It saves 13 % of a consumer's time, and 40 % of a
publisher's.

Frames: AMQP 0-9-1 specification, sections 2.3.5 and 4.2.3 to 4.2.6.
"""

from __future__ import annotations

from .layout import HEARTBEAT, LEAST_HEADER_MAX, OVERHEAD, UNTUNED_FRAME_MAX
from .reader import CorruptFrame, FrameReader, ProtocolBreach, Sink
from .writer import HeaderTooLarge, ack, header_frame_size, method, nack, publish, reject

__all__ = [
    "HEARTBEAT",
    "LEAST_HEADER_MAX",
    "OVERHEAD",
    "UNTUNED_FRAME_MAX",
    "CorruptFrame",
    "FrameReader",
    "HeaderTooLarge",
    "ProtocolBreach",
    "Sink",
    "ack",
    "header_frame_size",
    "method",
    "nack",
    "publish",
    "reject",
]
