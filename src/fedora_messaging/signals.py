# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The signals sent when messages are published, by `blinker <https://blinker.readthedocs.io/>`_."""

from __future__ import annotations

from blinker import signal

__all__ = ["pre_publish_signal", "publish_failed_signal", "publish_signal"]

#: Sent before a message is validated and published, with ``message=``. Receivers may change the message, or
#: raise an exception to stop it from being published.
pre_publish_signal = signal("pre_publish")

#: Sent once the broker has confirmed a message, with ``message=``. What a receiver raises is logged with its
#: traceback, and changes nothing: the message is published.
publish_signal = signal("publish_success")

#: Sent when a message could not be published for whatever reason, with ``message=`` and ``error=``. What a
#: receiver raises is logged with its traceback; the caller gets the error that the signal is about.
publish_failed_signal = signal("publish_failed_signal")
