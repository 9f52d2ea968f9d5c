# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The code blocks of a rendered page: what a reader of the HTML sees, not what the source file holds."""

import ast
import builtins
import re
from html.parser import HTMLParser
from typing import NamedTuple

__all__ = ["CONTINUES", "Block", "blocks", "undefined"]

#: How a Python block tells its readers, in its first line, that it needs the block before it.
CONTINUES = re.compile(r"# Continues the block above\b")


class Block(NamedTuple):
    """A code block as it is shown."""

    language: str
    caption: str
    text: str


class _Page(HTMLParser):
    """Collects the text of captions and of highlighted blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._language = self._caption = ""
        self._text: list[str] | None = None
        self._tag = ""
        self._depth = 0
        self._captioned = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if self._text is not None:
            self._depth += tag == self._tag
            return
        for name in classes:
            if name.startswith("highlight-"):
                self._language = name.removeprefix("highlight-")
        if "code-block-caption" in classes:
            self._captioned = True
        # The captions of the navigation are none of a block's.
        if (tag == "pre" and self._language) or ("caption-text" in classes and self._captioned):
            self._text, self._tag, self._depth, self._captioned = [], tag, 1, False

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._text is None or tag != self._tag:
            return
        self._depth -= 1
        if self._depth:
            return
        text = "".join(self._text)
        self._text = None
        if tag == "pre":
            self.blocks.append(Block(self._language, self._caption, text))
            self._language = self._caption = ""
        else:
            self._caption = text


def blocks(html: str) -> list[Block]:
    """The code blocks of a page, in their order."""
    page = _Page()
    page.feed(html)
    page.close()
    return page.blocks


def undefined(text: str) -> set[str]:
    """The names that a program uses and nowhere defines or imports."""
    used: set[str] = set()
    defined = {*dir(builtins), "__name__", "__file__"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ExceptHandler) and node.name:
            defined.add(node.name)
    return used - defined
