# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``twistd fedora-messaging``: long-running consumers under Twisted's own daemon."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, FirstError
from twisted.logger import STDLibLogObserver, globalLogPublisher
from twisted.python import usage

from .._config.model import ConsumerConfig
from .._core.workers import MOST
from .._reporting.log import SafeLog
from .._reporting.loggers import MAIN
from .._runner.callbacks import CallbackNotFound, find_callback
from .._runner.exit_codes import exit_code
from .._runner.stop_signals import StopSequence
from .._runner.systemd import Notifier
from .._runner.twistd_log import for_twistd
from .._runner.wanted import check_shared, wanted_consumers
from .._runner.worker import Worker, set_up_worker, this_worker
from .._steady import make_steady
from ..config import DEFAULTS, conf
from ..exceptions import ConfigurationException, excerpt
from ._callbacks.calling import resolve
from ._clock import global_clock
from ._tap_ending import end_at_once, exit_with, give_up, tell
from ._tap_workers import Supervising
from ._workers import follow_parent, report
from .service import FedoraMessagingService

__all__ = ["Options", "makeService"]

_log = SafeLog(MAIN)


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
        ("monitor-port", None, None, "Serve /live and /ready on this TCP port."),
        ("grace", None, None, "Seconds that a stop may take."),
        ("concurrency", None, None, "How many callbacks of a consumer may run at a time."),
        ("workers", None, None, "Consume in so many processes, which this one starts, restarts and ends."),
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self["routing-keys"] = []
        self["amqp-urls"] = []

    def opt_routing_key(self, key: str) -> None:
        """A routing key to bind the queue with; may be given several times."""
        self["routing-keys"].append(key)

    opt_k = opt_routing_key

    def opt_amqp_url(self, url: str) -> None:
        """The broker: amqp://user:password@host/vhost, or amqps; several times for those of a cluster."""
        self["amqp-urls"].append(url)

    opt_u = opt_amqp_url

    def parseOptions(self, options: Any = None) -> None:
        """Twisted's; keeps the arguments, which are those of workers too."""
        self["arguments"] = list(options or ())
        # twistd replaces the name by what it names, after this.
        self["logger"] = self.parent["logger"] if self.parent is not None else None
        super().parseOptions(options)  # type: ignore[no-untyped-call]


def makeService(options: Options) -> Service:
    """Twisted's; see :class:`twisted.application.service.IServiceMaker`.

    What cannot work is said in one line on stderr, and the process exits with the code of the command line.
    """
    worker = this_worker()
    try:
        workers = _positive("workers", options["workers"], MOST)
        _configure(options, worker)
        make_steady(reactor)  # twistd runs it for us alone, and not yet
        config = conf.parsed()
        consumers = wanted_consumers(
            config,
            callback=options["callback"],
            queue=options["queue-name"],
            routing_keys=options["routing-keys"],
            exchange=options["exchange"],
            concurrency=_positive("concurrency", options["concurrency"], 65535),
        )
        if workers is not None and worker is None:
            check_shared(consumers, workers)
            twistd = {**(options.parent or {}), "logger": options["logger"]}
            return Supervising(workers, config, twistd, options["arguments"])
        wanted = [(each, find_callback(each.callback, resolve, options="--callback")) for each in consumers]
        return _Consuming(FedoraMessagingService(None, config=config), wanted, worker)
    except (ConfigurationException, CallbackNotFound) as error:
        give_up(error, worker)


def _configure(options: Options, worker: Worker | None) -> None:
    """Let the options have their way with the configuration."""
    if options["conf"]:
        conf.load_config(options["conf"])
    urls = options["amqp-urls"]
    if urls:
        conf["amqp_url"] = urls[0] if len(urls) == 1 else urls
    if options["monitor-port"] is not None:
        conf["monitoring"] = {**conf["monitoring"], "port": _number("monitor-port", options["monitor-port"])}
    if options["grace"] is not None:
        conf["shutdown_grace"] = _number("grace", options["grace"])
    _set_up_logging(worker)


def _set_up_logging(worker: Worker | None) -> None:
    """Log as configured, Twisted's events too; where no handlers are named, into twistd's log."""
    log_config = conf["log_config"]
    into_twistd = log_config.get("handlers") == DEFAULTS["log_config"]["handlers"]
    if worker is not None:
        set_up_worker(worker, conf)
    if into_twistd:
        conf["log_config"] = for_twistd(log_config)  # twistd's log of a worker has its number
        conf.setup_logging()
    else:
        conf.setup_logging()
        globalLogPublisher.addObserver(STDLibLogObserver())  # type: ignore[arg-type]


