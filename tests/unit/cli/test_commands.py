# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The command line: what it accepts, what it says, and what it exits with."""

import io
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from email.message import Message as Headers
from pathlib import Path
from typing import Any

import pytest
import toml
from click.testing import Result

from fedora_messaging import api, config
from fedora_messaging._config.toml import READERS
from fedora_messaging._core.topology import Binding
from fedora_messaging.cli import Failed
from fedora_messaging.cli._consuming import bindings_for
from fedora_messaging.cli._datagrepper import fetch
from fedora_messaging.cli._record import Recorder
from fedora_messaging.exceptions import (
    ConnectionException,
    HaltConsumer,
    PublishManyError,
    PublishReturned,
    PublishTimeout,
    ValidationError,
)
from fedora_messaging.message import Message, dumps, loads

pytestmark = pytest.mark.usefixtures("surroundings")


def one_line(result: Result) -> str:
    """The error of a command: one line, no traceback."""
    lines = [line for line in result.stderr.splitlines() if line]

    assert "Traceback" not in result.output
    assert lines[-1].startswith("Error: ")
    return lines[-1]


# Help


@pytest.mark.parametrize("command", ["config", "consume", "publish", "reconsume", "record", "replay"])
def test_help(command: str, run: Callable[..., Result]) -> None:
    """Every command has a help text and is listed."""
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"Usage: main {command}" in result.output
    assert f"  {command} " in run("--help").output


def test_version(run: Callable[..., Result]) -> None:
    """The version is the package's."""
    assert run("--version").output.startswith("fedora-messaging, version 4.")


def test_unknown_command(run: Callable[..., Result]) -> None:
    """An unknown command is wrong usage."""
    assert run("frobnicate").exit_code == 2


# config


def test_config(run: Callable[..., Result], tmp_path: Path) -> None:
    """The configuration in effect is TOML again, with the origin of each key and without passwords."""
    file = tmp_path / "own.toml"
    file.write_text(
        'AMQP_URL = "amqp://user:canary@h"\n[qos]\nprefetch_count = 3\n'
        '[consumer_config]\ntoken = "canary"\n[[bindings]]\nexchange = "e"\nrouting_keys = ["a.#"]\n'
    )
    result = run("--conf", file, "config")
    shown = toml.loads(result.output)

    assert result.exit_code == 0
    assert "canary" not in result.output
    assert f'amqp_url = "amqp://user:***@h"  # {file}' in result.output
    assert f"prefetch_count = 3  # {file}" in result.output
    assert "prefetch_size = 0  # default" in result.output
    assert 'topic_prefix = ""  # default' in result.output
    assert shown["bindings"] == [{"exchange": "e", "routing_keys": ["a.#"]}]
    assert set(shown) | {"publish_priority", "callback"} == set(config.DEFAULTS)
    assert shown["queues"] == config.DEFAULTS["queues"]


