# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine``: what it accepts, and how it shows messages."""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._amqp.dead_letters import DeadLetter
from fedora_messaging._core.delivery import Delivery
from fedora_messaging.cli import Failed, main
from fedora_messaging.cli._quarantine._select import Matches
from fedora_messaging.cli._quarantine._text import heading, page, row, summary
from fedora_messaging.message import Message

_FAILURE = {
    "error": "ConnectionError: no answer from https://example.org/api",
    "traceback": 'Traceback (most recent call last):\n  File "a.py", line 1, in f\nConnectionError: no',
    "at": "2026-01-02T03:04:05+00:00",
    "attempts": 4,
    "queue": "billing",
    "exchange": "amq.topic",
    "host": "worker1",
}
_LETTER = DeadLetter(
    "0c8b6a34-6d0e-4b3e-9f58-2f6a3a1d2b11",
    "org.fedoraproject.prod.bodhi.update.comment",
    False,
    _FAILURE,
    {"fedora_messaging_severity": 20, "sent-at": "2026-01-02T03:00:00+00:00"},
    Message(topic="t", body={"n": 1, "text": "naïve ☃"}),
    "",
    b'{"n": 1}',
    0,
)
_INVALID = replace(
    _LETTER,
    id="~9f86d081884c7d65",
    topic="a",
    failure={},
    headers={},
    message=None,
    invalid="The body is not valid JSON: unexpected end",
    body=b"\xff\x1b[31m{",
)


@pytest.fixture
def run() -> Callable[..., Result]:
    """A function that runs the command line, without a terminal."""
    # Before click 8.2, standard error has to be asked for.
    apart: dict[str, Any] = (
        {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}
    )
    runner = CliRunner(**apart)
    return lambda *args: runner.invoke(main, ["quarantine", *args], prog_name="fedora-messaging")


# The table


def test_the_table_at_80_columns() -> None:
    """Ids are cut at their ends, topics at their beginnings, which they have in common."""
    assert [
        "ID        TOPIC                  ERROR                  TRIES  WHEN",
        "0c8b6a34  ...dhi.update.comment  ConnectionError: n...      4  2026-01-02 03:04",
        "~9f86d08  a                      -                          -  -",
    ] == [heading(), row(_LETTER), row(_INVALID)]


def test_wide_characters() -> None:
    """Characters that take two cells are counted as two."""
    line = row(replace(_LETTER, topic="トピック" * 10, failure={"error": "エラー" * 10}))

    assert "0c8b6a34  ...クトピックトピック  エラーエラーエラー..." in line
    assert 75 >= sum(1 if each.isascii() else 2 for each in line)


def test_a_wide_table() -> None:
    """On a wide terminal topics and errors get the room."""
    line = row(_LETTER, 160)

    assert "org.fedoraproject.prod.bodhi.update.comment" in line
    assert "ConnectionError: no answer from https://example.org/api" in line
    assert len(line) <= 160


@given(
    st.text(max_size=100), st.text(max_size=100), st.text(max_size=100), st.one_of(st.integers(), st.text())
)
def test_no_line_is_too_wide_or_unprintable(name: str, topic: str, text: str, attempts: object) -> None:
    """Whatever a message holds, its line fits, and no control character gets out."""
    line = row(
        replace(_LETTER, id=name, topic=topic, failure={"error": text, "attempts": attempts, "at": text})
    )

    assert len(line) <= 79
    assert line.isprintable()


@given(st.text(max_size=100), st.dictionaries(st.text(max_size=20), st.text(max_size=50)), st.binary())
def test_no_control_character_on_the_page(text: str, headers: dict[str, str], body: bytes) -> None:
    """Nothing of a message is shown unescaped."""
    failure = dict.fromkeys(("error", "traceback", "at", "queue", "exchange", "host"), text)
    letter = replace(
        _LETTER, id=text, topic=text, headers=headers, failure=failure, message=Message(body=headers)
    )

    assert all(line.replace("\t", "").isprintable() for line in page(letter))
    invalid = replace(letter, message=None, invalid=text, body=body)
    assert all(line.replace("\t", "").isprintable() for line in page(invalid))


def test_the_page() -> None:
    """Everything about a message is on its page."""
    assert [
        "id:        0c8b6a34-6d0e-4b3e-9f58-2f6a3a1d2b11",
        "topic:     org.fedoraproject.prod.bodhi.update.comment",
        "error:     ConnectionError: no answer from https://example.org/api",
        "attempts:  4",
        "when:      2026-01-02T03:04:05+00:00",
        "queue:     billing",
        "exchange:  amq.topic",
        "host:      worker1",
        "headers:",
        "  fedora_messaging_severity: 20",
        '  sent-at: "2026-01-02T03:00:00+00:00"',
        "traceback:",
        "  Traceback (most recent call last):",
        '    File "a.py", line 1, in f',
        "  ConnectionError: no",
        "body:",
        "  {",
        '    "n": 1,',
        '    "text": "naïve ☃"',
        "  }",
    ] == list(page(_LETTER))


