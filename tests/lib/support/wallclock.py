# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A wall clock that a test sets, for one process."""

import os
import shutil
import struct
import subprocess
from pathlib import Path

__all__ = ["WallClock"]

_SOURCE = Path(__file__).with_name("wallclock.c")
# Without a C compiler only Python code is deceived; that is what Twisted's reactors are.
_SITE = """
import mmap, os, struct, time
_shift = mmap.mmap(os.open(os.environ["WALLCLOCK_SHIFT"], os.O_RDONLY), 8, prot=mmap.PROT_READ)
_real = time.time
time.time = lambda: _real() + struct.unpack("d", _shift[:])[0]
"""


class WallClock:
    """Shifts the wall clock of processes that are started with its environment.

    A library that is built with the machine's C compiler does it for everything in the process. Where there
    is none, ``time.time`` is replaced before anything else is imported.

    Attributes:
        environ: What to add to the environment.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "shift"
        self.set(0)
        self.environ = {"WALLCLOCK_SHIFT": str(self._path)}
        compiler = shutil.which("cc")
        if compiler is None:
            (folder / "sitecustomize.py").write_text(_SITE)
            self.environ["PYTHONPATH"] = str(folder)
        else:
            library = folder / "wallclock.so"
            subprocess.run(
                [compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE, "-ldl"], check=True, timeout=60
            )
            self.environ["LD_PRELOAD"] = str(library)

    def set(self, seconds: float) -> None:
        """Let the wall clock be this much ahead of what it would be."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, struct.pack("d", seconds), 0)
        finally:
            os.close(descriptor)