@pytest.mark.parametrize("reader", sorted(READERS) if sys.version_info >= (3, 11) else ["toml"])
def test_example(reader: str, run: Callable[..., Result]) -> None:
    """The example is a valid configuration for both readers, and names every key."""
    text = run("config", "--example").output
    values = READERS[reader](text)

    assert config.parse(values).bindings
    assert [key for key in config.DEFAULTS if key not in text] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = ", "not valid TOML"),
        ("amqp_urll = 5", "amqp_urll: unknown key"),
        ("[qos]\nprefetch = 5", "qos.prefetch: unknown key"),
        ('[tls]\nkeyfile = "x"', "tls.certfile: is missing"),
    ],
)
@pytest.mark.parametrize(
    "command", [["config"], ["consume"], ["publish", "-"], ["replay", "x"], ["record", "/dev/null"]]
)
def test_broken_configuration(
    command: list[str], text: str, words: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    """A broken configuration is one line that names file and key, and exit code 2."""
    file = tmp_path / "broken.toml"
    file.write_text(text)
    result = run("--conf", file, *command)

    assert result.exit_code == 2
    assert str(file) in one_line(result)
    assert words in one_line(result)


@pytest.mark.parametrize("command", [["config"], ["consume"], ["replay", "x"]])
def test_conf_after_the_command(command: list[str], run: Callable[..., Result], tmp_path: Path) -> None:
    """--conf works behind the name of the command as well as before it."""
    file = tmp_path / "broken.toml"
    file.write_text("qos = 1")

    assert str(file) in one_line(run(*command, "--conf", file))


def test_printing_the_configuration_changes_no_value(run: Callable[..., Result], tmp_path: Path) -> None:
    """Backslashes, tables in arrays and odd names come back from the printed configuration as they were."""
    text = (
        "callback = 'C:\\new\\x41'\n[queues.\"a.b\"]\narguments = { x-expires = 1 }\n"
        "[consumer_config]\n\"odd key\" = 'a\\d'\nlist = [[{ a = { b = 1 } }]]\n"
        '[[bindings]]\nqueue = "a.b"\nexchange = "e"\nrouting_keys = ["#"]\n'
        '[bindings.arguments]\nx-match = "all"\n'
    )
    file = tmp_path / "own.toml"
    file.write_text(text)
    shown = toml.loads(run("--conf", file, "config").output)

    assert {key: shown[key] for key in toml.loads(text)} == toml.loads(text)


@pytest.mark.parametrize("name", ["no/such/folder/file", "."])
def test_record_to_what_cannot_be_written(name: str, run: Callable[..., Result], tmp_path: Path) -> None:
    """A file that cannot be opened is wrong usage, before anything is consumed."""
    result = run("record", tmp_path / name)

    assert result.exit_code == 2
    assert "FILE" in one_line(result)


def test_missing_configuration(run: Callable[..., Result], tmp_path: Path) -> None:
    """A file that was named and is not there is exit code 2."""
    result = run("--conf", tmp_path / "gone.toml", "consume")

    assert result.exit_code == 2
    assert "gone.toml" in one_line(result)


# consume


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "There is no callback"),
        (["--callback", "no_such_module:x"], "No module named"),
        (["--callback", "fedora_messaging.message:INFO"], "cannot be called"),
        (["--callback", "fedora_messaging.message:nothing"], 'no "nothing"'),
        (["--callback", "nonsense"], "package.module:object"),
        (["--callback-file", "/nowhere.py:x"], "There is no file"),
        (["--callback", "fedora_messaging.exceptions:Nack"], "does not implement __call__"),
    ],
)
@pytest.mark.parametrize("command", [["consume"], ["reconsume", "an-id"]])
def test_no_callback(command: list[str], options: list[str], words: str, run: Callable[..., Result]) -> None:
    """A callback that is missing, not importable or not callable is exit code 1."""
    result = run(*command, *options)

    assert result.exit_code == 1
    assert words in one_line(result)


def test_two_callbacks(run: Callable[..., Result]) -> None:
    """Two callbacks are wrong usage."""
    assert run("consume", "--callback", "a:b", "--callback-file", "c:d").exit_code == 2


def test_no_options() -> None:
    """Without options the configuration says what to consume."""
    assert bindings_for(None, None, (), None) is None


def test_options_change_all_bindings() -> None:
    """Each option replaces its part of all configured bindings; what becomes equal is one."""
    config.conf["bindings"] = [
        {"queue": "a", "exchange": "e", "routing_keys": ["x"]},
        {"queue": "a", "exchange": "f", "routing_keys": ["x"]},
    ]

    assert bindings_for(None, "q", ("k", "l"), None) == (
        Binding("q", "e", ("k", "l")),
        Binding("q", "f", ("k", "l")),
    )
    assert bindings_for(None, None, (), "g") == (Binding("a", "g", ("x",)),)


def test_app_name() -> None:
    """The application's name goes into the client properties."""
    bindings_for("mine", None, (), None)

    assert config.conf.parsed().client_properties["app"] == "mine"


# publish


def test_publish(run: Callable[..., Result], sent: list[Any], tmp_path: Path) -> None:
    """Every line of the file is published, with its id."""
    messages = [Message({"a": number}, topic="t") for number in range(3)]
    file = tmp_path / "messages.jsonl"
    file.write_text(dumps(messages) + "\n")
    result = run("publish", file, "--exchange", "e")

    assert result.exit_code == 0
    assert [(message.id, exchange) for message, exchange in sent] == [(one.id, "e") for one in messages]
    assert "3 messages were published" in result.stderr


