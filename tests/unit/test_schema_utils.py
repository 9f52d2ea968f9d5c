# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Addresses of avatars."""

from hashlib import sha256

import pytest

from fedora_messaging.schema_utils import libravatar_url, user_avatar_url


def test_user() -> None:
    """A user's avatar is found by the account's OpenID."""
    digest = sha256(b"http://dudemcpants.id.fedoraproject.org/").hexdigest()

    assert f"https://seccdn.libravatar.org/avatar/{digest}?s=64&d=retro" == user_avatar_url("dudemcpants")


def test_email_size_and_default() -> None:
    """Size and default picture are in the address."""
    digest = sha256(b"dude@mcpants.org").hexdigest()

    assert f"https://seccdn.libravatar.org/avatar/{digest}?s=256&d=oops" == libravatar_url(
        email="dude@mcpants.org", size=256, default="oops"
    )


def test_nobody() -> None:
    """Without an address there is nothing to look for."""
    with pytest.raises(ValueError, match="email or an openid"):
        libravatar_url()
