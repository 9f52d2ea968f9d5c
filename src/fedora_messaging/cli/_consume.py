# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging consume``."""

from __future__ import annotations

import click

from . import configure
from ._consuming import bindings_for, callback_options, consume, named_callback, topology_options

__all__ = ["command"]


@click.command("consume")
@callback_options
@topology_options
@click.pass_obj
def command(
    conf: str | None,
    callback: str | None,
    callback_file: str | None,
    app_name: str | None,
    queue_name: str | None,
    routing_keys: tuple[str, ...],
    exchange: str | None,
) -> None:
    """Call a callback with each message, until SIGTERM or SIGINT.

    The callback that runs then finishes, and its message is acknowledged; everything else goes back to its
    queue (configuration key shutdown_grace). A second signal ends at once.

    \b
    Exit codes:
      0   a signal, or HaltConsumer without a code of its own
      1   the callback is missing, cannot be imported or cannot be called
      2   wrong usage or configuration
      10  the broker refused a declaration
      11  the consumer could not be registered for another reason
      12  the broker cancelled the consumer: the queue is gone
      13  the callback raised an exception
      14  the connection was refused (TLS)
      15  the broker refused permission, password or virtual host
    """  # noqa: D301, click reads the backspace
    configure(conf)
    found = named_callback(callback, callback_file)
    consume(found, bindings_for(app_name, queue_name, routing_keys, exchange))
