# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Flask application that publishes from a view: ``gunicorn --workers 2 --threads 8 flask_app:app``.

The first publish in each worker connects; all threads of the worker share that connection.
"""

from typing import Any

from flask import Flask, request

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError

app = Flask(__name__)


@app.post("/orders")
def place_order() -> tuple[dict[str, Any], int]:
    """Announce an order, and answer when the broker has confirmed the message."""
    message = api.Message(topic="org.example.order.placed", body=request.get_json())
    api.publish(message, timeout=5)
    return {"id": message.id}, 201


@app.errorhandler(ValidationError)
def not_valid(error: ValidationError) -> tuple[dict[str, Any], int]:
    """The order cannot be announced as it is."""
    return {"error": str(error)}, 400


@app.errorhandler(PublishException)
@app.errorhandler(ConnectionException)
def not_published(error: Exception) -> tuple[dict[str, Any], int]:
    """The broker did not take it in time; the client may try again."""
    return {"error": str(error)}, 503
