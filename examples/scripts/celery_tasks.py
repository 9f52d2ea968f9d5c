# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Celery task that publishes: ``celery --app celery_tasks worker``.

Celery's worker processes are forked, and each makes a connection of its own at its first publish. As with
WSGI, nothing may be published before the fork.
"""

import os

from celery import Celery

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException

app = Celery("orders", broker=os.environ.get("CELERY_BROKER", "memory://"))


@app.task(autoretry_for=(ConnectionException, PublishException), retry_backoff=True, max_retries=None)
def announce(order: int, message_id: str | None = None) -> str | None:
    """Publish a message. Celery tries again what fails; the id stays the same if the caller gives one."""
    message = api.Message(topic="org.example.order.placed", body={"order": order})
    if message_id is not None:
        message.id = message_id
    api.publish(message, timeout=10)
    return message.id
