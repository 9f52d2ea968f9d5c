# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""JSON, strictly: what one peer encodes every other one can decode.

`orjson <https://pypi.org/project/orjson/>`_ does the work where it is installed and where it gives exactly
what the standard library gives; the standard library gives every other value and every error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

_orjson_dumps: Callable[[Any], bytes] | None
_orjson_loads: Callable[[bytes], Any] | None
try:
    from orjson import dumps as _orjson_dumps
    from orjson import loads as _orjson_loads
except ImportError:
    _orjson_dumps = _orjson_loads = None

__all__ = ["MAX_DEPTH", "decode", "encode", "is_plain"]

#: How many arrays and objects may be nested in each other.
MAX_DEPTH = 200


def encode(value: Any, *, proven: bool = False, fast: Callable[[Any], bytes] | None = _orjson_dumps) -> bytes:
    """A value as compact UTF-8 JSON.

    Args:
        value: The value.
        proven: It is known to hold only what decoding JSON gives (:func:`is_plain`).
        fast: What writes plain values, None for the standard library.

    Raises:
        ValueError: Names the place of what JSON cannot hold, or of what is nested too deep.
    """
    if fast is not None and (proven or is_plain(value)):
        try:
            # orjson gives a buffer that is up to ten times as large as what it holds; a copy is not.
            return b"%b" % fast(value)
        except TypeError:  # lone surrogates, large integers: the standard library has the last word
            pass
    elif not proven and _is_deep(value):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    return _encode(value)


def is_plain(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Whether a value is what decoding JSON gives.

    That is: no other type anywhere, no subclass, no tuple; finite numbers; keys strings.

    Args:
        value: The value.
        levels: How many arrays and objects may be nested in each other.
    """
    kind = type(value)
    if kind is not dict and kind is not list:
        return kind in _SURE or (kind is float and math.isfinite(value))
    level = [value]
    for _ in range(levels):
        below: list[Any] = []
        for container in level:
            items = container
            if type(container) is dict:
                for key in container:
                    if type(key) is not str:
                        return False
                items = container.values()
            for item in items:
                kind = type(item)
                if kind is str:
                    continue
                if kind is dict or kind is list:
                    below.append(item)
                elif kind is float:
                    # Not a number minus itself is not zero, and neither is infinity.
                    if item - item != 0.0:
                        return False
                elif kind not in _SURE:
                    return False
        if not below:
            return True
        level = below
    return False


_SURE = frozenset([str, int, bool, type(None)])


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def _encode(value: Any) -> bytes:
    try:
        return _encoder.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(_fault(value) or f"not JSON serializable: {error}") from error


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(v for v in item.values() if isinstance(v, (dict, list, tuple)))
            elif isinstance(item, (list, tuple)):
                below.extend(v for v in item if isinstance(v, (dict, list, tuple)))
        if not below:
            return False
        level = below
    return True


def _fault(value: Any, path: str = "$") -> str | None:
    """Where in a value the first thing is that JSON cannot hold, and what it is."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float)) and key is not None:
                return f"{path} has the key {key!r:.80}, a {type(key).__name__}, which JSON cannot hold"
            fault = _fault(key, f"the key of {path}") or _fault(item, _below(path, key))
            if fault:
                return fault
        return None
    if isinstance(value, (list, tuple)):
        faults = (_fault(item, f"{path}[{number}]") for number, item in enumerate(value))
        return next((fault for fault in faults if fault), None)
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return f"{path} holds a lone surrogate, which UTF-8 cannot hold"
        return None
    if value is None or isinstance(value, int):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} is {value}, which JSON cannot hold"
    return f"{path} is a {type(value).__name__}, which JSON cannot hold"


def _below(path: str, key: object) -> str:
    return f"{path}.{key}" if isinstance(key, str) and key.isidentifier() else f"{path}[{key!r:.80}]"


def decode(data: bytes, *, fast: Callable[[bytes], Any] | None = _orjson_loads) -> Any:
    """The value of UTF-8 JSON.

    Args:
        data: The JSON.
        fast: What reads it if its integers are short enough, None for the standard library.

    Raises:
        ValueError: The data is not UTF-8, not JSON (which has no NaN and no infinity), or nested too deep.
    """
    opened = data.count(b"{")
    if (opened > MAX_DEPTH or opened + data.count(b"[") > MAX_DEPTH) and _is_nested_deep(data):
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
    # orjson reads integers of more than 64 bits as floats, without a word.
    if fast is not None and _NINETEEN not in data.translate(_DIGITS):
        try:
            return fast(data)
        except ValueError:  # the standard library has the last word, and the words of the error
            pass
    return _decode(data)


_NINETEEN = b"0" * 19
_DIGITS = bytes(ord("0") if byte in b"0123456789" else ord("x") for byte in range(256))
_NUMBERS = bytes(ord("e") if byte in b"eE" else _DIGITS[byte] for byte in range(256))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


_decoder = json.JSONDecoder(parse_constant=_refuse)
_careful_decoder = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def _decode(data: bytes) -> Any:
    # Without an exponent of three digits or a run of two hundred, no number is larger than a float can be.
    numbers = data.translate(_NUMBERS, b"+")
    decoder = _careful_decoder if b"e000" in numbers or b"0" * 200 in numbers else _decoder
    try:
        return decoder.decode(data.decode("utf-8"))
    except RecursionError as error:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep") from error


_STRUCTURE = b'[]{}"'
_OTHERS = bytes(byte for byte in range(256) if byte not in _STRUCTURE)
_SQUARE = bytes.maketrans(b"{}", b"[]")
_OPEN = ord("[")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*(?:"|\Z)')


def _is_nested_deep(data: bytes) -> bool:
    """Whether there are more than 200 open brackets anywhere, those in strings not counted."""
    if b"\\" in data:
        data = _ESCAPE.sub(b"", data)
    # Two quotation marks with nothing between them end and begin a string: without them nothing changes.
    brackets = _STRING.sub(b"", data.translate(None, _OTHERS).replace(b'""', b""))
    brackets = brackets.translate(_SQUARE)
    # Each time, the innermost level goes. Of most bodies nothing is left after a few times.
    removed = 0
    while removed < 10 and b"[]" in brackets:
        brackets = brackets.replace(b"[]", b"")
        removed += 1
    depth = removed
    for byte in brackets:
        if byte == _OPEN:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False
