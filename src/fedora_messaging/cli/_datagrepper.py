# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages from the archive, https://apps.fedoraproject.org/datagrepper."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import click

from .._json import codec
from ..exceptions import ConnectionException, ValidationError, excerpt
from ..message import Message, load_message

__all__ = ["DEFAULT_URL", "fetch", "url_option"]

DEFAULT_URL = "https://apps.fedoraproject.org/datagrepper"

# Larger than any message.
_MOST = 64 * 1024 * 1024

url_option = click.option(
    "--datagrepper-url", metavar="URL", default=DEFAULT_URL, show_default=True, help="The archive."
)


def fetch(url: str, message_id: str, timeout: float = 30.0) -> Message:
    """Fetch the message with an id. Blocks: not to be called in the reactor's thread.

    Raises:
        ConnectionException: The archive cannot be reached, or does not answer.
        ValidationError: It has no such message, or its answer is not a message.
    """
    from urllib import error, request

    if urlsplit(url).scheme not in ("http", "https"):
        raise click.UsageError(f'the URL of the archive must be http or https, not "{url}"')
    full = f"{url.rstrip('/')}/v2/id?{urlencode({'id': message_id, 'is_raw': 'true'})}"
    try:
        asked = request.Request(full, headers={"Accept": "application/json"})
        with request.urlopen(asked, timeout=timeout) as response:
            data = response.read(_MOST + 1)
    except error.HTTPError as refused:
        refused.close()
        if refused.code in (400, 404):
            raise ValidationError(f"There is no message {excerpt(message_id)} at {url}") from refused
        raise ConnectionException(f"The archive refused ({full}): HTTP status {refused.code}") from refused
    except (OSError, ValueError) as failed:
        raise ConnectionException(
            f"The archive cannot be reached ({full}): {getattr(failed, 'reason', None) or failed}"
        ) from failed
    if len(data) > _MOST:
        raise ValidationError(f"{full}: the answer is too large to be a message")
    return load_message(_decoded(data, full))


def _decoded(data: bytes, url: str) -> dict[str, Any]:
    try:
        content = codec.decode(data)
    except ValueError as error:
        raise ValidationError(f"{url}: the answer is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValidationError(f"{url}: the answer is not a message but {excerpt(content)}")
    return content
