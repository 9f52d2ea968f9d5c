# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Pages over HTTP that show whether the process is alive, whether it does its work, and how much.

They only show states, counts, durations, and the names of queues and exchanges, so they may be public. The
probes of a container platform come from outside the container.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from twisted.application.internet import TCPServer
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError
from twisted.web import resource, server

from .._metrics.exposition import CONTENT_TYPES, text, wants_openmetrics
from .._metrics.snapshot import NOTHING, Snapshot
from ..exceptions import ConfigurationException, excerpt
from . import _health
from ._clock import global_clock
from ._http_limits import LimitedConnections
from .stats import FactoryStatistics

if TYPE_CHECKING:
    from twisted.web.http import Request

    from ._dashboard.events import Ask

__all__ = ["MetricsPage", "monitor_service"]


class Watched(_health.Watched, Protocol):
    """What is shown of a service."""

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming."""

    @property
    def stats(self) -> FactoryStatistics:
        """What has been published and consumed."""


def state_of(watched: Watched) -> dict[str, Any]:
    """What the pages show of a service."""
    state: dict[str, Any] = {"consuming": watched.consuming, **watched.stats.as_dict()}
    named = {consumer.name: consumer for consumer in watched.consumers if consumer.name}
    if named:
        state["consumers"] = {
            name: {"state": consumer.state, **consumer.stats.as_dict()} for name, consumer in named.items()
        }
    resting = {
        consumer.name or consumer.queue: f"resting: {consumer.resting}"
        for consumer in watched.consumers
        if consumer.resting
    }
    if resting:
        state["resting"] = resting
    return state


def answer(request: Request, status: int, state: dict[str, Any]) -> bytes:
    """Set status and headers of a page, and return its text."""
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")
    request.setHeader(b"cache-control", b"no-store")
    return json.dumps(state).encode() + b"\n"


def metrics_answer(request: Request, snapshot: Snapshot) -> bytes:
    """Set the headers of the page with the metrics, and return its text in the format that is asked for."""
    openmetrics = wants_openmetrics(request.getHeader("accept") or "")
    request.setHeader(b"content-type", CONTENT_TYPES[openmetrics].encode())
    request.setHeader(b"cache-control", b"no-store")
    return text(snapshot, openmetrics=openmetrics).encode()


class _Page(resource.Resource):
    """A state, as JSON."""

    isLeaf = True

    def __init__(self, watched: Watched) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._watched = watched

    def status(self, request: Request) -> tuple[int, list[str]]:
        """The HTTP status, and the reasons for it where it is not 200, in words."""
        raise NotImplementedError

    def render_GET(self, request: Request) -> bytes:
        """See :class:`twisted.web.resource.Resource`."""
        status, reasons = self.status(request)
        state = state_of(self._watched)
        return answer(request, status, {**state, "reasons": reasons} if reasons else state)


class _Live(_Page):
    """200: the process answers, and no callback is stuck. Whether the broker answers is not its fault."""

    def status(self, request: Request) -> tuple[int, list[str]]:
        words = _health.stuck(self._watched)
        return (503, [words]) if words else (200, [])


class _Ready(_Page):
    """200: everything that is to consume does, or there is nothing to consume. 503 otherwise.

    Where something was published, that connection has to be open, and not blocked. ``?consumer=NAME`` asks
    for the consumers of a name or queue only; 404: there is none.
    """

    def status(self, request: Request) -> tuple[int, list[str]]:
        names = (request.args or {}).get(b"consumer", [])
        name = names[0].decode("utf-8", "replace") if names else None
        reasons = _health.reasons(self._watched, name)
        if reasons is None:
            return 404, [f"there is no consumer {excerpt(name, 100)}"]
        return (503 if reasons else 200), reasons


class _Startup(_Page):
    """200: everything has been ready once. 503: not yet."""

    _once = False

    def status(self, request: Request) -> tuple[int, list[str]]:
        self._once = self._once or _health.has_started(self._watched)
        return (200, []) if self._once else (503, _health.reasons(self._watched) or ["not started"])


class MetricsPage(resource.Resource):
    """The metrics as text, in Prometheus' format, or in OpenMetrics if the client prefers it.

    Args:
        snapshot: Returns the values to show.
    """

    isLeaf = True

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._snapshot = snapshot

    def render_GET(self, request: Request) -> bytes:
        """See :class:`twisted.web.resource.Resource`."""
        return metrics_answer(request, self._snapshot())


#: The pages, by path.
PAGES = {"live": _Live, "ready": _Ready, "startup": _Startup}


class _Monitor(TCPServer):
    """An HTTP server that says in one line why it cannot listen.

    Attributes:
        closing: Called when it stops: answers without an end are ended.
    """

    closing: Callable[[], None]

    def privilegedStartService(self) -> None:
        self._listening(super().privilegedStartService)

    def startService(self) -> None:
        self._listening(super().startService)

    def stopService(self) -> Any:
        self.closing()
        return super().stopService()  # type: ignore[no-untyped-call]

    def _listening(self, start: Any) -> None:
        try:
            start()
        except CannotListenError as error:
            raise ConfigurationException(
                f"monitoring.port: cannot listen on {error.interface or 'any address'}, port {error.port}: "
                f"{getattr(error.socketError, 'strerror', None) or error.socketError}"
            ) from error


def monitor_service(
    fm_service: Watched, *, address: str | None = None, port: int, reactor: Any = None
) -> TCPServer:
    """A service that serves ``/live``, ``/ready`` and ``/startup``, and ``/metrics`` where there are metrics.

    If the configuration contains ``dashboard = true``, it also serves the dashboard at ``/``.

    Args:
        fm_service: What is watched: a
            :class:`~fedora_messaging.twisted.service.FedoraMessagingService`.
        address: The address to listen on; "": all interfaces; None: all interfaces, but with a dashboard
            127.0.0.1.
        port: The TCP port; 0: any free one.
        reactor: The reactor to listen with. None means the global one.

    Returns:
        A Twisted service. Starting it raises ConfigurationException if the port is in use.
    """
    pages: dict[str, resource.Resource] = {path: page(fm_service) for path, page in PAGES.items()}
    if fm_service.metrics is not None:
        pages["metrics"] = MetricsPage(fm_service.metrics.snapshot)
    monitoring = fm_service.config.monitoring
    if monitoring is None or not monitoring.dashboard:
        return serving(pages, address=address, port=port, reactor=reactor)
    from ._status import status

    def ask() -> Deferred[Any]:
        metrics = fm_service.metrics
        return succeed((NOTHING if metrics is None else metrics.snapshot(), {"": status(fm_service)}))

    if address is None:
        address = "127.0.0.1"
    return serving(pages, address=address, port=port, reactor=reactor, dashboard=ask)


def serving(
    pages: Mapping[str, resource.Resource],
    *,
    address: str | None,
    port: int,
    reactor: Any = None,
    dashboard: Ask | None = None,
) -> TCPServer:
    """A service that serves pages.

    Args:
        pages: The pages, by path.
        address: As for :func:`monitor_service`.
        port: As for :func:`monitor_service`.
        reactor: As for :func:`monitor_service`.
        dashboard: Returns what the dashboard shows. None means there is none.
    """
    clock = global_clock() if reactor is None else reactor
    closing: Callable[[], None] = _nothing
    if dashboard is not None:
        from ._dashboard.events import Feed
        from ._dashboard.page import Page

        feed = Feed(dashboard, clock)
        closing = feed.close
        pages = {**pages, "": Page(), "events": feed}
    root = resource.Resource()
    for path, page in pages.items():
        root.putChild(path.encode(), page)  # type: ignore[arg-type]
    site = server.Site(root)
    site.noisy = False
    options = {} if reactor is None else {"reactor": reactor}
    monitor = _Monitor(port, LimitedConnections(site, clock), interface=address or "", **options)  # type: ignore[no-untyped-call]
    monitor.closing = closing
    return monitor


def _nothing() -> None:
    """Where no stream of events is to be ended."""
