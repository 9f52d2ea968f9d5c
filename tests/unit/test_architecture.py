# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The shape of the package: which room may import which, and the laws that keep it so.

The rooms are read from the installed package's source, so that imports inside functions and for type checkers
count as well.
"""

import ast
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

# From the ground up: a room imports only rooms that stand before it. A new room gets its place here.
ROOMS = [
    # base
    "_show",
    "_log",
    "exceptions",
    "_repeats",
    "_importing",
    "_interception",
    "schema_utils",
    "signals",
    "_signalling",
    "_address",
    "_lifecycle",
    "_frames",
    "_registry",
    # values
    "_bounds",
    "_equal",
    "_json",
    "_keywords",
    "_checks",
    "_accept",
    "_explain",
    "_validation",
    "_topology",
    "_present",
    "_headers",
    "_ids",
    "_accessors",
    "_message",
    "_incoming",
    "_serialised",
    "message",
    "_backoff",
    "_delivery",
    "_observe",
    "_settlement",
    "_outbox",
    # edge
    "_property_decoder",
    "_property_encoder",
    "_client_properties",
    "_properties",
    "_wire",
    "_url",
    "_toml",
    "_toml_encoder",
    "_config_types",
    "_values",
    "_settings",
    "config",
    "_sending",
    "_entry",
    "example",
    # the Twisted wing
    "twisted",
    "twisted._steady",
    "twisted._threaded",
    "twisted._clock",
    "twisted._systemd",
    "twisted._twistd_log",
    "twisted._tls",
    "twisted._connector",
    "twisted._channel",
    "twisted._errors",
    "twisted._pika_log",
    "twisted._tune",
    "twisted._secret",
    "twisted._pika",
    "twisted.stats",
    "twisted._declare",
    "twisted._deadlines",
    "twisted._publisher",
    "twisted._callbacks",
    "twisted._awaiting",
    "twisted._workers",
    "twisted._reactor_worker",
    "twisted._deliveries",
    "twisted._settings",
    "twisted._attempt",
    "twisted._ending",
    "twisted._outcomes",
    "twisted.consumer",
    "twisted.protocol",
    "twisted._reconnecting",
    "twisted.factory",
    "twisted._http_limits",
    "twisted.monitor",
    "twisted.service",
    "twisted._v2",
    "twisted.tap",
    # the shim
    "_process",
    "_crochet",
    "_blocking",
    # the front
    "api",
    "broker",
    "testing",
    "pytest_plugin",
    "cli",
]
# Rooms with rooms of their own, whose inner order is not of interest here: nobody but the front sees them.
HOUSES = ("broker", "testing", "cli")
# The V2 names are imported when asked for, by a module's __getattr__: the one way upward.
UPWARD = {(room, "twisted._v2") for room in ("twisted.protocol", "twisted.factory", "twisted.service")}


def _source() -> Path:
    spec = find_spec("fedora_messaging")  # imports nothing of it
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def _name(path: Path) -> str:
    parts = path.relative_to(_source()).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _modules() -> dict[str, ast.Module]:
    return {_name(path): ast.parse(path.read_text()) for path in sorted(_source().rglob("*.py"))}


def _imports(name: str) -> set[str]:
    """The full names of the modules that a module imports anywhere, as far as names can tell."""
    package = name in _packages() or name == ""
    found: set[str] = set()
    for node in ast.walk(_modules()[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            here = ["fedora_messaging", *filter(None, name.split("."))]
            base = here[: len(here) - node.level + package] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                inner = ".".join([*base[1:], alias.name])
                is_module = base[:1] == ["fedora_messaging"] and inner in _modules()
                found.add(".".join([*base, alias.name]) if is_module else ".".join(base))
    return found


@cache
def _packages() -> frozenset[str]:
    return frozenset(_name(path) for path in _source().rglob("__init__.py"))


def _ours(name: str) -> set[str]:
    prefix = "fedora_messaging."
    return {found.removeprefix(prefix) for found in _imports(name) if found.startswith(prefix)}


def _room(module: str) -> str:
    house = module.partition(".")[0]
    return house if house in HOUSES else module


def _importers(*modules: str) -> set[str]:
    return {name for name in _modules() if _imports(name) & set(modules)}


def test_every_room_has_its_place() -> None:
    """Each module of the package stands in the order; the package itself imports none."""
    rooms = {_room(name) for name in _modules()} - {""}

    assert set() == rooms - set(ROOMS)
    assert set() == _ours("")


@pytest.mark.parametrize("module", sorted(_modules()))
def test_a_room_imports_only_rooms_below(module: str) -> None:
    """There are no circles, because every import points downwards."""
    room = _room(module)
    above = {
        other
        for other in map(_room, _ours(module))
        if other != room and ROOMS.index(other) >= ROOMS.index(room) and (room, other) not in UPWARD
    }

    assert set() == above


def test_only_the_front_knows_the_embedded_broker() -> None:
    """The broker is for development and tests: only the command line and the testing kit import it."""
    importers = {_room(name) for name in _modules() if any(_room(found) == "broker" for found in _ours(name))}

    assert set() == importers - {"broker", "cli", "testing"}


def test_the_embedded_broker_stands_by_itself() -> None:
    """The broker uses nothing of the client but its clock, so that neither can hide the other's mistake."""
    used = {found for name in _modules() if _room(name) == "broker" for found in _ours(name)}
    used.discard("twisted._steady")

    assert {"broker"} == {_room(found) for found in used}


