# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Every case has the same outcome on RabbitMQ and on the embedded broker that plays it.

What RabbitMQ does is written down in `outcomes.json`; RabbitMQ is held to it too, so that a release that
changes its mind is noticed. `pytest tests/conformance --record` writes it anew.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from .differences import DIFFERENCES
from .embedded import Embedded
from .lab import CASES, Control, Lab, plain

_TOPICS = (
    "exchanges",
    "queues",
    "messages",
    "limits",
    "quorum",
    "deadletters",
    "retries",
    "policies",
    "protocol",
    "closing",
    "replies",
    "transactions",
    "tables",
)
for _topic in _TOPICS:
    import_module(f".cases_{_topic}", __package__)

pytestmark = pytest.mark.fedora_messaging_real_broker
_FILE = Path(__file__).with_name("outcomes.json")
_OUTCOMES: dict[str, dict[str, Any]] = json.loads(_FILE.read_text()) if _FILE.exists() else {}
_NUMBERS = {name: number for number, name in enumerate(CASES, 1)}


def _outcome(name: str, url: str, release: str, control: Control) -> Any:
    prefix = f"case{_NUMBERS[name]}"
    lab = Lab(url, release, prefix, control)
    try:
        # Names go into outcomes without what makes them the case's own.
        return json.loads(json.dumps(plain(CASES[name](lab))).replace(prefix, "@"))
    finally:
        lab.close()


def _expected(name: str, release: str) -> Any:
    """Outcomes are written once where 3.10 and 4.3 agree, and for 4.0 where it does not agree with 4.3."""
    known = _OUTCOMES[name]
    if release == "4.0" and release not in known:
        release = "4.3"
    return known[release] if release in known else known["both"]


@pytest.mark.parametrize("name", CASES)
def test_rabbitmq(
    name: str, reference_url: str, reference_control: Control, release: str, request: pytest.FixtureRequest
) -> None:
    """RabbitMQ does what is written down."""
    actual = _outcome(name, reference_url, release, reference_control)
    if request.config.getoption("--record", default=False):
        _record(name, release, actual)

    assert _expected(name, release) == actual


@pytest.mark.parametrize("name", CASES)
def test_embedded(name: str, embedded_broker: Embedded, emulated: str) -> None:
    """The embedded broker does the same, but for the differences in their table."""
    actual = _outcome(name, embedded_broker.url(), emulated, embedded_broker)

    difference = DIFFERENCES.get(name)
    if difference is not None and emulated in difference.releases:
        assert difference.outcome == actual
        assert _expected(name, emulated) != actual, "there is no difference any more"
    else:
        assert _expected(name, emulated) == actual


def _record(name: str, release: str, actual: Any) -> None:
    known = _OUTCOMES.setdefault(name, {})
    if release == "4.0":
        known.pop(release, None)
        if _expected(name, "4.3") != actual:
            known[release] = actual
    else:
        if "both" in known:
            both = known.pop("both")
            known |= {"3.10": both, "4.3": both}
        known[release] = actual
        if "3.10" in known and "4.3" in known and known["3.10"] == known["4.3"]:
            known["both"] = known.pop("3.10")
            del known["4.3"]
    lines = (f"{json.dumps(each)}: {json.dumps(_OUTCOMES[each])}" for each in sorted(_OUTCOMES))
    _FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
