# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Exchanges, queues and bindings: dictionaries of the configuration become frozen values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = [
    "Binding",
    "Exchange",
    "Queue",
    "Subscription",
    "bindings",
    "exchanges",
    "overridden",
    "queues",
    "subscriptions",
]

_EXPIRES = 3_600_000  # milliseconds
_SHOWN = 10  # bindings in a log line

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Exchange:
    """An exchange to be declared."""

    name: str
    type: str = "topic"
    durable: bool = True
    auto_delete: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue to consume from.

    Attributes:
        name: "" lets the server choose one.
        existing: The queue is named only in a binding. It is used as it is when the broker has it, and
            declared with these properties otherwise.
    """

    name: str = ""
    durable: bool = True
    auto_delete: bool = False
    exclusive: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)
    existing: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """Which messages of an exchange go to a queue."""

    queue: str
    exchange: str
    routing_keys: tuple[str, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one consumer needs: its queue and the bindings of that queue."""

    queue: Queue
    bindings: tuple[Binding, ...] = ()

    def preparation(self, *, missing: bool) -> str:
        """Describe what was done before consuming from the queue, as the rest of a sentence.

        Args:
            missing: The queue did not exist, and was declared for that reason.
        """
        if missing:
            text = ", declared because it was not there"
        else:
            text = "" if self.queue.name else ", named by the broker"
        pairs = [f"{each.exchange} with {key!r}" for each in self.bindings for key in each.routing_keys]
        if not pairs:
            return f"{text}; its bindings were left as they are"
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        return f"{text}, bound to {', '.join(pairs[:_SHOWN])}{more}"


def overridden(
    bindings: Iterable[Binding],
    queues: Iterable[Queue],
    *,
    queue: str | None = None,
    routing_keys: Iterable[str] = (),
    exchange: str | None = None,
) -> tuple[Binding, ...]:
    """Replace parts of bindings by what the command line says.

    Args:
        bindings: The configured bindings.
        queues: The configured queues: without bindings, each is bound to ``amq.topic`` with ``#``.
        queue: The queue of all bindings.
        routing_keys: The routing keys of all bindings.
        exchange: The exchange of all bindings.
    """
    keys = tuple(routing_keys)
    configured = tuple(bindings) or tuple(Binding(each.name, "amq.topic", ("#",)) for each in queues)
    wanted = (
        Binding(
            each.queue if queue is None else queue,
            each.exchange if exchange is None else exchange,
            keys or each.routing_keys,
            each.arguments,
        )
        for each in configured or (Binding("", "amq.topic", ("#",)),)
    )
    unique: list[Binding] = []
    for each in wanted:
        if each not in unique:
            unique.append(each)
    return tuple(unique)


def exchanges(value: Any) -> tuple[Exchange, ...]:
    """Parse exchanges from a dictionary of names to properties, a list of such, or :class:`Exchange` values.

    Raises:
        ValueError: Names the exchange and the key whose value cannot be used.
    """
    return _collect(value, Exchange, _exchanges_of)


def queues(value: Any) -> tuple[Queue, ...]:
    """Parse queues from a dictionary of names to properties, a list of such, or :class:`Queue` values.

    Raises:
        ValueError: A value cannot be used. The error names the queue and the key.
    """
    return _collect(value, Queue, _queues_of)


def bindings(value: Any) -> tuple[Binding, ...]:
    """Parse bindings from a dictionary, a list of dictionaries, or :class:`Binding` values.

    Raises:
        ValueError: Names the binding (by its number, from 1) and the key whose value cannot be used.
    """
    return _collect(value, Binding, _binding_of)


def subscriptions(queues: Iterable[Queue], bindings: Iterable[Binding]) -> tuple[Subscription, ...]:
    """Make one subscription for each queue, including the queues that only bindings name.

    Bindings without a queue's name belong to the one server-named queue: the first given, else an exclusive
    one that is deleted with its consumer. A queue that only bindings name is kept for an hour after its last
    consumer (``x-expires``) if it has to be declared: if it were deleted with its consumer, messages would be
    lost whenever the connection is.
    """
    wanted: dict[str, list[Binding]] = {}
    needed: list[tuple[Queue, list[Binding]]] = []
    for queue in queues:
        if queue.name:
            needed.append((queue, wanted.setdefault(queue.name, [])))
        else:
            needed.append((queue, [] if "" in wanted else wanted.setdefault("", [])))
    for binding in bindings:
        if binding.queue not in wanted:
            wanted[binding.queue] = []
            needed.append((_named_by_binding(binding.queue), wanted[binding.queue]))
        wanted[binding.queue].append(binding)
    return tuple(Subscription(queue, tuple(own)) for queue, own in needed)


