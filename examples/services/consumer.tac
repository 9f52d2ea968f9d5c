# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Twisted application that consumes and publishes: ``twistd --nodaemon --python consumer.tac``.

The callback runs on the reactor, so it must not block; it may be a coroutine, or return a Deferred. The message is
acknowledged when that has finished.
"""

from twisted.application import service

from fedora_messaging import api
from fedora_messaging.twisted.service import FedoraMessagingService


async def answer(message: api.Message) -> None:
    """Publish an answer to each message, and have it confirmed before the message is acknowledged."""
    reply = api.Message(topic="org.example.answer", body={"about": message.id, "topic": message.topic})
    await messaging.publish(reply, timeout=30)
    print(f"answered {message.topic}")


messaging = FedoraMessagingService(
    answer, bindings=[{"exchange": "amq.topic", "queue": "questions", "routing_keys": ["org.example.question.#"]}]
)
application = service.Application("answers")
messaging.setServiceParent(application)
