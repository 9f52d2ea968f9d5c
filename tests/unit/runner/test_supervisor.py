# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The parent of several workers, with children that do what a script says."""

import json
import logging
import signal
from typing import Any

import pytest
from twisted.internet.error import ProcessDone, ProcessExitedAlready, ProcessTerminated
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from fedora_messaging._metrics import status
from fedora_messaging._runner.supervisor import Outcome, Supervisor
from fedora_messaging._runner.worker_process import TO_PARENT, WorkerProcess

GRACE = 30.0


class Child:
    """What spawnProcess starts: it does nothing by itself, and remembers what it was sent."""

    def __init__(self, protocol: WorkerProcess, environ: dict[str, str], pid: int) -> None:
        self.protocol = protocol
        self.environ = environ
        self.pid: int | None = pid
        self.signals: list[int] = []
        self.asked = 0

    def signalProcess(self, number: int) -> None:
        if self.pid is None:
            raise ProcessExitedAlready
        self.signals.append(number)

    def writeToChild(self, descriptor: int, data: bytes) -> None:
        self.asked += 1

    def say(self, **values: Any) -> None:
        """Write a line to the parent."""
        self.protocol.childDataReceived(TO_PARENT, json.dumps(values).encode() + b"\n")

    def exit(self, code: int = 0, *, by: int | None = None, pipes: bool = True) -> None:
        """End with a code, or by a signal; without the end of its pipes if a process of its own has them."""
        self.pid = None
        how: Any = ProcessTerminated(None if by else code, by, 0) if code or by else ProcessDone(0)
        self.protocol.processExited(Failure(how))
        if pipes:
            self.protocol.processEnded(Failure(how))


