# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The two installs, with and without the extra "fast", come to the same verdicts, values and errors."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

_TESTS = Path(__file__).parents[2] / "lib"


def _verdicts(*arguments: str) -> list[str]:
    environ = {**os.environ, "PYTHONPATH": str(_TESTS), "PYTHONHASHSEED": "0"}
    argv = [sys.executable, "-m", "support.verdicts", *arguments]
    run = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-4000:]
    return run.stdout.splitlines()


@pytest.mark.skipif(
    find_spec("orjson") is None, reason="orjson is not installed: there is nothing to compare"
)
@pytest.mark.parametrize("seed", ["1", "2"])
def test_both_installs_judge_alike(seed: str) -> None:
    """Messages sent and received are accepted and refused alike, with equal values and the same words."""
    with_orjson = _verdicts(seed, "400")
    without = _verdicts(seed, "400", "without-orjson")

    assert with_orjson == without
    assert 900 < len(with_orjson)
    refused = sum("Error: " in line for line in with_orjson)
    assert 100 < refused < len(with_orjson) - 100
