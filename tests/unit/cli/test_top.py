# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging top``: which URLs it takes, and what it shows."""

import io
import json
import os
import pty
import signal
import termios
from collections.abc import Callable, Iterator
from email.message import Message
from http.client import IncompleteRead
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError

import click
import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging.cli._top._screen import Screen
from fedora_messaging.cli._top._source import Source, monitor_url, own_url
from fedora_messaging.cli._top._table import Shown, lines, rows_of

Run = Callable[..., Result]


def consumer(queue: str = "orders", **values: Any) -> dict[str, Any]:
    """What a dashboard says of a queue."""
    return {
        "queue": queue,
        "state": "consuming",
        "level": "good",
        "in": 12.34,
        "ok": 12.0,
        "failed": 0.0,
        "p99": "12 ms",
        "unacknowledged": 3,
        "waiting": 2,
        "oldest": "",
        **values,
    }


def shown(*consumers: dict[str, Any], url: str = "http://h:1", problem: str = "") -> Shown:
    """What is known of a dashboard."""
    return Shown(url, rows_of({"consumers": consumers}), problem)


def text(*known: Shown, width: int = 79) -> list[str]:
    """The lines, without colours."""
    return [click.unstyle(line) for line in lines(known, width)]


def test_the_table_at_80_columns() -> None:
    """Each queue is one line; numbers stand below each other, and nothing is wider than the terminal."""
    failing = consumer("mirrors", failed=2.5, p99="> 30 min", oldest="1.5 h", **{"in": 12345.6})
    resting = consumer(
        "org.example.a-long-name", state="2 resting, 1 backoff", level="bad", **dict.fromkeys(("in", "ok"))
    )

    assert [
        "queue      state         in/s    ok/s failed/s      p99 unacked waiting oldest",
        "orders     consuming     12.3    12.0      0.0    12 ms       3       2      -",
        "mirrors    consuming   12,346    12.0      2.5 > 30 min       3       2  1.5 h",
        "...ng-name 2 resti...       -       -      0.0    12 ms       3       2      -",
    ] == [line.rstrip() for line in text(shown(consumer(), failing, resting), width=78)]


def test_a_wide_terminal_shows_whole_names() -> None:
    """What there is room for is not cut."""
    found = text(shown(consumer("org.example.a-long-name", state="2 resting, 1 backoff")), width=139)

    assert found[1].startswith("org.example.a-long-name ")
    assert "2 resting, 1 backoff" in found[1]
    assert {139} == {len(line) for line in found}


def test_several_dashboards() -> None:
    """Each has its URL above its queues; one that does not answer says so below what it said last."""
    lost = shown(consumer(), url="http://b:1", problem="no contact since 14:02:11: Connection refused")
    found = text(shown(url="http://a:1"), lost)

    assert [
        "http://a:1",
        "nothing is consumed there",
        "http://b:1",
        "no contact since 14:02:11: Connection refused",
    ] == [found[1], found[2], found[3], found[5]]


def test_colours() -> None:
    """The state and failures are coloured; what is old is dim."""
    now, old = (
        list(lines([shown(consumer(failed=1.0), problem=problem)], 79))[1] for problem in ("", "gone")
    )

    assert click.style("consuming", fg="green")[:5] in now
    assert click.style("     1.0", fg="red") in now
    assert old.startswith("\x1b[2m")


def test_names_cannot_move_the_cursor() -> None:
    """Whatever the other side says is text."""
    found = text(shown(consumer("a\x1b[2Jb", state="\r\n", p99="\x07")))

    assert "" == "".join(char for line in found for char in line if not char.isprintable())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["consumers", *consumer()]), inner, max_size=10)
        ),
        max_leaves=12,
    )
)
def test_any_answer(data: Any) -> None:
    """What is no dashboard's is a ValueError, and nothing else."""
    try:
        rows = rows_of(data)
    except ValueError:
        return

    assert text(Shown("http://h", rows))


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://h:1/", "http://h:1"),
        ("https://h/a/b/events", "https://h/a/b"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_urls(given: str, url: str) -> None:
    """Scheme and path may be left out; the path of the events is known."""
    assert url == monitor_url(given)


@pytest.mark.parametrize("given", ["", "ftp://h", "http://", "h:port", "http://h/?a=b", "http://h\n", "[::1"])
def test_no_urls(given: str) -> None:
    """What is none is refused."""
    with pytest.raises(ValueError, match="is no URL of a dashboard"):
        monitor_url(given)


@pytest.mark.parametrize(
    ("address", "url"),
    [("", "http://127.0.0.1:1"), ("::", "http://[::1]:1"), ("192.0.2.1", "http://192.0.2.1:1")],
)
def test_the_own_dashboard(address: str, url: str) -> None:
    """Where it listens on all addresses, it is asked on one of this machine."""
    assert url == own_url(address, 1)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    "section", ["", "[monitoring]\nport = 8000\n", "[monitoring]\nport = 0\ndashboard = true\n"]
)
def test_without_a_url(run: Run, tmp_path: Path, section: str) -> None:
    """It is needed where the configuration has no dashboard, or none whose port is known."""
    (tmp_path / "config.toml").write_text(section)
    result = run("top")

    assert 2 == result.exit_code
    assert "Name the URL of a dashboard, or configure one" in result.stderr


