# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages from the archive, https://apps.fedoraproject.org/datagrepper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import click

from .._json import codec
from .._reporting.passwords import redacted
from ..exceptions import ConnectionException, ValidationError, excerpt
from ..message import Message, load_message

__all__ = ["DEFAULT_URL", "fetch", "search", "url_option"]

DEFAULT_URL = "https://apps.fedoraproject.org/datagrepper"

# Larger than any message, or a page of usual ones.
_MOST = 64 * 1024 * 1024
#: The messages of a page; the archive gives no more.
_ROWS = 100

url_option = click.option(
    "--datagrepper-url", metavar="URL", default=DEFAULT_URL, show_default=True, help="The archive."
)


def fetch(url: str, message_id: str, timeout: float = 30.0) -> Message:
    """Fetch the message with an id. Blocks: not to be called in the reactor's thread.

    Raises:
        ConnectionException: The archive cannot be reached, or does not answer.
        ValidationError: It has no such message, or its answer is not a message.
    """
    answer = _get(url, "id", {"id": message_id, "is_raw": "true"}, timeout)
    if answer is None:
        raise ValidationError(f"There is no message {excerpt(message_id)} at {redacted(url)}")
    return load_message(answer)


def search(
    url: str, begin: float, asked: Mapping[str, Iterable[str]], timeout: float = 30.0
) -> Iterator[Mapping[str, Any]]:
    """Yield the messages since a time, the oldest first. Blocks: not to be called in the reactor's thread.

    Args:
        url: The archive.
        begin: Seconds since 1970.
        asked: What the archive is asked for: values, one of which has to be met, by "topic", "package" or
            "user".
        timeout: Seconds that each page may take.

    Yields:
        Each message as the archive has it: not checked in any way but for being a JSON object.

    Raises:
        ConnectionException: The archive cannot be reached, or does not answer.
        ValidationError: Its answer is no list of messages.
    """
    page = pages = 1
    while page <= pages:
        answer = _get(
            url,
            "search",
            {**asked, "start": begin, "order": "asc", "rows_per_page": _ROWS, "page": page},
            timeout,
        )
        found = None if answer is None else answer.get("raw_messages")
        number = None if answer is None else answer.get("pages")
        if not isinstance(found, list) or not isinstance(number, int):
            raise ValidationError(f"{redacted(url)}: the answer is no list of messages")
        yield from (each for each in found if isinstance(each, dict))
        page, pages = page + 1, number


def _get(url: str, what: str, parameters: Mapping[str, Any], timeout: float) -> dict[str, Any] | None:
    """Ask the archive; None: it does not have that."""
    from urllib import error, request

    if urlsplit(url).scheme not in ("http", "https"):
        raise click.UsageError(f'the URL of the archive must be http or https, not "{redacted(url)}"')
    full = f"{url.rstrip('/')}/v2/{what}?{urlencode(parameters, doseq=True)}"
    shown = redacted(full)
    try:
        asked = request.Request(full, headers={"Accept": "application/json"})
        with request.urlopen(asked, timeout=timeout) as response:
            data = response.read(_MOST + 1)
    except error.HTTPError as refused:
        refused.close()
        if refused.code in (400, 404):
            return None
        raise ConnectionException(f"The archive refused ({shown}): HTTP status {refused.code}") from refused
    except (OSError, ValueError) as failed:
        raise ConnectionException(
            f"The archive cannot be reached ({shown}): {getattr(failed, 'reason', None) or failed}"
        ) from failed
    if len(data) > _MOST:
        raise ValidationError(f"{shown}: the answer is too large to be of the archive")
    return _decoded(data, shown)


def _decoded(data: bytes, url: str) -> dict[str, Any]:
    try:
        content = codec.decode(data)
    except ValueError as error:
        raise ValidationError(f"{url}: the answer is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValidationError(f"{url}: the answer is not a message but {excerpt(content)}")
    return content
