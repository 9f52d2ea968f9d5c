# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""contrib/systemd: the units say what systemd understands, and fit the program."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedora_messaging import config
from support.embedded import Embedded
from support.programs import Programs

_UNITS = sorted((Path(__file__).resolve().parents[2] / "contrib" / "systemd").glob("*.service"))


def _settings(unit: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"\w+=", line))


@pytest.mark.parametrize("unit", _UNITS, ids=lambda path: path.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    """systemd-analyze verify has nothing to say about the unit."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip(
            f"{unit.name} IS NOT VERIFIED: this machine has no systemd-analyze (apt-get install systemd)"
        )
    programs = Path(sys.executable).parent
    # The name of an instance; and the programs where they are on this machine.
    copy = tmp_path / unit.name.replace("@", "@test")
    copy.write_text(unit.read_text().replace("=/usr/bin/", f"={programs}/"))
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60, check=False
    )

    assert "" == "\n".join(line for line in done.stderr.splitlines() if "fm-" in line)
    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("unit", _UNITS, ids=lambda path: path.name)
def test_systemd_waits_for_the_grace_period(unit: Path) -> None:
    """systemd gives the process longer to end than it takes by its own account."""
    assert int(_settings(unit)["TimeoutStopSec"]) > config.parse({}).shutdown_grace


def test_the_units_differ_in_what_they_start() -> None:
    """There are two units, alike but for what they run."""
    first, second = map(_settings, _UNITS)

    assert {"Description", "ExecStart"} == {key for key in first if first[key] != second[key]}


_COMMANDS = {
    "fm-consumer": ["fedora-messaging", "consume", "--callback=fedora_messaging.example:printer"],
    "fm-twistd": [
        *("twistd", "--nodaemon", "--pidfile=", "fedora-messaging"),
        "--callback=fedora_messaging.example:printer",
    ],
}


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd listens on for a unit with Type=notify and a watchdog."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(120)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        yield listening


@pytest.mark.parametrize("unit", _COMMANDS)
def test_the_program_tells_systemd(
    unit: str, programs: Programs, embedded: Embedded, systemd: socket.socket
) -> None:
    """It is ready when it consumes, feeds the watchdog, and says that it stops."""
    command, *arguments = _COMMANDS[unit]
    program = programs.run([str(Path(sys.executable).with_name(command)), *arguments])

    assert b"READY=1" == systemd.recv(100)
    assert 1 == embedded.consumers()
    assert [b"WATCHDOG=1"] * 3 == [systemd.recv(100) for _ in range(3)]
    program.signal(signal.SIGTERM)
    said = systemd.recv(100)
    while said == b"WATCHDOG=1":
        said = systemd.recv(100)
    assert b"STOPPING=1" == said
    assert 0 == program.ended()
