# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Twisted application that answers messages: ``twistd --nodaemon --pidfile= --python embedded.tac``.

It consumes what is sent to ``question.#`` and publishes an answer for each. The broker is the configured
one. SIGTERM or SIGINT stops it in order: the answer on its way is confirmed, its question acknowledged.
"""

from twisted.application.service import Application

from fedora_messaging.message import Message
from fedora_messaging.twisted.service import FedoraMessagingService


async def answer(question: Message) -> None:
    """Publish the answer; the question is acknowledged when the broker has confirmed it."""
    print(f"received {question.topic} {question.body}")
    text = str(question.body.get("text", ""))
    await messaging.publish(Message(topic="answer", body={"to": question.id, "text": text.upper()}))


messaging = FedoraMessagingService(
    answer, bindings=[{"exchange": "amq.topic", "queue": "questions", "routing_keys": ["question.#"]}]
)
application = Application("answers")
messaging.setServiceParent(application)
