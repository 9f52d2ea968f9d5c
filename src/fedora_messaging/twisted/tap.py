# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``twistd fedora-messaging``: long-running consumers under Twisted's own daemon."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, FirstError
from twisted.logger import STDLibLogObserver, globalLogPublisher
from twisted.python import usage

from .._config.model import ConsumerConfig
from .._core import topology
from .._reporting.log import SafeLog
from .._reporting.text import text_of
from .._runner.callbacks import CallbackNotFound, find_callback
from .._runner.exit_codes import exit_code
from .._runner.stop_signals import StopSequence
from .._runner.systemd import Notifier
from .._runner.twistd_log import for_twistd
from .._steady import make_steady
from ..config import DEFAULTS, conf
from ..exceptions import ConfigurationException, excerpt
from ._callbacks.calling import resolve
from ._clock import global_clock
from .service import FedoraMessagingService

__all__ = ["Options", "makeService"]

_log = SafeLog(__name__)


class Options(usage.Options):
    """The options of ``twistd fedora-messaging``."""

    longdesc = (
        "Consumes messages and calls a callback with each. Without --callback the consumers are those of "
        "the [consumers.NAME] tables of the configuration, or the one that its callback, queues and "
        "bindings describe."
    )
    optParameters = (
        ("callback", "c", None, "The callback, as package.module:object."),
        ("conf", None, None, "The configuration file, in the place of $FEDORA_MESSAGING_CONF."),
        ("queue-name", "q", None, "The queue to consume from."),
        ("exchange", "e", None, "The exchange to bind the queue to."),
        ("amqp-url", "u", None, "The broker: amqp://user:password@host/vhost, or amqps."),
        ("monitor-port", None, None, "Serve /live and /ready on this TCP port."),
        ("grace", None, None, "Seconds that a stop may take."),
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["routing-keys"] = []

    def opt_routing_key(self, key: str) -> None:
        """A routing key to bind the queue with; may be given several times."""
        self["routing-keys"].append(key)

    opt_k = opt_routing_key


def makeService(options: Options) -> Service:
    """Twisted's; see :class:`twisted.application.service.IServiceMaker`.

    What cannot work is said in one line on stderr, and the process exits with the code of the command line.
    """
    try:
        _configure(options)
        make_steady(reactor)  # twistd runs it for us alone, and not yet
        config = conf.parsed()
        wanted = [
            (consumer, find_callback(consumer.callback, resolve, options="--callback"))
            for consumer in _consumers(options)
        ]
        return _Consuming(FedoraMessagingService(None, config=config), wanted)
    except (ConfigurationException, CallbackNotFound) as error:
        _give_up(error)


def _configure(options: Options) -> None:
    """Let the options have their way with the configuration."""
    if options["conf"]:
        conf.load_config(options["conf"])
    _set_up_logging()
    if options["amqp-url"]:
        conf["amqp_url"] = options["amqp-url"]
    if options["monitor-port"] is not None:
        conf["monitoring"] = {**conf["monitoring"], "port": _number("monitor-port", options["monitor-port"])}
    if options["grace"] is not None:
        conf["shutdown_grace"] = _number("grace", options["grace"])


def _set_up_logging() -> None:
    """Log as configured, Twisted's events too; where no handlers are named, into twistd's log."""
    log_config = conf["log_config"]
    if log_config.get("handlers") == DEFAULTS["log_config"]["handlers"]:
        conf["log_config"] = for_twistd(log_config)
        conf.setup_logging()
    else:
        conf.setup_logging()
        globalLogPublisher.addObserver(STDLibLogObserver())  # type: ignore[arg-type]


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise ConfigurationException(f"--{name}: must be a number, not {excerpt(text, 40)}")
    return int(text)


def _consumers(options: Options) -> tuple[ConsumerConfig, ...]:
    config = conf.parsed()
    given = options["callback"] or options["queue-name"] or options["routing-keys"] or options["exchange"]
    if config.consumers and not given:
        return config.consumers
    bindings, queues = config.bindings, config.queues
    if options["queue-name"] or options["routing-keys"] or options["exchange"]:
        bindings = topology.overridden(
            config.bindings,
            config.queues,
            queue=options["queue-name"],
            routing_keys=options["routing-keys"],
            exchange=options["exchange"],
        )
        names = {binding.queue for binding in bindings}
        queues = tuple(queue for queue in queues if queue.name in names)
    return (
        ConsumerConfig(
            name="",
            callback=options["callback"] or config.callback,
            queues=tuple(
                queue for queue in config.queues if bindings is config.bindings or queue.name in names
            ),
            bindings=bindings,
            qos=config.qos,
        ),
    )


class _Consuming(Service):
    """Consumes until a signal, HaltConsumer or an error, and then ends the process.

    The signals are the plugin's affair, not the service's: an application that embeds the service owns
    its own.
    """

    def __init__(
        self, service: FedoraMessagingService, wanted: list[tuple[ConsumerConfig, Callable[..., Any]]]
    ) -> None:
        self._service = service
        self._wanted = wanted
        self._reactor = global_clock()
        self._notifier = Notifier(self._reactor)
        self._signals = StopSequence(
            lambda _: self._reactor.callFromThread(self._reactor.stop),
            lambda _: self._reactor.callFromThread(self._end_now),
        )

    def privilegedStartService(self) -> None:
        """Twisted's: bind the monitor's port before privileges are dropped."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        try:
            self._service.privilegedStartService()  # type: ignore[no-untyped-call]
        except ConfigurationException as error:
            # Twistd has written its pid file by now, and removes it only when the reactor has run.
            _tell(error)
            self._wanted = []
            _exit_with(exit_code(error))
            self._reactor.callWhenRunning(self._reactor.stop)

    def startService(self) -> None:
        """Twisted's: begin."""
        super().startService()  # type: ignore[no-untyped-call]
        if not self._wanted:
            return
        starting = [
            self._service.consume(
                callback,
                consumer.bindings,
                consumer.queues,
                in_thread=True,
                prefetch_count=consumer.qos.prefetch_count,
                name=consumer.name,
            )
            for consumer, callback in self._wanted
        ]
        DeferredList(starting, consumeErrors=True).addCallback(self._all_started)
        results = [consumer.result for consumer in self._service.consumers]
        DeferredList(results, fireOnOneErrback=True, consumeErrors=True).addErrback(self._failed)
        self._service.startService()
        # After the reactor has set its own handlers, with which twistd would end itself by the signal it got.
        self._reactor.callWhenRunning(self._signals.install)

    def stopService(self) -> Deferred[None]:
        """Twisted's: finish what runs, within the grace period."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._notifier.stopping()
        return self._service.stopService()

    def _all_started(self, results: list[tuple[bool, Any]]) -> None:
        if all(succeeded for succeeded, _ in results):
            self._notifier.ready()

    def _failed(self, failure: Any) -> None:
        failure.trap(FirstError)
        error = failure.value.subFailure.value
        code = exit_code(error)
        if code:
            _exit_with(code)
        self._reactor.stop()
        # What ended it the consumer has logged.
        _log.log(logging.ERROR if code else logging.INFO, "Ending with exit code %d.", code)

    def _end_now(self) -> None:
        self._service.abort()
        _log.warning("Stopped at once, at the second signal.")
        logging.shutdown()
        os._exit(1)


def _exit_with(code: int) -> None:
    """End with this code, after twistd has removed its pid file: it ignores codes itself."""

    def leave() -> None:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)

    atexit.register(leave)


def _give_up(error: Exception) -> NoReturn:
    _tell(error)
    sys.exit(exit_code(error))


def _tell(error: Exception) -> None:
    """One line for the terminal, past Twisted's log, which takes the place of stderr."""
    print(" ".join(text_of(error, 5000).split()), file=sys.__stderr__, flush=True)
