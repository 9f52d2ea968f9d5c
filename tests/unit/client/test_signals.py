# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The signals' names, which receivers connect by."""

from blinker import signal

from fedora_messaging import signals


def test_names() -> None:
    """The signals are blinker's named ones."""
    assert signal("pre_publish") is signals.pre_publish_signal
    assert signal("publish_success") is signals.publish_signal
    assert signal("publish_failed_signal") is signals.publish_failed_signal
