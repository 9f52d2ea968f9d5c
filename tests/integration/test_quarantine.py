# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging quarantine`` on RabbitMQ: what it reads, moves and leaves alone."""

import base64
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pika
import pytest

from fedora_messaging.message import dumps, loads
from rabbitmq import Vhost
from rabbitmq.guard import has_release
from support.amqp import Amqp, Got
from support.programs import Program, Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_MAIN = "from fedora_messaging.cli import main; main(prog_name='fedora-messaging')"
_HEADERS = {
    "fedora_messaging_schema": "base.message",
    "fedora_messaging_severity": 20,
    "sent-at": "2026-01-02T03:04:05+00:00",
}
_ID = "{:08x}-0000-4000-8000-000000000000"

Run = Callable[..., Program]


@pytest.fixture
def run(programs: Programs) -> Run:
    """Runs ``fedora-messaging quarantine`` to its end."""

    def ended(*arguments: object, code: int = 0, url: str = "") -> Program:
        words = [sys.executable, "-c", _MAIN, "quarantine", *map(str, arguments)]
        program = programs.run(words, url=url, environ={"COLUMNS": "80"})
        program.close_input()
        assert code == program.ended(), program.said
        assert "Traceback" not in "\n".join(program.errors)
        return program

    return ended


def error_of(program: Program) -> str:
    """The error that a command ended with: one line."""
    errors = [line for line in program.errors if line.startswith("Error: ")]
    assert len(errors) == 1, program.said
    return errors[0]


def in_quarantine(amqp: Amqp, count: int, queue: str = "billing", kind: str = "classic") -> list[str]:
    """A queue with a quarantine as a consumer declares them, and so many messages in it; returns the ids."""
    arguments = {"x-queue-type": kind}
    amqp.queue(queue, "#", arguments=arguments)
    amqp.queue(f"{queue}.quarantine", arguments=arguments)
    for name, bound in ((f"{queue}.quarantine", f"{queue}.quarantine"), (f"{queue}.requeue", queue)):
        amqp.channel.exchange_declare(name, "fanout", durable=True)
        amqp.channel.queue_bind(bound, name)
    ids = [_ID.format(number) for number in range(count)]
    for number, each in enumerate(ids):
        amqp.publish(
            f"t.{number}",
            {"n": number},
            exchange=f"{queue}.quarantine",
            message_id=each,
            content_type="application/json",
            content_encoding="utf-8",
            headers={**_HEADERS, "fedora_messaging_failure_error": f"OSError: {number}"},
        )
    return ids


def numbers(messages: list[Got]) -> list[int]:
    return [json.loads(each.body)["n"] for each in messages]


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_looking_changes_nothing(kind: str, run: Run, amqp: Amqp) -> None:
    """However often it is listed, shown and exported: each message stays, and so does their order."""
    ids = in_quarantine(amqp, 30, kind=kind)
    for _ in range(3):
        listed = [json.loads(line)["id"] for line in run("billing", "list", "--json").lines]
        assert ids == listed
    run("billing", "-n", "7")
    run("billing", "show", ids[12])
    run("billing", "export", "-")

    assert list(range(30)) == numbers(amqp.take("billing.quarantine"))


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_looking_at_many(kind: str, run: Run, amqp: Amqp) -> None:
    """More messages than one consumer holds are listed, and keep their order."""
    ids = in_quarantine(amqp, 4_500, kind=kind)
    for _ in range(2):
        assert ids == [json.loads(line)["id"] for line in run("billing", "list", "--json").lines]
    assert ids == [each.id for each in amqp.take("billing.quarantine")]


def test_more_looks_than_a_delivery_limit(run: Run, amqp: Amqp) -> None:
    """A quorum queue loses nothing by being looked at; one of 4.0 to 4.2 may: the command says so in time."""
    counted = has_release(4) and not has_release(4, 3)
    in_quarantine(amqp, 1, kind="quorum")
    for _ in range(12 if counted else 24):
        method: Any = amqp.channel.basic_get("billing.quarantine")[0]
        amqp.channel.basic_nack(method.delivery_tag, requeue=True)
    program = run("billing")

    assert 2 == len(program.lines)
    assert not counted or "delivery-limit = -1" in "\n".join(program.errors)
    assert 1 == len(amqp.take("billing.quarantine"))


