# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What a reader of the built pages sees: Python blocks are complete, and file names are what they are."""

import re
from pathlib import Path

import pytest

from support import rendered

_DOCS = Path(__file__).resolve().parents[2] / "docs"
_PAGES = sorted(str(path.relative_to(_DOCS).with_suffix("")) for path in _DOCS.rglob("*.md"))
_PAGES = [page for page in _PAGES if not page.startswith("_")]


@pytest.mark.parametrize("page", _PAGES)
def test_python_blocks_are_complete(page: str, built: Path) -> None:
    """Each Python block of the page, code that is included from a file among them, defines or imports every
    name that it uses, or says in its first line that it continues the one above."""
    before = ""
    for block in rendered.blocks((built / f"{page}.html").read_text("utf-8")):
        if block.language != "python":
            continue
        text = f"{before}\n{block.text}" if rendered.CONTINUES.match(block.text) else block.text
        assert set() == rendered.undefined(text), block.text
        before = text


def test_file_names_are_shown_as_they_are(built: Path) -> None:
    """The caption of a block that is a file is set as code: as prose, underscores would become emphasis."""
    captions = []
    for path in built.rglob("*.html"):
        captions += re.findall(r'<span class="caption-text">(.+?)</span><a ', path.read_text("utf-8"))

    assert captions
    assert [] == [caption for caption in captions if not caption.startswith("<code ")]


def test_what_counts_as_undefined() -> None:
    """Names are looked for in all scopes; parameters, imports, exceptions and built-in names are defined."""
    text = (
        "import a.b as c, d.e\n"
        "def f(g, *h):\n"
        "    try: i(g, h, c, d)\n"
        "    except E as j: print(j, [k for k in h])"
    )

    assert {"i", "E"} == rendered.undefined(text)
    assert {"app"} == rendered.undefined("@app.route('/')\ndef home(): ...")
