# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A script for cron: does its work, and tells the bus about it.

``api.publish`` returns when the broker has the message, so that the script may simply end after it.
"""

import shutil
import sys

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException


def main(timeout: float = 20) -> int:
    """Measure the disk, and publish what was found; the exit code tells cron whether that worked."""
    usage = shutil.disk_usage("/")
    message = api.Message(
        topic="org.example.disk.measured", body={"free": usage.free, "total": usage.total}, severity=20
    )
    try:
        api.publish(message, timeout=timeout)
    except (ConnectionException, PublishException) as error:
        print(f"The work is done, but the message was not published: {error}", file=sys.stderr)
        return 75  # EX_TEMPFAIL
    print(f"published {message.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
