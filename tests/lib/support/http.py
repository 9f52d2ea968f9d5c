# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Asking web applications of the examples."""

import json
import urllib.error
import urllib.request
from typing import Any

__all__ = ["post"]


def post(url: str, body: Any) -> tuple[int, dict[str, Any]]:
    """The status and the content of the answer to a POST of JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data), timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())
