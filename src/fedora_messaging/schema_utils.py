# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""URLs of avatars, for the properties of message classes."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import urlencode

__all__ = ["libravatar_url", "user_avatar_url"]


def user_avatar_url(username: str, size: int = 64, default: str = "retro") -> str:
    """Return the URL of a Fedora user's avatar.

    Args:
        username: The name of the account.
        size: Width and height in pixels.
        default: The kind of picture that Libravatar generates for users who have none.
    """
    return libravatar_url(openid=f"http://{username}.id.fedoraproject.org/", size=size, default=default)


def libravatar_url(
    email: str | None = None, openid: str | None = None, size: int = 64, default: str = "retro"
) -> str:
    """Return the URL of the avatar for an e-mail address or an OpenID.

    Args:
        email: The e-mail address. If both are given, the OpenID is ignored.
        openid: The OpenID.
        size: Width and height in pixels.
        default: The kind of picture that Libravatar generates for users who have none.

    Raises:
        ValueError: Neither an e-mail address nor an OpenID was given.
    """
    identity = email or openid
    if not identity:
        raise ValueError("You must provide either an email or an openid argument.")
    digest = sha256(identity.encode("utf-8")).hexdigest()
    return f"https://seccdn.libravatar.org/avatar/{digest}?{urlencode({'s': size, 'd': default})}"
