# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging tail``: which messages it prints, how, and what waits between two threads."""

import io
import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._amqp.messages import PublishSettings, prepare
from fedora_messaging._core.delivery import Delivery
from fedora_messaging._core.lifecycle import CloseReason, Scope
from fedora_messaging.cli._tail._filters import Wanted, pattern
from fedora_messaging.cli._tail._history import History, span
from fedora_messaging.cli._tail._inbox import Inbox
from fedora_messaging.cli._tail._lines import Printer
from fedora_messaging.cli._tail._sources import Stream
from fedora_messaging.exceptions import BadDeclaration, ConsumeException, ValidationError
from fedora_messaging.message import ERROR, INFO, WARNING, Message, loads

Run = Callable[..., Result]


def delivered(message: Message) -> Delivery:
    """The delivery of a message."""
    encoded = prepare(message, None, PublishSettings())
    key, properties, body = encoded.routing_key, encoded.properties, encoded.body
    return Delivery("", "amq.topic", key, 1, 0, False, 0.0, properties, body)


def broken(body: bytes) -> Delivery:
    """A delivery whose body is not JSON."""
    properties = delivered(Message(topic="a")).properties
    return Delivery("", "amq.topic", b"a\x1b[31m.b", 1, 0, False, 0.0, properties, body)


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("a.b", ["a.b"], ["a", "a.b.c", "ab", "a.c", ""]),
        ("a.*", ["a.b", "a."], ["a", "a.b.c"]),
        ("a.#", ["a", "a.b", "a.b.c"], ["ab", "b.a"]),
        ("#.c", ["c", "b.c", "a.b.c"], ["c.a", "bc"]),
        ("#", ["", "a", "a.b"], []),
        ("a.#.c", ["a.c", "a.b.c", "a.b.b.c"], ["a", "c", "ac"]),
        ("*.*", ["a.b"], ["a", "a.b.c"]),
    ],
)
def test_patterns(text: str, matching: list[str], other: list[str]) -> None:
    """A pattern matches as the broker's topic exchange does."""
    matches = pattern(text)

    assert matching == [topic for topic in matching + other if matches(topic)]


@given(
    st.lists(st.sampled_from(["a", "b", "*", "#"]), max_size=4), st.lists(st.sampled_from("ab"), max_size=5)
)
def test_patterns_match_as_the_standard_says(words: list[str], topic: list[str]) -> None:
    """Each pattern is true of the topics that a plain reading of AMQP 0-9-1, section 3.1.3.3, says."""

    def reads(left: list[str], words: list[str]) -> bool:
        if not words:
            return not left
        if words[0] == "#":
            return any(reads(left[count:], words[1:]) for count in range(len(left) + 1))
        return bool(left) and words[0] in ("*", left[0]) and reads(left[1:], words[1:])

    expected = reads(topic, words)

    assert expected == pattern(".".join(words))(".".join(topic))


_HEADERS = {
    "fedora_messaging_schema": "bodhi.update",
    "fedora_messaging_severity": WARNING,
    "fedora_messaging_rpm_zlib": True,
    "fedora_messaging_user_jo": True,
}


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (Wanted(), True),
        (Wanted(schemas=frozenset({"bodhi.update", "x"})), True),
        (Wanted(schemas=frozenset({"x"})), False),
        (Wanted(packages=("bash", "zlib")), True),
        (Wanted(packages=("bash",)), False),
        (Wanted(users=("jo",)), True),
        (Wanted(users=("j",)), False),
        (Wanted(severity=WARNING), True),
        (Wanted(severity=ERROR), False),
        (Wanted(packages=("zlib",), users=("x",)), False),
        (Wanted(excluded=(pattern("a.#"),)), False),
        (Wanted(excluded=(pattern("b.#"),)), True),
    ],
)
def test_filters(wanted: Wanted, met: bool) -> None:
    """Each kind has to be met, by one of its values."""
    assert met == wanted.is_met("a.b", _HEADERS)


