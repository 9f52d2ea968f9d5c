# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The whole life of a script that publishes one message with fedora_messaging."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "schemas"))
from bench_schema import Comment
from workload import TOPIC, make_body

from fedora_messaging import api

api.publish(Comment(topic=TOPIC, body=make_body()))
