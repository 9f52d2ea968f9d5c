# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""pika's own clients: BlockingConnection, SelectConnection and the bare Twisted adapter.

Publishing encodes JSON and validates nothing; consuming decodes it, validates with a validator made once, and
acknowledges each message.
"""

import json
import os
import threading
import time
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.channel import Channel
from workload import (
    EXCHANGE,
    QUEUE,
    TOPIC,
    URL,
    Latency,
    Stopwatch,
    make_body,
    make_check,
    make_headers,
    new_id,
    options,
)

arguments = options()
BODY = make_body(arguments.size)


def _properties() -> pika.BasicProperties:
    return pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        headers=make_headers(),
        message_id=new_id(),
    )


def _blocking() -> tuple[pika.BlockingConnection, BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(URL))
    return connection, connection.channel()


def publish() -> None:
    """Publish one after the other, each confirmed."""
    connection, channel = _blocking()
    channel.confirm_delivery()

    def one() -> None:
        channel.basic_publish(EXCHANGE, TOPIC, json.dumps(BODY).encode(), _properties())

    one()
    watch = Stopwatch()
    for _ in range(arguments.count - 1):
        one()
    watch.report(arguments.count - 1)
    connection.close()


def consume() -> None:
    """Consume."""
    connection, channel = _blocking()
    channel.basic_qos(prefetch_count=arguments.prefetch)
    check = make_check()
    got = 0
    watch: Stopwatch | None = None

    def received(channel: BlockingChannel, method: Any, properties: Any, body: Any) -> None:
        nonlocal got, watch
        watch = watch or Stopwatch()
        check(json.loads(body.decode("utf-8")))
        got += 1
        channel.basic_ack(method.delivery_tag)
        if got == arguments.count:
            channel.stop_consuming()

    channel.basic_consume(QUEUE, received)
    channel.start_consuming()
    assert watch is not None
    watch.report(arguments.count - 1)
    connection.close()


def select() -> None:
    """Publish with many in flight, on a SelectConnection."""
    sent = 0
    lowest = 1
    pending: set[int] = set()
    watch: Stopwatch
    channel: Channel

    def pump() -> None:
        nonlocal sent
        while sent < arguments.count and len(pending) < arguments.in_flight:
            sent += 1
            pending.add(sent)
            channel.basic_publish(EXCHANGE, TOPIC, json.dumps(BODY).encode(), _properties())

    def confirmed(method: Any) -> None:
        nonlocal lowest
        tag = method.method.delivery_tag
        if method.method.multiple:
            pending.difference_update(range(lowest, tag + 1))
            lowest = tag + 1
        else:
            pending.discard(tag)
        if sent == arguments.count and not pending:
            watch.report(arguments.count)
            connection.close()
        else:
            pump()

    def selected(_: Any) -> None:
        nonlocal watch
        watch = Stopwatch()
        pump()

    def opened(new: Channel) -> None:
        nonlocal channel
        channel = new
        channel.confirm_delivery(confirmed, selected)

    def connected(connection: Any) -> None:
        connection.channel(on_open_callback=opened)

    connection = pika.SelectConnection(
        pika.URLParameters(URL),
        on_open_callback=connected,
        on_close_callback=lambda connection, error: connection.ioloop.stop(),
    )
    connection.ioloop.start()


def twisted() -> None:
    """Publish with many in flight, on pika's Twisted adapter as it is."""
    from pika.adapters.twisted_connection import TwistedProtocolConnection
    from twisted.internet import defer, protocol
    from twisted.internet import reactor as global_reactor

    reactor: Any = global_reactor
    parameters = pika.URLParameters(URL)

    async def run() -> None:
        creator = protocol.ClientCreator(reactor, TwistedProtocolConnection, parameters)
        made = await creator.connectTCP(parameters.host, parameters.port)
        await made.ready
        channel = await made.channel()
        await channel.confirm_delivery()
        left = arguments.count

        async def one_after_the_other() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                await channel.basic_publish(EXCHANGE, TOPIC, json.dumps(BODY).encode(), _properties())

        watch = Stopwatch()
        await defer.gatherResults(
            [defer.ensureDeferred(one_after_the_other()) for _ in range(arguments.in_flight)]
        )
        watch.report(arguments.count)
        await made.close()
        reactor.stop()

    def failed(failure: Any) -> None:
        failure.printTraceback()
        os._exit(1)

    reactor.callWhenRunning(lambda: defer.ensureDeferred(run()).addErrback(failed))
    reactor.run()


def latency() -> None:
    """A blocking consumer in a thread, a blocking publisher with confirms beside it."""
    took = Latency()
    ready = threading.Event()

    def consumer() -> None:
        connection, channel = _blocking()
        channel.basic_qos(prefetch_count=arguments.prefetch)
        check = make_check()

        def received(channel: BlockingChannel, method: Any, properties: Any, body: Any) -> None:
            decoded = json.loads(body)
            check(decoded)
            took.add(decoded)
            channel.basic_ack(method.delivery_tag)
            if len(took.seconds) == arguments.count:
                channel.stop_consuming()

        channel.basic_consume(QUEUE, received)
        ready.set()
        channel.start_consuming()
        connection.close()

    thread = threading.Thread(target=consumer)
    thread.start()
    ready.wait()
    time.sleep(0.2)
    connection, channel = _blocking()
    channel.confirm_delivery()
    began = time.perf_counter()
    for number in range(arguments.count):
        time.sleep(max(0.0, began + number / arguments.rate - time.perf_counter()))
        body = dict(BODY, sent=time.perf_counter())
        channel.basic_publish(EXCHANGE, TOPIC, json.dumps(body).encode(), _properties())
    thread.join()
    connection.close()
    took.report()


globals()[arguments.task]()