def test_a_password_is_not_shown(run: Run) -> None:
    """A URL with one is refused without a word of it."""
    result = run("top", "http://user:canary@h")

    assert 2 == result.exit_code
    assert "user and password in a URL are not used" in result.stderr
    assert "canary" not in result.stderr


class Answers:
    """Opens URLs as a script says: with the lines that are read, or with an error."""

    def __init__(self, *script: bytes | Exception) -> None:
        self.script = list(script)
        self.urls: list[str] = []

    def __call__(self, url: str) -> io.BytesIO:
        self.urls.append(url)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)


def event(*consumers: dict[str, Any]) -> bytes:
    """A line of the stream, and the empty one after it."""
    return b"data: %s\n\n" % json.dumps({"consumers": consumers}).encode()


def refusal(code: int, text: bytes = b"") -> HTTPError:
    """An answer that is none."""
    return HTTPError("http://h:1/events", code, "", Message(), io.BytesIO(text))


def test_a_stream() -> None:
    """The first event is shown at once; it is complete with the second, which has rates; its end is said."""
    told = []
    answers = Answers(
        event(consumer()) + event(consumer(waiting=5)), ConnectionRefusedError(111, "Connection refused")
    )
    source = Source("http://h:1", answers)
    source.changed = lambda: told.append((source.complete.is_set(), source.shown))
    source.read()
    source.read()

    assert [(False, "2"), (False, "5"), (True, "5"), (True, "5")] == [
        (complete, known.rows[0].cells[5]) for complete, known in told
    ]
    assert ["", ""] == [known.problem for _, known in told[:2]]
    # The time is that of the loss, not of the last attempt.
    assert told[2][1].problem == told[3][1].problem
    assert told[2][1].problem.startswith("no contact since ")
    assert told[2][1].problem.endswith(": the connection was closed")
    assert ["http://h:1/events"] * 2 == answers.urls


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (URLError(ConnectionRefusedError(111, "Connection refused")), "Connection refused"),
        (TimeoutError("timed out"), "no answer within 5 s"),
        (refusal(404), "there is no dashboard: its configuration needs [monitoring] dashboard = true"),
        (refusal(503, b"20 others look\x1b\n"), r"20 others look\x1b"),
        (refusal(500), "HTTP status 500"),
        (b"<html>\n", "what answers is no dashboard of this package"),
        (b"data: {}\n\n", "what answers is no dashboard of this package"),
        (IncompleteRead(b""), "IncompleteRead(0 bytes read)"),
        (b"", "the connection was closed"),
    ],
)
def test_no_stream(answer: bytes | Exception, problem: str) -> None:
    """Why there is none is said in a line."""
    source = Source("http://h:1", Answers(answer))
    source.read()

    assert (problem, ()) == (source.shown.problem, source.shown.rows)
    assert source.tried.is_set()
    assert source.complete.is_set()


@pytest.fixture
def terminal() -> Iterator[tuple[int, IO[bytes]]]:
    """Both sides of a terminal: the one of who sits before it, and the program's."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r+b", buffering=0) as opened:
        yield ours, opened
    os.close(ours)


@pytest.mark.parametrize("colored", [True, False])
def test_the_screen(terminal: tuple[int, IO[bytes]], colored: bool) -> None:
    """It is drawn until q is pressed, and left as it was; what the encoding lacks is escaped."""
    ours, theirs = terminal
    before = termios.tcgetattr(theirs)
    output = io.TextIOWrapper(io.BytesIO(), "ascii", newline="")
    with Screen(theirs, output, colored=colored) as screen:
        screen.draw([click.style("a", fg="red"), "§"])
        screen.wake()
        screen.wait()
        awake = screen.ended
        os.write(ours, b"xq")
        screen.wait()
    output.seek(0)
    line = "\x1b[31ma\x1b[0m" if colored else "a"

    assert (False, True) == (awake, screen.ended)
    assert before == termios.tcgetattr(theirs)
    assert (
        f"\x1b[?1049h\x1b[?25l\x1b[H{line}\x1b[K\r\n\\xa7\x1b[K\r\n\x1b[J\x1b[?25h\x1b[?1049l"
        == output.read()
    )


def test_a_signal_ends_the_screen(terminal: tuple[int, IO[bytes]]) -> None:
    """SIGTERM is noted, and its handler is the one before afterwards."""
    before = signal.getsignal(signal.SIGTERM)
    with Screen(terminal[1], io.StringIO(), colored=True) as screen:
        signal.raise_signal(signal.SIGTERM)
        screen.wait()

    assert screen.ended
    assert before == signal.getsignal(signal.SIGTERM)