def test_the_page_of_an_invalid_message() -> None:
    """Its bytes are shown with the reason."""
    assert [
        "id:        ~9f86d081884c7d65",
        "topic:     a",
        "error:     -",
        "attempts:  -",
        "when:      -",
        "invalid:   The body is not valid JSON: unexpected end",
        "body: 7 bytes",
        "  b'\\xff\\x1b[31m{'",
    ] == list(page(_INVALID))
    assert "body: larger than max_message_size" == list(page(replace(_INVALID, body=None)))[-1]
    assert "body: 20,000 bytes, of which the first 10,000" in list(
        page(replace(_INVALID, body=b"x" * 20_000))
    )


def test_a_topic_from_x_death_is_marked() -> None:
    """Nobody takes the broker's record for the routing key."""
    letter = replace(_LETTER, topic_from_death=True)

    assert "topic:     org.fedoraproject.prod.bodhi.update.comment (from x-death)" in list(page(letter))
    assert summary(letter)["topic_from_x_death"]


def test_passwords_are_hidden() -> None:
    """A URL with a password is shown without it."""
    secret = "no answer from amqp://shop:canary@h/"
    letter = replace(_LETTER, failure={"error": secret, "traceback": secret}, headers={"h": secret})

    assert "canary" not in "\n".join([*page(letter), row(letter, 200)])


def test_the_table_for_programs() -> None:
    """A row is a JSON object with values that are not cut."""
    assert {
        "id": "0c8b6a34-6d0e-4b3e-9f58-2f6a3a1d2b11",
        "topic": "org.fedoraproject.prod.bodhi.update.comment",
        "topic_from_x_death": False,
        "error": "ConnectionError: no answer from https://example.org/api",
        "attempts": 4,
        "at": "2026-01-02T03:04:05+00:00",
        "queue": "billing",
        "exchange": "amq.topic",
        "valid": True,
        "size": 8,
    } == json.loads(json.dumps(summary(_LETTER)))
    assert summary(_INVALID)["valid"] is False


# Ids


def _found(wanted: str, *ids: str) -> list[int]:
    """The tags of the messages that an id selects, of messages with tags 1, 2, ..."""
    matches = Matches(wanted)
    for tag, each in enumerate(ids, 1):
        matches.add(Delivery("q", "", b"", tag, 0, False, 0.0, b"", b""), replace(_LETTER, id=each))
    return [delivery.tag for delivery, _ in matches.unique("q")]


def test_ids() -> None:
    """An id is found by its beginning; a whole id is no beginning of others; duplicates go together."""
    assert [2] == _found("b", "abc", "bcd")
    assert [1] == _found("ab", "ab", "abc", "abx")
    assert [1, 3] == _found("ab", "abc", "bcd", "abc")


def test_an_id_that_is_not_there() -> None:
    """The error names the id and the queue, control characters escaped."""
    with pytest.raises(Failed, match=r'No message in q has the id "x\\x1b"') as caught:
        _found("x\x1b", "abc")
    assert 1 == caught.value.exit_code


def test_an_id_that_is_not_unique() -> None:
    """The error names those that it could be."""
    with pytest.raises(Failed, match='Several ids begin with "a": a1, a2') as caught:
        _found("a", "a1", "a2", "b")
    assert 1 == caught.value.exit_code

    with pytest.raises(Failed, match=r"a0, a1, a2, a3, a4, \.\.\."):
        _found("a", *(f"a{n}" for n in range(20)))


# Usage


def test_help(run: Callable[..., Result]) -> None:
    """Help is there with and without a queue, and for each command."""
    for words in (["--help"], ["q", "--help"], ["q", "-h"]):
        assert "export" in run(*words).output
    for command in ("list", "show", "requeue", "drop", "export"):
        result = run("q", command, "--help")
        assert 0 == result.exit_code
        assert f"Usage: fedora-messaging quarantine QUEUE {command}" in result.output
        assert "--from NAME" in result.output
        assert "--conf FILE" in result.output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], "Usage: fedora-messaging quarantine"),
        (["q", "lst"], 'There is no command "lst", did you mean list?'),
        (["q", "show"], "Missing argument 'ID...'"),
        (["q", "show", ""], "an id must not be empty"),
        (["q", "export"], "Missing argument 'FILE'"),
        (["q", "requeue"], "name messages by their ids, or all by --all"),
        (["q", "drop"], "name messages by their ids, or all by --all"),
        (["q", "drop", "x", "--all"], "name messages by their ids, or all by --all"),
        (["q", "drop", "--all"], "add --yes"),
        (["q", "--from", "dead", "drop", "--all"], "add --yes"),
        (["q", "requeue", "--all"], "add --yes"),
        (["q", "requeue", "x", "--routing-key", "k" * 256], "255 bytes"),
        (["q", "-n", "0"], "0 is not in the range"),
        (["q", "--from", "list", "--limit", "x"], "'x' is not a valid integer"),
        (["q", "export", "no/such/folder/file"], "FILE"),
    ],
)
def test_wrong_usage(words: list[str], error: str, run: Callable[..., Result]) -> None:
    """Wrong usage is exit code 2, before a connection is made."""
    result = run(*words)

    assert 2 == result.exit_code
    assert error in result.stderr


def test_conf_in_any_place(run: Callable[..., Result]) -> None:
    """--conf is accepted before the queue, before the command and after it."""
    for words in (
        ["--conf", "/gone", "q"],
        ["q", "--conf", "/gone", "show", "x"],
        ["q", "list", "--conf", "/gone"],
    ):
        result = run(*words)
        assert 2 == result.exit_code
        assert "/gone" in result.stderr