def _number(name: str, text: str) -> int:
    if not text.isdigit():
        raise ConfigurationException(f"--{name}: must be a number, not {excerpt(text, 40)}")
    return int(text)


def _positive(name: str, text: str | None, most: int) -> int | None:
    if text is None:
        return None
    number = _number(name, text)
    if not 1 <= number <= most:
        raise ConfigurationException(f"--{name}: must be from 1 to {most}, not {number}")
    return number


class _Consuming(Service):
    """Consumes until a signal, HaltConsumer or an error, and then ends the process.

    The signals are the plugin's affair, not the service's: an application that embeds the service owns
    its own.
    """

    def __init__(
        self,
        service: FedoraMessagingService,
        wanted: list[tuple[ConsumerConfig, Callable[..., Any]]],
        worker: Worker | None,
    ) -> None:
        self._service = service
        self._wanted = wanted
        self._worker = worker
        self._reactor = global_clock()
        self._notifier = Notifier(self._reactor)
        self._signals = StopSequence(
            lambda _: self._reactor.callFromThread(self._stop),
            lambda _: self._reactor.callFromThread(self._end_now),
        )

    def privilegedStartService(self) -> None:
        """Twisted's: bind the monitor's port before privileges are dropped."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        try:
            self._service.privilegedStartService()  # type: ignore[no-untyped-call]
        except ConfigurationException as error:
            self._cannot_start(error)

    def startService(self) -> None:
        """Twisted's: begin."""
        super().startService()  # type: ignore[no-untyped-call]
        if not self._wanted:
            return
        try:
            starting = [
                self._service.consume(
                    callback,
                    consumer.bindings,
                    consumer.queues,
                    in_thread=True,
                    prefetch_count=consumer.qos.prefetch_count,
                    concurrency=consumer.qos.concurrency,
                    name=consumer.name,
                    retry=consumer.retry,
                )
                for consumer, callback in self._wanted
            ]
        except ConfigurationException as error:
            self._cannot_start(error)
            return
        DeferredList(starting, consumeErrors=True).addCallback(self._all_started)
        results = [consumer.result for consumer in self._service.consumers]
        DeferredList(results, fireOnOneErrback=True, consumeErrors=True).addErrback(self._failed)
        self._service.startService()
        if self._worker is not None:
            follow_parent(self._worker, self._service, self._stop)
        # After the reactor has set its own handlers, with which twistd would end itself by the signal it got.
        self._reactor.callWhenRunning(self._signals.install)

    def stopService(self) -> Deferred[None]:
        """Twisted's: finish what runs, within the grace period."""
        super().stopService()  # type: ignore[no-untyped-call]
        self._notifier.stopping()
        return self._service.stopService().addCallback(self._tell_state)

    def _tell_state(self, _: None) -> None:
        if self._worker is not None:
            report(self._worker, self._service)

    def _stop(self) -> None:
        if self.running:
            self._reactor.stop()

    def _cannot_start(self, error: ConfigurationException) -> None:
        # Twistd has written its pid file by now, and removes it only when the reactor has run.
        tell(error, self._worker)
        self._wanted = []
        exit_with(exit_code(error))
        self._reactor.callWhenRunning(self._reactor.stop)

    def _all_started(self, results: list[tuple[bool, Any]]) -> None:
        if all(succeeded for succeeded, _ in results):
            self._notifier.ready()
            if self._worker is not None:
                self._worker.tell(consuming=True)

    def _failed(self, failure: Any) -> None:
        failure.trap(FirstError)
        error = failure.value.subFailure.value
        code = exit_code(error)
        if self._worker is not None:
            tell(error, self._worker)
        if code:
            exit_with(code)
        self._reactor.stop()
        # What ended it the consumer has logged.
        _log.log(logging.ERROR if code else logging.INFO, "Ending with exit code %d.", code)

    def _end_now(self) -> None:
        if self._worker is not None:  # the parent, which has had the same signals, says when it is enough
            return
        self._service.abort()
        _log.warning("Stopped at once, at the second signal.")
        end_at_once()
