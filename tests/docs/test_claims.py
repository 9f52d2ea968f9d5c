# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What the pages and the docstrings claim about parameters, defaults, exceptions and exit codes is so."""

import ast
import dataclasses
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fedora_messaging import api, config, exceptions, testing
from fedora_messaging._core import topology
from fedora_messaging.cli import main
from fedora_messaging.twisted.consumer import Consumer
from fedora_messaging.twisted.factory import FedoraMessagingFactory
from fedora_messaging.twisted.protocol import FedoraMessagingProtocol
from fedora_messaging.twisted.service import FedoraMessagingService

_CHECKOUT = Path(__file__).resolve().parents[2]
_PAGES = [_CHECKOUT / "README.md", *sorted((_CHECKOUT / "docs").rglob("*.md"))]

#: What names stand for in the prose.
_NAMES: dict[str, Any] = {
    "api": api,
    "client": api.Client,
    "config": config,
    "conf": config.LazyConfig,
    "consumer": Consumer,
    "factory": FedoraMessagingFactory,
    "protocol": FedoraMessagingProtocol,
    "service": FedoraMessagingService,
    "testing": testing,
}


def _texts() -> list[tuple[str, ast.Call]]:
    """The calls that stand in the running text of pages, as ``service.publish(message, timeout=None)``."""
    found = []
    for page in _PAGES:
        prose = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
        for text in re.findall(r"`([A-Za-z_.]+\([^`]*\))`", prose):
            try:
                call = ast.parse(text, mode="eval").body
            except SyntaxError:
                continue
            if isinstance(call, ast.Call):
                found.append((text, call))
    return found


def _called(function: ast.expr) -> Callable[..., Any] | None:
    """What a call in the prose calls, if it is of this package."""
    match function:
        case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if owner in _NAMES:
            found: Callable[..., Any] = getattr(_NAMES[owner], attribute)
            return found
        case ast.Name(id=name):
            return getattr(exceptions, name, None)
    return None


def _differences(text: str, call: ast.Call, called: Callable[..., Any]) -> list[str]:
    parameters = {name: each for name, each in inspect.signature(called).parameters.items() if name != "self"}
    wrong = []
    shown = [each.id for each in call.args if isinstance(each, ast.Name) and each.id.islower()]
    if shown != list(parameters)[: len(shown)]:
        wrong.append(f"{text}: the parameters are {', '.join(parameters)}")
    for keyword in call.keywords:
        if keyword.arg not in parameters:
            wrong.append(f"{text}: there is no {keyword.arg}")
        elif shown and isinstance(keyword.value, ast.Constant) and keyword.value.value is not ...:
            default = parameters[keyword.arg].default
            if keyword.value.value != default:
                wrong.append(f"{text}: the default of {keyword.arg} is {default!r}")
    return wrong


def test_signatures_in_the_prose() -> None:
    """A call that is named in the text has these parameters in this order, and these defaults."""
    ours = [(text, call, called) for text, call in _texts() if (called := _called(call.func)) is not None]

    assert len(ours) >= 3
    assert [] == [line for each in ours for line in _differences(*each)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("service.publish(message, exchange=None, timeout=30)", "the default of timeout is None"),
        ("service.publish(message, deadline=None)", "there is no deadline"),
        ("service.consume(bindings, callback)", "the parameters are callback, bindings"),
    ],
)
def test_what_a_wrong_signature_is_told(text: str, says: str) -> None:
    """The comparison finds wrong defaults, names and orders."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    called = _called(call.func)
    assert called is not None

    assert [True] == [says in line for line in _differences(text, call, called)]


def test_the_deadline_of_publish_in_the_page_on_scripts() -> None:
    """The page on scripts names the default of `timeout` that `api.publish` has."""
    page = (_CHECKOUT / "docs" / "how-to" / "scripts.md").read_text("utf-8")
    said = re.search(r"`timeout` \((\d+) s unless you say otherwise", page)

    assert said is not None
    assert int(said[1]) == inspect.signature(api.publish).parameters["timeout"].default


def test_errors_of_publish_in_the_page_on_scripts() -> None:
    """The page's table has the errors that the docstring of `publish` names, but for RuntimeError."""
    page = (_CHECKOUT / "docs" / "how-to" / "scripts.md").read_text("utf-8")
    table = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    raises = (inspect.getdoc(api.Client.publish) or "").partition("Raises:")[2]
    named = set(re.findall(r"^    (\w+):", raises, re.MULTILINE)) | set(re.findall(r"\((\w+): ", raises))

    assert table == named - {"RuntimeError"}


def test_the_readme_catches_what_publish_raises() -> None:
    """The README's `except` clauses name bases of every error that depends on the message or the broker."""
    text = (_CHECKOUT / "README.md").read_text("utf-8")
    caught = tuple(
        getattr(exceptions, name)
        for line in re.findall(r"^except (.+) as error:$", text, re.MULTILINE)
        for name in re.findall(r"exceptions\.(\w+)", line)
    )
    sent = ("ValidationError", "PublishReturned", "PublishForbidden", "PublishTimeout", "ConnectionException")

    assert [] == [name for name in sent if not issubclass(getattr(exceptions, name), caught)]


def test_exit_codes_in_the_page_on_running() -> None:
    """The page's table has the codes that `fedora-messaging consume --help` has."""
    page = (_CHECKOUT / "docs" / "how-to" / "running.md").read_text("utf-8")
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    command = main.get_command(main.make_context("fedora-messaging", ["consume"]), "consume")
    assert command is not None
    listed = {int(code) for code in re.findall(r"^\s+(\d+)  ", command.help or "", re.MULTILINE)}

    assert table == listed


@pytest.mark.parametrize("key", ["exchanges", "queues"])
def test_defaults_in_the_prose_of_keys(key: str) -> None:
    """The defaults that the reference gives for the keys of an exchange and a queue are those of the code."""
    page = (_CHECKOUT / "docs" / "reference" / "configuration.md").read_text("utf-8")
    entry = page.partition(f"{{config-key}} {key}\n")[2].partition(":::")[0]
    said = {name: json.loads(value) for name, value in re.findall(r"`(\w+)`\s\(`([^`]+)`\)", entry)}
    kind: Any = {"exchanges": topology.Exchange, "queues": topology.Queue}[key]
    defaults = {each.name: each for each in dataclasses.fields(kind)}

    assert set(said) >= {"durable", "auto_delete", "arguments"}
    for name, value in said.items():
        made = defaults[name].default_factory
        assert value == (made() if callable(made) else defaults[name].default), name
