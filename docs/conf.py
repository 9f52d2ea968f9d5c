# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Sphinx: ``make docs`` builds it with every warning an error."""

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "fedora-messaging"
author = "Contributors to the fedora-messaging project"
copyright = f"2026, {author}"
version = release = version_of("fedora-messaging")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "fm_reference",
    "fm_pictures",
    "fm_matrix",
    "fm_pages",
    "fm_rates",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_performance"]
html_theme = "furo"
html_title = f"fedora-messaging {release}"
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
# Commands are copied without the prompt, and without what they print.
copybutton_prompt_text = "$ "
# Both have enough contrast for each token: tests/docs/test_looks.py.
pygments_style = "default"
pygments_dark_style = "monokai"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

# Nothing is fetched while building: names of other packages are not linked. Nor are private ones of ours.
nitpick_ignore_regex = [
    ("py:.*", r"builtins\..*"),
    ("py:.*", r"(asyncio|blinker|click|collections|jsonschema|logging|pika|twisted|typing|zope)\..*"),
    ("py:.*", r"fedora_messaging\.(.*\.)?_.*"),
    (
        "py:.*",
        r"(Caller|Clock|ConsumerSettings|Deferred|IAddress|Observer|PublishTracer|RetryConfig|fedora_messaging\.twisted\.monitor\.Watched)",
    ),
    ("py:.*", r"(fedora_messaging\.typed\.)?T"),  # a type variable
    # What dict's own docstrings give as types.
    ("py:.*", r"an? .*object providing a view.*"),
]
