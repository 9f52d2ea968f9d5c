# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A FastAPI application that publishes, with a consumer beside it: ``uvicorn fastapi_app:app``."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

import fedora_messaging.asyncio as messaging
from fedora_messaging.exceptions import ConnectionException, PublishException

BINDINGS = [{"exchange": "amq.topic", "queue": "orders", "routing_keys": ["org.example.order.#"]}]
QUEUES = {"orders": {"durable": True, "auto_delete": False, "exclusive": False, "arguments": {}}}


class Order(BaseModel):
    """What a client sends."""

    order: int


async def on_order(message: messaging.Message) -> None:
    """The callback: it runs on the event loop of the requests, and may use what lives there."""
    await asyncio.sleep(0)
    print("received", message.body["order"], flush=True)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Connect for as long as the application runs; at its end, what is on its way is finished."""
    async with messaging.Client() as client:
        app.state.client = client
        app.state.consuming = asyncio.create_task(client.consume(on_order, BINDINGS, QUEUES, concurrency=8))
        yield
        app.state.consuming.cancel()
        await asyncio.wait([app.state.consuming])


app = FastAPI(lifespan=lifespan)


@app.post("/orders", status_code=201)
async def place_order(order: Order, request: Request) -> dict[str, str]:
    """Answer when the broker has confirmed the message, or say why not."""
    message = messaging.Message(topic="org.example.order.placed", body={"order": order.order})
    try:
        await request.app.state.client.publish(message, timeout=10)
    except (PublishException, ConnectionException) as error:
        raise HTTPException(503, f"not published: {error}", {"Retry-After": "5"}) from error
    return {"id": message.id}


@app.get("/health")
async def health(request: Request) -> dict[str, str]:
    """Say whether the consumer runs: what has ended it will not pass by itself."""
    consuming = request.app.state.consuming
    if consuming.done():
        raise HTTPException(503, f"the consumer has ended: {consuming.exception()}")
    return {"status": "consuming"}