def test_a_severity_that_is_none() -> None:
    """A header of the wrong type meets no severity."""
    assert not Wanted(severity=WARNING).is_met("a", {"fedora_messaging_severity": "high"})
    assert not Wanted(severity=WARNING).is_met("a", {})


def printed(
    capsys: pytest.CaptureFixture[str], output: str, *deliveries: Delivery, **options: Any
) -> list[str]:
    printer = Printer(output, options.pop("grep", None), **options)
    for each in deliveries:
        printer.print(each)
    return capsys.readouterr().out.splitlines()


def test_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Time, severity, topic without what all have in common, and what the message says of itself."""
    message = Message(topic="org.fedoraproject.prod.git.receive", severity=ERROR)
    (line,) = printed(capsys, "line", delivered(message), color=False)

    assert re.fullmatch(r"\d\d:\d\d:\d\d ERROR  git.receive +org.fedoraproject.prod.git.receive", line)


def test_colours(capsys: pytest.CaptureFixture[str]) -> None:
    """With colours the same text has escape sequences around its parts."""
    delivery = delivered(Message(topic="a"))
    (plain,) = printed(capsys, "line", delivery, color=False)
    (coloured,) = printed(capsys, "line", delivery, color=True)

    assert "\x1b" not in plain
    assert "\x1b[36ma" in coloured


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


#: What a terminal of so many columns shows: a message, one whose topic is cut, one that is not valid.
_SHOWN = {
    80: [
        "12:34:56 ERROR  git.receive                   org.fedoraproject.prod.git.rec...",
        "12:34:56 INFO   ...dsys.state.of.a.long.kind  buildsys.state.of.a.long.kind",
        "12:34:56 !      a\\x1b[31m.b                   not valid: The body is not val...",
        "   ⋮ 37 skipped (terminal too slow)",
    ],
    60: [
        "12:34:56 ERROR  git.receive          org.fedoraproject.p...",
        "12:34:56 INFO   ...e.of.a.long.kind  buildsys.state.of.a...",
        "12:34:56 !      a\\x1b[31m.b          not valid: The body...",
        "   ⋮ 37 skipped (terminal too slow)",
    ],
}
#: The colours of the first lines.
_COLOURED = (
    "\x1b[2m12:34:56\x1b[0m \x1b[31m\x1b[1mERROR\x1b[0m  \x1b[36mgit.receive",
    "\x1b[2m12:34:56\x1b[0m \x1b[32m\x1b[1mINFO \x1b[0m  \x1b[36m...",
)


@pytest.mark.parametrize("width", [80, 60])
@pytest.mark.parametrize("color", [False, True])
def test_on_a_terminal(width: int, color: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are cut to the terminal's width, with colours and without; topics keep their ends."""
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(time, "strftime", lambda form, when: "12:34:56")
    printer = Printer("line", None, color=color)
    for topic, severity in (
        ("org.fedoraproject.prod.git.receive", ERROR),
        ("buildsys.state.of.a.long.kind", INFO),
    ):
        printer.print(delivered(Message(topic=topic, severity=severity)))
    printer.print(broken(b"{"))
    printer.skipped(37)
    said = terminal.getvalue()

    assert _SHOWN[width] == click.unstyle(said).splitlines()
    begins = _COLOURED if color else [line[:16] for line in _SHOWN[width]]
    assert all(line.startswith(begin) for begin, line in zip(begins, said.splitlines(), strict=False))
    assert ("\x1b" in said) is color


def test_other_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """What programs read: whole messages, topics, ids."""
    message = Message({"text": "\u2028é"}, topic="a.b")
    delivery = delivered(message)

    (line,) = printed(capsys, "json", delivery)
    assert [message] == loads(line)
    assert message.id == json.loads(line)["id"]
    assert ["a.b"] == printed(capsys, "topic", delivery)
    assert [message.id] == printed(capsys, "id", delivery)
    assert f"Id: {message.id}" == printed(capsys, "full", delivery)[0]


