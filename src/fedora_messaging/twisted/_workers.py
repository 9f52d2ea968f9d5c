# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Several workers, with Twisted: the parent's service and pages, and what a worker does for its parent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.web import resource
from twisted.web.server import NOT_DONE_YET

from .._config.model import Monitoring
from .._metrics.snapshot import Snapshot
from .._metrics.status import Status
from .._runner.supervisor import Outcome, Supervisor
from .._runner.worker import Worker
from .._runner.worker_states import added
from . import _health
from ._clock import global_clock
from ._status import status
from .monitor import answer, metrics_answer, serving, state_of
from .service import FedoraMessagingService
from .stats import FactoryStatistics

if TYPE_CHECKING:
    from twisted.web.http import Request

__all__ = ["WorkersService", "follow_parent", "report"]

#: How long a page waits for the workers' answers, in seconds: less than probes wait by default.
_PATIENCE = 0.5


def worker_state(service: FedoraMessagingService) -> dict[str, Any]:
    """What a worker tells its parent of itself."""
    state: dict[str, Any] = {"ready": not _health.reasons(service), **state_of(service)}
    words = _health.stuck(service)
    return {**state, "stuck": words} if words else state


def report(worker: Worker, service: FedoraMessagingService) -> None:
    """Tell the parent the state of this worker, and before that its metrics, where it has any."""
    if service.metrics is not None:
        worker.tell(metrics=service.metrics.snapshot().as_data(), status=status(service).as_data())
    worker.tell(state=worker_state(service))


def follow_parent(worker: Worker, service: FedoraMessagingService, stop: Callable[[], Any]) -> None:
    """Answer the parent's questions, and stop when it is gone.

    Args:
        worker: This process.
        service: The service that consumes.
        stop: Called on the reactor, to end in order.
    """
    reactor = global_clock()

    def asked() -> None:
        report(worker, service)

    worker.watch(
        lambda: reactor.callFromThread(asked),
        lambda: reactor.callFromThread(stop),
        service.config.shutdown_grace,
    )


class WorkersService(MultiService):
    """The parent of several workers, and its pages.

    Args:
        supervisor: Runs the workers.
        monitoring: Where the pages are served; None: nowhere.
        reactor: The reactor.
    """

    def __init__(self, supervisor: Supervisor, monitoring: Monitoring | None, reactor: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._supervisor = supervisor
        self._outcome: Outcome | None = None
        self._waiting: list[Deferred[Outcome]] = []
        if monitoring is not None and monitoring.port is not None:
            pages: dict[str, resource.Resource] = {
                "live": _Live(supervisor),
                "ready": _Ready(supervisor),
                "startup": _Startup(supervisor),
            }
            if monitoring.metrics:
                pages["metrics"] = _Metrics(supervisor)
            serving(
                pages,
                address=monitoring.address,
                port=monitoring.port,
                reactor=reactor,
                dashboard=self._ask if monitoring.dashboard else None,
            ).setServiceParent(self)

    def startService(self) -> None:
        """Twisted's: serve the pages, and start the workers.

        Raises:
            ConfigurationException: The port of the pages is in use; no worker was started.
        """
        super().startService()  # type: ignore[no-untyped-call]
        self._supervisor.start().addCallback(self._all_ended)

    def stopService(self) -> Deferred[None]:
        """Twisted's: end the workers, then the pages.

        Returns:
            A Deferred that fires when no worker is left.
        """
        self._supervisor.stop()
        return self.when_ended().addCallback(self._end)

    def when_ended(self) -> Deferred[Outcome]:
        """A Deferred that fires when no worker is left; it never fails, and cancelling it has no effect."""
        done: Deferred[Outcome] = Deferred()
        if self._outcome is not None:
            done.callback(self._outcome)
        else:
            self._waiting.append(done)
        return done

    def _ask(self) -> Deferred[tuple[Snapshot, Mapping[str, Status]]]:
        return self._supervisor.ask_status(_PATIENCE)

    def _all_ended(self, outcome: Outcome) -> None:
        self._outcome = outcome
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(outcome)

    def _end(self, _: Outcome) -> None:
        super().stopService()  # type: ignore[no-untyped-call]


class _Metrics(resource.Resource):
    """The metrics of all workers: counters and histograms summed, gauges by worker."""

    isLeaf = True

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._supervisor = supervisor

    def render_GET(self, request: Request) -> int:
        """See :class:`twisted.web.resource.Resource`."""
        gone: list[Any] = []
        request.notifyFinish().addErrback(gone.append)

        def write(found: Snapshot) -> None:
            if not gone:
                request.write(metrics_answer(request, found))
                request.finish()

        self._supervisor.ask_metrics(_PATIENCE).addCallback(write)
        return NOT_DONE_YET


class _Page(resource.Resource):
    """The state of all workers, as JSON: counters summed, everything else by worker."""

    isLeaf = True

    def __init__(self, supervisor: Supervisor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._supervisor = supervisor

    def fits(self, workers: Iterable[Mapping[str, Any]]) -> bool:
        """Whether the status is 200 with workers in these states."""
        raise NotImplementedError

    def render_GET(self, request: Request) -> int:
        """See :class:`twisted.web.resource.Resource`."""
        gone: list[Any] = []
        request.notifyFinish().addErrback(gone.append)

        def write(found: dict[str, Any]) -> None:
            if gone:
                return
            workers = found["workers"].values()
            state = {
                "consuming": all(each.get("consuming") is True for each in workers),
                **added(FactoryStatistics().as_dict(), {k: v for k, v in found.items() if k != "workers"}),
                "workers": found["workers"],
            }
            request.write(answer(request, 200 if self.fits(workers) else 503, state))
            request.finish()

        self._supervisor.ask(_PATIENCE).addCallback(write)
        return NOT_DONE_YET


class _Live(_Page):
    """200: the parent answers, and no worker says that a callback is stuck."""

    def fits(self, workers: Iterable[Mapping[str, Any]]) -> bool:
        return not any(each.get("stuck") for each in workers)


class _Ready(_Page):
    """200: all workers are ready."""

    def fits(self, workers: Iterable[Mapping[str, Any]]) -> bool:
        return all(each.get("ready") is True for each in workers)


class _Startup(_Ready):
    """200: all workers have been ready at once when somebody asked."""

    _once = False

    def fits(self, workers: Iterable[Mapping[str, Any]]) -> bool:
        self._once = self._once or super().fits(workers)
        return self._once
