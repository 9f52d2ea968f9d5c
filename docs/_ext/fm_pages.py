# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parts of pages that are collected: the index of errors, and the changes that wait for a release."""

from __future__ import annotations

import builtins
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from fedora_messaging import exceptions
from fedora_messaging._runner.exit_codes import exit_code
from fedora_messaging.testing import UnmockedPublish

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_CHECKOUT = Path(__file__).resolve().parents[2]
_KINDS = ("added", "changed", "removed", "fixed", "security")


def error_rows() -> list[tuple[str, str, str, int | None]]:
    """Each error of the package: its name, its base classes, its meaning, the command line's exit code."""
    rows: list[tuple[str, str, str, int | None]] = []
    for name in exceptions.__all__:
        cls = getattr(exceptions, name)
        bases = ", ".join(base.__name__ for base in _public_bases(cls))
        code = None if name in ("BaseException", "Drop", "HaltConsumer") else exit_code(cls())
        rows.append((name, bases, _meaning(cls), code))
    bases = ", ".join(base.__name__ for base in UnmockedPublish.__bases__)
    rows.append(("UnmockedPublish", bases, _meaning(UnmockedPublish), None))
    return rows


def _public_bases(cls: type) -> list[type]:
    """The nearest ancestors of an error that are public, without the ancestors of these."""
    public = [
        base
        for base in cls.__mro__[1:]
        if base.__name__ in exceptions.__all__ and base is not builtins.BaseException
    ]
    return [
        base for base in public if not any(issubclass(other, base) for other in public if other is not base)
    ]


def _meaning(cls: type) -> str:
    return (inspect.getdoc(cls) or "").split("\n\n")[0].replace("\n", " ")


class ErrorIndex(SphinxDirective):
    """``{error-index}``: a table of all error classes."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_dependency(str(exceptions.__file__))
        lines = ["| class | is a | meaning | exit code |", "| --- | --- | --- | --: |"]
        for name, bases, meaning, code in error_rows():
            lines.append(f"| `{name}` | {bases} | {meaning} | {'' if code is None else code} |")
        return self.parse_text_to_nodes("\n".join(lines))


class Unreleased(SphinxDirective):
    """``{unreleased}``: the fragments of the changelog, by kind."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        found: list[nodes.Node] = []
        fragments = sorted((_CHECKOUT / "changelog.d").glob("*.md"))
        for kind in _KINDS:
            lines = []
            for fragment in fragments:
                if f".{kind}." in fragment.name:
                    self.env.note_dependency(str(fragment))
                    lines.append(f"- {' '.join(fragment.read_text('utf-8').split())}")
            if lines:
                title = f"Not released yet: {kind}"
                section = nodes.section(ids=[f"unreleased-{kind}"], names=[f"unreleased-{kind}"])
                section += nodes.title("", title)
                section += self.parse_text_to_nodes("\n".join(lines))
                found.append(section)
        return found


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("error-index", ErrorIndex)
    app.add_directive("unreleased", Unreleased)
    return {"parallel_read_safe": True}
