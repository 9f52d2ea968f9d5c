# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What was negotiated with one client: its user, its virtual host, its limits and its heartbeats."""

from __future__ import annotations

import logging

from .._model.vhost import VirtualHost
from .._wire.errors import refused
from .._wire.fields import Table
from .heartbeat import Heartbeat
from .link import Link
from .ports import Broker

_log = logging.getLogger("fedora_messaging.broker")


class Session(Link):
    """A connection with what the handshake has negotiated.

    Attributes:
        user: the name of the user who logged in.
        vhost: the virtual host that was opened.
        client_properties: what the client says of itself.
        channel_max: the highest channel number.
        frame_max: the largest frame in bytes.
    """

    vhost: VirtualHost

    def __init__(self, broker: Broker) -> None:
        super().__init__(broker)
        self.user = ""
        self.client_properties: Table = {}
        self.channel_max = 0
        self.frame_max = broker.emulation.frame_min

    def check(self, action: str, kind: str, name: str) -> None:
        """Check a permission of the user.

        Raises:
            AMQPError: 403, the user lacks the permission.
        """
        user = self.broker.users.get(self.user)
        if user is not None and user.permissions is None:
            return
        if user is None or not user.may(action, self.vhost.name, name):
            where = f"{kind} '{name or 'amq.default'}' in vhost '{self.vhost.name}'"
            raise refused(f"{action} access to {where} refused for user '{self.user}'")

    def check_any(self, kind: str, name: str) -> None:
        """Check that the user has any permission for an exchange or queue.

        Raises:
            AMQPError: 403, the user has no permission for it.
        """
        user = self.broker.users.get(self.user)
        if user is None or not any(
            user.may(action, self.vhost.name, name) for action in ("configure", "write", "read")
        ):
            self.check("configure", kind, name)

    def tuned(self, channel_max: int, frame_max: int, heartbeat: int) -> None:
        """Apply the limits that were negotiated."""
        self.channel_max = channel_max
        self.frame_max = self._frames.limit = frame_max
        if heartbeat:
            self._heartbeat = Heartbeat(self.broker.clock, heartbeat, self._beat, self._heartbeats_missed)

    def opened(self, vhost: VirtualHost) -> None:
        """Enter a virtual host."""
        self.vhost = vhost
        self._cancel_timer()
        _log.info("%s: user %s, vhost %s", self.peer, self.user, vhost.name)

    def _heartbeats_missed(self) -> None:
        _log.info("%s: missed heartbeats", self.peer)
        self.abort()
