# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Frames and methods on the wire (AMQP 0-9-1, 2.3.5 and 4.2).

Methods are those of ``pika.spec``, and pika encodes the replies. What clients send is decoded here: pika's
decoder takes strings that are cut off for whole ones and stumbles over content that RabbitMQ passes on.
"""

from __future__ import annotations

import struct
from typing import Any

from pika import frame, spec

from .errors import AMQPError, Disconnect
from .fields import Malformed, Table, check_table, raw, read_table, text

PROTOCOL_HEADER = b"AMQP\x00\x00\x09\x01"
FRAME_END = b"\xce"
FRAME_OVERHEAD = 8

_frame_head = struct.Struct(">BHI")
_u16 = struct.Struct(">H")
_u32 = struct.Struct(">I")
_content_head = struct.Struct(">HHQ")
_tag_and_bits = struct.Struct(">QB")
_deliver_index = struct.pack(">I", spec.Basic.Deliver.INDEX)
_get_ok_index = struct.pack(">I", spec.Basic.GetOk.INDEX)
_ack = struct.Struct(">BHIIQBB")
_publish = spec.Basic.Publish.INDEX
_header_class = struct.pack(">HH", spec.Basic.INDEX, 0)

# The arguments of every method a client may send: B octet, H short, I long, Q long-long, s short string,
# S long string, F table, and a letter b for each bit.
_LAYOUTS: dict[type[Any], str] = {
    spec.Connection.StartOk: "client_properties:F mechanism:s response:S locale:s",
    spec.Connection.SecureOk: "response:S",
    spec.Connection.TuneOk: "channel_max:H frame_max:I heartbeat:H",
    spec.Connection.Open: "virtual_host:s capabilities:s insist:b",
    spec.Connection.Close: "reply_code:H reply_text:s class_id:H method_id:H",
    spec.Connection.CloseOk: "",
    spec.Connection.UpdateSecret: "new_secret:S reason:s",
    spec.Channel.Open: "out_of_band:s",
    spec.Channel.Flow: "active:b",
    spec.Channel.FlowOk: "active:b",
    spec.Channel.Close: "reply_code:H reply_text:s class_id:H method_id:H",
    spec.Channel.CloseOk: "",
    spec.Access.Request: "realm:s exclusive:b passive:b active:b write:b read:b",
    spec.Exchange.Declare: "ticket:H exchange:s type:s passive:b durable:b auto_delete:b internal:b nowait:b"
    " arguments:F",
    spec.Exchange.Delete: "ticket:H exchange:s if_unused:b nowait:b",
    spec.Exchange.Bind: "ticket:H destination:s source:s routing_key:s nowait:b arguments:F",
    spec.Exchange.Unbind: "ticket:H destination:s source:s routing_key:s nowait:b arguments:F",
    spec.Queue.Declare: "ticket:H queue:s passive:b durable:b exclusive:b auto_delete:b nowait:b arguments:F",
    spec.Queue.Bind: "ticket:H queue:s exchange:s routing_key:s nowait:b arguments:F",
    spec.Queue.Unbind: "ticket:H queue:s exchange:s routing_key:s arguments:F",
    spec.Queue.Purge: "ticket:H queue:s nowait:b",
    spec.Queue.Delete: "ticket:H queue:s if_unused:b if_empty:b nowait:b",
    spec.Basic.Qos: "prefetch_size:I prefetch_count:H global_qos:b",
    spec.Basic.Consume: "ticket:H queue:s consumer_tag:s no_local:b no_ack:b exclusive:b nowait:b"
    " arguments:F",
    spec.Basic.Cancel: "consumer_tag:s nowait:b",
    spec.Basic.CancelOk: "consumer_tag:s",
    spec.Basic.Publish: "ticket:H exchange:s routing_key:s mandatory:b immediate:b",
    spec.Basic.Get: "ticket:H queue:s no_ack:b",
    spec.Basic.Ack: "delivery_tag:Q multiple:b",
    spec.Basic.Nack: "delivery_tag:Q multiple:b requeue:b",
    spec.Basic.Reject: "delivery_tag:Q requeue:b",
    spec.Basic.Recover: "requeue:b",
    spec.Basic.RecoverAsync: "requeue:b",
    spec.Tx.Select: "",
    spec.Tx.Commit: "",
    spec.Tx.Rollback: "",
    spec.Confirm.Select: "nowait:b",
}
_FIXED = {"B": struct.Struct(">B"), "H": _u16, "I": _u32, "Q": struct.Struct(">Q")}
_METHODS: dict[int, tuple[type[Any], list[tuple[str, str]]]] = {
    method.INDEX: (
        method,
        [(name, kind) for name, _, kind in (word.partition(":") for word in layout.split())],
    )
    for method, layout in _LAYOUTS.items()
}


def method_name(index: int) -> str:
    """Return a method's name as in error texts: ``basic.publish``."""
    method: Any = spec.methods.get(index)
    return str(method.NAME).lower() if method else f"{index >> 16}.{index & 0xFFFF}"


