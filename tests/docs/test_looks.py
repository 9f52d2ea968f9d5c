# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What can be said without a browser about how the built pages look, in both themes and on narrow screens."""

import re
import runpy
from pathlib import Path

import pytest
from pygments.styles import get_style_by_name
from pygments.token import Whitespace

from support import rendered

_DOCS = Path(__file__).resolve().parents[2] / "docs"
#: The blocks that the style sheet wraps; all others have to fit at 1280 pixels.
_WRAPPED = ("text", "json", "console", "default")


def _luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 defines it."""
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["pygments_style", "pygments_dark_style"])
def test_code_can_be_read_in_both_themes(theme: str) -> None:
    """Every kind of token has a contrast of 4.5 or more to the background of its block."""
    style = get_style_by_name(runpy.run_path(str(_DOCS / "conf.py"))[theme])
    background = style.background_color.lstrip("#")
    tokens = {
        str(token): each["color"]
        for token, each in style
        if each["color"] and not each["bgcolor"] and token is not Whitespace
    }

    assert tokens
    assert [] == [name for name, colour in tokens.items() if _contrast(colour, background) < 4.5]


def test_contrast() -> None:
    """Black on white has the largest contrast, a colour on itself the smallest."""
    assert 21 == pytest.approx(_contrast("000000", "ffffff"))
    assert 1 == pytest.approx(_contrast("60a0b0", "60a0b0"))
    assert 4.5 > _contrast("60a0b0", "f0f0f0")


def test_code_fits(built: Path) -> None:
    """No line of a block that does not wrap has more than 112 columns: a page of 1280 pixels shows those."""
    long = [
        (path.name, line)
        for path in built.rglob("*.html")
        for block in rendered.blocks(path.read_text("utf-8"))
        if block.language not in _WRAPPED
        for line in block.text.splitlines()
        if len(line) > 112
    ]

    assert [] == long


def test_every_block_can_be_copied(built: Path) -> None:
    """Each page with a code block loads the script that puts a button on it."""
    pages = [path for path in built.rglob("*.html") if rendered.blocks(path.read_text("utf-8"))]

    assert pages
    assert [] == [path.name for path in pages if "copybutton.js" not in path.read_text("utf-8")]


def test_wide_pictures_and_tables_scroll_inside_the_page(built: Path) -> None:
    """Each drawn picture and each table has a box around it that scrolls, so that the page does not."""
    for path in built.rglob("*.html"):
        text = path.read_text("utf-8")
        assert text.count('<svg class="picture"') == text.count('<div class="scrolled"><svg class="picture"')
        for before in re.findall(r"(.{60})<table class=\"docutils", text, re.DOTALL):
            assert "table-wrapper" in before, path.name


def test_images_are_there(built: Path) -> None:
    """Each image of a page is a file beside it, and says in words what it shows."""
    for path in built.rglob("*.html"):
        for image in re.findall(r"<img [^>]*>", path.read_text("utf-8")):
            source = re.search(r'src="([^"]+)"', image)
            words = re.search(r'alt="([^"]*)"', image)
            assert source is not None
            assert (path.parent / source[1]).exists(), (path.name, image)
            assert words is not None
            assert words[1], (path.name, image)
            assert not words[1].endswith((".svg", ".png")), (path.name, image)
