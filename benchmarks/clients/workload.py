# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the clients of the benchmarks share: the message, their arguments, and what they report.

Each client is a program of its own, ``CLIENT.py TASK --count N``, in whichever environment has its library,
and prints one line of JSON. The broker's address is in the environment variable BENCH_URL.
"""

import argparse
import datetime
import json
import os
import resource
import signal
import time
import uuid
from collections.abc import Callable
from typing import Any

URL = os.environ.get("BENCH_URL", "")
QUEUE, EXCHANGE = "bench", "amq.topic"
TOPIC = "org.example.prod.updates.update.comment"
SCHEMA = "bench.comment.v1"

_USER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "groups": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
}
_BUILD = {
    "type": "object",
    "properties": {
        "nvr": {"type": "string"},
        "epoch": {"type": "integer"},
        "signed": {"type": "boolean"},
    },
    "required": ["nvr"],
}
BODY_SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "description": "A comment on an update",
    "type": "object",
    "properties": {
        "agent": {"type": "string"},
        "comment": {
            "type": "object",
            "properties": {
                "id": {"type": "integer"},
                "karma": {"type": "integer", "enum": [-1, 0, 1]},
                "text": {"type": "string"},
                "timestamp": {"type": "string"},
                "user": {"$ref": "#/definitions/user"},
            },
            "required": ["id", "karma", "text", "timestamp", "user"],
        },
        "update": {
            "type": "object",
            "properties": {
                "alias": {"type": "string", "pattern": "^UPDATE-"},
                "builds": {"type": "array", "items": {"$ref": "#/definitions/build"}},
                "status": {"type": ["string", "null"]},
                "request": {"type": ["string", "null"], "enum": [None, "testing", "stable", "obsolete"]},
                "release": {"type": "object"},
            },
            "required": ["alias", "builds", "status"],
        },
    },
    "required": ["comment"],
    "definitions": {"user": _USER, "build": _BUILD},
}


def make_body(size: int = 1024) -> dict[str, Any]:
    """A body of about so many bytes as JSON: a nested object, as applications send them."""
    body: dict[str, Any] = {
        "agent": "jdoe",
        "comment": {
            "id": 812345,
            "karma": 1,
            "text": "Works for me",
            "timestamp": "2026-05-01 10:11:12",
            "user": {"id": 4242, "name": "jdoe", "groups": ["packager", "provenpackager"]},
        },
        "update": {
            "alias": "UPDATE-2026-0123456789",
            "status": "testing",
            "request": "stable",
            "builds": [
                {"nvr": f"python-thing{n}-1.{n}.0-1.el9", "epoch": 0, "signed": True} for n in range(4)
            ],
            "release": {"name": "R40", "long_name": "Release 40", "branch": "r40", "eol": "2027-05-13"},
        },
    }
    builds = body["update"]["builds"]
    missing = size - len(json.dumps(body)) - 60
    one = len(json.dumps(builds[0])) + 2
    if missing > 20 * one:  # large bodies have many small values, not one large
        builds += [dict(builds[0]) for _ in range(missing // one)]
    missing = size - len(json.dumps(body))
    body["comment"]["text"] += " and" * (missing // 4)
    return body


def make_headers() -> dict[str, Any]:
    """What this package and its predecessor send along."""
    now = datetime.datetime.now(tz=datetime.timezone.utc).replace(microsecond=0)
    return {
        "fedora_messaging_schema": SCHEMA,
        "fedora_messaging_schema_package": "bench-schema",
        "fedora_messaging_severity": 20,
        "sent-at": now.isoformat(),
        "priority": 0,
    }


def new_id() -> str:
    """A message id."""
    return str(uuid.uuid4())


def make_check() -> Callable[[Any], None]:
    """What says whether a body is valid, for clients without schemas of their own: a validator made once."""
    import jsonschema

    validator = jsonschema.Draft4Validator(BODY_SCHEMA)

    def check(body: Any) -> None:
        for error in validator.iter_errors(body):
            raise error

    return check


def options() -> argparse.Namespace:
    """The arguments of a client; it ends by itself when it takes too long."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=1024, help="bytes of a body")
    parser.add_argument("--in-flight", type=int, default=1000)
    parser.add_argument("--prefetch", type=int, default=100)
    parser.add_argument("--rate", type=float, default=50, help="messages a second, for latency")
    parser.add_argument("--topic", default=TOPIC)
    parser.add_argument("--queues", type=int, default=1)
    parser.add_argument("--at", type=float, default=0, help="begin when time.perf_counter() says so")
    parser.add_argument("--queue-type", default="", help="of the queue that is consumed from")
    parser.add_argument("--limit", type=int, default=60, help="seconds until the client is ended")
    parser.add_argument("--profile", default="", help="write a profile of the reactor's thread to this file")
    arguments = parser.parse_args()
    signal.alarm(arguments.limit)
    return arguments


class Stopwatch:
    """Time and processor time since it was made."""

    def __init__(self) -> None:
        self.cpu, self.began = time.process_time(), time.perf_counter()

    def report(self, count: int, **more: Any) -> None:
        """Print what so many messages took."""
        seconds = time.perf_counter() - self.began
        cpu = time.process_time() - self.cpu
        more.update(began=self.began, ended=self.began + seconds)
        report(count=count, seconds=seconds, rate=count / seconds, cpu_us=cpu / count * 1e6, **more)


class Latency:
    """How long messages took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def add(self, body: Any) -> None:
        """One has arrived; its body says when it was sent."""
        self.seconds.append(time.perf_counter() - body["sent"])

    def report(self) -> None:
        """Print the figures, in milliseconds."""
        report(count=len(self.seconds), ms=[round(each * 1000, 3) for each in self.seconds])


def report(**figures: Any) -> None:
    """Print figures as one line of JSON."""
    figures["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps(figures), flush=True)
