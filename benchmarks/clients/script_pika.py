# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The whole life of a script that publishes one message with pika alone."""

import json

import pika
from workload import EXCHANGE, TOPIC, URL, make_body, make_headers, new_id

connection = pika.BlockingConnection(pika.URLParameters(URL))
channel = connection.channel()
channel.confirm_delivery()
properties = pika.BasicProperties(
    content_type="application/json",
    content_encoding="utf-8",
    delivery_mode=2,
    headers=make_headers(),
    message_id=new_id(),
)
channel.basic_publish(EXCHANGE, TOPIC, json.dumps(make_body()).encode(), properties)
connection.close()
