# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The same with Klein: ``python klein_app.py [PORT]``. Handlers are coroutines and await the confirm."""

import json
import sys
from typing import Any

from klein import Klein
from twisted.internet import reactor

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError
from fedora_messaging.twisted.service import FedoraMessagingService

app = Klein()
messaging = FedoraMessagingService(None)


@app.route("/orders", methods=["POST"])
async def orders(request: Any) -> bytes:
    """Publish what is posted, and answer when the broker has confirmed it."""
    request.setHeader(b"content-type", b"application/json")
    try:
        message = api.Message(topic="org.example.order.placed", body=json.loads(request.content.read()))
        await messaging.publish(message, timeout=5)
    except (ValueError, ValidationError) as error:
        request.setResponseCode(400)
        return json.dumps({"error": str(error)}).encode()
    except (ConnectionException, PublishException) as error:
        request.setResponseCode(503)
        return json.dumps({"error": str(error)}).encode()
    return json.dumps({"id": message.id}).encode()


if __name__ == "__main__":
    reactor.callWhenRunning(messaging.startService)
    reactor.addSystemEventTrigger("before", "shutdown", messaging.stopService)
    app.run("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
