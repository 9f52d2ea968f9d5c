# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Strict JSON: what one peer encodes, every other peer can decode.

`orjson <https://pypi.org/project/orjson/>`_ is used where it is installed and gives exactly the result of the
standard library; the standard library handles all other values, and raises every error.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from .bounds import MAX_DEPTH, MOST, is_plain
from .measure import settled

_orjson_dumps: Callable[[Any], bytes] | None
_orjson_loads: Callable[[bytes], Any] | None
try:
    from orjson import dumps as _orjson_dumps
    from orjson import loads as _orjson_loads
except ImportError:
    _orjson_dumps = _orjson_loads = None

__all__ = ["MAX_DEPTH", "decode", "encode", "is_plain"]


def encode(
    value: Any,
    *,
    proven: bool = False,
    most: int = MOST,
    fast: Callable[[Any], bytes] | None = _orjson_dumps,
) -> bytes:
    """Encode a value as compact UTF-8 JSON.

    Args:
        value: The value.
        proven: Whether it is known to be plain and of moderate size (:func:`is_plain`).
        most: The most bytes: a value that certainly has more is refused before it is encoded.
        fast: Encodes plain values; None: the standard library.

    Raises:
        ValueError: JSON cannot represent a part of it, which is named by its path; or it contains itself, is
            nested too deep or is too large.
    """
    try:
        if proven or is_plain(value):
            try:
                # orjson's bytes keep a buffer of up to ten times their size; a copy does not.
                return _encode(value) if fast is None else b"%b" % fast(value)
            except (TypeError, ValueError):  # lone surrogates, large integers
                pass
        value = settled(value, most)
        if fast is not None:
            try:
                return b"%b" % fast(value)
            except TypeError:  # large integers: the standard library decides
                pass
        return _encode(value)
    except (RecursionError, RuntimeError) as error:  # it is changed by another thread meanwhile
        raise ValueError(f"not JSON serializable: {error}") from error


_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))


def _encode(value: Any) -> bytes:
    return _encoder.encode(value).encode("utf-8")


def decode(
    data: bytes,
    *,
    levels: int = MAX_DEPTH,
    halves: bool = False,
    fast: Callable[[bytes], Any] | None = _orjson_loads,
) -> Any:
    """Decode UTF-8 JSON. The result can be encoded again.

    Args:
        data: The JSON.
        levels: How many arrays and objects may be nested in each other.
        halves: Whether strings may hold half a surrogate pair, which escapes can and UTF-8 cannot.
        fast: Decodes it if its integers are short enough; None: the standard library.

    Raises:
        ValueError: The data is not UTF-8, not JSON (which has no NaN and no infinity), nested too deep, or
            holds half a surrogate pair.
    """
    opened = data.count(b"{")
    if (opened > levels or opened + data.count(b"[") > levels) and _is_nested_deep(data, levels):
        raise ValueError(f"nested more than {levels} levels deep")
    # orjson decodes integers of more than 64 bits as floats, without an error.
    if fast is not None and _NINETEEN not in data.translate(_DIGITS):
        try:
            return fast(data)
        except ValueError:  # the standard library decides, and gives the text of the error
            pass
    return _decode(data, halves)


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


def _decode(data: bytes, halves: bool) -> Any:
    # Without an exponent of three digits or a run of two hundred, no number is larger than a float can be.
    numbers = data.translate(_NUMBERS, b"+")
    decoder = _careful_decoder if b"e000" in numbers or b"0" * 200 in numbers else _decoder
    try:
        value = decoder.decode(data.decode("utf-8"))
        if not halves and _SURROGATE.search(data) is not None:
            _encoder.encode(value).encode("utf-8")
    except RecursionError as error:
        raise ValueError(f"nested more than {MAX_DEPTH} levels deep") from error
    except UnicodeEncodeError as error:
        settled(value)  # its error names the path
        raise ValueError(f"not valid Unicode: {error}") from error
    return value


# Also matches halves of valid pairs, and text after an escaped backslash: then the value is checked.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


_STRUCTURE = b'[]{}"'
_OTHERS = bytes(byte for byte in range(256) if byte not in _STRUCTURE)
_SQUARE = bytes.maketrans(b"{}", b"[]")
_OPEN = ord("[")
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STRING = re.compile(rb'"[^"]*(?:"|\Z)')


def _is_nested_deep(data: bytes, levels: int) -> bool:
    """Whether brackets are nested deeper than allowed, not counting brackets in strings."""
    if b"\\" in data:
        data = _ESCAPE.sub(b"", data)
    # Two adjacent quotation marks end one string and begin the next: without them the result is the same.
    brackets = _STRING.sub(b"", data.translate(None, _OTHERS).replace(b'""', b""))
    brackets = brackets.translate(_SQUARE)
    # Each round removes the innermost level. Of most bodies nothing is left after a few rounds.
    removed = 0
    while removed < 10 and b"[]" in brackets:
        brackets = brackets.replace(b"[]", b"")
        removed += 1
    depth = removed
    for byte in brackets:
        if byte == _OPEN:
            depth += 1
            if depth > levels:
                return True
        else:
            depth -= 1
    return False
