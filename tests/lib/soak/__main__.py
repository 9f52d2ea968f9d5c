# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``python -m soak``: for so many seconds, faults at random; then everything heals and is counted.

Exit code 1: a confirmed message was lost, a publish failed, or one consumer ran two callbacks at a time. With
``--corrupt`` bytes are changed on their way as well, which AMQP cannot tell from others: then a message that
is missing has to be one that a changed frame was about. With ``--cluster`` there are three nodes of RabbitMQ
4.3 with a quorum queue, and the one fault is that a node is killed each minute.
"""

import argparse
import logging
import random
import resource
import sys
import time
import zlib
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from faults import Change, ProxyProcess
from fedora_messaging.config import parse
from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService
from rabbitmq import Cluster, Node, Settings
from support.account import through
from support.amqp import Amqp, Got

reactor: Any = global_reactor

QUEUE = "soak"
STREAMS = 20
PAUSE = 0.02
HEALING = 90.0
#: How often each happens, in relation to the others.
FAULTS = {
    "cut": 8,
    "reset": 8,
    "half_close": 3,
    "stall": 4,
    "delay": 3,
    "refuse": 3,
    "blackhole": 3,
    "alarm": 2,
    "kill": 1,
}
#: Seconds from one killed node of a cluster to the next.
KILLED_EACH = 60.0
#: How often bytes are changed, where they are.
CORRUPT = 4
#: Where the broker puts what a consumer rejects.
DEAD = "soak.dead"
QUORUM = {"x-queue-type": "quorum"}
ARGUMENTS = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD}


def resident() -> float:
    """This process's memory now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Soak:
    """One run.

    Args:
        seconds: How long faults happen.
        seed: Of the faults.
        node: The broker, which is killed now and then.
        corrupt: Change bytes, too.
        links: Through how many proxies the broker is used.
    """

    def __init__(
        self, seconds: float, seed: int, node: Node, *, corrupt: bool = False, links: int = 3
    ) -> None:
        self.random = random.Random(seed)
        self.places = random.Random(seed)
        self.corrupt = corrupt
        self.kinds = {**FAULTS, "corrupt": CORRUPT} if corrupt else FAULTS
        self.seconds = seconds
        self.node = node
        self.proxies = [ProxyProcess(node.port) for _ in range(links)]
        if corrupt:
            for proxy in self.proxies:
                proxy.watch()
        self.next = 0
        self.confirmed = array("B")
        self.received = array("B")
        self.errors: list[str] = []
        self.faults: Counter[str] = Counter()
        self.concurrent = 0
        self.rejected = 0
        self.going_on = True
        self.streams = 0
        self.memory: list[float] = []
        self.changed: list[tuple[str, str]] = []  # topic and body of what arrived changed
        self.refused: dict[int, str] = {}
        self.ended: list[str] = []

    def services(self) -> list[FedoraMessagingService]:
        """A service behind each proxy."""
        return [self.service(through(self.node.url(), proxy, "heartbeat=2")) for proxy in self.proxies]

    def service(self, url: str | list[str], arguments: dict[str, Any] = ARGUMENTS) -> FedoraMessagingService:
        """A service that can publish to the queue and consume from it."""
        queue = {QUEUE: {"durable": True, "auto_delete": False, "exclusive": False, "arguments": arguments}}
        binding = {"exchange": "amq.topic", "queue": QUEUE, "routing_keys": ["soak.#"]}
        keys = {"queues": queue, "bindings": [binding], "shutdown_grace": 20}
        return FedoraMessagingService(None, config=parse({"amqp_url": url, **keys}))

    async def run(self) -> None:
        """Everything."""
        services = self.services()
        for service in services[1:]:
            self.consume(service)
        for service in services:
            service.startService()
        for _ in range(STREAMS):
            self.streams += 1
            Deferred.fromCoroutine(self.publish(services[0])).addErrback(self.failed)
        end = time.monotonic() + self.seconds
        quiet = time.monotonic() + min(60.0, self.seconds / 4)
        while time.monotonic() < end:
            await self.fault()
            await deferLater(reactor, self.random.uniform(0.2, 2.0))
            if time.monotonic() > quiet:
                self.memory.append(resident())
        await self.heal()
        self.going_on = False
        end = time.monotonic() + HEALING
        while (self.streams or self.lost()) and time.monotonic() < end:
            await deferLater(reactor, 0.2)
        self.memory.append(resident())
        for service in services:
            await service.stopService()
            self.rejected += service.stats.consumed.rejected

    async def heal(self) -> None:
        """End all faults."""
        for proxy in self.proxies:
            proxy.resume()

    def consume(self, service: FedoraMessagingService) -> None:
        """Consume, and again should that end: changed bytes may say that the queue is gone."""

        def ended(result: Any) -> None:
            if self.going_on:
                self.ended.append(str(result.value))
                reactor.callLater(1.0, self.consume, service)

        known = set(service.consumers)
        service.consume(self.consumer(), in_thread=True).addErrback(lambda _: None)
        for consumer in set(service.consumers) - known:
            consumer.result.addErrback(ended)

    async def publish(self, service: FedoraMessagingService) -> None:
        """Publish one message after the other, each until it is confirmed."""
        while self.going_on:
            number, self.next = self.next, self.next + 1
            self.confirmed.append(0)
            self.received.append(0)
            try:
                body = {"n": number, "check": check(number)}
                await service.publish(Message(topic=f"soak.{number}", body=body))
            except Exception as error:
                self.refused[number] = f"{type(error).__name__}: {error}"
            else:
                self.confirmed[number] = 1
            await deferLater(reactor, PAUSE)
        self.streams -= 1

    def failed(self, failure: Failure) -> None:
        """A stream of messages has ended for another reason."""
        self.errors.append(failure.getTraceback())
        self.streams -= 1

    def consumer(self) -> Any:
        """A callback that notices when it is called while it runs."""
        running = 0

        def callback(message: Message) -> None:
            nonlocal running
            running += 1
            self.concurrent += running > 1
            try:
                number = message.body["n"]
                intact = message.body == {"n": number, "check": check(number)}
                intact = intact and message.topic == f"soak.{number}"
            except (KeyError, TypeError):
                intact = False
            if intact:
                self.received[number] = min(self.received[number] + 1, 255)
            else:
                self.changed.append((message.topic, repr(message.body)))
            running -= 1

        return callback

    async def fault(self) -> None:
        """Something goes wrong, for a while."""
        proxy = self.random.choice(self.proxies)
        name = self.random.choices(list(self.kinds), list(self.kinds.values()))[0]
        self.faults[name] += 1
        if name in ("cut", "reset"):
            getattr(proxy, name)()
        elif name == "half_close":
            proxy.half_close(self.random.choice(["up", "down"]))
        elif name == "corrupt":
            skip = self.places.choice([0, self.places.randrange(400)])
            proxy.corrupt(self.random.randint(1, 8), self.places.choice(["up", "down"]), skip)
        elif name == "alarm":
            await deferToThread(self.node.block_publishers)
            await deferLater(reactor, self.random.uniform(1, 5))
            await deferToThread(self.node.unblock_publishers)
        elif name == "kill":
            await deferToThread(self.node.kill)
            await deferToThread(self.node.start)
        else:
            arguments = {"stall": ("both",), "delay": (0.2,)}.get(name, ())
            getattr(proxy, name)(*arguments)
            if name in ("refuse", "blackhole"):
                proxy.cut()
            await deferLater(reactor, self.random.uniform(1, 6))
            proxy.resume()

    def lost(self) -> list[int]:
        """The confirmed messages that no callback has seen."""
        pairs = zip(self.confirmed, self.received, strict=True)
        return [number for number, (sent, seen) in enumerate(pairs) if sent and not seen]

    def account(self, left: dict[str, list[Got]], changes: list[Change]) -> bool:
        """Print what became of everything; whether it is well.

        Args:
            left: What is in the queues at the end.
            changes: The frames that were changed.
        """
        lost = self.lost()
        more = sum(seen - 1 for seen in self.received if seen)
        first, last = self.memory[0], self.memory[-1]
        kinds = ", ".join(f"{count} {kind}" for kind, count in self.faults.most_common())
        print(f"faults: {sum(self.faults.values())} ({kinds})")
        print(f"published and confirmed: {sum(self.confirmed)} of {self.next}")
        print(f"lost: {len(lost)}; rejected: {self.rejected}; received more than once: {more}")
        print(f"most callbacks at a time in one consumer: {1 + self.concurrent}")
        print(f"memory: {first:.1f} MiB when warm, {last:.1f} at the end ({last - first:+.1f})")
        well = not self.errors and not self.concurrent
        if self.corrupt:
            well &= self.explained(lost, left, changes)
        else:
            self.errors += [*self.refused.values(), *self.ended]
            well = well and not lost and sum(self.confirmed) == self.next
        for error in self.errors[:10]:
            print(f"error: {error}")
        return well

    def explained(self, lost: list[int], left: dict[str, list[Got]], changes: list[Change]) -> bool:
        """Print where each message went that is missing; whether there was a changed frame about each."""
        about: dict[int, list[Change]] = {number: [] for number in lost}
        for change in changes:
            for key in change.keys:
                number = key.removeprefix("soak.")
                if number.isdecimal() and int(number) in about:
                    about[int(number)].append(change)
        places = Counter(f"{change.frame}, {change.direction}" for change in changes)
        dead = [(_first_key(got), got.body) for got in left[DEAD]]
        rejected = {key for key, _ in dead}
        print("changed frames: " + ", ".join(f"{count} {place}" for place, count in places.most_common()))
        print(f"arrived changed: {len(self.changed)}; dead letters: {len(dead)}; left: {len(left[QUEUE])}")
        for topic, body in self.changed:
            print(f"  arrived changed: {topic!r} {body[:80]}")
        for key, rest in dead:
            print(f"  rejected: {key!r} {rest[:80]!r}")
        for missing in lost:
            fate = "rejected" if f"soak.{missing}" in rejected else "gone"
            print(f"missing {missing}, {fate}: {len(about[missing])} changed frames were about it")
            for change in about[missing]:
                words = f"{change.frame} {change.direction}, {len(change.keys)} in flight"
                print(f"  {words}\n    was {change.before}\n    now {change.after}")
        for refused, error in self.refused.items():
            print(f"publish of {refused} failed: {error}")
        for error in self.ended:
            print(f"a consumer ended: {error}")
        unexplained = [missing for missing in lost if not about[missing]]
        print(f"explained: {len(lost) - len(unexplained)} of {len(lost)}; not explained: {unexplained}")
        return not unexplained


