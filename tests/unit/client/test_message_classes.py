# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Message classes are loaded in another thread than an event loop's."""

import subprocess
import sys

_PROGRAM = """
import asyncio, threading
from fedora_messaging._client import message_classes
from fedora_messaging._message.message import registry

threads = []
load = message_classes.load_message_classes


def loading():
    threads.append(threading.current_thread() is threading.main_thread())
    load()


message_classes.load_message_classes = loading


async def main():
    assert not registry.loaded
    await message_classes.message_classes_loaded()
    await message_classes.message_classes_loaded()
    assert registry.loaded
    print(threads)


asyncio.run(main())
"""


def test_in_another_thread() -> None:
    """They are loaded once, in another thread."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROGRAM],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert ("[False]\n", 0) == (done.stdout, done.returncode), done.stderr
