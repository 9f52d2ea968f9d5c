# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging publish`` of one message, and the options that all commands have."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from fedora_messaging import config
from fedora_messaging.cli._composing import body_of
from fedora_messaging.message import ERROR, Message

pytestmark = pytest.mark.usefixtures("surroundings")

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("text", "items", "body"),
    [
        (None, [], {}),
        (None, ["a=1", "b:=1", "c=", "d==", "e=x=y"], {"a": "1", "b": 1, "c": "", "d": "=", "e": "x=y"}),
        (None, ["a.b.c=x", "a.d:=[1, null]"], {"a": {"b": {"c": "x"}, "d": [1, None]}}),
        (None, ["a\\.b=x"], {"a.b": "x"}),
        ('{"a": {"b": 1}, "c": 2}', ["a.b:=3", "a.d=x"], {"a": {"b": 3, "d": "x"}, "c": 2}),
    ],
)
def test_bodies(text: str | None, items: list[str], body: dict[str, Any]) -> None:
    """Text and JSON are put where the names say, over what the body has already."""
    assert body == body_of(text, items)


def test_one_message(run: Run, sent: list[Any]) -> None:
    """Topic, body and severity are those of the command line."""
    result = run("publish", "-t", "a.b", "--severity", "error", "x=1", "y:=2", "--exchange", "e")
    ((message, exchange),) = sent

    assert 0 == result.exit_code
    assert ("a.b", ERROR, {"x": "1", "y": 2}, "e") == (
        message.topic,
        message.severity,
        message.body,
        exchange,
    )
    assert "1 message was published" in result.stderr


def test_a_schema(run: Run, sent: list[Any], built: type[Message]) -> None:
    """The message is of the class with that schema, has its topic, and is checked before anything is sent."""
    assert 0 == run("publish", "--schema", "example.built", "n:=1").exit_code
    ((message, _),) = sent
    assert (built, "org.example.built") == (type(message), message.topic)

    refused = run("publish", "--schema", "example.built", "n=one")
    assert 2 == refused.exit_code
    assert "'one' is not of type 'integer'" in refused.stderr
    assert 1 == len(sent)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name one FILE, or the topic of one message by -t"),
        (["a.jsonl", "b.jsonl"], "name one FILE, or the topic of one message by -t"),
        (["a=1"], "To publish one message with this in its body, name the topic by -t"),
        (["-b", "{}"], "name the topic by -t"),
        (["-t", "a", "file.jsonl"], "a FILE is published without -t"),
        (["-t", "a", "-b", "[]"], "a body is a JSON object"),
        (["-t", "a", "-b", "{"], "{ is not JSON"),
        (["-t", "a", "x:=one"], "one is not JSON"),
        (["-t", "a", "x=1", "x=2"], '"x" is given twice'),
        (["-t", "a", "x=1", "x.y=2"], '"x" is 1'),
        (["--schema", "bas.message"], "did you mean base.message?"),
        (["--schema", "zzz"], "install the package that has it"),
        (["-t", "a", "--severty", "info"], "--severity"),
        (["-t", "t" * 256], "The topic has 256 bytes"),
    ],
)
def test_what_cannot_be_sent(words: list[str], said: str, run: Run, sent: list[Any]) -> None:
    """Wrong usage is said with the way out, before anything is sent."""
    result = run("publish", *words)

    assert 2 == result.exit_code
    assert said in result.stderr
    assert [] == sent


def test_dry_run(run: Run, sent: list[Any]) -> None:
    """What would be sent is printed, with the topic's prefix, and nothing is sent."""
    result = run("publish", "-t", "a", "--dry-run", "x=\u202e")
    lines = result.output.splitlines()

    assert 0 == result.exit_code
    assert ["exchange:         amq.topic", "routing key:      a"] == lines[:2]
    assert '  fedora_messaging_schema: "base.message"' in lines
    assert '  {"x":"\\u202e"}' in lines
    assert "body: 11 bytes" in lines
    assert "Nothing was sent; 1 message was checked" in result.stderr
    assert [] == sent


def test_dry_run_of_a_file(run: Run, sent: list[Any]) -> None:
    """Each message of a file is printed, apart from the next by an empty line."""
    lines = "".join(json.dumps({"topic": topic, "body": {}}) + "\n" for topic in "ab")
    result = run("publish", "--dry-run", "-", input=lines)

    assert 2 == result.output.count("routing key: ")
    assert "\n\nexchange:" in result.output
    assert "2 messages were checked" in result.stderr
    assert [] == sent


def test_mandatory(run: Run, sent: list[Any]) -> None:
    """--mandatory is the configuration key of that name."""
    run("publish", "-t", "a", "--mandatory")

    assert config.conf["mandatory"] is True
    assert 1 == len(sent)


# The options of all commands


@pytest.mark.parametrize("before", [True, False])
def test_the_broker(before: bool, run: Run) -> None:
    """--amqp-url is accepted before the command and after it, and stands in place of the configured one."""
    option = ["--amqp-url", "amqp://user:canary@h:1/%2Fv"]
    result = run(*option, "config") if before else run("config", *option)

    assert 'amqp_url = "amqp://user:***@h:1/%2Fv"  # --amqp-url' in result.output
    assert "canary" not in result.output


def test_the_nodes_of_a_cluster(run: Run) -> None:
    """--amqp-url may be given several times."""
    result = run("config", "--amqp-url", "amqp://user:canary@a/v", "--amqp-url", "amqp://b/v")

    assert 'amqp_url = ["amqp://user:***@a/v", "amqp://b/v"]  # --amqp-url' in result.output


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        (["http://h"], "--amqp-url: the scheme must be amqp or amqps"),
        ([""], "--amqp-url: the scheme must be amqp or amqps"),
        (["amqp://a/v", "http://h"], "--amqp-url: amqp_url[1]: the scheme must be amqp or amqps"),
        (
            ["amqp://a/v", "amqp://b/w"],
            "--amqp-url: amqp_url[1]: its virtual host is 'w', and that of amqp_url[0] is 'v'",
        ),
    ],
)
@pytest.mark.parametrize("command", [["publish", "-t", "a"], ["consume", "--callback", "m:f"]])
def test_brokers_that_cannot_be_used(command: list[str], urls: list[str], words: str, run: Run) -> None:
    """One line names the option, not the file, and which of several URLs it is; exit code 2."""
    result = run(*command, *(each for url in urls for each in ("--amqp-url", url)))

    assert 2 == result.exit_code
    assert words in result.stderr
    assert 1 == len(result.stderr.splitlines())


@pytest.mark.parametrize(
    ("option", "level"),
    [("-v", logging.DEBUG), ("--verbose", logging.DEBUG), ("-q", logging.ERROR), ("--quiet", logging.ERROR)],
)
def test_levels(option: str, level: int, run: Run, sent: list[Any]) -> None:
    """-v and -q change from which level on the package logs."""
    log = logging.getLogger("fedora_messaging")
    before = log.level
    try:
        run("publish", option, "-t", "a")
        assert level == log.level
    finally:
        log.setLevel(before)


def test_options_before_a_queue(run: Run) -> None:
    """Where a queue is named, options with and without a value may come before it."""
    result = run("quarantine", "-q", "--amqp-url", "amqp://127.0.0.1:9", "shop", "frobnicate")

    assert "frobnicate" in result.stderr


def test_as_a_module() -> None:
    """``python -m fedora_messaging`` is the program, and says so."""
    done = subprocess.run(
        [sys.executable, "-m", "fedora_messaging", "--help"], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("Usage: python -m fedora_messaging [OPTIONS] COMMAND")