def decode_method(payload: bytes) -> Any:
    """Decode a method frame's payload to an object of ``pika.spec``; tables become ``fields.Table``.

    Raises:
        AMQPError: 501, the arguments do not fit; 503, only brokers send it.
        Disconnect: there is no such method, or a table in it is malformed.
    """
    if len(payload) < 4:
        raise AMQPError(spec.FRAME_ERROR, "a method frame shorter than its ids")
    index = _u32.unpack_from(payload)[0]
    entry = _METHODS.get(index)
    if entry is None:
        if index in spec.methods:
            raise AMQPError(spec.COMMAND_INVALID, "unimplemented method", method=index)
        raise Disconnect(f"there is no method {method_name(index)}")
    method, layout = entry
    result = object.__new__(method)
    values = result.__dict__
    at, end, bit = 4, len(payload), 0
    try:
        for name, kind in layout:
            if kind == "b":
                if bit == 0:
                    bits = payload[at]
                    at += 1
                values[name] = bool(bits >> bit & 1)
                bit += 1
                continue
            if kind == "s":
                stop = at + 1 + payload[at]
                value = payload[at + 1 : stop]
                values[name] = text(value) if index == _publish else value.decode()
            elif kind == "S" or kind == "F":
                stop = at + 4 + _u32.unpack_from(payload, at)[0]
                if stop > end:
                    raise Malformed("cut off")
                values[name] = payload[at + 4 : stop] if kind == "S" else _table(payload[at + 4 : stop])
            else:
                fixed = _FIXED[kind]
                stop = at + fixed.size
                values[name] = fixed.unpack_from(payload, at)[0]
            at = stop
            if at > end:
                raise Malformed("cut off")
        if at != end:
            raise Malformed("too long")
    except (Malformed, IndexError, struct.error, UnicodeDecodeError) as error:
        reason = f"cannot decode {method_name(index)}: {error}"
        raise AMQPError(spec.FRAME_ERROR, reason, method=index) from error
    return result


def _table(data: bytes) -> Table:
    try:
        check_table(data, 0, len(data))
        return read_table(data)
    except (Malformed, IndexError) as error:
        raise Disconnect(f"malformed table: {error}") from error


def encode_method(channel: int, method: Any) -> bytes:
    """Encode a frame with a method that the broker sends. Names may hold bytes that are not UTF-8."""
    for name, value in vars(method).items():
        if isinstance(value, str):
            setattr(method, name, raw(value)[:255])
    encoded: bytes = frame.Method(channel, method).marshal()
    return encoded


def short_string(value: str) -> bytes:
    """Encode a short string."""
    encoded = raw(value)[:255]
    return bytes((len(encoded),)) + encoded


def encode_ack(channel: int, tag: int, multiple: bool) -> bytes:
    """Encode a frame with ``basic.ack``, the most frequent reply."""
    return _ack.pack(1, channel, 13, spec.Basic.Ack.INDEX, tag, multiple, 0xCE)


def encode_content(channel: int, properties: bytes, body: bytes, frame_max: int) -> list[bytes]:
    """Encode the header frame and body frames of a content. A body that fits one frame is not copied."""
    size = len(body)
    head = _frame_head.pack(2, channel, 12 + len(properties))
    pieces = [b"".join((head, _header_class, size.to_bytes(8, "big"), properties, FRAME_END))]
    limit = frame_max - FRAME_OVERHEAD if frame_max else size
    if size <= limit:
        if size:
            pieces += (_frame_head.pack(3, channel, size), body, FRAME_END)
        return pieces
    for start in range(0, size, limit):
        part = body[start : start + limit]
        pieces += (_frame_head.pack(3, channel, len(part)), part, FRAME_END)
    return pieces


def encode_deliver(channel: int, consumer_tag: bytes, tag: int, redelivered: bool, address: bytes) -> bytes:
    """Encode a frame with ``basic.deliver``.

    Args:
        channel: the number of the channel.
        consumer_tag: a short string, encoded.
        tag: the delivery tag.
        redelivered: the flag of the same name.
        address: exchange and routing key, two short strings, encoded.
    """
    head = _frame_head.pack(1, channel, 13 + len(consumer_tag) + len(address))
    return b"".join(
        (head, _deliver_index, consumer_tag, _tag_and_bits.pack(tag, redelivered), address, FRAME_END)
    )


def encode_get_ok(channel: int, tag: int, redelivered: bool, address: bytes, count: int) -> bytes:
    """Encode a frame with ``basic.get-ok``."""
    head = _frame_head.pack(1, channel, 17 + len(address))
    return b"".join(
        (head, _get_ok_index, _tag_and_bits.pack(tag, redelivered), address, _u32.pack(count), FRAME_END)
    )


def read_content_header(payload: bytes) -> tuple[int, int, int, bytes]:
    """Decode a header frame's payload: class id, weight, body size, raw properties.

    Raises:
        AMQPError: 501, the header is too short.
    """
    if len(payload) < 12:
        raise AMQPError(spec.FRAME_ERROR, "a content header that is too short")
    class_id, weight, size = _content_head.unpack_from(payload)
    return class_id, weight, size, payload[12:]
