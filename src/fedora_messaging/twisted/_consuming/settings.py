# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How consumers behave, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..._core.delivery import Policy
from ..._core.observer import Observer, guarded
from ..._core.topology import Exchange

__all__ = ["ConsumerSettings"]


@dataclass(frozen=True)
class ConsumerSettings:
    """How consumers behave; each field is the configuration key of its name, times in seconds."""

    exchanges: tuple[Exchange, ...] = ()
    passive_declares: bool = False
    prefetch_count: int = 10
    nack_policy: Policy = field(default_factory=Policy)
    backoff_base: float = 0.5
    backoff_cap: float = 8.0
    stable: float = 5.0
    declare_timeout: float = 90.0
    ack_timeout: float = 1800.0
    observer: Observer | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "observer", guarded(self.observer))
