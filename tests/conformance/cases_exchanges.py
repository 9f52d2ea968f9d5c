# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Exchanges: declaring, deleting, binding and routing."""

from typing import Any

from .lab import Lab, case, table


@table({"direct": "direct", "fanout": "fanout", "topic": "topic", "headers": "headers"})
def an_exchange_of_each_type_can_be_declared_twice(lab: Lab, kind: str) -> Any:
    """An equal declaration of an exchange is accepted again."""
    channel, name = lab.channel(), lab.name("x")
    first = lab.attempt(channel.exchange_declare, name, kind, durable=True)
    return [first, lab.attempt(channel.exchange_declare, name, kind, durable=True)]


@table(
    {
        "type": {"exchange_type": "fanout"},
        "durable": {"durable": False},
        "auto_delete": {"auto_delete": True},
        "internal": {"internal": True},
        "alternate": {"arguments": {"alternate-exchange": "amq.fanout"}},
        "unknown argument": {"arguments": {"x-nothing": 1}},
    }
)
def an_exchange_declared_otherwise(lab: Lab, change: dict[str, Any]) -> Any:
    """Another declaration of an exchange is refused when it differs in what matters."""
    channel, name = lab.channel(), lab.name("x")
    options: dict[str, Any] = {"exchange_type": "direct", "durable": True}
    channel.exchange_declare(name, **options)
    return lab.attempt(channel.exchange_declare, name, **{**options, **change})


@table(
    {
        "amq.direct": ("amq.direct", "direct"),
        "amq.fanout": ("amq.fanout", "fanout"),
        "amq.topic": ("amq.topic", "topic"),
        "amq.headers": ("amq.headers", "headers"),
        "amq.match": ("amq.match", "headers"),
    }
)
def predeclared_exchanges_are_there(lab: Lab, name: str, kind: str) -> Any:
    """The `amq.` exchanges exist, and an equal declaration is accepted."""
    channel = lab.channel()
    passive = lab.attempt(channel.exchange_declare, name, passive=True)
    return [passive, lab.attempt(channel.exchange_declare, name, kind, durable=True)]


@table(
    {
        "declare amq.": lambda channel, name: channel.exchange_declare("amq.new", "direct"),
        "declare amq.topic otherwise": lambda channel, name: channel.exchange_declare("amq.topic", "topic"),
        "declare the default": lambda channel, name: channel.exchange_declare("", "direct"),
        "passive default": lambda channel, name: channel.exchange_declare("", passive=True),
        "delete amq.topic": lambda channel, name: channel.exchange_delete("amq.topic"),
        "delete the default": lambda channel, name: channel.exchange_delete(""),
        "delete none": lambda channel, name: channel.exchange_delete(name),
        "passive none": lambda channel, name: channel.exchange_declare(name, passive=True),
        "unknown type": lambda channel, name: channel.exchange_declare(name, "x-nothing"),
        "passive of an unknown type": lambda channel, name: channel.exchange_declare(
            "amq.topic", "nothing", passive=True
        ),
        "bad alternate": lambda channel, name: channel.exchange_declare(
            name, "direct", arguments={"alternate-exchange": 1}
        ),
        "bind to the default": lambda channel, name: channel.exchange_bind("", "amq.topic", "k"),
        "bind from the default": lambda channel, name: channel.exchange_bind("amq.topic", "", "k"),
        "bind from none": lambda channel, name: channel.exchange_bind("amq.topic", name, "k"),
        "bind to none": lambda channel, name: channel.exchange_bind(name, "amq.topic", "k"),
        "unbind none": lambda channel, name: channel.exchange_unbind("amq.topic", "amq.direct", "k"),
        "unbind from none": lambda channel, name: channel.exchange_unbind("amq.topic", name, "k"),
        "line breaks": lambda channel, name: channel.exchange_declare(f"{name}\r\n", "direct"),
        "long name": lambda channel, name: channel.exchange_declare((name + "x" * 255)[:255], "direct"),
    }
)
def what_exchanges_allow(lab: Lab, call: Any) -> Any:
    """Reserved names, missing exchanges and unknown types get RabbitMQ's reply codes."""
    return lab.attempt(call, lab.channel(), lab.name("x"))


