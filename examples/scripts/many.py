# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Publish a message for each line of a CSV file: ``python many.py orders.csv``.

Messages are made while earlier ones are on their way, so that a file of any size takes little memory.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from fedora_messaging import api
from fedora_messaging.exceptions import PublishManyError


def messages(file: Path) -> Iterator[api.Message]:
    """Make a message of each line."""
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            yield api.Message(topic="org.example.order.placed", body=row)


def main(file: Path) -> int:
    """Publish them, and say what became of those that failed; returns an exit code."""
    try:
        count = api.publish_many(messages(file), timeout=30)
    except PublishManyError as error:
        for message, why in error.failed:
            print(f"not published: {message.body}: {why}", file=sys.stderr)
        print(f"{error.confirmed} published; {error}", file=sys.stderr)
        return 1
    print(f"{count} published")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
