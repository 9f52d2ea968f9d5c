# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A WSGI application that publishes while it answers: ``gunicorn --workers 2 --threads 8 wsgi:application``.

All threads of a worker share one connection. It is made by the first publish *in the worker*: never publish
while the module is imported, because a server that forks afterwards (gunicorn with ``--preload``, uWSGI)
would leave the workers with a connection that belongs to their parent; they would get ConnectionException.
"""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a POST by publishing its JSON."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    try:
        body = json.loads(environ["wsgi.input"].read(length))
        message = api.Message(topic="org.example.order.placed", body=body)
        api.publish(message, timeout=5)  # a web request should not wait for longer
    except (ValueError, ValidationError) as error:
        return _answer(start_response, "400 Bad Request", {"error": str(error)})
    except (ConnectionException, PublishException) as error:
        # Or keep the message and answer 202, see spool.py.
        return _answer(start_response, "503 Service Unavailable", {"error": str(error)})
    return _answer(start_response, "200 OK", {"id": message.id, "pid": os.getpid()})


def _answer(start_response: Callable[..., Any], status: str, content: dict[str, Any]) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(content).encode()]