@case
def line_breaks_are_taken_out_of_names(lab: Lab) -> Any:
    """The name of a new exchange loses its line breaks."""
    channel, name = lab.channel(), lab.name("x")
    channel.exchange_declare(f"{name}\r\n", "direct")
    return lab.exists("exchange", name)


@case
def an_exchange_in_use_is_not_deleted_if_unused(lab: Lab) -> Any:
    """`if_unused` refuses to delete an exchange with bindings, and deletes one without."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "k")
    used = lab.attempt(channel.exchange_delete, exchange, if_unused=True)
    channel = lab.channel()
    channel.queue_unbind(queue, exchange, "k")
    return [
        used,
        lab.attempt(channel.exchange_delete, exchange, if_unused=True),
        lab.exists("exchange", exchange),
    ]


@case
def an_exchange_that_is_only_bound_to_is_unused(lab: Lab) -> Any:
    """Being the destination of a binding is no use."""
    channel, name = lab.channel(), lab.name("x")
    channel.exchange_declare(name, "direct")
    channel.exchange_bind(name, "amq.topic", lab.name("k"))
    return lab.attempt(channel.exchange_delete, name, if_unused=True)


@case
def an_auto_delete_exchange_goes_with_its_last_binding(lab: Lab) -> Any:
    """It stays while it was never bound, and until its last binding is gone."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "a", "b", auto_delete=True)
    there = [lab.exists("exchange", exchange)]
    channel.queue_unbind(queue, exchange, "a")
    there.append(lab.exists("exchange", exchange))
    channel.queue_unbind(queue, exchange, "b")
    return [*there, lab.gone("exchange", exchange)]


@case
def an_auto_delete_exchange_goes_with_its_last_queue(lab: Lab) -> Any:
    """Deleting the queue deletes the binding, and so the exchange."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "a", auto_delete=True)
    channel.queue_delete(queue)
    return lab.gone("exchange", exchange)


@case
def auto_delete_exchanges_go_in_a_chain(lab: Lab) -> Any:
    """One that goes takes the source of its binding along."""
    channel = lab.channel()
    inner, queue = lab.bound(channel, "direct", "a", auto_delete=True)
    outer = lab.name("outer")
    channel.exchange_declare(outer, "direct", auto_delete=True)
    channel.exchange_bind(inner, outer, "a")
    channel.queue_delete(queue)
    return [lab.gone("exchange", inner), lab.gone("exchange", outer)]


@case
def nobody_publishes_to_an_internal_exchange(lab: Lab) -> Any:
    """A publish to an internal exchange is refused; through a binding it works."""
    channel = lab.channel()
    inner, queue = lab.bound(channel, "fanout", "", internal=True)
    outer = lab.name("outer")
    channel.exchange_declare(outer, "fanout")
    channel.exchange_bind(inner, outer)
    lab.publish(channel, outer, "k", "through")
    refused = lab.attempt(lab.publish, channel, inner, "k")
    return [refused, lab.bodies(lab.channel(), queue)]


@table(
    {
        "a.b": ["a.b"],
        "*": ["*"],
        "#": ["#"],
        "a.*": ["a.*"],
        "*.b": ["*.b"],
        "a.#": ["a.#"],
        "#.c": ["#.c"],
        "a.*.c": ["a.*.c"],
        "a.#.c": ["a.#.c"],
        "#.b.#": ["#.b.#"],
        "*.*": ["*.*"],
        "*.#": ["*.#"],
        "#.*": ["#.*"],
        "#.#": ["#.#"],
        "empty": [""],
        "dots": ["a..c"],
        "star in a word": ["a.b*"],
        "two": ["a.#", "#.c"],
        "*..*": ["*..*"],
    }
)
def a_topic_pattern(lab: Lab, *patterns: str) -> Any:
    """A topic exchange routes these keys, each once, for these patterns."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "topic", *patterns)
    for key in (
        "",
        "a",
        "b",
        "a.b",
        "a.b.c",
        "a.c",
        "a..c",
        "a.b.b.c",
        ".",
        "..",
        "a.",
        ".a",
        "*",
        "#",
        "a.b*",
        "a.*",
    ):
        lab.publish(channel, exchange, key, key)
    return lab.bodies(channel, queue)


