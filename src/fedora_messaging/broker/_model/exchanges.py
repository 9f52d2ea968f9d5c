# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Exchanges and their bindings: which destinations a routing key, or a message's headers, lead to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from .._wire.errors import AMQPError, kind_in_vhost, precondition
from .._wire.fields import Field, Table, write_table
from .emulation import Emulation
from .topic import TopicPatterns

CACHE_SIZE = 4096


class Destination(Protocol):
    """What a binding leads to: a queue or another exchange."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def type(self) -> str:
        """The type of exchange or queue."""


class Binding(NamedTuple):
    """A binding; two are the same when all fields are equal."""

    destination: Destination
    routing_key: str
    arguments: bytes


def _binding(destination: Destination, routing_key: str, arguments: Table) -> Binding:
    return Binding(destination, routing_key, write_table(dict(sorted(arguments.items()))))


class Exchange:
    """An exchange; subclasses decide where a message goes.

    Attributes:
        bindings: the bindings this exchange is the source of, each with its arguments.
    """

    type = ""

    def __init__(
        self,
        name: str,
        *,
        durable: bool = True,
        auto_delete: bool = False,
        internal: bool = False,
        arguments: Table | None = None,
    ) -> None:
        self.name = name
        self.durable = durable
        self.auto_delete = auto_delete
        self.internal = internal
        self.arguments: Table = arguments or {}
        self.bindings: dict[Binding, Table] = {}
        self._cache: dict[str, list[Destination]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @property
    def alternate(self) -> str | None:
        """The name of the exchange that gets what this one cannot route."""
        field = self.arguments.get("alternate-exchange")
        return field.text if field is not None else None

    def bind(self, destination: Destination, routing_key: str, arguments: Table) -> None:
        """Add a binding; one that exists is not an error."""
        binding = _binding(destination, routing_key, arguments)
        if binding not in self.bindings:
            self._check(destination, routing_key, arguments)
            self.bindings[binding] = arguments
            self._cache.clear()
            self._bound(binding, arguments)

    def unbind(self, destination: Destination, routing_key: str, arguments: Table) -> bool:
        """Remove a binding. Return whether it existed."""
        return self._remove(_binding(destination, routing_key, arguments))

    def forget(self, destination: Destination) -> bool:
        """Remove all bindings to a destination. Return whether there were any."""
        gone = [binding for binding in self.bindings if binding.destination is destination]
        for binding in gone:
            self._remove(binding)
        return bool(gone)

    def match(self, keys: Iterable[str], headers: Table) -> list[Destination]:
        """Return the destinations of a message."""
        if isinstance(keys, tuple) and len(keys) == 1:
            key = keys[0]
            found = self._cache.get(key)
            if found is None:
                if len(self._cache) >= CACHE_SIZE:
                    self._cache.clear()
                found = self._cache[key] = self._match(key)
            return found
        return list(dict.fromkeys(destination for key in keys for destination in self._match(key)))

    def _remove(self, binding: Binding) -> bool:
        arguments = self.bindings.pop(binding, None)
        if arguments is None:
            return False
        self._cache.clear()
        self._unbound(binding, arguments)
        return True

    def _check(self, destination: Destination, routing_key: str, arguments: Table) -> None:
        """Raise AMQPError for a binding that this type of exchange cannot have."""

    def _bound(self, binding: Binding, arguments: Table) -> None:
        """Index a new binding."""
        raise NotImplementedError

    def _unbound(self, binding: Binding, arguments: Table) -> None:
        """Remove a binding from the index."""
        raise NotImplementedError

    def _match(self, key: str) -> list[Destination]:
        """Return the destinations of one routing key."""
        raise NotImplementedError


class DirectExchange(Exchange):
    type = "direct"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._keys: dict[str, dict[Binding, None]] = {}

    def _bound(self, binding: Binding, arguments: Table) -> None:
        self._keys.setdefault(binding.routing_key, {})[binding] = None

    def _unbound(self, binding: Binding, arguments: Table) -> None:
        del self._keys[binding.routing_key][binding]
        if not self._keys[binding.routing_key]:
            del self._keys[binding.routing_key]

    def _match(self, key: str) -> list[Destination]:
        return list(dict.fromkeys(binding.destination for binding in self._keys.get(key, ())))


class FanoutExchange(Exchange):
    type = "fanout"

    def _bound(self, binding: Binding, arguments: Table) -> None:
        pass

    def _unbound(self, binding: Binding, arguments: Table) -> None:
        pass

    def _match(self, key: str) -> list[Destination]:
        return list(dict.fromkeys(binding.destination for binding in self.bindings))


class TopicExchange(Exchange):
    type = "topic"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._patterns: TopicPatterns[Destination] = TopicPatterns()

    def _bound(self, binding: Binding, arguments: Table) -> None:
        self._patterns.add(binding.routing_key, binding.destination)

    def _unbound(self, binding: Binding, arguments: Table) -> None:
        self._patterns.discard(binding.routing_key, binding.destination)

    def _match(self, key: str) -> list[Destination]:
        return self._patterns.match(key)


class LocalRandomExchange(FanoutExchange):
    """An exchange that sends each message to one of its classic queues, chosen at random."""

    type = "x-local-random"

    def _check(self, destination: Destination, routing_key: str, arguments: Table) -> None:
        if routing_key:
            raise precondition(f"Non empty binding '{routing_key}' key not permitted")
        if isinstance(destination, Exchange):
            raise precondition("Destination not found")
        if destination.type != "classic":
            raise precondition(f"Queue type rabbit_{destination.type}_queue not valid for this exchange type")

    def match(self, keys: Iterable[str], headers: Table) -> list[Destination]:
        found = super().match(("",), headers)
        return [random.choice(found)] if found else []


class HeadersExchange(Exchange):
    type = "headers"
    #: Whether a value of another AMQP type can be equal.
    typed = True

    def _check(self, destination: Destination, routing_key: str, arguments: Table) -> None:
        match = arguments.get("x-match")
        if match is None:
            return
        if match.kind != b"S":
            raise precondition(
                f"Invalid x-match field type {match.kind!r} (value {match.text}); expected longstr"
            )
        if match.text not in _MATCHES:
            raise precondition(
                f'Invalid x-match field value <<"{match.text}">>; '
                "expected all, any, all-with-x, or any-with-x"
            )

    def _bound(self, binding: Binding, arguments: Table) -> None:
        pass

    def _unbound(self, binding: Binding, arguments: Table) -> None:
        pass

    def match(self, keys: Iterable[str], headers: Table) -> list[Destination]:
        found = (b.destination for b, arguments in self.bindings.items() if self._fits(arguments, headers))
        return list(dict.fromkeys(found))

    def _fits(self, wanted: Table, headers: Table) -> bool:
        mode = wanted["x-match"].text if "x-match" in wanted else "all"
        with_x = mode.endswith("-with-x")
        checks = [
            name in headers and self._equal(value, headers[name])
            for name, value in wanted.items()
            if name != "x-match" and (with_x or not name.startswith("x-"))
        ]
        return any(checks) if mode.startswith("any") else all(checks)

    def _equal(self, wanted: Field, found: Field) -> bool:
        if wanted.kind == b"V":
            return True
        if self.typed and wanted.kind != found.kind:
            return False
        return wanted.family == found.family and wanted.value == found.value


class AnyHeadersExchange(HeadersExchange):
    """A headers exchange that compares numbers by value, whatever their width."""

    typed = False


_MATCHES = ("all", "any", "all-with-x", "any-with-x")
TYPES: dict[str, type[Exchange]] = {
    cls.type: cls
    for cls in (DirectExchange, FanoutExchange, TopicExchange, HeadersExchange, LocalRandomExchange)
}


def exchange_class(type_name: str, emulation: Emulation) -> type[Exchange]:
    """Return the class of exchanges of a type.

    Raises:
        AMQPError: 503 or 406, by release: there is no such type.
    """
    if type_name not in TYPES or (type_name == LocalRandomExchange.type and not emulation.local_random):
        code = 503 if emulation.unknown_type_ends else 406
        raise AMQPError(code, f"unknown exchange type '{type_name}'")
    cls = TYPES[type_name]
    return AnyHeadersExchange if cls is HeadersExchange and not emulation.typed_headers else cls


def words(value: object) -> str:
    """Format an attribute's value as in RabbitMQ's error texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_equivalent(
    kind: str, name: str, vhost: str, received: dict[str, object], current: dict[str, object]
) -> None:
    """Check that a declaration is equivalent to what exists.

    Raises:
        AMQPError: 406, at the first attribute that differs.
    """
    for key, value in received.items():
        if value != current[key]:
            raise precondition(
                f"inequivalent arg '{key}' for {kind_in_vhost(kind, name, vhost)}: "
                f"received '{words(value)}' but current is '{words(current[key])}'"
            )
