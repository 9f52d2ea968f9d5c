# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Consuming from the command line: the options, and the run until the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .._core import topology
from .._runner.callbacks import CallbackFailed, find_callback, load_callback_file
from .._runner.worker import Worker
from ..config import Config, conf
from ..exceptions import ConfigurationException, HaltConsumer
from ._reactor import install, run

__all__ = ["Topology", "callback_options", "consume", "named_callback", "set_app_name", "topology_options"]

_F = TypeVar("_F", bound=Callable[..., Any])

#: The bindings to consume with; None: the configured ones.
Topology = Any


def topology_options(function: _F) -> _F:
    """Add the options that select what to consume. They change the configuration."""
    for option in (
        click.option("--exchange", metavar="NAME", help="The exchange to bind to, in all bindings."),
        click.option(
            "--routing-key",
            "routing_keys",
            metavar="KEY",
            multiple=True,
            help="The routing key to bind with, in all bindings; may be given several times.",
        ),
        click.option(
            "--queue-name",
            metavar="NAME",
            help="The queue to bind and to consume from, in all bindings. One that is neither configured "
            "nor on the broker is declared, and goes an hour after its last consumer.",
        ),
        click.option("--app-name", metavar="NAME", help="What the broker shows: client_properties.app."),
    ):
        function = option(function)
    return function


def callback_options(function: _F) -> _F:
    """Add the options that name a callback."""
    for option in (
        click.option(
            "--callback-file",
            metavar="FILE:OBJECT",
            help="The callback, by file: path/to/file.py:object.",
        ),
        click.option(
            "--callback",
            metavar="MODULE:OBJECT",
            help="The callback, by its Python path: package.module:object. A function, a coroutine function, "
            "or a class with __call__.",
        ),
    ):
        function = option(function)
    return function


def named_callback(callback: Any, callback_file: str | None) -> Callable[..., Any]:
    """The callback that is named on the command line, else the configured one; classes are instantiated.

    Raises:
        CallbackNotFound: None is named, or it cannot be loaded or used.
        click.UsageError: Both options are given.
    """
    if callback and callback_file:
        raise click.UsageError("--callback and --callback-file exclude each other")
    install()  # before the callback's module imports a reactor
    from ..twisted._callbacks.calling import resolve

    return find_callback(
        callback or callback_file or conf["callback"],
        resolve,
        options="--callback, --callback-file",
        load=load_callback_file if callback_file else None,
    )


def set_app_name(name: str | None) -> None:
    """Set what the broker shows as this client's name, if one is given."""
    if name:
        conf["client_properties"] = {**conf["client_properties"], "app": name}


def bindings_for(
    app_name: str | None, queue_name: str | None, routing_keys: tuple[str, ...], exchange: str | None
) -> Topology:
    """Return the bindings that the configuration and the options ask for."""
    set_app_name(app_name)
    config: Config = conf.parsed()
    if queue_name is None and not routing_keys and exchange is None:
        return None
    return topology.overridden(
        config.bindings, config.queues, queue=queue_name, routing_keys=routing_keys, exchange=exchange
    )


def consume(
    wanted: Sequence[tuple[Callable[..., Any], dict[str, Any]]], worker: Worker | None = None
) -> None:
    """Consume until a signal, HaltConsumer or an error.

    Args:
        wanted: The callback of each consumer, and the options that it is consumed with: see
            :meth:`fedora_messaging.twisted.service.FedoraMessagingService.consume`.
        worker: This process, if it is one of several workers.

    Raises:
        Exception: The error of the first consumer that ended by itself.
    """
    install()
    from twisted.internet.defer import DeferredList, FirstError

    from .. import api
    from .._runner.systemd import Notifier
    from ..twisted._clock import global_clock
    from ..twisted._workers import follow_parent, report

    api_module: Any = api
    notifier = Notifier(global_clock())

    def ready(_: Any) -> None:
        notifier.ready()
        if worker is not None:
            worker.tell(consuming=True)

    async def work() -> None:
        try:
            starting = [
                api_module._client.start_consuming(callback, **options) for callback, options in wanted
            ]
        except ValueError as error:
            raise ConfigurationException(f"bindings: {error}") from error
        # Failures are reported by the results of the consumers.
        all_started = DeferredList(starting, fireOnOneErrback=True, consumeErrors=True)
        all_started.addCallbacks(ready, lambda _: None)
        service = api_module._twisted_service
        if worker is not None:
            follow_parent(worker, service, stop)
        consumers = list(service.consumers)
        results = [consumer.result for consumer in consumers]
        ended = DeferredList(results, fireOnOneErrback=True, consumeErrors=True)
        try:
            await ended
        except FirstError as first:
            reason: Any = first.subFailure.value
            if consumers[first.index].stats.failed and not issubclass(type(reason), HaltConsumer):
                raise CallbackFailed(reason) from reason
            raise reason from None
        finally:
            notifier.stopping()
            await service.stopService()
            if worker is not None:
                report(worker, service)

    def stop() -> None:
        notifier.stopping()
        service = api_module._twisted_service
        if service is not None:
            service.stopService()

    # The parent, which has had the same signals, says when it is enough.
    run(work, stop, at_once=None if worker is None else lambda _: None)
