# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Two pages over HTTP for whoever watches the process: is it alive, is it doing its work.

They show states and counts, nothing else, so that they may be public: the probes of a container platform
come from outside the container.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from twisted.application.internet import TCPServer
from twisted.internet.error import CannotListenError
from twisted.web import resource, server

from ..exceptions import ConfigurationException
from ._clock import global_clock
from ._http_limits import LimitedConnections
from .consumer import Consumer
from .stats import FactoryStatistics

if TYPE_CHECKING:
    from twisted.web.http import Request

__all__ = ["monitor_service"]


class Watched(Protocol):
    """What is shown of a service."""

    @property
    def consuming(self) -> bool:
        """Whether there are consumers, and all of them are consuming."""

    @property
    def ready(self) -> bool:
        """Whether everything that is to consume does."""

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """The consumers."""

    @property
    def stats(self) -> FactoryStatistics:
        """What has been published and consumed."""


class _Page(resource.Resource):
    """A state, as JSON."""

    isLeaf = True

    def __init__(self, watched: Watched) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._watched = watched

    def status(self) -> int:
        """The HTTP status."""
        return 200

    def render_GET(self, request: Request) -> bytes:
        """See :class:`twisted.web.resource.Resource`."""
        request.setResponseCode(self.status())
        request.setHeader(b"content-type", b"application/json")
        request.setHeader(b"cache-control", b"no-store")
        state: dict[str, Any] = {
            "consuming": self._watched.consuming,
            **self._watched.stats.as_dict(),
        }
        named = {consumer.name: consumer for consumer in self._watched.consumers if consumer.name}
        if named:
            state["consumers"] = {
                name: {"state": consumer.state, **consumer.stats.as_dict()}
                for name, consumer in named.items()
            }
        return json.dumps(state).encode() + b"\n"


class _Live(_Page):
    """200: the process answers. Whether the broker does is not its fault."""


class _Ready(_Page):
    """200: everything that is to consume does, or there is nothing to consume. 503 otherwise."""

    def status(self) -> int:
        return 200 if self._watched.ready else 503


#: The pages, by path.
PAGES = {"live": _Live, "ready": _Ready}


class _Monitor(TCPServer):
    """An HTTP server that says in one line why it cannot listen."""

    def privilegedStartService(self) -> None:
        self._listening(super().privilegedStartService)

    def startService(self) -> None:
        self._listening(super().startService)

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
    """A service that serves ``/live`` and ``/ready``.

    Args:
        fm_service: What is watched: a
            :class:`~fedora_messaging.twisted.service.FedoraMessagingService`.
        address: The address to listen on; None or "": all interfaces.
        port: The TCP port; 0: any free one.
        reactor: The reactor to listen with; None: the global one.

    Returns:
        A Twisted service. Starting it is a ConfigurationException when the port is in use.
    """
    root = resource.Resource()
    for path, page in PAGES.items():
        root.putChild(path.encode(), page(fm_service))  # type: ignore[arg-type]
    site = server.Site(root)
    site.noisy = False
    limited = LimitedConnections(site, global_clock() if reactor is None else reactor)
    options = {} if reactor is None else {"reactor": reactor}
    return _Monitor(port, limited, interface=address or "", **options)  # type: ignore[no-untyped-call]
