# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Lends a book: ``python -m library.lend READER TITLE DAY``."""

import sys
from collections.abc import Sequence

from library_messages import BookLentV1

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError


def lend(reader: str, title: str, due: str) -> BookLentV1:
    """Tell everybody that a book was lent; returns when the broker has the message.

    Args:
        reader: The reader's user name.
        title: The book's title.
        due: The day it is to be back, as in 2026-12-24.
    """
    message = BookLentV1(body={"agent": reader, "title": title, "due": due})
    api.publish(message)
    return message


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    if len(arguments) != 3:
        print("usage: python -m library.lend READER TITLE DAY", file=sys.stderr)
        return 2
    try:
        message = lend(*arguments)
    except ValidationError as error:
        print(f"not lent: {error.summary}", file=sys.stderr)
        return 2
    except (PublishException, ConnectionException) as error:
        print(f"lent, but nobody knows of it: {error}", file=sys.stderr)
        return 75  # EX_TEMPFAIL
    print(message.summary)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
