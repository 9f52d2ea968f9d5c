# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``python -m fedora_messaging``: the command line, for when the program is not on the PATH."""

from .cli import main

__all__: list[str] = []

if __name__ == "__main__":
    main(prog_name="python -m fedora_messaging")