def test_an_invalid_message(capsys: pytest.CaptureFixture[str]) -> None:
    """It is shown as such and escaped; where programs read, it goes to standard error."""
    printer = Printer("line", None, color=False)
    assert printer.print(broken(b"\xff{"))
    out, _ = capsys.readouterr()
    assert "a\\x1b[31m.b" in out
    assert "not valid: The body is not valid JSON" in out

    assert Printer("json", None).print(broken(b"\xff{"))
    out, errors = capsys.readouterr()
    assert "" == out
    assert "not valid" in errors
    assert "\x1b" not in errors


def test_grep(capsys: pytest.CaptureFixture[str]) -> None:
    """Topic, summary and body are searched."""
    message = delivered(Message({"name": "zlib-é"}, topic="a.b"))

    assert 1 == len(printed(capsys, "topic", message, grep=re.compile("lib-é")))
    assert 1 == len(printed(capsys, "topic", message, grep=re.compile(r"^a\.b$")))
    assert [] == printed(capsys, "topic", message, grep=re.compile("bash"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("1h30m", 5_400), ("3d", 259_200), ("1d2h", 93_600)]
)
def test_spans(text: str, seconds: int) -> None:
    """Units follow one another, the largest first."""
    assert seconds == span(text).total_seconds()


@pytest.mark.parametrize("text", ["", "15", "m", "1m1h", "-1s", "1.5h", "15 m", "9999999999d"])
def test_what_is_no_span(text: str) -> None:
    """Anything else is refused with examples."""
    with pytest.raises(ValueError, match="1h30m"):
        span(text)


class Archive:
    """Answers as datagrepper does, one message a page, and remembers what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *messages: Any) -> None:
        self.asked: list[dict[str, list[str]]] = []
        self._messages = messages
        monkeypatch.setattr(urllib.request, "urlopen", self._answer)

    def _answer(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        self.asked.append(parse_qs(urlsplit(request.full_url).query))
        page = int(self.asked[-1]["page"][0])
        found = {"raw_messages": self._messages[page - 1 : page], "pages": len(self._messages)}
        return io.BytesIO(json.dumps(found).encode())


def archived(topic: str, message_id: str, **headers: Any) -> dict[str, Any]:
    """A message as the archive has it."""
    return {"topic": topic, "id": message_id, "headers": headers, "body": {}, "queue": None}


def test_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages are read in their order, each id comes once, and what is not wanted is left out."""
    zlib = {"fedora_messaging_rpm_zlib": True}
    archive = Archive(
        monkeypatch,
        archived("a.1", "one", **zlib),
        "nonsense",
        archived("b.1", "two", **zlib),
        archived("a.2", "three"),
        archived("a.1", "one", **zlib),
        archived("a.3", "four", **zlib),
    )
    topics = (pattern("a.#"),)
    wanted = Wanted(packages=("zlib",), topics=topics)
    history = History("https://archive.example", timedelta(minutes=15), wanted, ("a.#",))

    assert ["a.1", "a.3"] == [each["topic"] for each in history.messages()]
    assert [str(page) for page in range(1, 7)] == [each["page"][0] for each in archive.asked]
    first = archive.asked[0]
    assert (["zlib"], ["asc"]) == (first["package"], first["order"])
    assert time.time() - 900 == pytest.approx(int(first["start"][0]), abs=60)
    assert "topic" not in first
    assert history.has("one")
    assert history.has("three")
    assert not history.has("five")
    assert not history.has(None)


def test_history_of_whole_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Topics without wildcards are left to the archive, and so are users."""
    archive = Archive(monkeypatch, archived("a", "one"))
    history = History("https://archive.example", timedelta(1), Wanted(users=("jo", "al")), ("a", "b"))

    assert [] == list(history.messages())
    assert (["a", "b"], ["jo", "al"]) == (archive.asked[0]["topic"], archive.asked[0]["user"])


@pytest.mark.parametrize("answer", [b"{}", b'{"raw_messages": 1, "pages": 1}', b'{"raw_messages": []}'])
def test_an_archive_that_answers_otherwise(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no list of messages is an error of ours."""
    monkeypatch.setattr(urllib.request, "urlopen", lambda request, timeout: io.BytesIO(answer))
    history = History("https://archive.example", timedelta(1), Wanted(), ("#",))

    with pytest.raises(ValidationError, match="no list of messages"):
        list(history.messages())