class Family:
    """A supervisor, its clock, and the children that it has started."""

    def __init__(self, count: int = 2) -> None:
        self.clock = Clock()
        self.started: list[Child] = []
        self.ready = 0
        self.refuse = False
        self.outcomes: list[Outcome] = []
        self.supervisor = Supervisor(
            self.clock,
            self.spawn,
            count,
            lambda number: ["python", "consume"],
            GRACE,
            on_ready=self.count_ready,
            environ={"PATH": "/bin", "NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "2"},
        )
        self.supervisor.start().addCallback(self.outcomes.append)

    def count_ready(self) -> None:
        self.ready += 1

    def spawn(
        self, protocol: Any, program: str, arguments: list[str], environ: Any, path: Any, childFDs: Any
    ) -> None:
        if self.refuse:
            raise OSError(11, "Resource temporarily unavailable")
        assert ("python", ["python", "consume"]) == (program, arguments)
        child = Child(protocol, environ, 100 + len(self.started))
        self.started.append(child)
        protocol.makeConnection(child)

    def numbers(self) -> list[int]:
        """The workers' numbers of the processes that were started, in order."""
        return [int(each.environ["FEDORA_MESSAGING_WORKER"]) for each in self.started]


def test_the_environment() -> None:
    """Each worker has its number and its pipes, and nothing of what systemd tells the parent alone."""
    first, second = (each.environ for each in Family().started)

    assert {"PATH": "/bin", "FEDORA_MESSAGING_WORKER": "0", "FEDORA_MESSAGING_WORKER_PIPES": "3:4"} == first
    assert {**first, "FEDORA_MESSAGING_WORKER": "1"} == second


@pytest.mark.parametrize("code", [1, 2, 10, 11, 12, 15])
def test_a_worker_that_ends_everything(code: int) -> None:
    """The others are told to end, and the outcome has the worker's code and its reason."""
    family = Family()
    first, second = family.started
    first.say(error="There is no callback")
    first.exit(code)
    told = list(second.signals)
    second.exit(0)

    assert [signal.SIGTERM] == told
    assert [Outcome(code, "worker 0: There is no callback")] == family.outcomes
    assert [] == family.clock.getDelayedCalls()


def test_one_that_has_said_nothing() -> None:
    """Without a reason the outcome says which worker ended, and how."""
    family = Family(1)
    family.started[0].exit(2)

    assert [Outcome(2, "worker 0 ended with exit code 2")] == family.outcomes


def test_a_worker_that_halts() -> None:
    """HaltConsumer ends everything, whatever its code is; what the others end with then does not count."""
    family = Family()
    first, second = family.started
    second.say(halted=13, error="enough")
    second.exit(13)
    first.exit(14)

    assert [Outcome(13, "worker 1: enough")] == family.outcomes


def test_the_reason_of_a_process_whose_children_live_on() -> None:
    """What it said before its end is waited for, but not for as long as somebody else has its pipe."""
    family = Family(1)
    family.started[0].exit(13, pipes=False)
    family.clock.advance(0.5)
    family.started[0].say(halted=7, error="late")
    before = list(family.outcomes)
    family.clock.advance(0.5)

    assert [] == before
    assert [Outcome(7, "worker 0: late")] == family.outcomes


@pytest.mark.parametrize(
    ("code", "by", "words"),
    [
        (13, None, "Worker 1 ended with exit code 13: the callback raised KeyError"),
        (0, signal.SIGKILL, "Worker 1 was ended by SIGKILL"),
        (0, 63, "Worker 1 was ended by signal 63"),
    ],
)
def test_a_worker_that_is_started_again(
    code: int, by: int | None, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is started after a second; the others are left alone, and the log says why."""
    family = Family()
    if code:
        family.started[1].say(error="the callback raised KeyError")
    with caplog.at_level(logging.INFO):
        family.started[1].exit(code, by=by)
    family.clock.advance(0.99)
    early = family.numbers()
    family.clock.advance(0.01)

    assert [0, 1] == early
    assert [0, 1, 1] == family.numbers()
    assert [] == family.started[0].signals
    assert words in caplog.text
    assert "Worker 1 is started again in 1 s" in caplog.text


def test_a_crash_loop() -> None:
    """A worker that always ends at once is started seven times in the first two minutes, not hundreds."""
    family = Family(1)
    for _ in range(1200):
        if family.started[-1].pid is not None:
            family.started[-1].exit(13)
        family.clock.advance(0.1)

    assert 7 == len(family.started)


def test_a_process_that_cannot_be_started() -> None:
    """A machine out of processes is tried again with back-off."""
    family = Family(1)
    family.refuse = True
    family.started[0].exit(by=signal.SIGKILL)
    family.clock.advance(1)
    family.clock.advance(2)
    family.refuse = False
    during = len(family.started)
    family.clock.advance(4)

    assert (1, 2) == (during, len(family.started))


def test_a_signal() -> None:
    """All workers are told at once, and the outcome is 0 when the last has drained."""
    family = Family(3)
    family.supervisor.stop()
    told = [each.signals for each in family.started]
    for child in family.started[:2]:
        child.exit(0)
    before = list(family.outcomes)
    family.started[2].exit(0)

    assert [[signal.SIGTERM]] * 3 == told
    assert [] == before
    assert [Outcome(0, "")] == family.outcomes
    assert [] == family.clock.getDelayedCalls()


def test_a_worker_that_hangs() -> None:
    """What has not ended when the one grace period is over is killed."""
    family = Family(2)
    family.supervisor.stop()
    family.clock.advance(GRACE / 2)
    family.started[0].exit(0)
    family.clock.advance(GRACE / 2 - 0.01)
    patient = list(family.started[1].signals)
    family.clock.advance(0.01)
    family.started[1].exit(by=signal.SIGKILL)

    assert [signal.SIGTERM] == patient
    assert [signal.SIGTERM, signal.SIGKILL] == family.started[1].signals
    assert [signal.SIGTERM] == family.started[0].signals
    assert [Outcome(0, "")] == family.outcomes


def test_a_signal_while_a_worker_waits() -> None:
    """A worker that would be started again is not, once the end has begun."""
    family = Family(2)
    family.started[0].exit(13)
    family.supervisor.stop()
    family.started[1].exit(0)
    family.clock.advance(100)

    assert 2 == len(family.started)
    assert [Outcome(0, "")] == family.outcomes


def test_killed_at_once() -> None:
    """The second signal kills what runs; what has ended by itself is no error."""
    family = Family(2)
    family.started[0].exit(13)
    family.started[1].pid = None
    family.supervisor.kill()

    assert [[], []] == [each.signals for each in family.started]
    family.clock.advance(1)
    family.supervisor.kill()
    assert [signal.SIGKILL] == family.started[2].signals


def test_ready() -> None:
    """It is said once, when the last worker consumes."""
    family = Family(2)
    family.started[0].say(consuming=True)
    before = family.ready
    family.started[1].say(consuming=True)
    family.started[1].exit(by=signal.SIGKILL)
    family.clock.advance(1)
    family.started[2].say(consuming=True)

    assert (0, 1) == (before, family.ready)
    assert family.supervisor.ready


def test_what_is_not_understood() -> None:
    """Lines that are no JSON, no table or have values of other types, and a line without end, are ignored."""
    family = Family(1)
    child = family.started[0]
    for line in (b"no json\n", b"[1]\n", b'{"state": 1, "halted": "x", "error": 2}\n', b"x" * (1 << 25)):
        child.protocol.childDataReceived(TO_PARENT, line)
    child.say(state={"published": 3})

    assert {"published": 3} == child.protocol.state


STATE = {
    "ready": True,
    "consuming": True,
    "published": 2,
    "consumed": {"received": 5, "processed": 4},
    "consumers": {"billing": {"state": "consuming", "received": 5, "processed": 4}},
}


def ask(family: Family) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = []
    family.supervisor.ask(0.5).addCallback(answers.append)
    return answers


def test_states() -> None:
    """Counters are summed, and everything else is shown for each worker."""
    family = Family(2)
    answers = ask(family)
    family.started[0].say(state=STATE)
    family.started[1].say(state={**STATE, "ready": False, "consuming": False})

    [answer] = answers
    assert (1, 1) == (family.started[0].asked, family.started[1].asked)
    workers = answer.pop("workers")
    assert {
        "published": 4,
        "consumed": {"received": 10, "processed": 8},
        "consumers": {"billing": {"received": 10, "processed": 8}},
    } == answer
    assert {
        "state": "starting",
        "restarts": 0,
        "answers": True,
        "ready": True,
        "consuming": True,
        "consumers": {"billing": "consuming"},
    } == workers["0"]
    assert not workers["1"]["ready"]


def test_a_worker_that_does_not_answer() -> None:
    """It is said that it does not; its counters, as they were last, stay in the sum."""
    family = Family(2)
    family.started[0].say(state=STATE)
    answers = ask(family)
    family.started[1].say(state=STATE)
    family.clock.advance(0.5)

    [answer] = answers
    assert 4 == answer["published"]
    assert {"state": "starting", "restarts": 0, "answers": False} == answer["workers"]["0"]
    assert answer["workers"]["1"]["answers"]


def test_counters_never_fall() -> None:
    """What processes that have ended had counted stays in the sum."""
    family = Family(1)
    family.started[0].say(state=STATE)
    family.started[0].exit(by=signal.SIGKILL)
    waiting = ask(family)
    family.clock.advance(1)
    again = ask(family)
    family.started[1].say(state=STATE)

    assert 2 == waiting[0]["published"]
    assert {"state": "waiting", "restarts": 1, "answers": False} == waiting[0]["workers"]["0"]
    assert 4 == again[0]["published"]
    assert 10 == again[0]["consumed"]["received"]


def test_a_question_that_the_end_answers() -> None:
    """A worker that ends while it is asked is not waited for."""
    family = Family(1)
    answers = ask(family)
    family.started[0].exit(13)

    assert not answers[0]["workers"]["0"]["answers"]
    assert 1 == len(family.clock.getDelayedCalls())  # the restart


def test_metrics() -> None:
    """Counters are summed, ended processes included; gauges are by worker, of those that answer."""
    family = Family()
    data = {
        "series": {
            "fedora_messaging_received_total": [[["q"], 3]],
            "fedora_messaging_publish_pending": [[[], 1]],
        },
        "extra": {},
    }
    snapshots: list[Any] = []
    for child in family.started:
        child.say(metrics=data)
    family.started[0].exit(by=signal.SIGKILL)
    family.supervisor.ask_metrics(1).addCallback(snapshots.append)
    family.started[1].say(metrics=data)
    family.started[1].say(state={})
    family.supervisor.ask_metrics(1).addCallback(snapshots.append)
    family.clock.advance(1)

    first, second = (snapshot.series for snapshot in snapshots)
    assert (
        {("q",): 6} == first["fedora_messaging_received_total"] == second["fedora_messaging_received_total"]
    )
    assert {("1",): 1} == first["fedora_messaging_publish_pending"]
    assert "fedora_messaging_publish_pending" not in second


def test_status() -> None:
    """What each worker is, by its number; one that does not answer is silent, what failed before is kept."""
    family = Family()
    known = status.Status(
        (), (status.Consumer("", "q", "consuming", "", 0, 0, 0),), (status.Failure(1.0, "s", "E", 1),)
    )
    for child in family.started:
        child.say(status=known.as_data())
    found: list[Any] = []
    family.supervisor.ask_status(1).addCallback(found.append)
    family.started[1].say(state={})
    family.clock.advance(1)
    family.started[0].exit(1)
    family.started[1].exit(by=signal.SIGKILL)
    family.supervisor.ask_status(1).addCallback(found.append)
    (_, running), (_, ended) = found

    assert {"ended": status.Status(), "0": known.silent, "1": known} == running
    assert {"ended": status.Status(failures=known.failures * 2)} == ended
