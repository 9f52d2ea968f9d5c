# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""pika's Twisted adapter, and the work-arounds for its defects.

This is the only module that imports the adapter, so that it can be replaced. Importing it installs the global
reactor (the adapter does), so the rest of the package imports it when it is needed.

What is worked around, each with a test, here and in
:mod:`~fedora_messaging.twisted._connection.connection`: the adapter

- waits for ever for a peer that does not close;
- replaces the reason of a close by "connection done", and that of a refused login by a generic one;
- has no time-out for the handshake, and no bound on the size of input frames;
- notices a silent peer after up to twice the time that it should;
- lets KeyError and struct.error out of ``dataReceived``;
- leaves Nagle's algorithm on;
- has no channels that keep the bytes of properties.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pika.connection
from pika import frame, spec
from pika.adapters.twisted_connection import TwistedProtocolConnection, _TwistedConnectionAdapter
from pika.compat import as_bytes
from pika.exceptions import ConnectionClosedByBroker, StreamLostError

from ..._amqp import frames
from ..._amqp.client_properties import encode_client_properties
from ..._core.clock import Clock
from ...exceptions import ConnectionException, PermissionException, from_wire
from .channels import Channels
from .handshake import login_not_offered, other_version, unacceptable
from .pika_log import pika_log
from .secret import Secrets

__all__ = ["Adapter", "TwistedProtocolConnection"]


class Owner(Protocol):
    """What the adapter calls of the connection that it belongs to."""

    def opened_by_broker(self, connection: Any) -> None:
        """The handshake is complete."""

    def not_opened(self, connection: Any, error: Exception) -> None:
        """The transport was lost before the handshake was complete."""

    def not_open_any_more(self, connection: Any, error: Exception) -> None:
        """The transport was lost after the handshake was complete."""

    def closed_by_broker(self, code: int, text: str) -> None:
        """The broker sent ``connection.close``."""

    def blocked_by_broker(self, reason: str | None) -> None:
        """The broker has blocked the connection (``connection.blocked``), or (None) unblocked it."""

    def close_transport(self, error: Exception | None) -> None:
        """The transport is no longer needed, and to be closed; ``error`` says why."""

    def abort(self, text: str, cause: Exception | None = None) -> None:
        """Drop the connection, for the reason ``text``."""


class Adapter(_TwistedConnectionAdapter):
    """pika's connection, with our reader of frames and our handling of how a connection ends.

    Args:
        owner: Notified of events.
        parameters: pika's parameters.
        clock: The source of time.
        secrets: Given the answers to ``connection.update-secret``.

    Attributes:
        reader: Splits what arrives into frames.
        channels: Our channels on the connection.
    """

    def __init__(
        self, owner: Owner, parameters: pika.connection.Parameters | None, clock: Clock, secrets: Secrets
    ) -> None:
        super().__init__(
            parameters=parameters,
            on_open_callback=owner.opened_by_broker,
            on_open_error_callback=owner.not_opened,
            on_close_callback=owner.not_open_any_more,
            custom_reactor=clock,
        )
        self._owner = owner
        self._secrets = secrets
        self.reader = frames.FrameReader(self._pika_frame, lambda: None)
        self.channels = Channels(self, self.reader.sinks, clock)
        self.add_on_connection_blocked_callback(
            lambda _, frame: owner.blocked_by_broker(from_wire(frame.method.reason or "no reason"))
        )
        self.add_on_connection_unblocked_callback(lambda _, frame: owner.blocked_by_broker(None))

    @property
    def broker(self) -> str:
        """The broker's product and version as it names them in the handshake; "" before that."""
        named = self.server_properties or {}
        return " ".join(from_wire(named[key])[:100] for key in ("product", "version") if named.get(key))

    def _pika_frame(self, data: bytes) -> None:
        if not self.channels.is_pikas(int.from_bytes(data[1:3], "big")):
            return
        what = "decoded"
        try:
            value = frame.decode_frame(data)[1]
            assert value is not None
            method = getattr(value, "method", None)
            what = f"handled ({(method or value).NAME})"
            if isinstance(method, spec.Connection.UpdateSecretOk):
                self._secrets.accepted()
                return
            with pika_log.ours():
                self._process_frame(value)
        except frames.CorruptFrame:
            raise
        except Exception as error:  # pika has no error of its own for what it does not expect
            raise frames.CorruptFrame(
                f"a frame cannot be {what}: {type(error).__name__}: {error}"[:200]
            ) from error

    def _adapter_call_later(self, delay: float, callback: Callable[..., None]) -> Any:
        return super()._adapter_call_later(delay, pika_log.within(callback))

    def _on_connection_tune(self, method_frame: Any) -> None:
        offered = method_frame.method
        problem = unacceptable(offered.channel_max, offered.frame_max)
        if problem is None:
            super()._on_connection_tune(method_frame)
        else:
            self._owner.abort(problem, ConnectionException(reason=problem))

    def _on_data_available(self, data_in: bytes) -> None:
        self.bytes_received += len(data_in)
        self.reader.feed(data_in)

    def _create_heartbeat_checker(self) -> None:
        return None  # the connection has its own

    def _on_connection_start(self, method_frame: Any) -> None:
        # pika would log a traceback, and not say what the broker offers.
        credentials, start = self.params.credentials, method_frame.method
        wrong_version = other_version(start.version_major, start.version_minor)
        if wrong_version is not None:
            self._owner.abort(wrong_version)
        elif credentials.response_for(start)[0] is None:
            offered = as_bytes(start.mechanisms).decode("utf-8", "replace")
            problem = login_not_offered(credentials.TYPE, offered)
            self._owner.abort(problem, PermissionException("connection", None, problem))
        else:
            super()._on_connection_start(method_frame)

    def _send_connection_start_ok(self, authentication_type: str, response: bytes | None) -> None:
        # pika cannot encode floating point numbers and big integers.
        table = encode_client_properties(self._client_properties)
        method = spec.Connection.StartOk(None, authentication_type, response, self.params.locale)
        rest = b"".join(method.encode())[4:]  # without the length of the empty table
        method.encode = lambda: [table, rest]  # type: ignore[method-assign]
        self._send_method(0, method)

    def _on_connection_close_from_broker(self, method_frame: Any) -> None:
        self._owner.closed_by_broker(method_frame.method.reply_code, method_frame.method.reply_text)
        super()._on_connection_close_from_broker(method_frame)

    def _adapter_disconnect_stream(self) -> None:
        self._owner.close_transport(self._error)

    def connection_lost(self, error: Any) -> None:
        self._transport = None
        if self._error is None:
            self._error = error.value
        if not self._opened and isinstance(self._error, (StreamLostError, ConnectionClosedByBroker)):
            # Otherwise pika logs a guess at the reason, which is known here.
            self._error = ConnectionError(str(self._error))
        # None: keep the reason that stands in _error.
        self._on_stream_terminated(None)
