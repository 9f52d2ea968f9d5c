# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The users and virtual hosts that ``fedora-messaging broker`` is given.

A value may hold a password, so no error quotes one: it names the option, the user and the part at fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import click

if TYPE_CHECKING:
    from ..broker import User

__all__ = ["hide_password", "read_users", "read_vhosts"]

USER = "NAME:PASSWORD[:CONFIGURE:WRITE:READ]"
_RIGHTS = ("CONFIGURE", "WRITE", "READ")
_LONGEST = 255


def read_vhosts(values: Sequence[str]) -> tuple[str, ...]:
    """The virtual hosts: those given, else ``/``.

    Raises:
        click.BadParameter: A name is empty, too long or given twice.
    """
    for value in values:
        _check_name(value, "--vhost")
    _check_once(values, "--vhost")
    return tuple(values) or ("/",)


def read_users(values: Sequence[str], vhosts: Sequence[str]) -> Mapping[str, User] | None:
    """The users by name, each with its rights in all virtual hosts; None: nobody was given.

    Raises:
        click.BadParameter: A value has not two or five parts, a name is empty, too long or given twice, or a
            right is not a regular expression.
    """
    if not values:
        return None
    from ..broker import Permissions, User

    parts = [value.split(":") for value in values]
    users = {}
    for name, *rest in parts:
        if len(rest) not in (1, 4):
            raise _bad(
                "--user", f"it takes {USER}: two parts or five, with colons between them, not {1 + len(rest)}"
            )
        _check_name(name, "--user")
        password, *rights = rest
        for right, pattern in zip(_RIGHTS, rights, strict=False):
            try:
                re.compile(pattern)
            except re.error as error:
                raise _bad("--user", f"{right} of user {name!r} is not a regular expression") from error
        users[name] = User(password, dict.fromkeys(vhosts, Permissions(*rights)) if rights else None)
    _check_once([each[0] for each in parts], "--user")
    return users


def hide_password(url: str, user: str) -> str:
    """A URL with the name of a user and without a password."""
    address = urlsplit(url)
    return address._replace(netloc=f"{quote(user, safe='')}@{address.netloc.rpartition('@')[2]}").geturl()


def _check_name(name: str, option: str) -> None:
    if not name:
        raise _bad(option, "the name is empty")
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise _bad(option, f"the name is longer than {_LONGEST} bytes")


def _check_once(names: Sequence[str], option: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise _bad(option, f"{name!r} is given twice")


def _bad(option: str, text: str) -> click.BadParameter:
    return click.BadParameter(text, param_hint=f"'{option}'")
