# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks everything that publishing and consuming need, from the configuration to the permissions.

>>> from fedora_messaging import check
>>> checking = check.run({"amqp_url": "amqps://rabbitmq.example.org/%2Fpublic"})  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._check.findings import LEVELS, OPTIONAL, STAGES, Finding
from .config import Config

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

__all__ = ["LEVELS", "OPTIONAL", "STAGES", "Finding", "run"]


def run(
    config: Config | Mapping[str, Any],
    stages: Iterable[str] | None = None,
    *,
    where: str = "the configuration",
    timeout: float = 10.0,
    reactor: Any = None,
) -> Deferred[list[Finding]]:
    """Check a configuration, what is installed, and the brokers.

    Nothing durable is declared, no message is consumed, and none is published unless ``"publish"`` is among
    the stages. If a stage fails, the stages after it are not tried. Schema packages and callbacks
    are imported, in the reactor's thread.

    Args:
        config: The configuration: a parsed one, or a mapping with the keys of the configuration file.
        stages: The :data:`STAGES` to check. None means all but those in :data:`OPTIONAL`. To reach a
            stage, the check also goes through those from "DNS" to "vhost" that come before it.
        where: Where the configuration comes from, for the texts.
        timeout: The time limit for each step, in seconds.
        reactor: Twisted's reactor. None means the global one.

    Returns:
        A Deferred that fires with the findings, in order. It does not fail if a check fails.

    Raises:
        ValueError: There is no such stage.
    """
    wanted = [each for each in STAGES if each not in OPTIONAL] if stages is None else list(stages)
    unknown = [each for each in wanted if each not in STAGES]
    if unknown:
        raise ValueError(f"there is no stage {unknown[0]!r}; the stages are: {', '.join(STAGES)}")
    from twisted.internet.defer import Deferred

    from ._check.running import run_stages

    return Deferred.fromCoroutine(run_stages(config, frozenset(wanted), where, timeout, reactor))
