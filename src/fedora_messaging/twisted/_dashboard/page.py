# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The page of the dashboard: one file, which needs nothing else but the events."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from twisted.web import resource

if TYPE_CHECKING:
    from twisted.web.http import Request

__all__ = ["Page", "policy"]


class Page(resource.Resource):
    """The page, which is read from the package once."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._text = files(__package__).joinpath("page.html").read_bytes()
        self._policy = policy(self._text)

    def render_GET(self, request: Request) -> bytes:
        """See :class:`twisted.web.resource.Resource`."""
        request.setHeader(b"content-type", b"text/html; charset=utf-8")
        request.setHeader(b"cache-control", b"no-cache")
        request.setHeader(b"content-security-policy", self._policy)
        request.setHeader(b"x-content-type-options", b"nosniff")
        request.setHeader(b"x-frame-options", b"DENY")
        request.setHeader(b"referrer-policy", b"no-referrer")
        return self._text


def policy(page: bytes) -> bytes:
    """Return the Content-Security-Policy of a page: its own style, script and server, and nothing else."""
    style, script = (_hash(page, tag) for tag in (b"style", b"script"))
    return b"default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; connect-src 'self'" % (
        style,
        script,
    )


def _hash(page: bytes, tag: bytes) -> bytes:
    [text] = re.findall(b"<%s>(.*?)</%s>" % (tag, tag), page, re.DOTALL)
    return b64encode(sha256(text).digest())
