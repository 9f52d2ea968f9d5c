# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The fault matrix with its tests: rows come from the page, tests are found by their names.

The test of row A1 is any function called ``test_a1_...``; its docstring says what it shows. Tests that belong
with others of their subject have names of their own: the row lists them in a fifth cell, without ``test_``.
"""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

_log = logging.getLogger(__name__)
_CHECKOUT = Path(__file__).resolve().parents[2]
_NAME = re.compile(r"test_([a-ir]\d{1,2})_")


class Test(NamedTuple):
    """A test of a row."""

    file: str
    name: str
    fact: str


def tests() -> tuple[dict[str, list[Test]], dict[str, list[Test]]]:
    """The tests of each row by their names, and all others by theirs."""
    found: dict[str, list[Test]] = {}
    others: dict[str, list[Test]] = {}
    for path in sorted((_CHECKOUT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                named = _NAME.match(node.name)
                fact = " ".join((ast.get_docstring(node) or "").split())
                test = Test(str(path.relative_to(_CHECKOUT)), node.name, fact)
                if named:
                    found.setdefault(named[1].upper(), []).append(test)
                else:
                    others.setdefault(node.name.removeprefix("test_"), []).append(test)
    return found, others


class FaultMatrix(SphinxDirective):
    """``{fault-matrix}``: lines of ``ID | case | what happens | bound | names``, with links to the tests."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_dependency(__file__)
        found, others = tests()
        rows = []
        for line in self.content:
            row, case, happens, bound, *names = (cell.strip() for cell in line.split("|"))
            rows.append((row, case, happens, bound))
            for name in " ".join(names).split():
                if name not in others:
                    _log.warning("row %s: there is no test_%s", row, name, location=self.get_location())
                found.setdefault(row, []).extend(others.get(name, []))
        self.env.temp_data["fault_tests"] = found
        lines = ["| row | case | what happens | within | tests |", "| --- | --- | --- | --- | --- |"]
        for row, case, happens, bound in rows:
            links = f"[{len(found[row])}](#tests-{row.lower()})" if row in found else "none yet"
            lines.append(f"| {row} | {case} | {happens} | {bound} | {links} |")
            if row not in found:
                _log.warning("the row %s has no test", row, location=self.get_location())
        for row in sorted(set(found) - {row[0] for row in rows}):
            _log.warning("there are tests for the row %s, which is not there", row)
        return self.parse_text_to_nodes("\n".join(lines))


class FaultTests(SphinxDirective):
    """``{fault-tests}``: the tests of all rows of the matrix above, each with the fact that it shows."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        lines = []
        for row, found in sorted(self.env.temp_data["fault_tests"].items()):
            lines += [f"(tests-{row.lower()})=", f"**{row}**", ""]
            lines += [f"- `{test.file}::{test.name}`: {test.fact}" for test in found]
            lines.append("")
        return self.parse_text_to_nodes("\n".join(lines))


class BrokerDifferences(SphinxDirective):
    """``{broker-differences}``: where the embedded broker is not RabbitMQ, and what it lacks."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        path = _CHECKOUT / "tests" / "conformance" / "differences.py"
        self.env.note_dependency(str(path))
        table = runpy.run_path(str(path))
        facts: dict[str, str] = {}
        for each in table["DIFFERENCES"].values():
            releases = "" if len(each.releases) > 1 else f" (as RabbitMQ {each.releases[0]})"
            facts[f"{each.what}{releases}"] = each.why
        lines = [
            "| difference | why |",
            "| --- | --- |",
            *(f"| {what} | {why} |" for what, why in facts.items()),
        ]
        lines += ["", "| not supported | |", "| --- | --- |"]
        lines += [f"| {what} | {why} |" for what, why in table["MISSING"]]
        return self.parse_text_to_nodes("\n".join(lines))


class OtherSuites(SphinxDirective):
    """``{other-suites}``: the suites of other clients, and which of their tests need not pass, and why."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        folder = _CHECKOUT / "tests" / "lib" / "peers"
        for name in ("suites.py", "exceptions.py"):
            self.env.note_dependency(str(folder / name))
        lines = ["| suite | tests that pass on RabbitMQ 3.10 | 4.3 |", "| --- | --- | --- |"]
        for suite in runpy.run_path(str(folder / "suites.py"))["SUITES"]:
            recorded = folder / "recorded" / f"{suite.name}.txt"
            self.env.note_dependency(str(recorded))
            releases = [
                line.partition(" ")[0].split(",") for line in recorded.read_text("utf-8").splitlines()
            ]
            counts = [sum(release in each for each in releases) for release in ("3.10", "4.3")]
            lines.append(f"| {suite.about} | {counts[0]} | {counts[1]} |")
        exceptions = runpy.run_path(str(folder / "exceptions.py"))["EXCEPTIONS"]
        if not exceptions:
            lines += ["", "There are no exceptions: all of them pass."]
            return self.parse_text_to_nodes("\n".join(lines))
        lines += ["", "| test that does not pass | as | why |", "| --- | --- | --- |"]
        for each in exceptions:
            names = ", ".join(f"`{test}`" for test in each.tests)
            lines.append(f"| {each.suite}: {names} | {', '.join(each.releases)} | {each.why} |")
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("fault-matrix", FaultMatrix)
    app.add_directive("fault-tests", FaultTests)
    app.add_directive("broker-differences", BrokerDifferences)
    app.add_directive("other-suites", OtherSuites)
    return {"parallel_read_safe": True}
