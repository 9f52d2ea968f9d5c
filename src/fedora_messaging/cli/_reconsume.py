# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging reconsume``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from .._runner.callbacks import CallbackFailed
from ..exceptions import HaltConsumer
from ..message import Message
from . import Options, configure
from ._consuming import callback_options, named_callback
from ._datagrepper import fetch, url_option
from ._reactor import run

__all__ = ["command"]


@click.command("reconsume", short_help="Call a callback with a message of the archive.")
@click.argument("message_id", metavar="ID")
@callback_options
@url_option
@click.pass_obj
def command(
    conf: Options,
    message_id: str,
    callback: str | None,
    callback_file: str | None,
    datagrepper_url: str,
) -> None:
    """Fetch the message ID from the archive and call a callback with it. No broker is involved.

    \b
      fedora-messaging reconsume ID --callback shop.orders:process

    Exit codes: 1 for a callback or a message that is not there, 2 for wrong usage or configuration, 13 when
    the callback raises an exception (Nack and Drop too), 14 when the archive cannot be reached, and the code
    of HaltConsumer.
    """  # noqa: D301, click reads the backspace
    configure(conf)
    found = named_callback(callback, callback_file)
    call_with(found, lambda: fetch(datagrepper_url, message_id))


def call_with(callback: Callable[[Message], Any], fetched: Callable[[], Message]) -> None:
    """Call a callback with the message that a function returns, each in the right thread.

    Args:
        callback: The callback.
        fetched: Returns the message; called in a thread of the pool.

    Raises:
        Exception: Whatever either raises.
    """
    from twisted.internet.defer import CancelledError, Deferred
    from twisted.internet.threads import deferToThread

    from ..twisted._callbacks.awaiting import start_awaitable
    from ..twisted._callbacks.calling import runs_on_reactor

    waiting: list[Deferred[Any]] = []

    async def waited(result: Any) -> Any:
        if not isinstance(result, Deferred):
            return result
        waiting[:] = [result]
        return await result

    async def work() -> None:
        try:
            message = await waited(deferToThread(fetched))
            await call(message)
        except CancelledError:
            raise click.Abort from None

    async def call(message: Message) -> None:
        try:
            if runs_on_reactor(callback):
                await waited(start_awaitable(callback(message)))
            else:
                await waited(await waited(deferToThread(callback, message)))
        except (HaltConsumer, CancelledError):
            raise
        except Exception as error:
            raise CallbackFailed(error) from error

    def stop() -> None:
        for each in waiting:
            each.cancel()

    run(work, stop)