def test_the_table(run: Run, amqp: Amqp) -> None:
    """The table has a line for each message, and fits 80 columns."""
    in_quarantine(amqp, 2)
    program = run("billing")

    assert [
        "ID        TOPIC                  ERROR                  TRIES  WHEN",
        "00000000  t.0                    OSError: 0                 -  -",
        "00000001  t.1                    OSError: 1                 -  -",
    ] == program.lines


def test_a_part_of_the_table(run: Run, amqp: Amqp) -> None:
    """With a limit the oldest are shown, and how many there are."""
    in_quarantine(amqp, 5)
    program = run("billing", "list", "--limit", "2")

    assert 3 == len(program.lines)
    assert "2 of 5 messages" in program.errors


def test_an_empty_quarantine(run: Run, amqp: Amqp) -> None:
    """An empty queue is no error."""
    in_quarantine(amqp, 0)

    for command in ([], ["requeue", "--all", "--yes"], ["drop", "--all", "--yes"]):
        assert "The queue billing.quarantine is empty" in run("billing", *command).errors


def test_an_id_that_is_not_unique(run: Run, amqp: Amqp) -> None:
    """Nothing is done when one of the ids could be several."""
    ids = in_quarantine(amqp, 3)
    program = run("billing", "requeue", ids[2], ids[0][:7], code=1)

    assert "Several ids begin with" in error_of(program)
    assert [0, 1, 2] == numbers(amqp.take("billing.quarantine"))


def test_requeue(run: Run, amqp: Amqp) -> None:
    """Named messages go to that queue and to no other, with all that they had but the failure."""
    ids = in_quarantine(amqp, 3)
    amqp.queue("other", "#")
    program = run("billing", "requeue", ids[2])
    (got,) = amqp.take("billing")

    assert "1 message was requeued" in program.errors
    assert ("t.2", ids[2], b'{"n": 2}') == (got.topic, got.id, got.body)
    assert got.properties.headers == _HEADERS
    assert ("application/json", "utf-8", 2) == (
        got.properties.content_type,
        got.properties.content_encoding,
        got.properties.delivery_mode,
    )
    assert [] == amqp.take("other")
    assert [0, 1] == numbers(amqp.take("billing.quarantine"))


@pytest.mark.parametrize("kind", ["classic", "quorum"])
def test_requeue_all(kind: str, run: Run, amqp: Amqp) -> None:
    """All go back, in their order."""
    in_quarantine(amqp, 350, kind=kind)
    program = run("billing", "requeue", "--all", "--yes")

    assert ["350 messages were requeued"] == program.errors
    assert list(range(350)) == numbers(amqp.take("billing"))
    assert [] == amqp.take("billing.quarantine")


def test_what_comes_straight_back_is_taken_once(run: Run, amqp: Amqp) -> None:
    """A message that fails again at once is not requeued for ever."""
    in_quarantine(amqp, 20)
    amqp.channel.queue_bind("billing.quarantine", "billing.requeue")
    program = run("billing", "requeue", "--all", "--yes")

    assert ["20 messages were requeued"] == program.errors
    assert list(range(20)) == numbers(amqp.take("billing.quarantine"))
    assert 20 == len(amqp.take("billing"))


def test_without_the_exchange(run: Run, amqp: Amqp) -> None:
    """The error names the way out, and the message stays."""
    ids = in_quarantine(amqp, 1)
    amqp.channel.exchange_delete("billing.requeue")
    program = run("billing", "requeue", ids[0], code=10)

    assert "billing.requeue" in error_of(program)
    assert "start it once" in error_of(program)
    assert "--exchange" in error_of(program)
    assert 1 == len(amqp.take("billing.quarantine"))


def test_an_exchange_that_leads_nowhere(run: Run, amqp: Amqp) -> None:
    """A message that is returned stays, and the command stops."""
    in_quarantine(amqp, 5)
    amqp.channel.queue_unbind("billing", "billing.requeue")
    program = run("billing", "requeue", "--all", "--yes", code=1)

    assert "0 messages were requeued, and then:" in program.errors
    assert "312" in error_of(program)
    assert list(range(5)) == numbers(amqp.take("billing.quarantine"))


def test_another_way(run: Run, amqp: Amqp) -> None:
    """Exchange and routing key can be named, the default exchange included."""
    in_quarantine(amqp, 1)
    run("billing", "requeue", "--all", "--yes", "--exchange", "", "--routing-key", "billing")

    assert [0] == numbers(amqp.take("billing"))


