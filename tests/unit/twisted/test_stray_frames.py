# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The log lines about frames for closed channels."""

import pytest
from twisted.internet.task import Clock

from fedora_messaging.twisted._connection.stray_frames import StrayFrames


def test_how_often_stray_frames_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The first at once, the others as one number a second; the rest at the end, which leaves no timer."""
    clock = Clock()
    frames = StrayFrames(clock)
    for _ in range(3):
        frames.received()
    clock.advance(1)
    frames.received()
    frames.close()

    assert ["1", "2", "1"] == [each.getMessage().split(": ")[-1].rstrip(".") for each in caplog.records]
    assert [] == clock.getDelayedCalls()
