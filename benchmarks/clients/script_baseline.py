# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The least work for a blocking, validated publish on Twisted: crochet, pika's adapter, jsonschema."""

import json
from typing import Any

import crochet
import pika
from workload import EXCHANGE, TOPIC, URL, make_body, make_check, make_headers, new_id

crochet.setup()

from pika.adapters.twisted_connection import TwistedProtocolConnection  # noqa: E402, installs the reactor
from twisted.internet import defer, protocol, reactor  # noqa: E402

parameters = pika.URLParameters(URL)


async def publish() -> None:
    """Everything."""
    body = make_body()
    make_check()(body)
    creator = protocol.ClientCreator(reactor, TwistedProtocolConnection, parameters)
    made = await creator.connectTCP(parameters.host, parameters.port)
    await made.ready
    channel = await made.channel()
    await channel.confirm_delivery()
    properties = pika.BasicProperties(
        content_type="application/json",
        content_encoding="utf-8",
        delivery_mode=2,
        headers=make_headers(),
        message_id=new_id(),
    )
    await channel.basic_publish(EXCHANGE, TOPIC, json.dumps(body).encode(), properties)
    await made.close()


@crochet.wait_for(30)
def main() -> Any:
    """Wait for it."""
    return defer.ensureDeferred(publish())


main()