def test_drop(run: Run, amqp: Amqp) -> None:
    """What is dropped is gone, the rest stays in order."""
    ids = in_quarantine(amqp, 5)
    program = run("billing", "drop", ids[1], ids[3])

    assert ["2 messages were dropped"] == program.errors
    assert [0, 2, 4] == numbers(amqp.take("billing.quarantine"))

    in_quarantine(amqp, 5)
    run("billing", "drop", "--all", "--yes")
    assert [] == amqp.take("billing.quarantine")
    assert [] == amqp.take("billing")


def test_export_and_publish(run: Run, amqp: Amqp, programs: Programs, tmp_path: Path) -> None:
    """What was exported can be published again, and is then what it was."""
    ids = in_quarantine(amqp, 3)
    file = tmp_path / "quarantine.jsonl"
    run("billing", "export", file)
    messages = loads(file.read_text())

    assert ids == [each.id for each in messages]
    assert ["t.0", "t.1", "t.2"] == [each.topic for each in messages]
    assert {"error": "OSError: 1"} == json.loads(file.read_text().splitlines()[1])["failure"]
    assert "failure" not in dumps(messages)

    publish = programs.run([sys.executable, "-c", _MAIN, "publish", str(file)])
    assert 0 == publish.ended()
    assert ids == [each.id for each in amqp.take("billing")]


def test_an_invalid_message(run: Run, amqp: Amqp) -> None:
    """Its bytes are shown with the reason, and exported; it is sent back only by force."""
    in_quarantine(amqp, 0)
    body = b"\xff\x1b[31m not JSON"
    amqp.publish("bad", body, exchange="billing.quarantine", headers=_HEADERS, content_encoding="utf-8")
    (row,) = [json.loads(line) for line in run("billing", "--json").lines]
    assert row["id"].startswith("~")
    assert not row["valid"]

    shown = "\n".join(run("billing", "show", row["id"][:5]).lines)
    assert "invalid:   The body is not valid JSON" in shown
    assert "\n  b'\\xff\\x1b[31m not JSON'" in shown
    assert "\x1b" not in shown

    (exported,) = [json.loads(line) for line in run("billing", "export", "-").lines]
    assert body == base64.b64decode(exported["body_base64"])
    assert exported["invalid"].startswith("The body is not valid JSON")

    kept = run("billing", "requeue", "--all", "--yes", code=1)
    assert "--force" in error_of(kept)
    assert row["id"] in error_of(kept)
    run("billing", "requeue", row["id"], "--force")
    (got,) = amqp.take("billing")
    assert (body, "bad") == (got.body, got.topic)


