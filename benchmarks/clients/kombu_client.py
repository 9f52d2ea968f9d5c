# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""kombu, with its pure Python transport.

Publishing validates nothing; consuming validates with a validator made once.
"""

from typing import Any

import kombu
from workload import (
    EXCHANGE,
    QUEUE,
    TOPIC,
    URL,
    Stopwatch,
    make_body,
    make_check,
    make_headers,
    new_id,
    options,
)

arguments = options()
BODY = make_body(arguments.size)
_URL = URL.replace("amqp://", "pyamqp://")


def publish() -> None:
    """Publish one after the other, each confirmed."""
    with kombu.Connection(_URL, transport_options={"confirm_publish": True}) as connection:
        producer = connection.Producer(serializer="json")

        def one() -> None:
            producer.publish(
                BODY,
                exchange=EXCHANGE,
                routing_key=TOPIC,
                delivery_mode=2,
                headers=make_headers(),
                message_id=new_id(),
            )

        one()
        watch = Stopwatch()
        for _ in range(arguments.count - 1):
            one()
        watch.report(arguments.count - 1)


def consume() -> None:
    """Consume."""
    check = make_check()
    got = 0
    watch: Stopwatch | None = None

    def received(body: Any, message: Any) -> None:
        nonlocal got, watch
        watch = watch or Stopwatch()
        check(body)
        message.ack()
        got += 1

    with kombu.Connection(_URL) as connection:
        queue = kombu.Queue(QUEUE, durable=True, no_declare=True)
        with connection.Consumer(
            [queue],
            callbacks=[received],
            accept=["json"],
            prefetch_count=arguments.prefetch,
            auto_declare=False,
        ):
            while got < arguments.count:
                try:
                    connection.drain_events(timeout=60)
                except TimeoutError as error:
                    raise RuntimeError(f"{got} of {arguments.count} came") from error
        assert watch is not None
        watch.report(arguments.count - 1)


globals()[arguments.task]()
