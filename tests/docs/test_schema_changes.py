# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The test on the page about changes of schemas tells a compatible release from one that is not."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "schema-changes.md"
_MODULE = """
from fedora_messaging.message import Message

class OrderV1(Message):
    body_schema = {"type": "object", "required": ["customer"]}
"""
_METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: shop-messages\nVersion: 1.0\n",
    "entry_points.txt": "[fedora.messages]\nshop.order = shop_messages:OrderV1\n",
}


def test_the_recipe(tmp_path: Path) -> None:
    """It passes for what was exported from the same package, and names what breaks consumers otherwise."""
    (recipe,) = re.findall(r"^```python\n(.*?)^```$", _PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "test_recipe.py").write_text(recipe)
    (tmp_path / "shop_messages.py").write_text(_MODULE)
    info = tmp_path / "shop_messages-1.0.dist-info"
    info.mkdir()
    for name, text in _METADATA.items():
        (info / name).write_text(text)
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "PATH": paths}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    released = tmp_path / "released.json"
    export = ["schemas", "export", "shop-messages", "--format", "jsonschema", "-o", str(released)]
    assert 0 == run("fedora_messaging", *export).returncode
    passed = run("pytest", "-q", "-p", "no:cacheprovider", str(tmp_path))
    assert 0 == passed.returncode, passed.stdout

    exported = json.loads(released.read_text())
    exported["schemas"]["shop.order"]["required"].append("colour")
    released.write_text(json.dumps(exported))
    failed = run("pytest", "-q", "-p", "no:cacheprovider", str(tmp_path))
    assert 1 == failed.returncode
    assert "breaks consumers   shop.order: required: colour is required by one only" in failed.stdout
