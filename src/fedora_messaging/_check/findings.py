# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._reporting.passwords import redacted
from ..exceptions import excerpt

__all__ = ["LEVELS", "OPTIONAL", "STAGES", "Finding", "Report"]

#: What a finding can be, the worst last.
LEVELS = ("ok", "warning", "problem")

#: The stages, in their order; what needs a broker begins at DNS.
STAGES = (
    "configuration",
    "schemas",
    "callback",
    "DNS",
    "TCP",
    "TLS",
    "handshake",
    "login",
    "vhost",
    "exchanges",
    "queues",
    "rights",
    "declare",
    "publish",
)
#: Those that change something on the broker, or send a message, and have to be asked for.
OPTIONAL = ("declare", "publish")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check.

    Attributes:
        stage: The stage, one of :data:`STAGES`.
        level: ``"ok"``, ``"warning"`` or ``"problem"``.
        text: What was found, in one line without secrets.
        fix: What to do about it, or "".
    """

    stage: str
    level: str
    text: str
    fix: str = ""


class Report:
    """The findings so far.

    Attributes:
        findings: All of them, in their order.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def ok(self, stage: str, text: str) -> None:
        """Note what is as it should be."""
        self._add(stage, "ok", text, "")

    def warning(self, stage: str, text: str, fix: str) -> None:
        """Note what works now and may not later."""
        self._add(stage, "warning", text, fix)

    def problem(self, stage: str, text: str, fix: str) -> None:
        """Note what keeps messages from being published or consumed."""
        self._add(stage, "problem", text, fix)

    def stop(self) -> None:
        """Note that nothing was tried after the last finding, which is a problem."""
        last = self.findings[-1]
        self.findings[-1] = replace(last, fix=f"{last.fix}; nothing after this was tried")

    def _add(self, stage: str, level: str, text: str, fix: str) -> None:
        # Texts may quote what a broker says or a package raises.
        line, way_out = (excerpt(redacted(" ".join(each.split())), 500) for each in (text, fix))
        self.findings.append(Finding(stage, level, line, way_out))
