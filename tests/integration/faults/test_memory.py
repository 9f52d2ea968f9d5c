# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Row I of the matrix: memory stays flat."""

from collections.abc import Callable

import pytest

from rabbitmq import Vhost
from support.account import declare
from support.programs import Programs

pytestmark = [pytest.mark.fedora_messaging_real_broker, pytest.mark.slow]

_MANY = """
import gc
from twisted.internet import reactor
from fedora_messaging import api
from fedora_messaging.config import conf, parse
from fedora_messaging.twisted.service import FedoraMessagingService

COUNT, SAMPLE, IN_FLIGHT = 100_000, 10_000, 200

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

def main():
    counts = {"sent": 0, "consumed": 0}
    missing = set(range(COUNT))

    def callback(message):
        missing.discard(message.body["n"])
        counts["consumed"] += 1
        if counts["consumed"] % SAMPLE == 0:
            print("consumed", counts["consumed"], resident() // 1024, "KiB", flush=True)
            if not missing:
                service.stopService().addBoth(lambda _: reactor.stop())

    def publish():
        n = counts["sent"]
        counts["sent"] += 1
        # Filter headers and ids that are never the same again.
        message = api.Message(topic=f"faults.{n}", body={"n": n, "text": f"{n:0200}"})
        message._headers[f"fedora_messaging_user_{n}"] = True
        service.publish(message).addCallbacks(confirmed, failed)

    def confirmed(_):
        if counts["sent"] < COUNT:
            publish()

    def failed(failure):
        print("failed", failure, flush=True)

    service = FedoraMessagingService(callback, config=parse(conf))
    service.startService()
    for _ in range(IN_FLIGHT):
        publish()

reactor.callWhenRunning(main)
reactor.run()
print("done", flush=True)
"""

_CONFIG = """
[queues.faults]
durable = true
auto_delete = false
exclusive = false
arguments = {}

[[bindings]]
queue = "faults"
exchange = "amq.topic"
routing_keys = ["faults.#"]
"""


def test_i1_memory_is_flat(vhost: Vhost, programs: Programs, measured: Callable[..., None]) -> None:
    """100,000 messages published and consumed by one process: less than 5 MB more after the first 10,000."""
    declare(vhost.url)
    program = programs.start(_MANY, config=_CONFIG)
    program.wait_for("done", timeout=240)

    assert 0 == program.ended(), program.said
    assert "failed" not in program.said
    sizes = [int(line.split()[2]) for line in program.lines if line.startswith("consumed")]
    measured(growth_kib=max(sizes) - sizes[0], sizes=sizes)
    assert 10 == len(sizes)
    assert max(sizes) - sizes[0] < 5 * 1024
    assert {"faults": 0} == vhost.queues()
