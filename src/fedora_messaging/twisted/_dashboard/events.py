# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The stream of events behind the dashboard (https://html.spec.whatwg.org/multipage/server-sent-events.html).

A snapshot is taken once a second while somebody looks, and written to all who look. Nothing is kept for who
reads slowly: what the transport's buffer does not take is left out, and who takes nothing for long is cut.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from twisted.web import resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from ..._config.model import RESERVED
from ..._core.clock import Clock
from ..._metrics.dashboard import view
from ..._metrics.history import History
from ..._metrics.snapshot import Snapshot
from ..._metrics.status import Status
from ..._reporting.log import SafeLog
from ..._reporting.loggers import MAIN

if TYPE_CHECKING:
    from twisted.web.http import Request

__all__ = ["MOST_VIEWERS", "Ask", "Feed"]

_log = SafeLog(MAIN)

#: How many may look at a time: each takes one of the connections that probes need, too.
MOST_VIEWERS = 20
#: Seconds between snapshots, and how many of them a viewer may miss in a row.
_PERIOD, _MOST_MISSED = 1.0, 5

_VERSION = RESERVED["version"].rpartition("-")[2]

#: Returns the metrics, and what each worker is, by its name: "" for a process without workers.
Ask: TypeAlias = Callable[[], Deferred[tuple[Snapshot, Mapping[str, Status]]]]


@implementer(IPushProducer)
class _Viewer:
    """One request for the events."""

    def __init__(self, request: Request, gone: Callable[[_Viewer], None]) -> None:
        self._request = request
        self._gone = gone
        self._paused = False
        self._missed = 0
        request.notifyFinish().addBoth(lambda _: self.stopProducing())
        request.registerProducer(self, True)

    def send(self, event: bytes) -> None:
        """Write an event, unless what was written before has not left yet."""
        if not self._paused:
            self._missed = 0
            self._request.write(event)
            return
        self._missed += 1
        if self._missed >= _MOST_MISSED:
            self.cut()

    def cut(self) -> None:
        """End the connection, without waiting until what was written has left."""
        self.stopProducing()
        transport: Any = self._request.transport
        transport.abortConnection()

    def pauseProducing(self) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IPushProducer`. The buffer is full."""
        self._paused = True

    def resumeProducing(self) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IPushProducer`. The buffer is empty."""
        self._paused = False

    def stopProducing(self) -> None:
        """Twisted's; see :class:`twisted.internet.interfaces.IProducer`. The connection is gone."""
        self._gone(self)


class Feed(resource.Resource):
    """The page of the events.

    Args:
        ask: Returns what is shown.
        clock: The source of time.
        wall: The wall clock, in seconds since 1970.
    """

    isLeaf = True

    def __init__(self, ask: Ask, clock: Clock, wall: Callable[[], float] = time.time) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ask = ask
        self._clock = clock
        self._wall = wall
        self._history = History()
        self._viewers: dict[_Viewer, None] = {}
        self._last = b""
        self._loop = LoopingCall(self._tick)
        cast(Any, self._loop).clock = clock

    def render_HEAD(self, request: Request) -> bytes:
        """See :class:`twisted.web.resource.Resource`; the stream itself has no end."""
        self._set_headers(request)
        return b""

    def render_GET(self, request: Request) -> bytes | int:
        """See :class:`twisted.web.resource.Resource`."""
        if len(self._viewers) >= MOST_VIEWERS:
            request.setResponseCode(503)
            request.setHeader(b"content-type", b"text/plain; charset=utf-8")
            request.setHeader(b"retry-after", b"10")
            return b"%d others look at this dashboard already, and more may not.\n" % MOST_VIEWERS
        self._set_headers(request)
        viewer = _Viewer(request, self._gone)
        self._viewers[viewer] = None
        if self._loop.running:
            viewer.send(self._last)
        else:
            self._loop.start(_PERIOD)
        return NOT_DONE_YET

    def close(self) -> None:
        """Cut all who look."""
        for viewer in list(self._viewers):
            viewer.cut()

    def _set_headers(self, request: Request) -> None:
        request.setHeader(b"content-type", b"text/event-stream")
        request.setHeader(b"cache-control", b"no-store")
        request.setHeader(b"x-accel-buffering", b"no")  # nginx would keep the events back

    def _gone(self, viewer: _Viewer) -> None:
        self._viewers.pop(viewer, None)
        if not self._viewers and self._loop.running:
            self._loop.stop()
            self._last = b""

    def _tick(self) -> Deferred[None]:
        return self._ask().addCallback(self._answered).addErrback(self._failed)

    def _answered(self, answer: tuple[Snapshot, Mapping[str, Status]]) -> None:
        snapshot, statuses = answer
        self._history.add(self._clock.seconds(), snapshot)
        data = view(self._history, snapshot, statuses, now=self._wall(), version=_VERSION)
        self._last = b"data: %s\n\n" % json.dumps(data, separators=(",", ":")).encode()
        for viewer in list(self._viewers):
            viewer.send(self._last)

    def _failed(self, failure: Any) -> None:
        _log.error("The dashboard has nothing to show: %s", failure.value, error=failure.value)
        self.close()
