# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Where ``top`` has its numbers from: the stream of events of a dashboard."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ...exceptions import excerpt
from ._table import Shown, rows_of

__all__ = ["Source", "monitor_url", "own_url"]

#: Seconds that an answer, and the next event, may take; and until the next attempt.
_PATIENCE, _PAUSE = 5.0, 1.0
#: An event is one line of so many bytes at most.
_LONGEST = 1 << 20
#: Addresses that a server listens on, and nobody connects to.
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


def monitor_url(given: str) -> str:
    """Return the URL of a dashboard; http is added where there is no scheme.

    Raises:
        ValueError: It is none.
    """
    url = given if "://" in given else f"http://{given}"
    wrong = ValueError(f"{excerpt(given, 60)!r} is no URL of a dashboard, such as http://127.0.0.1:8000")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise wrong from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or not url.isprintable():
        raise wrong
    if parts.username is not None:
        raise ValueError("user and password in a URL are not used: name the address of the dashboard alone")
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/events').rstrip('/')}"


def own_url(address: str, port: int) -> str:
    """Return the URL of the dashboard that listens on an address of this machine."""
    host = _EVERYWHERE.get(address, address)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open(url: str) -> Any:
    # Without a proxy: they know nothing of addresses of this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(url, timeout=_PATIENCE)


class Source(threading.Thread):
    """Reads the events of a dashboard in a thread, again and again.

    Args:
        url: Its URL.
        open_url: Opens the URL of the events, and returns what is read line by line.

    Attributes:
        url: Its URL.
        shown: What is known of it.
        tried: Set when it has answered once, or has not.
        complete: Set when it has told all its numbers, or has not answered.
        changed: Called, in the thread, when there is something new.
    """

    def __init__(self, url: str, open_url: Callable[[str], Any] = _open) -> None:
        super().__init__(name=f"top {url}", daemon=True)
        self.url = url
        self.shown = Shown(url)
        self.tried = threading.Event()
        self.complete = threading.Event()
        self.changed: Callable[[], None] = lambda: None
        self._open_url = open_url

    def run(self) -> None:
        """Read until the process ends."""
        while True:
            self.read()
            time.sleep(_PAUSE)

    def read(self) -> None:
        """Read once, until there is nothing more to be read."""
        try:
            self._read()
            problem = "the connection was closed"
        except urllib.error.HTTPError as error:
            with error:
                problem = _refusal(error)
        except (OSError, ValueError, http.client.HTTPException) as error:
            problem = _words(error)
        if self.shown.rows:
            problem = f"no contact since {time.strftime('%H:%M:%S')}: {problem}"
        if not self.shown.problem:
            self.shown = replace(self.shown, problem=problem)
        self._tell()
        self.complete.set()

    def _read(self) -> None:
        with self._open_url(f"{self.url}/events") as answer:
            events = 0
            while line := answer.readline(_LONGEST):
                if line.startswith(b"data: "):
                    self.shown = Shown(self.url, rows_of(json.loads(line[6:])))
                    events += 1
                    self._tell()
                    # The first may be the first of all, before there is a rate.
                    if events > 1:
                        self.complete.set()
                elif line.strip():
                    raise ValueError("what answers is no dashboard of this package")

    def _tell(self) -> None:
        self.tried.set()
        self.changed()


def _refusal(error: urllib.error.HTTPError) -> str:
    if error.code == 404:
        return "there is no dashboard: its configuration needs [monitoring] dashboard = true"
    if error.code == 503:
        return excerpt(error.read(300).decode("utf-8", "replace").strip(), 200)
    return f"HTTP status {error.code}"


def _words(error: Any) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"no answer within {_PATIENCE:g} s"
    return excerpt(getattr(reason, "strerror", None) or reason, 200) or type(error).__name__