def test_a_foreign_queue_of_dead_letters(run: Run, amqp: Amqp) -> None:
    """The topic of what a direct exchange dead-lettered is the broker's record, and shown as such."""
    amqp.queue("dead")
    amqp.channel.queue_bind("dead", "amq.direct", "dead")
    arguments = {"x-dead-letter-exchange": "amq.direct", "x-dead-letter-routing-key": "dead"}
    amqp.queue("shop", "#", arguments=arguments)
    headers = {**_HEADERS, "fedora_messaging_failure_error": "forged"}
    amqp.publish("shop.sold", {"n": 1}, message_id="one", headers=headers, content_encoding="utf-8")
    method: Any = amqp.channel.basic_get("shop")[0]
    amqp.channel.basic_reject(method.delivery_tag, requeue=False)

    (row,) = [json.loads(line) for line in run("shop", "list", "--from", "dead", "--json").lines]
    assert ("shop.sold", True) == (row["topic"], row["topic_from_x_death"])
    assert ("dead-lettered: rejected", 1, "shop") == (row["error"], row["attempts"], row["queue"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", row["at"])
    assert "topic:     shop.sold (from x-death)" in run("shop", "--from", "dead", "show", "one").lines

    run("shop", "requeue", "one", "--from", "dead", "--exchange", "amq.topic")
    (got,) = amqp.take("shop")
    assert ("shop.sold", "one", b'{"n": 1}') == (got.topic, got.id, got.body)
    assert got.properties.headers == _HEADERS


def test_no_such_queue(run: Run) -> None:
    """The error names the queue, and how it comes to be."""
    error = error_of(run("nowhere", code=10))
    assert "nowhere.quarantine" in error
    assert "--from" in error

    assert "the queue elsewhere" in error_of(run("nowhere", "--from", "elsewhere", code=10)).lower()


def test_no_rights(run: Run, vhost: Vhost, amqp: Amqp) -> None:
    """Whoever may not read the queue, or not write to the exchange, gets exit code 15 and loses nothing."""
    in_quarantine(amqp, 2)
    user = f"reader-{vhost.name}"
    node = vhost.node
    node.add_user(user, "secret")
    node.set_permissions(user, vhost.name, configure="^$", write="^$", read="^billing.quarantine$")
    url = vhost.url.replace("guest:guest@", f"{user}:secret@")

    assert 3 == len(run("billing", url=url).lines)
    refused = run("billing", "requeue", "--all", "--yes", code=15, url=url)
    assert "ACCESS_REFUSED" in refused.said
    node.set_permissions(user, vhost.name, configure="^$", write="^billing", read="^$")
    assert "ACCESS_REFUSED" in error_of(run("billing", code=15, url=url))
    assert [0, 1] == numbers(amqp.take("billing.quarantine"))


def test_a_refused_password(run: Run, vhost: Vhost) -> None:
    """A wrong password is exit code 15, and is not shown."""
    program = run("billing", code=15, url=vhost.url.replace("guest:guest@", "guest:canary@"))

    assert "password" in error_of(program)
    assert "canary" not in program.said


def test_nothing_listens(run: Run) -> None:
    """A broker that is not there is exit code 14, at once."""
    assert "nothing listens" in error_of(run("billing", code=14, url="amqp://127.0.0.1:9/%2F"))


def test_all_needs_somebody_to_ask(run: Run, amqp: Amqp) -> None:
    """Without a terminal and without --yes nothing is done."""
    in_quarantine(amqp, 2)
    for command in ("requeue", "drop"):
        assert "--yes" in error_of(run("billing", command, "--all", code=2))
    assert [0, 1] == numbers(amqp.take("billing.quarantine"))


def on_a_terminal(programs: Programs, vhost: Vhost, *words: str, answer: bytes) -> tuple[int, str]:
    """Run the command on a terminal and answer its question; returns the exit code and what it said."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "FEDORA_MESSAGING_CONF": str(programs.configure(vhost.url)), "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-c", _MAIN, "quarantine", *words],
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    answered = False
    # Python does not notice a signal that comes just before input() reads; nor is it to have two.
    wait = 1.0
    try:
        while True:
            while answer == b"\x03" and b"[y/N]" in said and not select.select([ours], [], [], wait)[0]:
                process.send_signal(signal.SIGINT)
                wait = 20.0
            chunk = os.read(ours, 4096)
            said += chunk
            if not answered and b"[y/N]" in said and answer != b"\x03":
                answered = True
                os.write(ours, answer)
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return process.wait(60), said.decode()


@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 2), (b"\x03", 2)])
def test_asking(answer: bytes, left: int, programs: Programs, vhost: Vhost, amqp: Amqp) -> None:
    """On a terminal --all asks, and does nothing unless the answer is yes."""
    in_quarantine(amqp, 2)
    code, said = on_a_terminal(programs, vhost, "billing", "drop", "--all", answer=answer)

    assert "Delete 2 messages in billing.quarantine? [y/N]" in said
    assert (1 if left else 0) == code, said
    assert left == len(amqp.take("billing.quarantine"))


def test_interrupted(programs: Programs, amqp: Amqp) -> None:
    """SIGINT ends it between two messages: each is in exactly one of the queues, and the count is right."""
    count = 3000
    ids = in_quarantine(amqp, count)
    words = [sys.executable, "-c", _MAIN, "quarantine", "billing", "requeue", "--all", "--yes"]
    program = programs.run(words)
    wait_for_messages(amqp, "billing", 200)
    program.signal(signal.SIGINT)
    code = program.ended()
    moved = [each.id for each in amqp.take("billing")]
    left = [each.id for each in amqp.take("billing.quarantine")]

    assert ids == moved + left
    assert f"{len(moved):,} messages were requeued" in program.errors
    assert (1 if left else 0) == code
    assert left, "it was done before the signal"


def wait_for_messages(amqp: Amqp, queue: str, count: int) -> None:
    """Return when so many messages are in a queue; they stay there."""
    while True:
        found: Any = amqp.channel.queue_declare(queue, passive=True)
        if found.method.message_count >= count:
            return


def test_killed(programs: Programs, amqp: Amqp) -> None:
    """Whatever ends it: no message is lost, and what is in both queues has one id."""
    ids = in_quarantine(amqp, 2000)
    words = [sys.executable, "-c", _MAIN, "quarantine", "billing", "requeue", "--all", "--yes"]
    program = programs.run(words)
    wait_for_messages(amqp, "billing", 200)
    program.signal(signal.SIGKILL)
    program.ended()
    amqp.wait_for_consumers("billing.quarantine", 0)
    moved = [each.id for each in amqp.take("billing")]
    left: list[str | None] = []
    while len(set(moved) | set(left)) < len(ids):  # the broker notices the end of the connection by itself
        left += [each.id for each in amqp.take("billing.quarantine")]

    assert set(ids) == set(moved) | set(left)


_FAILING = """
def callback(message):
    if message.body.get("fail"):
        raise OSError(f"cannot reach amqp://shop:canary@db/, {message.body}")
    print("processed", message.topic, message.id, flush=True)
"""


def test_end_to_end(run: Run, programs: Programs, amqp: Amqp, tmp_path: Path) -> None:
    """What a consumer puts into quarantine is listed with its failure, and processed after it is requeued."""
    amqp.queue("shop", "shop.#")
    file = tmp_path / "callbacks.py"
    config = (
        "[queues.shop]\ndurable = true\nauto_delete = false\nexclusive = false\narguments = {}\n"
        '[[bindings]]\nqueue = "shop"\nexchange = "amq.topic"\nrouting_keys = ["shop.#"]\n'
        '[retry]\non = ["builtins:OSError"]\ndelays = [0.01]\nthen = "quarantine"\n'
    )

    def consumer(text: str) -> Program:
        file.write_text(text)
        words = [sys.executable, "-c", _MAIN, "consume", "--callback-file", f"{file}:callback"]
        started = programs.run(words, config=config)
        amqp.wait_for_consumers("shop")
        return started

    first = consumer(_FAILING)
    sent: dict[str, Any] = {"headers": _HEADERS, "content_encoding": "utf-8"}
    amqp.publish("shop.a", {"fail": True}, message_id="one", **sent)
    amqp.publish("shop.b", b"no JSON", message_id="two", **sent)
    amqp.channel.queue_declare("shop.quarantine", passive=True)
    while amqp.channel.queue_declare("shop.quarantine", passive=True).method.message_count < 2:
        pass
    first.signal(signal.SIGTERM)
    assert 0 == first.ended()

    rows = {row["id"]: row for row in map(json.loads, run("shop", "--json").lines)}
    assert {"one", "two"} == set(rows)
    assert ("shop.a", 2, "shop", "amq.topic") == tuple(
        rows["one"][name] for name in ("topic", "attempts", "queue", "exchange")
    )
    assert "OSError: cannot reach amqp://shop:***@db/" in rows["one"]["error"]
    page = run("shop", "show", "one")
    assert any("in callback" in line for line in page.lines)
    assert "canary" not in page.said

    second = consumer(_FAILING.replace('message.body.get("fail")', "False"))
    run("shop", "requeue", "one")
    assert "processed shop.a one" == second.wait_for("processed")
    assert ["two"] == [row["id"] for row in map(json.loads, run("shop", "--json").lines)]
    run("shop", "drop", "two")
    second.signal(signal.SIGTERM)
    assert 0 == second.ended()
    assert [] == amqp.take("shop.quarantine")


def test_large_messages(run: Run, amqp: Amqp, tmp_path: Path) -> None:
    """Bodies of many frames go through whole."""
    in_quarantine(amqp, 0)
    bodies = [{"n": number, "text": "x" * 3_000_000} for number in range(6)]
    for number, body in enumerate(bodies):
        amqp.publish(
            "large",
            body,
            "billing.quarantine",
            message_id=str(number),
            headers=_HEADERS,
            content_encoding="utf-8",
        )
    run("billing", "requeue", "--all", "--yes")

    assert bodies == [json.loads(each.body) for each in amqp.take("billing")]


def test_properties_byte_for_byte(run: Run, amqp: Amqp) -> None:
    """All properties and header types survive the way back."""
    in_quarantine(amqp, 0)
    properties: dict[str, Any] = {
        "content_type": "application/json",
        "content_encoding": "utf-8",
        "priority": 3,
        "correlation_id": "c",
        "reply_to": "r",
        "message_id": "m",
        "timestamp": 1_700_000_000,
        "type": "t",
        "app_id": "a",
        "headers": {**_HEADERS, "list": [1, "two", None], "table": {"x": True}},
    }
    amqp.publish("t", {}, "billing.quarantine", **properties)
    run("billing", "requeue", "m")
    (got,) = amqp.take("billing")

    assert pika.BasicProperties(delivery_mode=2, **properties) == got.properties