def test_an_archived_message(capsys: pytest.CaptureFixture[str]) -> None:
    """Its line has the time at which it was sent; one that is not valid is shown as such."""
    printer = Printer("line", None, color=False)
    sent = datetime(2026, 11, 29, 12, 34, 56, tzinfo=timezone.utc)
    assert printer.print_archived(
        archived("a.b", "x", **{"sent-at": sent.isoformat().replace("+00:00", "Z")})
    )
    assert printer.print_archived(archived("c\x1b", "x", **{"sent-at": "then"}))
    assert printer.print_archived({"topic": "d"})
    first, second, third = capsys.readouterr().out.splitlines()

    assert first.startswith(f"{sent.astimezone():%H:%M:%S} INFO   a.b")
    assert "c\\x1b" in second
    assert "not valid" in third


_STREAM = {"x-stream-offset": 4}


def test_a_stream_that_is_none() -> None:
    """A message without its offset in the stream is from another kind of queue, and is not read."""
    stream = Stream("jobs", "next")
    stream.check(_STREAM)
    with pytest.raises(ConsumeException, match="jobs is no stream"):
        stream.check({})

    refused = CloseReason(Scope.CHANNEL, 406, "PRECONDITION_FAILED - invalid arg 'x-stream-offset'")
    assert "jobs is no stream" in str(stream.error(refused))
    gone = stream.error(CloseReason(Scope.CHANNEL, 404, "NOT_FOUND - no queue 'jobs'"))
    assert isinstance(gone, BadDeclaration)


def test_skipped(capsys: pytest.CaptureFixture[str]) -> None:
    """What a terminal was too slow for is counted."""
    Printer("line", None, color=False).skipped(1_234)

    assert "   ⋮ 1,234 skipped (terminal too slow)\n" == capsys.readouterr().out


def test_an_inbox_that_skips() -> None:
    """The newest messages are kept, and the number of the others is known."""
    inbox = Inbox(lossy=True, most=3)
    deliveries = [delivered(Message(topic=str(number))) for number in range(10)]
    assert all(inbox.put(each) for each in deliveries)

    assert (7, deliveries[7:]) == inbox.take()


def test_an_inbox_that_fills() -> None:
    """It keeps everything, and says when no more should come; by number and by size."""
    inbox = Inbox(lossy=False, most=2)
    deliveries = [delivered(Message(topic="a")) for _ in range(3)]
    assert [True, True, False] == [inbox.put(each) for each in deliveries]
    assert (0, deliveries) == inbox.take()
    assert inbox.put(deliveries[0])

    small = Inbox(lossy=False, most_bytes=1)
    assert not small.put(deliveries[0])


def test_an_inbox_is_closed() -> None:
    """Who waits for messages goes on."""
    inbox = Inbox(lossy=True)
    taken: list[Any] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.take()))
    thread.start()
    inbox.close()
    thread.join(30)

    assert [None] == taken
    assert inbox.put(delivered(Message(topic="a")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--grep", "("], "not a regular expression"),
        (["--severity", "high"], "'high' is not one of"),
        (["-n", "0"], "0"),
        (["--wait", "0"], "0"),
        (["-o", "xml"], "xml"),
        (["--since", "yesterday"], "'yesterday' is no span of time: write 90s, 15m, 2h, 1h30m or 3d"),
        (["--stream", "s", "--offset", "-1"], "not first, last, next or the number of a message: '-1'"),
        (["--offset", "first"], "--offset is for --stream"),
        (["--stream", "s", "--exchange", "amq.topic"], "name one of them"),
        (["--stream", "s", "--offset", "first", "--since", "1h"], "use one of them"),
    ],
)
def test_wrong_usage(words: list[str], said: str, run: Run) -> None:
    """It is found before anything is connected to."""
    result = run("tail", *words)

    assert 2 == result.exit_code
    assert said in result.stderr
