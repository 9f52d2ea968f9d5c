# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The invariants of the architecture that contracts of import-linter (``make lint``) cannot express.

Modules are read from the installed package's source, so that imports inside functions and for type checkers
count as well.
"""

import ast
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest


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


def _imported(name: str) -> set[str]:
    """The full names of modules outside the package that a module imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(_modules()[name]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def test_three_private_modules_at_most_at_the_root() -> None:
    """What is private lies in packages; what every layer needs may lie beside them."""
    private = [path.name for path in _source().glob("_*.py") if path.name != "__init__.py"]

    assert len(private) <= 3


def test_one_module_imports_pikas_adapter() -> None:
    """pika's Twisted adapter can be replaced, because one module knows it."""
    importers = {
        name
        for name in _modules()
        if any(found.startswith("pika.adapters.twisted_connection") for found in _imported(name))
    }

    assert {"twisted._connection.pika_adapter"} == importers


_HEAVY = ["twisted.internet.reactor", "crochet", "pika.adapters.twisted_connection"]


@pytest.mark.parametrize("module", ["message", "config", "exceptions", "schema_utils", "signals"])
def test_values_need_no_reactor(module: str) -> None:
    """Importing the values installs no reactor and loads no crochet."""
    code = f"import sys, fedora_messaging.{module}; print([n for n in {_HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize("module", ["api", "cli", "twisted.consumer"])
def test_the_choice_of_reactor_is_left_open(module: str) -> None:
    """Whoever has imported the api may still install the reactor of their choice."""
    code = f"import sys, fedora_messaging.{module}; print('twisted.internet.reactor' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()


def test_who_only_publishes_loads_no_consumer() -> None:
    """The service loads what consumes when there is something to consume."""
    name = "fedora_messaging.twisted.consumer"
    code = f"import sys, fedora_messaging.twisted.service; print({name!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False" == done.stdout.strip()


def test_only_the_service_reads_the_configuration() -> None:
    """Below the client, ``conf`` is read by the service alone, when it is given no configuration.

    The plugin of twistd is a caller, as the command line is: it loads what ``--conf`` names. So are
    applications that connect by themselves, with functions of release 3.9.1.
    """
    callers = ("_client", "api", "cli", "config", "pytest_plugin", "testing")
    readers = {
        name
        for name, tree in _modules().items()
        if name.partition(".")[0] not in callers
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "conf" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "conf")
    }

    assert {"twisted._compat", "twisted.service", "twisted.tap"} == readers


def test_the_process_has_one_client() -> None:
    """The functions of the api are the bound methods of one instance of the public class."""
    from fedora_messaging import api

    functions: list[Any] = [api.publish, api.consume, api.twisted_publish, api.twisted_consume]
    holders = {id(function.__self__) for function in functions}

    assert 1 == len(holders)
    assert api.Client is type(functions[0].__self__)
