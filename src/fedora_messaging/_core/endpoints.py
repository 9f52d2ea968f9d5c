# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which of several brokers to try next, and when to wait before trying any again. Sans-I/O."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from .lifecycle import CloseReason

__all__ = ["FAILOVER", "Endpoints"]

#: In which order a round tries the brokers.
FAILOVER = ("shuffle", "in-order")


class Endpoints:
    """The brokers that a connection may lead to, known by their index, and the round in progress.

    A round tries each broker once, one right after the other. When it is over, the caller waits (a back-off)
    before :meth:`take` begins another. The broker that was connected to stays the present one until that
    connection is lost: then the others are tried at once, in a round of their own, but only if the round
    before began long enough ago. So a connection that is lost again and again does not do without delays.

    A broker whose host name has several addresses is tried once for each of them. Twisted's endpoints try
    addresses until one of them accepts the TCP connection; a broker that was reached at one address, and
    could not be used, is tried at its others before the round is over.

    Args:
        count: How many brokers there are.
        failover: "shuffle": each round has an order of its own; "in-order": that of the brokers.
        interval: Seconds that a round which a lost connection begins must be after the round before.
        shuffle: Shuffles a list in place; tests pass their own.

    Attributes:
        count: How many brokers there are.
        current: The broker that is connected to, or was tried last.
    """

    def __init__(
        self,
        count: int,
        failover: str = "shuffle",
        interval: float = 8.0,
        shuffle: Callable[[list[int]], None] = random.shuffle,
    ) -> None:
        self.count = count
        self._interval = interval
        self._shuffle = shuffle if failover == "shuffle" else lambda _: None
        self.current = 0
        #: The brokers that are still to be tried in this round, in order.
        self._left: list[int] = []
        self._began: float | None = None
        self._refused: set[int] = set()
        #: The addresses of each host name, as resolved last, and those that this round does not try again.
        self._known: dict[int, frozenset[str]] = {}
        self._used: dict[int, set[str]] = {}
        #: Where the present broker accepted a TCP connection.
        self._address: str | None = None

    @property
    def more(self) -> bool:
        """Whether the round is not over: the next broker is to be tried without a pause."""
        return bool(self._left)

    @property
    def upcoming(self) -> int | None:
        """The broker that is tried next; None when the round is over."""
        return self._left[0] if self._left else None

    @property
    def has_others(self) -> bool:
        """Whether there is another broker to connect to, by its name or by an address.

        One address of each family may be one host, as "localhost" is; several of one family are several.
        """
        if self.count > 1:
            return True
        known = self._known.get(self.current, ())
        if len(known) < 2:
            return False
        newer = sum(":" in address for address in known)
        return max(newer, len(known) - newer) > 1

    @property
    def all_refused(self) -> bool:
        """Whether each of the brokers has refused the login, or TLS, since the last pause."""
        return len(self._refused) == self.count

    def take(self, now: float) -> int:
        """Begin an attempt; a round that is over is followed by a new one with all brokers.

        Args:
            now: The present time, in seconds.

        Returns:
            The broker to try.
        """
        if not self._left:
            self._refused.clear()
            self._begin(now, range(self.count))
        self.current = self._left.pop(0)
        self._address = None
        return self.current

    def choose(self, addresses: Sequence[str]) -> list[str]:
        """Say which addresses to try of the present broker, whose name has been resolved.

        Args:
            addresses: All that it has, in the resolver's order.

        Returns:
            Those that were not used up in this round, in the same order; all of them when none is left.
        """
        self._known[self.current] = frozenset(addresses)
        used = self._used.get(self.current, ())
        return [address for address in addresses if address not in used] or list(addresses)

    def reached(self, address: str | None) -> None:
        """The present broker has accepted a TCP connection at this address."""
        self._address = address

    def failed(self, *, refused: bool = False) -> None:
        """The attempt has failed before the connection was open.

        Args:
            refused: The broker refused the login, or TLS: none of its addresses is tried before a pause.
        """
        self._drop_current()
        if refused:
            self._refused.add(self.current)
        else:
            self._try_other_addresses()

    def weigh(self, reason: CloseReason, name_of: Callable[[int], str]) -> CloseReason:
        """Note that the attempt has failed, and say what that comes to.

        Args:
            reason: Why it failed.
            name_of: Names a broker, for texts.

        Returns:
            The reason; but of several brokers one that refuses counts as one that is not there, until each
            has refused.
        """
        refused = reason.refused_login or reason.refused_tls
        self.failed(refused=refused)
        if not refused or self.count == 1:
            return reason
        if self.more or not self.all_refused:
            return reason.passing
        return replace(reason, peer=" or ".join(name_of(index) for index in range(self.count)))

    def lost(self, now: float) -> None:
        """The open connection was lost: the others are next.

        Args:
            now: The present time, in seconds.
        """
        self._drop_current()
        if self._began is None or now - self._began > self._interval:
            others = set(range(self.count)) - self._refused - {self.current}
            self._begin(now, sorted(others))
        self._try_other_addresses()

    def _begin(self, now: float, brokers: Sequence[int]) -> None:
        self._began = now
        self._left = list(brokers)
        self._shuffle(self._left)
        self._used.clear()

    def _drop_current(self) -> None:
        self._refused.discard(self.current)
        self._left = [each for each in self._left if each != self.current]

    def _try_other_addresses(self) -> None:
        """Where the present broker was reached is used up; if it has other addresses, they come last."""
        address, self._address = self._address, None
        used = self._used.setdefault(self.current, set())
        if address is None or address in used:
            return
        used.add(address)
        known = self._known.get(self.current, frozenset())
        # The resolver may answer with others each time, so their number counts too.
        if len(used) < len(known) and not used >= known:
            self._left.append(self.current)
