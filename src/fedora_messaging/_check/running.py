# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Passes through the stages of a check, as far as each makes sense after the one before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from ..config import Config
from ..exceptions import ConfigurationException, ConnectionException, excerpt
from ..twisted._callbacks.calling import resolve
from ..twisted._clock import global_clock
from ..twisted._connection.brokers import Broker
from ..twisted._from_config import brokers
from ..twisted.protocol import FedoraMessagingProtocol
from .configuration import check_configuration, check_files
from .findings import STAGES, Finding, Report
from .network import addresses_of, reachable
from .packages import check_callbacks, check_schemas, installed_schemas
from .probe import Probe
from .releases import check_release
from .rights import check_declaring, check_publishing, check_rights
from .session import log_in, text_of
from .tls import certificate_at, check_own_certificate, check_tls, context_for
from .topology import check_exchanges, check_queues

__all__ = ["run_stages"]

_OF_BROKER = frozenset(STAGES[STAGES.index("DNS") :])


async def run_stages(
    config: Config | Mapping[str, Any], wanted: frozenset[str], where: str, timeout: float, reactor: Any
) -> list[Finding]:
    """Run a check; see :func:`fedora_messaging.check.run`."""
    report = Report()
    reactor = global_clock() if reactor is None else reactor
    parsed: Config | None
    if isinstance(config, Config):
        parsed = config
        check_files(report, config)
    else:
        parsed = check_configuration(report, config, where)
    if "schemas" in wanted:
        check_schemas(report, installed_schemas())
    if parsed is None:
        return report.findings
    if "callback" in wanted:
        check_callbacks(report, parsed, resolve)
    if wanted & _OF_BROKER:
        await _Brokers(report, parsed, wanted, timeout, reactor).check()
    return report.findings


class _Brokers:
    """The stages that need a broker."""

    def __init__(
        self, report: Report, config: Config, wanted: frozenset[str], timeout: float, reactor: Any
    ) -> None:
        self._report = report
        self._config = config
        self._wanted = wanted
        self._timeout = timeout
        self._reactor = reactor
        #: The stage that is tried on an open connection.
        self._at = "exchanges"

    async def check(self) -> None:
        """Check all brokers, and what is on the first that lets this client in."""
        if not check_own_certificate(self._report, self._config.tls):
            self._report.stop()
            return
        try:
            known = brokers(self._config)
        except ConfigurationException as error:
            self._report.problem("TLS", error.message, "correct the key, or the file that it names")
            self._report.stop()
            return
        connection = None
        for broker in known:
            made = await self._connected(broker)
            if made is None:
                self._report.stop()
            elif connection is None:
                connection, address = made, broker.address
            else:
                await made.close()
        if connection is not None:
            try:
                await self._on_broker(connection, address)
            except ConnectionException as error:
                self._report.problem(self._at, excerpt(error), "the broker's log says more")
                self._report.stop()
            finally:
                await connection.close()

    async def _connected(self, broker: Broker) -> FedoraMessagingProtocol | None:
        report, address, timeout = self._report, broker.address, self._timeout
        found = await addresses_of(report, address, self._reactor, timeout)
        if not found:
            return None
        open_ones = await reachable(report, address, found, self._reactor, timeout)
        if not open_ones:
            return None
        if address.tls:
            context = context_for(report, broker.parameters, self._config.tls)
            if context is None:
                return None
            # In a Report of its own, since it is in another thread.
            own = Report()
            fit = await self._in_thread(check_tls, own, address, open_ones[0], context, timeout)
            report.findings += own.findings
            if not fit:
                return None

        async def speaks_tls() -> bool:
            return await self._in_thread(certificate_at, open_ones[0], address, timeout) is not None

        bounded = replace(self._config, handshake_timeout=min(self._config.handshake_timeout, timeout))
        return await log_in(report, broker, bounded, self._reactor, speaks_tls)

    def _in_thread(self, function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *arguments)

    async def _on_broker(self, connection: FedoraMessagingProtocol, address: Any) -> None:
        report, config, wanted = self._report, self._config, self._wanted
        server = connection.server_properties
        check_release(report, config, text_of(server, "product"), text_of(server, "version"))
        if not wanted & _OF_BROKER - {"DNS", "TCP", "TLS", "handshake", "login", "vhost"}:
            return
        probe = Probe(connection, self._reactor, self._timeout)
        exchanges = await check_exchanges(report, config, probe)
        self._at = "queues"
        queues = await check_queues(report, config, probe)
        if "rights" in wanted:
            self._at = "rights"
            await check_rights(report, config, probe, address, exchanges, queues)
        if "declare" in wanted:
            self._at = "declare"
            await check_declaring(report, config, probe, address, exchanges, queues)
        if "publish" in wanted:
            self._at = "publish"
            await check_publishing(report, config, connection, self._reactor, self._timeout)
