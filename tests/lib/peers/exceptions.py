# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which tests of other clients pass on RabbitMQ and not on the embedded broker, and why: one table.

The documentation prints it, and the suites are compared by it: a test that is not here has to pass where it
passes on RabbitMQ, and one that is here must not pass.
"""

from typing import NamedTuple


class Exempt(NamedTuple):
    """Tests of one suite that need not pass, with the reason.

    Attributes:
        suite: Which suite.
        tests: Their ids.
        why: Why they do not pass.
        releases: The emulated releases it concerns.
    """

    suite: str
    tests: tuple[str, ...]
    why: str
    releases: tuple[str, ...] = ("3.10", "4.3")


EXCEPTIONS: tuple[Exempt, ...] = ()
