# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A twisted.web application that publishes from its request handlers: ``python web.py [PORT]``."""

import json
import sys
from typing import Any

from twisted.application import service
from twisted.internet import endpoints, reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.web import resource, server

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError
from fedora_messaging.twisted.service import FedoraMessagingService


class Orders(resource.Resource):
    """Publishes what is posted, and answers when the broker has confirmed it."""

    isLeaf = True

    def __init__(self, messaging: FedoraMessagingService) -> None:
        super().__init__()
        self._messaging = messaging

    def render_POST(self, request: Any) -> int:
        """Start publishing. A client that hangs up gives up on the confirm, too."""
        publishing = ensureDeferred(self._publish(request))
        request.notifyFinish().addErrback(lambda _: publishing.cancel())
        return server.NOT_DONE_YET

    async def _publish(self, request: Any) -> None:
        try:
            message = api.Message(topic="org.example.order.placed", body=json.loads(request.content.read()))
            await self._messaging.publish(message, timeout=5)
        except (ValueError, ValidationError) as error:
            self._answer(request, 400, {"error": str(error)})
        except (ConnectionException, PublishException) as error:
            self._answer(request, 503, {"error": str(error)})
        else:
            self._answer(request, 200, {"id": message.id})

    def _answer(self, request: Any, status: int, content: dict[str, Any]) -> None:
        request.setResponseCode(status)
        request.setHeader(b"content-type", b"application/json")
        request.write(json.dumps(content).encode())
        request.finish()


def main(port: int) -> None:
    """Serve until SIGTERM or SIGINT; what is being published then may finish."""
    messaging = FedoraMessagingService(None)
    services = service.MultiService()
    messaging.setServiceParent(services)
    services.startService()
    reactor.addSystemEventTrigger("before", "shutdown", services.stopService)
    endpoint = endpoints.TCP4ServerEndpoint(reactor, port, interface="127.0.0.1")
    listening: Deferred[Any] = endpoint.listen(server.Site(Orders(messaging)))
    listening.addCallback(lambda found: print(f"listening on port {found.getHost().port}", flush=True))
    messaging.whenConnected().addCallback(lambda _: print("connected to the broker", flush=True))
    reactor.run()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
