# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What all tests share: private RabbitMQ nodes, and how hypothesis runs."""

import signal

from hypothesis import settings

# How long an example takes says more about the machine than about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

pytest_plugins = ["rabbitmq.guard", "rabbitmq.fixtures"]

# A run that a shell started in the background ignores Ctrl-C, and so would each program that is tested.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
