# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Hides the passwords of URLs in text.

Invariant: passwords are hidden before a text is shortened. In a URL that was cut, nothing may be left to tell
that it is one.
"""

from __future__ import annotations

import re

__all__ = ["redacted", "redacted_value"]

#: Of a longer text only the beginning and the end are kept, so that the time that it takes is limited.
_MOST = 1_000_000

# In running text a URL ends at the first whitespace.
_IN_TEXT = re.compile(r"(?<=://)\S+")
_VALUE = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
_PASSWORD = re.compile(r"(\[[^\]]*\])?([^:]*):(.*)@", re.DOTALL)
_OPTIONS = re.compile(r"\b(ssl_options)=[^&#]*")


def redacted(text: str) -> str:
    """Hide the passwords of all URLs in a text.

    The rest of the text stays as it is; but of one with more than a million characters, the middle is left
    out.
    """
    if len(text) > _MOST:
        text = _without_middle(text)
    return _IN_TEXT.sub(lambda found: _without_password(found[0]), text) if "://" in text else text


def redacted_value(text: str) -> str:
    """Hide the passwords in a value of the configuration.

    A value that begins as a URL is taken for one URL, whitespace included: its password may contain
    characters that should have been quoted.
    """
    beginning = _VALUE.match(text)
    if beginning is None:
        return redacted(text)
    return beginning[0] + _without_password(text[beginning.end() :])


def _without_middle(text: str) -> str:
    """Leave the middle of a text out, and what is left of a URL that this cuts."""
    end, start = _MOST // 2, len(text) - _MOST // 2
    url = _url_across(text, end)
    head = text[:end] if url < 0 else f"{text[:url]}://***"
    tail = text[start:] if _url_across(text, start) < 0 else re.sub(r"\A\S+", "***", text[start:])
    return f"{head} ... {tail}"


def _url_across(text: str, position: int) -> int:
    """Where the ``://`` of the URL is that goes across a position in a text; -1: none does."""
    word = max(text.rfind(space, 0, position) for space in " \t\n\r\f\v") + 1
    return text.find("://", word, position + 2)


def _without_password(rest: str) -> str:
    """Hide the password in the part of a URL that follows ``://``.

    A password that is not quoted (RFC 3986, section 3.2.1) may contain the characters that normally end it.
    So everything between the first colon and the last "@" counts as the password: it is better to hide too
    much than too little.
    """
    found = _PASSWORD.match(rest)
    if found is not None:
        rest = f"{found[1] or ''}{found[2]}:***@{rest[found.end() :]}"
    return _OPTIONS.sub(r"\1=***", rest)