@case
def a_direct_exchange_compares_keys(lab: Lab) -> Any:
    """Only equal keys are routed; case and dots are nothing special."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "a.b", "")
    for key in ("a.b", "A.B", "a", "", "a.b.c"):
        lab.publish(channel, exchange, key, key)
    return lab.bodies(channel, queue)


@case
def a_fanout_exchange_ignores_keys(lab: Lab) -> Any:
    """Every message goes to every queue, once, however often it is bound."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "fanout", "a", "b")
    other = lab.declare(channel, "other")
    channel.queue_bind(other, exchange)
    lab.publish(channel, exchange, "c", "1", "2")
    return [lab.bodies(channel, queue), lab.bodies(channel, other)]


_HEADERS: list[dict[str, Any]] = [
    {},
    {"a": 1},
    {"a": "1"},
    {"a": 2},
    {"b": 1},
    {"a": 1, "b": True},
    {"a": 1, "b": True, "c": None},
    {"a": 1, "x-b": 1},
    {"a": 5_000_000_000},
]


@table(
    {
        "all by default": {"a": 1},
        "all": {"x-match": "all", "a": 1, "b": True},
        "any": {"x-match": "any", "a": 1, "b": True},
        "presence": {"a": None},
        "any presence": {"x-match": "any", "a": None, "c": None},
        "nothing, all": {"x-match": "all"},
        "nothing, any": {"x-match": "any"},
        "no arguments": {},
        "x- ignored": {"x-match": "all", "x-b": 2, "a": 1},
        "all-with-x": {"x-match": "all-with-x", "x-b": 1, "a": 1},
        "any-with-x": {"x-match": "any-with-x", "x-b": 1, "b": True},
        "string": {"a": "1"},
        "long": {"a": 5_000_000_000},
        "only x-": {"x-match": "any", "x-b": 1},
    }
)
def a_headers_binding(lab: Lab, arguments: dict[str, Any]) -> Any:
    """A headers exchange routes these headers for these arguments."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "headers")
    channel.queue_bind(queue, exchange, arguments=arguments)
    for index, headers in enumerate(_HEADERS):
        lab.publish(channel, exchange, "", str(index), headers=headers)
    lab.publish(channel, exchange, "", "none")
    return lab.bodies(channel, queue)


@table({"word": "some", "number": 1, "none": None})
def a_headers_binding_with_a_bad_match(lab: Lab, match: Any) -> Any:
    """`x-match` has to be one of its words."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "headers")
    return lab.attempt(channel.queue_bind, queue, exchange, arguments={"x-match": match, "a": 1})


@case
def binding_arguments_tell_bindings_apart(lab: Lab) -> Any:
    """Two bindings that differ in their arguments are two; unbinding one leaves the other."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct")
    channel.queue_bind(queue, exchange, "k", {"a": 1})
    channel.queue_bind(queue, exchange, "k", {"a": 2})
    channel.queue_unbind(queue, exchange, "k", {"a": 1})
    lab.publish(channel, exchange, "k", "one")
    channel.queue_unbind(queue, exchange, "k", {"a": 2})
    lab.publish(channel, exchange, "k", "none")
    return lab.bodies(channel, queue)


@case
def the_order_of_binding_arguments_is_nothing(lab: Lab) -> Any:
    """A binding is found again with its arguments in another order."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct")
    channel.queue_bind(queue, exchange, "k", {"a": 1, "b": 2})
    channel.queue_unbind(queue, exchange, "k", {"b": 2, "a": 1})
    lab.publish(channel, exchange, "k", "none")
    return lab.bodies(channel, queue)


@case
def exchanges_bound_in_a_circle(lab: Lab) -> Any:
    """A message goes round a circle of exchanges once."""
    channel = lab.channel()
    first, queue = lab.bound(channel, "fanout", "")
    second = lab.name("second")
    channel.exchange_declare(second, "fanout")
    channel.exchange_bind(second, first)
    channel.exchange_bind(first, second)
    channel.queue_bind(queue, second)
    lab.publish(channel, first, "", "once")
    lab.publish(channel, second, "", "again")
    return lab.bodies(channel, queue)


