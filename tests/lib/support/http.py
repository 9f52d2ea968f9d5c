# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Asking programs that serve pages."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

__all__ = ["post", "wait_until_ready"]


def post(url: str, body: Any) -> tuple[int, dict[str, Any]]:
    """The status and the content of the answer to a POST of JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def wait_until_ready(port: int, timeout: float = 120) -> None:
    """Wait until a program's page /ready says that it consumes."""
    until = time.monotonic() + timeout
    while not _is_ready(port):
        assert time.monotonic() < until, "it is not ready"
        time.sleep(0.1)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=30):
            return True
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:  # nothing listens yet
        pass
    return False
