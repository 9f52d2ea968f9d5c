# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""make demo: messages from one process to another through a private broker that is gone afterwards."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_CHECKOUT / "tests"))

from rabbitmq import Node, NotInstalled  # noqa: E402

_PATIENCE = 60.0
_BINDINGS = 'rabbit_binding:list_for_source(rabbit_misc:r(<<"/">>, exchange, <<"amq.topic">>))'


def _run(script: str, environ: dict[str, str], *argv: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, str(_CHECKOUT / "examples" / script), *argv], env=environ)


def _wait_for_queue(node: Node, consumer: "subprocess.Popen[bytes]") -> None:
    """Until the consumer has bound its queue: what is published before nobody would get."""
    deadline = time.monotonic() + _PATIENCE
    pause = threading.Event()
    while node.eval(_BINDINGS) == "[]":
        if consumer.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("The consumer did not start.")
        pause.wait(0.1)


def main() -> int:
    """Start a broker, a consumer and a publisher; the exit code is theirs."""
    print("Starting a private RabbitMQ node on 127.0.0.1 ...", flush=True)
    try:
        node = Node()
    except NotInstalled as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    with node, tempfile.TemporaryDirectory() as folder:
        conf = Path(folder) / "config.toml"
        conf.write_text(f'amqp_url = "{node.url()}"\n')
        environ = {**os.environ, "FEDORA_MESSAGING_CONF": str(conf), "PYTHONUNBUFFERED": "1"}
        print(f"RabbitMQ {node.installation.version} accepts connections at {node.url()}", flush=True)
        with _run("consume.py", environ, "3") as consumer:
            try:
                _wait_for_queue(node, consumer)
                with _run("publish.py", environ, "3") as publisher:
                    code = publisher.wait(_PATIENCE)
                code = consumer.wait(_PATIENCE) or code
            finally:
                consumer.kill()
    print("Done: the broker and its files are gone." if code == 0 else f"Failed with {code}.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
