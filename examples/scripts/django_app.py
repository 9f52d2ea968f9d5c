# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A Django project in one file that publishes when a transaction is committed.

Run it with ``python django_app.py runserver --noreload``, or ``gunicorn django_app:application``.
"""

import json
import sys
from typing import Any

import jsonschema
from django.conf import settings

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        ROOT_URLCONF=__name__,
        SECRET_KEY="only for this example",
    )

from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException


@csrf_exempt
def place_order(request: HttpRequest) -> JsonResponse:
    """Store an order, and announce it when the transaction is committed: nobody hears of one that was not."""
    try:
        message = api.Message(topic="org.example.order.placed", body=json.loads(request.body))
        message.validate()  # before anything is stored
        with transaction.atomic():
            # Here the order is stored.
            transaction.on_commit(lambda: api.publish(message, timeout=5))
    except (ValueError, jsonschema.ValidationError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    except (ConnectionException, PublishException) as error:
        # The order is stored: keep the message and publish it later, see spool.py.
        return JsonResponse({"error": str(error)}, status=503)
    return JsonResponse({"id": message.id}, status=201)


urlpatterns: list[Any] = [path("orders", place_order)]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