def test_publish_standard_input(run: Callable[..., Result], sent: list[Any]) -> None:
    """The file may be standard input."""
    result = run("publish", "-", input='{"topic": "t", "body": {"a": "\u2028"}}\n')

    assert result.exit_code == 0
    assert sent[0][0].body == {"a": "\u2028"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"{", "Line 2 is not valid JSON"),
        (b"\xff", "Line 2: not UTF-8: "),
        (b'{"topic": "t"}', "Line 2: 'body' is a required property"),
        (
            b'{"topic": "t", "body": {}, "headers": {"fedora_messaging_severity": 5}}',
            "Line 2: 5 is not one of",
        ),
        (b'{"topic": "' + b"t" * 300 + b'", "body": {}}', "Line 2: The topic has 300 bytes"),
    ],
)
def test_publish_broken_line(
    line: bytes, words: str, run: Callable[..., Result], sent: list[Any], tmp_path: Path
) -> None:
    """A broken line is named before anything is published."""
    file = tmp_path / "messages.jsonl"
    file.write_bytes(b'{"topic": "t", "body": {}}\n' + line + b"\n")
    result = run("publish", file)

    assert result.exit_code == 2
    assert words in one_line(result)
    assert "0 messages were published" in one_line(result)
    assert sent == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PublishReturned("NO_ROUTE"), 121),
        (PublishTimeout("no answer"), 111),
        (ConnectionException("refused"), 111),
    ],
)
def test_publish_fails_in_the_middle(
    error: Exception, code: int, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When the broker refuses a message, the number of those before it is said."""

    def publish_many(messages: list[Message], exchange: str | None, progress: object) -> int:
        raise PublishManyError("not all", 1, [(messages[1], error)], messages[2:]) from error

    monkeypatch.setattr(api, "publish_many", publish_many)
    file = tmp_path / "messages.jsonl"
    file.write_text(dumps([Message(topic="t")] * 3))
    result = run("publish", file)

    assert result.exit_code == code
    assert str(error) in one_line(result)
    assert "line 2: not published; 1 message was published" in result.stderr


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "line 1: not published; 0 messages were published"),
        (2, "line 1: not published, nor was 1 more; 0 messages were published"),
        (3, "line 1: not published, nor were 2 more; 0 messages were published"),
    ],
)
def test_publish_fails_for_several(
    count: int, words: str, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of several that the broker refuses the first line is named, and how many there are besides."""

    def publish_many(messages: list[Message], exchange: str | None, progress: object) -> int:
        error = PublishTimeout("no answer")
        raise PublishManyError("none", 0, [(message, error) for message in messages], []) from error

    monkeypatch.setattr(api, "publish_many", publish_many)
    file = tmp_path / "messages.jsonl"
    file.write_text(dumps([Message(topic="t")] * count))

    assert words in run("publish", file).stderr


@pytest.mark.parametrize("command", [["publish", "-"], ["replay", "an-id"]])
@pytest.mark.parametrize("name", ["x" * 300, "\udcff"], ids=["long", "surrogate"])
def test_an_exchange_that_amqp_does_not_allow(
    run: Callable[..., Result], sent: list[Any], command: list[str], name: str
) -> None:
    """It is wrong usage, which is found before anything is read, fetched or sent."""
    result = run(*command, "--exchange", name, input='{"topic": "t", "body": {}}\n')

    assert 2 == result.exit_code
    assert "exchange" in result.stderr
    assert [] == sent


def test_a_message_that_cannot_be_sent_is_found_before_the_first_is(
    run: Callable[..., Result], sent: list[Any]
) -> None:
    """Headers that fit into no frame are found in the file, and nothing is published."""
    good = '{"topic": "t", "body": {}}\n'
    large = json.dumps({"topic": "t", "body": {}, "headers": {"h": "x" * 140_000}}) + "\n"
    result = run("publish", "-", input=good + large)

    assert 2 == result.exit_code
    assert "Line 2: The header frame is" in result.stderr
    assert [] == sent


def test_publish_no_file(run: Callable[..., Result], tmp_path: Path) -> None:
    """A file that is not there is wrong usage."""
    assert run("publish", tmp_path / "gone").exit_code == 2


# record


def test_recorder() -> None:
    """A message is a line; the limit halts the consumer after the last one was written."""
    file = io.BytesIO()
    steps: list[int] = []
    recorder = Recorder(file, 2, steps.append)
    messages = [Message({"a": "é\n"}, topic="t"), Message({"b": 1}, topic="t")]
    recorder(messages[0])
    with pytest.raises(HaltConsumer):
        recorder(messages[1])

    assert loads(file.getvalue().decode()) == messages
    assert file.getvalue().endswith(b"\n")
    assert steps == [1, 1]


def test_recorder_on_a_full_disk(tmp_path: Path) -> None:
    """A line that could not be written in full is taken back, and the message is not acknowledged."""
    path = tmp_path / "recorded.jsonl"
    with path.open("ab") as file:

        class Full:
            """A file on a disk that fills up."""

            full = False

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

            def write(self, data: bytes) -> int:
                if not self.full:
                    return file.write(data)
                file.write(data[:10])
                file.flush()
                raise OSError(28, "No space left on device")

        disk = Full()
        recorder = Recorder(disk)  # type: ignore[arg-type]
        recorder(Message({"a": 1}))
        disk.full = True
        with pytest.raises(OSError, match="No space"):
            recorder(Message({"b": 2}))

    assert [message.body for message in loads(path.read_text())] == [{"a": 1}]


# replay and reconsume


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An archive that answers with what it is told, and notes what it is asked."""
    told: dict[str, Any] = {"answer": b"{}", "asked": []}

    def urlopen(asked: urllib.request.Request, timeout: float) -> Any:
        told["asked"].append(asked.full_url)
        if isinstance(told["answer"], Exception):
            raise told["answer"]
        return io.BytesIO(told["answer"])

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return told


def test_fetch(archive: dict[str, Any]) -> None:
    """The message is asked for by its id, and restored with it."""
    sent = Message({"a": 1}, topic="t")
    archive["answer"] = dumps(sent).encode()
    got = fetch("https://archive.example/dg/", sent.id or "")

    assert archive["asked"] == [f"https://archive.example/dg/v2/id?id={sent.id}&is_raw=true"]
    assert (got, got.id) == (sent, sent.id)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            urllib.error.HTTPError("u", 404, "Not Found", Headers(), io.BytesIO()),
            ValidationError,
            "no message",
        ),
        (urllib.error.HTTPError("u", 502, "Bad", Headers(), io.BytesIO()), ConnectionException, "502"),
        (urllib.error.URLError("no route"), ConnectionException, "no route"),
        (TimeoutError("timed out"), ConnectionException, "timed out"),
        (b"<html>", ValidationError, "not JSON"),
        (b"[]", ValidationError, "not a message"),
        (b"{}", ValidationError, "required property"),
    ],
)
def test_fetch_fails(archive: dict[str, Any], answer: Any, error: type[Exception], words: str) -> None:
    """Whatever goes wrong at the archive is an error of ours."""
    archive["answer"] = answer
    with pytest.raises(error, match=words):
        fetch("https://archive.example", "an-id")


def test_replay(run: Callable[..., Result], sent: list[Any], archive: dict[str, Any]) -> None:
    """The message is published again, with its id."""
    original = Message({"a": 1}, topic="t")
    archive["answer"] = dumps(original).encode()
    result = run("replay", original.id)

    assert result.exit_code == 0
    assert [message.id for message, _ in sent] == [original.id]
    assert archive["asked"][0].startswith("https://apps.fedoraproject.org/datagrepper/v2/id?")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"{}", 1),
        (json.dumps({"topic": "t" * 300, "body": {}}).encode(), 1),
        (urllib.error.URLError("x"), 14),
    ],
)
def test_replay_fails(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    archive: dict[str, Any],
    answer: Any,
    code: int,
) -> None:
    """What cannot be fetched is one line, with its exit code; what cannot be published too."""
    archive["answer"] = answer

    def publish_many(messages: list[Message], exchange: str | None, progress: object) -> int:
        error = ValidationError("The topic is 300 bytes long")
        raise PublishManyError("none", 0, [(messages[0], error)], []) from error

    monkeypatch.setattr(api, "publish_many", publish_many)
    result = run("replay", "an-id")

    assert result.exit_code == code
    assert one_line(result)


@pytest.mark.parametrize("answer", [b"[]", b"<html>", urllib.error.URLError("x")])
def test_the_password_of_an_archive(archive: dict[str, Any], answer: Any) -> None:
    """It is in no error."""
    archive["answer"] = answer
    with pytest.raises((ConnectionException, ValidationError)) as raised:
        fetch("https://u:canary@archive.example", "an-id")

    assert "https://u:***@archive.example" in str(raised.value)
    assert "canary" not in str(raised.value)


def test_what_to_do_about_a_broker_that_is_not_there() -> None:
    """The error of a connection names the command that finds the reason; others stay as they are."""
    absent = Failed(ConnectionException(reason="no connection to h:1: nothing listens"))
    lost = Failed(ConnectionException(reason="the connection was lost"))

    assert absent.format_message().endswith("To find out what is wrong: fedora-messaging check")
    assert "the connection was lost" == lost.format_message()


def test_archive_is_no_file(run: Callable[..., Result]) -> None:
    """An archive whose URL is neither http nor https is wrong usage, and is not asked."""
    result = run("replay", "x", "--datagrepper-url", "file:///etc")

    assert result.exit_code == 2
    assert 'must be http or https, not "file:///etc"' in result.stderr


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("publis", 'There is no command "publis", did you mean publish? '),
        ("consumer", 'There is no command "consumer", did you mean consume? '),
        ("x", 'There is no command "x". The commands are: broker, check, config, consume, '),
        ("\x1b[31m", 'There is no command "\\x1b[31m". '),
    ],
)
def test_a_command_that_is_not_there(run: Callable[..., Result], name: str, words: str) -> None:
    """The error names the nearest one, and all that there are."""
    result = run(name)

    assert 2 == result.exit_code
    assert words in one_line(result)
    assert "\x1b" not in result.stderr


def test_an_option_before_the_command_that_is_not_there(run: Callable[..., Result]) -> None:
    """It is called an option, not a command."""
    result = run("--nonsense", "publish")

    assert 2 == result.exit_code
    assert "No such option" in one_line(result)


def test_commands_in_the_help(run: Callable[..., Result]) -> None:
    """Each has a whole sentence on its line: none is too long and cut."""
    result = run("--help")

    commands = result.output.partition("Commands:")[2]
    assert "publish" in commands
    assert "..." not in commands
