# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Writes TOML that every reader reads back as the same value.

The encoder of the package `toml <https://pypi.org/project/toml/>`_ changes backslashes, and what it writes
for tables inside arrays and for keys that need quotes is not TOML. This is a replacement at the package's own
extension point.

Invariant: ``tomllib.loads(toml.dumps(value, encoder=Encoder())) == value`` for every value of TOML's types.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import toml

__all__ = ["Encoder"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class Encoder(toml.TomlEncoder):  # type: ignore[type-arg]
    """The encoder for ``toml.dumps(value, encoder=Encoder())``.

    Dictionaries become tables, and lists that hold nothing but dictionaries arrays of tables, as far as TOML
    nests them; all else is one line. Keys whose value is None are left out: TOML has no null.
    """

    def dump_sections(self, o: Mapping[Any, Any], sup: str) -> tuple[str, dict[str, Any]]:
        """Write the values of one table, and return them with the tables that are to follow.

        Args:
            o: The table.
            sup: Its name as it is written; "" for the whole document.

        Raises:
            TypeError: A value is of a type that TOML does not have.
            ValueError: A string holds a lone surrogate, which TOML cannot.
        """
        lines: list[str] = []
        tables: dict[str, Any] = {}
        arrays: list[str] = []
        for key, value in o.items():
            name = self.dump_key(key)
            if isinstance(value, Mapping) and key != "":  # the reader of Python 3.10 refuses [""]
                tables[name] = value
            elif _is_array_of_tables(value) and key != "":
                arrays += (self._table(f"{sup}.{name}" if sup else name, item) for item in value)
            elif value is not None:
                lines.append(f"{name} = {self.dump_value(value)}\n")
        # Arrays of tables begin sections of their own: they follow what belongs to this table.
        return "".join(lines + arrays), tables

    def _table(self, name: str, table: Mapping[Any, Any]) -> str:
        inner = (
            f"{self.dump_key(key)} = {self.dump_value(value)}\n"
            for key, value in table.items()
            if value is not None
        )
        return f"\n[[{name}]]\n{''.join(inner)}"

    def dump_key(self, key: Any) -> str:
        """Write a key, quoted where it has to be."""
        text = str(key)
        return text if _BARE.fullmatch(text) else _string(text)

    def dump_value(self, v: Any) -> str:
        """Write a value on one line.

        Raises:
            TypeError: TOML has no such type.
            ValueError: A string holds a lone surrogate.
        """
        if isinstance(v, bool):
            return "true" if v else "false"
        if isinstance(v, str):
            return _string(v)
        if isinstance(v, int):
            return str(int(v))
        if isinstance(v, float):
            return "nan" if math.isnan(v) else repr(float(v))  # "inf" and "1e+16" are TOML's own spelling
        if isinstance(v, datetime.datetime | datetime.date | datetime.time):
            return v.isoformat()
        if isinstance(v, Mapping):
            items = (
                f"{self.dump_key(key)} = {self.dump_value(item)}"
                for key, item in v.items()
                if item is not None
            )
            return f"{{ {', '.join(items)} }}" if v else "{}"
        if isinstance(v, list | tuple):
            return f"[{', '.join(map(self.dump_value, v))}]"
        raise TypeError(f"TOML cannot hold a {type(v).__name__}")


def _is_array_of_tables(value: Any) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)
    )


def _string(text: str) -> str:
    """Write a basic string. JSON escapes as TOML does, but not DEL, which TOML requires."""
    written = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    try:
        written.encode()
    except UnicodeEncodeError as error:
        raise ValueError("TOML cannot hold a lone surrogate") from error
    return written
