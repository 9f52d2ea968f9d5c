# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A node of one release that is followed by one of another release at the same port."""

from .installation import Installation
from .node import Node, Settings


class Upgrade:
    """Two nodes, of which one runs at a time; the second one begins with the definitions of the first.

    Args:
        old: The release of the first.
        new: The release of the second.

    Attributes:
        before, after: The two nodes.
    """

    def __init__(self, old: Installation, new: Installation) -> None:
        self.before = Node(installation=old)
        self._definitions = self.before.folder / "definitions.json"
        settings = Settings(conf=(f"load_definitions = {self._definitions}",))
        self.after = Node(settings, installation=new, port=self.before.port)

    def stop_old(self) -> None:
        """Export the definitions of the first node and stop it."""
        self.before.rabbitmqctl("export_definitions", str(self._definitions), timeout=150)
        self.before.stop()

    def start_new(self) -> None:
        """Start the second node; it has the definitions before it accepts connections."""
        self.after.start()

    def __enter__(self) -> "Upgrade":
        try:
            self.before.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End both and remove their files."""
        self.after.close()
        self.before.close()
