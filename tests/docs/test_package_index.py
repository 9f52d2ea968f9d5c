# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The README as the package index shows it: links lead to the files of the release."""

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import toml as tomllib

_CHECKOUT = Path(__file__).resolve().parents[2]
_SITES = re.compile(
    r"https://(github\.com/fedora-infra/fedora-messaging/blob|"
    r"raw\.githubusercontent\.com/fedora-infra/fedora-messaging)/\$HFPR_VERSION/([^#]+)"
)


def _shown() -> str:
    """The README after the substitutions of ``pyproject.toml``, as the build backend makes them."""
    text = (_CHECKOUT / "README.md").read_text("utf-8")
    project = tomllib.loads((_CHECKOUT / "pyproject.toml").read_text("utf-8"))
    for each in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    return text


def test_links_and_pictures() -> None:
    """Each link and picture of the README has a whole address there, and its file is in the checkout."""
    found = re.findall(r"(!?)\[[^\]]*\]\(([^)]+)\)", _shown())

    assert len(found) > 15
    for picture, address in found:
        ours = _SITES.fullmatch(address)
        if ours is None:
            assert address.startswith("https://"), address
            continue
        assert bool(picture) == ours[1].startswith("raw."), address
        assert (_CHECKOUT / ours[2]).is_file(), address