@case
def keys_are_compared_at_each_exchange(lab: Lab) -> Any:
    """Along bound exchanges each binding has its own pattern."""
    channel = lab.channel()
    inner, queue = lab.bound(channel, "topic", "*.b")
    outer = lab.name("outer")
    channel.exchange_declare(outer, "topic")
    channel.exchange_bind(inner, outer, "a.*")
    for key in ("a.b", "a.c", "c.b"):
        lab.publish(channel, outer, key, key)
    channel.exchange_unbind(inner, outer, "a.*")
    lab.publish(channel, outer, "a.b", "late")
    return lab.bodies(channel, queue)


@table({"queue": True, "nothing": False})
def an_alternate_exchange(lab: Lab, bound: bool) -> Any:
    """What an exchange cannot route goes to its alternate; a mandatory message counts as routed there."""
    channel = lab.channel()
    other, spare = lab.name("other"), lab.declare(channel, "spare")
    channel.exchange_declare(other, "fanout")
    if bound:
        channel.queue_bind(spare, other)
    exchange, queue = lab.bound(channel, "direct", "k", arguments={"alternate-exchange": other})
    outcome = [lab.publish(channel, exchange, key, key, mandatory=True) for key in ("k", "z")]
    return [outcome, lab.bodies(channel, queue), lab.bodies(channel, spare)]


@case
def an_alternate_exchange_that_is_missing(lab: Lab) -> Any:
    """A missing alternate exchange drops the message, or returns it."""
    channel = lab.channel()
    exchange, _ = lab.bound(channel, "direct", "k", arguments={"alternate-exchange": lab.name("none")})
    return [lab.publish(channel, exchange, "z"), lab.publish(channel, exchange, "z", mandatory=True)]


@case
def alternate_exchanges_in_a_circle(lab: Lab) -> Any:
    """Exchanges that are each other's alternate return what neither routes."""
    channel = lab.channel()
    one, two = lab.name("one"), lab.name("two")
    channel.exchange_declare(one, "direct", arguments={"alternate-exchange": two})
    channel.exchange_declare(two, "direct", arguments={"alternate-exchange": one})
    return lab.publish(channel, one, "k", mandatory=True)


@case
def the_alternate_of_an_exchange_behind_another(lab: Lab) -> Any:
    """An exchange that a binding leads to has its own alternate."""
    channel = lab.channel()
    spare = lab.declare(channel, "spare")
    inner, outer = lab.name("inner"), lab.name("outer")
    other = lab.name("other")
    channel.exchange_declare(other, "fanout")
    channel.queue_bind(spare, other)
    channel.exchange_declare(inner, "direct", arguments={"alternate-exchange": other})
    channel.exchange_declare(outer, "fanout")
    channel.exchange_bind(inner, outer)
    return [lab.publish(channel, outer, "k", "found", mandatory=True), lab.bodies(channel, spare)]


@case
def a_deleted_exchange_takes_its_bindings_along(lab: Lab) -> Any:
    """Declared again, an exchange has no bindings."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "k")
    channel.exchange_delete(exchange)
    channel.exchange_declare(exchange, "direct")
    return [lab.publish(channel, exchange, "k", mandatory=True), lab.bodies(channel, queue)]


@case
def carbon_copies_are_routed_too(lab: Lab) -> Any:
    """The headers CC and BCC are further routing keys; BCC is taken out."""
    channel = lab.channel()
    exchange, queue = lab.bound(channel, "direct", "to")
    cc, bcc = lab.declare(channel, "cc"), lab.declare(channel, "bcc")
    channel.queue_bind(cc, exchange, "cc")
    channel.queue_bind(bcc, exchange, "bcc")
    lab.publish(channel, exchange, "to", "m", headers={"CC": ["cc", "to"], "BCC": ["bcc"], "z": 1})
    return [lab.drain(channel, each) for each in (queue, cc, bcc)]


@table({"text": "cc", "numbers": [1, 2]})
def carbon_copies_of_another_type(lab: Lab, value: Any) -> Any:
    """CC has to be an array; what is no string in it counts for nothing."""
    channel = lab.channel()
    return lab.attempt(lab.publish, channel, "amq.direct", lab.name("k"), headers={"CC": value})
