# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""An aiohttp application that publishes, with a consumer beside it: ``python aiohttp_app.py [PORT]``."""

import asyncio
import sys
from collections.abc import AsyncIterator

from aiohttp import web

import fedora_messaging.asyncio as messaging
from fedora_messaging.exceptions import ConnectionException, PublishException

BINDINGS = [{"exchange": "amq.topic", "queue": "orders", "routing_keys": ["org.example.order.#"]}]
CLIENT = web.AppKey("CLIENT", messaging.Client)


async def on_order(message: messaging.Message) -> None:
    """The callback: it runs on the event loop of the requests, and may use what lives there."""
    print("received", message.body["order"], flush=True)


async def connected(app: web.Application) -> AsyncIterator[None]:
    """Connect for as long as the application runs; at its end, what is on its way is finished."""
    async with messaging.Client() as client:
        app[CLIENT] = client
        consuming = asyncio.create_task(client.consume(on_order, BINDINGS))
        yield
        consuming.cancel()
        await asyncio.wait([consuming])


async def place_order(request: web.Request) -> web.Response:
    """Answer when the broker has confirmed the message, or say why not."""
    try:
        body = await request.json()
    except ValueError:
        return web.json_response({"error": "not JSON"}, status=400)
    if not isinstance(body, dict):
        return web.json_response({"error": "not an object"}, status=400)
    message = messaging.Message(topic="org.example.order.placed", body=body)
    try:
        await request.app[CLIENT].publish(message, timeout=10)
    except (PublishException, ConnectionException) as error:
        return web.json_response({"error": f"not published: {error}"}, status=503)
    return web.json_response({"id": message.id}, status=201)


def make() -> web.Application:
    """Make the application."""
    app = web.Application()
    app.cleanup_ctx.append(connected)
    app.router.add_post("/orders", place_order)
    return app


if __name__ == "__main__":
    web.run_app(make(), host="127.0.0.1", port=int(sys.argv[1]) if sys.argv[1:] else 8080)