def _named_by_binding(name: str) -> Queue:
    if not name:
        return Queue(durable=False, auto_delete=True, exclusive=True)
    return Queue(name, arguments={"x-expires": _EXPIRES}, existing=True)


def _collect(
    value: Any, wanted: type[_T], make: Callable[[Mapping[str, Any], int], Iterable[_T]]
) -> tuple[_T, ...]:
    name = wanted.__name__.lower()
    if value is None:
        return ()
    if isinstance(value, (wanted, Mapping)):
        value = (value,)
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ValueError(f"{name}s must be a dictionary or a list, not {type(value).__name__}")
    found: list[_T] = []
    for number, item in enumerate(value, 1):
        if isinstance(item, wanted):
            found.append(item)
        elif isinstance(item, Mapping):
            found.extend(make(item, number))
        else:
            raise ValueError(f"{name} {number} must be a dictionary, not {type(item).__name__}")
    return tuple(found)


def _exchanges_of(item: Mapping[str, Any], number: int) -> Iterable[Exchange]:
    known = {"type": str, "durable": bool, "auto_delete": bool, "arguments": Mapping}
    for name, properties in item.items():
        _check_name("exchange", name)
        if name == "":
            raise ValueError('exchange "" is the default exchange, which cannot be declared')
        yield Exchange(name, **_checked(f'exchange "{name}"', properties, known))


def _queues_of(item: Mapping[str, Any], number: int) -> Iterable[Queue]:
    known = {"durable": bool, "auto_delete": bool, "exclusive": bool, "arguments": Mapping}
    for name, properties in item.items():
        _check_name("queue", name)
        yield Queue(name, **_checked(f'queue "{name}"', properties, known))


def _binding_of(item: Mapping[str, Any], number: int) -> Iterable[Binding]:
    where = f"binding {number}"
    known = {"queue": str, "queue_name": str, "exchange": str, "routing_keys": list, "arguments": Mapping}
    single = item.get("routing_key")
    rest = {key: value for key, value in item.items() if key != "routing_key"}
    given = _checked(
        where,
        {k: list(v) if isinstance(v, tuple) else v for k, v in rest.items() if v is not None},
        known,
        also=("routing_key",),
    )
    keys = given.get("routing_keys", [])
    if single is not None:
        keys = [*keys, *(single if isinstance(single, (list, tuple)) else [single])]
    if "exchange" not in given:
        raise ValueError(f'{where} lacks "exchange"')
    if "routing_keys" not in given and single is None:
        raise ValueError(f'{where} lacks "routing_keys"')
    for key in keys:
        if not isinstance(key, str) or len(key.encode("utf-8", "replace")) > 255:
            raise ValueError(f'{where}: "routing_keys" must be strings of at most 255 bytes, not {key!r:.80}')
    queue = given.get("queue") or given.get("queue_name") or ""
    _check_name(f"{where}: queue", queue)
    _check_name(f"{where}: exchange", given["exchange"])
    yield Binding(queue, given["exchange"], tuple(keys), given.get("arguments", {}))


def _check_name(what: str, name: object) -> None:
    if not isinstance(name, str) or len(name.encode("utf-8", "replace")) > 255:
        raise ValueError(f"{what}: a name must be a string of at most 255 bytes, not {name!r:.80}")


def _checked(
    where: str, properties: object, known: Mapping[str, type], also: tuple[str, ...] = ()
) -> dict[str, Any]:
    if properties is None:
        return {}
    if not isinstance(properties, Mapping):
        raise ValueError(f"{where} must be a dictionary, not {type(properties).__name__}")
    for key, value in properties.items():
        if key not in known:
            names = ", ".join(sorted({*known, *also}))
            raise ValueError(f'{where} has an unknown key "{key}"; the known ones are: {names}')
        if not isinstance(value, known[key]):
            raise ValueError(
                f'{where}: "{key}" must be {_KINDS[known[key]]}, not {type(value).__name__} ({value!r:.80})'
            )
    return dict(properties)


_KINDS: dict[type, str] = {str: "a string", bool: "true or false", list: "a list", Mapping: "a dictionary"}