def _first_key(got: Got) -> str:
    """The routing key with which a dead letter was published."""
    return str((got.properties.headers or {})["x-death"][0]["routing-keys"][0])


def check(number: int) -> int:
    """What shows that a body arrived as it was sent."""
    return zlib.crc32(str(number).encode())


class ClusterSoak(Soak):
    """One run with a cluster, one of whose nodes is killed each minute.

    Args:
        seconds: How long that happens.
        seed: Of the choices.
        cluster: The nodes.
    """

    def __init__(self, seconds: float, seed: int, cluster: Cluster) -> None:
        super().__init__(seconds, seed, cluster.nodes[0], links=0)
        self.cluster = cluster
        self.beginning = time.monotonic()

    def services(self) -> list[FedoraMessagingService]:
        """Three that may use any node."""
        return [self.service(self.cluster.urls(query="heartbeat=5"), QUORUM) for _ in range(3)]

    async def fault(self) -> None:
        """Kill a node a minute after the one before, and start it again some seconds later."""
        wait = self.beginning + KILLED_EACH * (1 + self.faults["kill"]) - time.monotonic()
        rest = self.beginning + self.seconds - time.monotonic()
        await deferLater(reactor, max(0.0, min(wait, rest)))
        if wait > rest:
            return
        node = self.random.choice(self.cluster.nodes)
        self.faults["kill"] += 1
        await deferToThread(node.kill)
        await deferLater(reactor, self.random.uniform(2, 20))
        await deferToThread(node.start)
        await deferToThread(self.cluster.wait_until_whole)

    async def heal(self) -> None:
        """All nodes run already."""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--corrupt", action="store_true", help="change bytes on their way, too")
    parser.add_argument("--cluster", action="store_true", help="kill one of three nodes of 4.3 each minute")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    logging.getLogger("fedora_messaging").setLevel(logging.CRITICAL)
    print(f"Faults for {options.seconds:g} s, seed {options.seed}.", flush=True)
    if options.cluster:
        with Cluster() as cluster:
            with Amqp(cluster.nodes[0].url()) as amqp:
                amqp.queue(QUEUE, "soak.#", arguments=QUORUM)
            nodes = ClusterSoak(options.seconds, options.seed, cluster)
            return 0 if finished(nodes) and nodes.account({}, []) else 1
    with Node(Settings()) as node:
        with Amqp(node.url()) as amqp:
            amqp.queue(QUEUE, "soak.#", arguments=ARGUMENTS)
            amqp.queue(DEAD)
        soak = Soak(options.seconds, options.seed, node, corrupt=options.corrupt)
        well = finished(soak)
        changes = [change for proxy in soak.proxies for change in proxy.changes()]
        for proxy in soak.proxies:
            proxy.close()
        with Amqp(node.url()) as amqp:
            left = {queue: amqp.take(queue) for queue in (QUEUE, DEAD)}
    return 0 if well and soak.account(left, changes) else 1


def finished(soak: Soak) -> bool:
    """Run the reactor until it is over; whether it did not fail."""
    ended: list[Any] = []

    def start() -> None:
        Deferred.fromCoroutine(soak.run()).addBoth(finish)

    def finish(result: Any) -> None:
        ended.append(result)
        reactor.stop()

    reactor.callWhenRunning(start)
    reactor.run()
    if isinstance(ended[0], Failure):
        ended[0].printTraceback(sys.stderr)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
