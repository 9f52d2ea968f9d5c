# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a broker may offer in ``connection.tune`` (AMQP 0-9-1, section 4.2.3)."""

from __future__ import annotations

__all__ = ["unacceptable"]

#: A peer must take frames of this size.
_LEAST_FRAME_MAX = 4096


def unacceptable(channel_max: int, frame_max: int) -> str | None:
    """Why a connection with these limits cannot come about, in words; None when it can.

    0 is no limit. A limit on channels is always met: if there are too few, opening one fails and says so.
    """
    if 0 < frame_max < _LEAST_FRAME_MAX:
        return (
            f"the broker offers frame_max {frame_max} (connection.tune); AMQP demands {_LEAST_FRAME_MAX} at "
            "least, and the broker's configuration has to be corrected"
        )
    return None