@pytest.mark.parametrize("room", ["message", "config", "exceptions", "schema_utils", "signals"])
def test_values_need_no_reactor(room: str) -> None:
    """Law 1: importing the values installs no reactor and starts no crochet."""
    code = f"import sys, fedora_messaging.{room}; print([n for n in {_HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


_HEAVY = ["twisted.internet.reactor", "crochet", "pika.adapters.twisted_connection"]


@pytest.mark.parametrize("module", ["api", "cli", "twisted.consumer"])
def test_the_front_door_leaves_the_choice_of_reactor(module: str) -> None:
    """Law 1: whoever has imported the api may still install the reactor of their choice."""
    code = f"import sys, fedora_messaging.{module}; print('twisted.internet.reactor' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()


def test_one_file_imports_pikas_adapter() -> None:
    """Law 1: pika's Twisted adapter can be replaced, because one file knows it."""
    assert {"twisted._pika"} == _importers("pika.adapters.twisted_connection")


def test_the_floors_do_not_know_twisted() -> None:
    """Below the wing nothing imports Twisted: those rooms decide and do no I/O."""
    floors = ROOMS[: ROOMS.index("twisted")]
    users = {name for name in floors if any(found.partition(".")[0] == "twisted" for found in _imports(name))}

    assert set() == users


def test_only_the_service_reads_the_configuration() -> None:
    """Law 2: below the shim, `conf` is read by the service alone, when it gets no configuration.

    twistd's plugin is a front, as the command line is: it loads what `--conf` names.
    """
    readers = {
        name
        for name in ROOMS[: ROOMS.index("_blocking")]
        for node in ast.walk(_modules().get(name, ast.Module([], [])))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "conf" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "conf")
    }

    assert {"twisted.service", "twisted.tap"} == readers


def test_no_module_keeps_state_of_its_own() -> None:
    """Law 3: no function rebinds a module's name; what lives as long as the process is one object."""
    writers = {
        name for name, tree in _modules().items() for node in ast.walk(tree) if isinstance(node, ast.Global)
    }

    assert set() == writers


def test_the_process_has_one_client() -> None:
    """Law 3: the blocking functions are the bound methods of one instance of the public class."""
    from fedora_messaging import api

    functions = [api.publish, api.consume, api.twisted_publish, api.twisted_consume]
    holders = {id(function.__self__) for function in functions}

    assert 1 == len(holders)
    assert api.Client is type(api.publish.__self__)


def test_the_consumer_knows_no_protocol() -> None:
    """Law 4: the consumer is given a channel; it imports neither the protocol nor the factory."""
    above = {"twisted.protocol", "twisted.factory", "twisted._pika"}

    assert set() == _ours("twisted.consumer") & above


def test_nobody_raises_foreign_errors() -> None:
    """Law 5: no room of the wing raises an error of pika or Twisted by name."""
    raised = {
        (name, ast.unparse(node.exc))
        for name, tree in _modules().items()
        if name.startswith("twisted.")
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc is not None
        if ast.unparse(node.exc).startswith(("pika.", "error.", "twisted."))
    }

    assert set() == raised
