# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What to do when publishing fails: keep the message, and publish it later.

For programs whose messages must not be lost, and which must not wait for the broker either. Run the file
itself from a timer (``python spool.py FOLDER``): it publishes what was kept.
"""

import os
import sys
import uuid
from pathlib import Path

from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException, PublishException, ValidationError


def publish_or_keep(message: api.Message, folder: Path, timeout: float = 10) -> bool:
    """Publish a message, or keep it in a folder; True when it was published.

    A message that is not valid raises: it will not get better by waiting.
    """
    try:
        api.publish(message, timeout=timeout)
    except (ConnectionException, PublishException):
        # It may have arrived all the same. Published again it has the same id, by which consumers know it.
        keep(message, folder)
        return False
    return True


def keep(message: api.Message, folder: Path) -> None:
    """Write a message into a file of its own, so that several processes may do so at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{uuid.uuid4()}.unfinished"
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(api.dumps(message) + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(unfinished.with_suffix(".json"))


def publish_kept(folder: Path) -> int:
    """Publish what was kept, oldest first; the number of messages."""
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for number, path in enumerate(files):
        try:
            for message in api.loads(path.read_text("utf-8")):
                api.publish(message)
        except ValidationError as error:  # the schema has changed in the meantime: somebody should look
            print(f"{path}: {error.summary}", file=sys.stderr)
            path.rename(path.with_suffix(".invalid"))
            continue
        except (ConnectionException, PublishException) as error:
            print(f"{len(files) - number} messages left: {error}", file=sys.stderr)
            return number
        path.unlink()
    return len(files)


if __name__ == "__main__":
    print(f"{publish_kept(Path(sys.argv[1]))} messages published")
