# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message ids are random UUIDs, in each thread and in each process."""

import subprocess
import sys
import threading
import uuid

from fedora_messaging._message.ids import new_id

_FORKS = """
import os, sys
from fedora_messaging._message.ids import new_id
new_id()  # there are random bytes left for more
here, there = os.pipe()
if os.fork() == 0:
    os.write(there, "".join(new_id() for _ in range(100)).encode())
    os._exit(0)
mine = {new_id() for _ in range(100)}
os.wait()
text = os.read(here, 100_000).decode()
theirs = {text[at:at + 36] for at in range(0, len(text), 36)}
print(len(mine), len(theirs), len(mine & theirs))
"""


def test_ids_are_uuids() -> None:
    """An id is a random UUID in its usual form, and none comes twice."""
    made = [new_id() for _ in range(10_000)]

    assert len(set(made)) == 10_000
    for each in made:
        parsed = uuid.UUID(each)
        assert (str(parsed), parsed.version, parsed.variant) == (each, 4, uuid.RFC_4122)


def test_every_bit_is_random() -> None:
    """All bits but those that say version and variant take both values."""
    made = [uuid.UUID(new_id()).int for _ in range(2_000)]
    ones, zeros = 0, 0
    for each in made:
        ones |= each
        zeros |= ~each
    said = 0xF << 76 | 0b11 << 62

    assert ones | said == zeros & (2**128 - 1) | said == 2**128 - 1


def test_threads_get_ids_of_their_own() -> None:
    """Threads that draw at the same time never draw the same."""
    drawn: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: drawn.append([new_id() for _ in range(2_000)])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({each for ids in drawn for each in ids}) == 16_000


def test_a_fork_gets_ids_of_its_own() -> None:
    """What was fetched before a fork is not used on both sides of it."""
    run = subprocess.run([sys.executable, "-c", _FORKS], capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["100", "100", "0"]
