# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The command line on RabbitMQ: exit codes, signals, and files that go round."""

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fedora_messaging.message import Message, dumps, loads
from rabbitmq import Vhost
from support.amqp import Amqp
from support.programs import Program, Programs
from support.waiting import until

pytestmark = pytest.mark.fedora_messaging_real_broker

_CALLBACKS = """
import asyncio, pathlib, time
from twisted.internet import reactor, task
from fedora_messaging import api
from fedora_messaging.exceptions import HaltConsumer, PublishTimeout

def printer(message):
    print("got", message.topic, flush=True)

def publisher(message):
    api.publish(api.Message(topic="again", body=message.body))
    print("published", flush=True)

async def both_kinds(message):
    await asyncio.sleep(0.01)
    result = await task.deferLater(reactor, 0.01, lambda: "a result")
    await asyncio.sleep(0.01)
    print("awaited", result, type(reactor).__name__, flush=True)

class Class:
    def __call__(self, message):
        raise HaltConsumer(42, "enough of it")

def broken(message):
    raise PublishTimeout("two\\nlines")

def slow(message):
    print("started", flush=True)
    while not pathlib.Path(__file__).with_name("go").exists():
        time.sleep(0.01)
    print("finished", flush=True)

def endless(message):
    print("started", flush=True)
    time.sleep(1000)
"""


@pytest.fixture
def command(programs: Programs, tmp_path: Path) -> Callable[..., Program]:
    """Starts the command line; a callback of this file is named by `callback=`."""
    file = tmp_path / "callbacks.py"
    file.write_text(_CALLBACKS)

    def start(*arguments: object, callback: str = "", url: str = "", config: str = "") -> Program:
        options = ["--callback-file", f"{file}:{callback}"] if callback else []
        code = "from fedora_messaging.cli import main; main(prog_name='fedora-messaging')"
        return programs.run(
            [sys.executable, "-c", code, *map(str, arguments), *options], url=url, config=config
        )

    return start


def error_of(program: Program) -> str:
    """The error that a command ended with: one line, no traceback."""
    assert "Traceback" not in program.said
    errors = [line for line in program.errors if line.startswith("Error: ")]
    assert len(errors) == 1, program.said
    return errors[0]


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "term"), (signal.SIGINT, "int")])
def test_a_signal_ends_consuming_in_order(
    number: int, name: str, command: Callable[..., Program], amqp: Amqp, tmp_path: Path
) -> None:
    """The callback in flight finishes and its message is acknowledged, the rest stays; exit code 0."""
    consumer = command("consume", "--queue-name", name, callback="slow")
    amqp.wait_for_consumers(name)
    for n in range(3):
        amqp.publish("a", {"n": n})
    consumer.wait_for("started")
    consumer.signal(number)
    amqp.wait_for_consumers(name, 0)  # it has heard the signal
    (tmp_path / "go").touch()

    assert consumer.ended() == 0
    assert sum("finished" in line for line in consumer.lines) == 1
    assert [json.loads(got.body)["n"] for got in amqp.take(name)] == [1, 2]
    for words in (" ERROR] ", " CRITICAL] ", "Traceback", "Error: "):
        assert words not in consumer.said


def test_a_callback_that_does_not_return(command: Callable[..., Program], amqp: Amqp) -> None:
    """The grace period ends it, and the message stays in the queue; exit code 0."""
    consumer = command("consume", "--queue-name", "q", callback="endless", config="shutdown_grace = 0.5\n")
    amqp.wait_for_consumers("q")
    amqp.publish("a", {"n": 1})
    consumer.wait_for("started")
    consumer.signal(signal.SIGTERM)

    assert consumer.ended(10) == 0
    amqp.wait_for_ready("q", 1)
    assert len(amqp.take("q")) == 1


def test_a_second_signal_ends_at_once(command: Callable[..., Program], amqp: Amqp) -> None:
    """Whoever cannot wait for the grace period signals again."""
    consumer = command("consume", "--queue-name", "q", callback="endless")
    amqp.wait_for_consumers("q")
    amqp.publish("a", {"n": 1})
    consumer.wait_for("started")
    consumer.signal(signal.SIGTERM)
    amqp.wait_for_consumers("q", 0)
    time.sleep(0.1)  # within some milliseconds it would count as the same signal
    consumer.signal(signal.SIGTERM)

    assert consumer.ended(5) == 128 + signal.SIGTERM


def test_coroutines_await_both_kinds(command: Callable[..., Program], amqp: Amqp) -> None:
    """Under the command line's asyncio reactor a coroutine awaits Deferreds and futures."""
    consumer = command("consume", "--queue-name", "q", callback="both_kinds")
    amqp.wait_for_consumers("q")
    amqp.publish("a")

    assert consumer.wait_for("awaited") == "awaited a result AsyncioSelectorReactor"


def test_callbacks_publish(command: Callable[..., Program], amqp: Amqp) -> None:
    """A callback may publish with the blocking function."""
    amqp.queue("out", "again")
    consumer = command("consume", "--queue-name", "q", "--routing-key", "a", callback="publisher")
    amqp.wait_for_consumers("q")
    amqp.publish("a", {"n": 5})
    consumer.wait_for("published")
    consumer.signal(signal.SIGTERM)

    assert consumer.ended() == 0
    assert [json.loads(got.body) for got in amqp.take("out")] == [{"n": 5}]


def test_halt(command: Callable[..., Program], amqp: Amqp) -> None:
    """HaltConsumer's code is the exit code, its reason the error; the message is acknowledged."""
    consumer = command("consume", "--queue-name", "q", callback="Class")
    amqp.wait_for_consumers("q")
    amqp.publish("a")

    assert consumer.ended() == 42
    assert error_of(consumer) == "Error: enough of it"
    assert amqp.take("q") == []


def test_callback_that_raises(command: Callable[..., Program], amqp: Amqp) -> None:
    """Whatever it raises, this package's errors too, is exit code 13 and one traceback; the message stays."""
    consumer = command("consume", "--queue-name", "q", callback="broken")
    amqp.wait_for_consumers("q")
    amqp.publish("a")

    assert consumer.ended() == 13
    assert consumer.errors[-1] == "Error: The callback raised PublishTimeout: two lines"
    assert sum("Traceback" in line for line in consumer.errors) == 1
    assert len(amqp.take("q")) == 1


def test_queue_deleted(command: Callable[..., Program], amqp: Amqp) -> None:
    """A queue that goes away ends the consumer with exit code 12."""
    consumer = command("consume", "--queue-name", "q", callback="printer")
    amqp.wait_for_consumers("q")
    amqp.channel.queue_delete("q")

    assert consumer.ended() == 12
    assert error_of(consumer)


def test_declaration_refused(command: Callable[..., Program], amqp: Amqp) -> None:
    """A queue that is there with other properties is exit code 10, with the broker's words."""
    amqp.channel.queue_declare("q", durable=True)
    consumer = command(
        "consume", callback="printer", config="[queues.q]\ndurable = true\nauto_delete = true\n"
    )

    assert consumer.ended() == 10
    assert "PRECONDITION_FAILED" in error_of(consumer)


@pytest.mark.parametrize(
    ("old", "new"), [("guest:guest@", "guest:canary@"), ("/t", "/no-such-vhost-")], ids=["password", "vhost"]
)
def test_permission_refused(old: str, new: str, command: Callable[..., Program], vhost: Vhost) -> None:
    """A bad password or virtual host is exit code 15, and the password is nowhere."""
    assert old in vhost.url
    consumer = command("consume", callback="printer", url=vhost.url.replace(old, new))

    assert consumer.ended() == 15
    assert error_of(consumer)
    assert "canary" not in consumer.said


def test_port_of_the_monitor_in_use(command: Callable[..., Program]) -> None:
    """The monitor's port in use is exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monitoring = f'[monitoring]\naddress = "127.0.0.1"\nport = {port}\n'
        consumer = command("consume", callback="printer", config=monitoring)

        assert consumer.ended() == 2
        assert "monitoring.port" in error_of(consumer)


def test_publish_and_record(command: Callable[..., Program], amqp: Amqp, tmp_path: Path) -> None:
    """What is published from a file is recorded, equal to the id; Ctrl-C keeps every complete line."""
    recorded, source = tmp_path / "recorded.jsonl", tmp_path / "source.jsonl"
    messages = [Message({"n": n}, topic=f"a.{n}") for n in range(20)]
    source.write_text(dumps(messages))
    recorder = command("record", recorded, "--queue-name", "q", "--routing-key", "a.#")
    amqp.wait_for_consumers("q")
    publisher = command("publish", source)

    assert publisher.ended() == 0
    publisher.wait_for("20 messages were published")
    until(lambda: len(recorded.read_text().splitlines()) == len(messages))
    recorder.signal(signal.SIGINT)
    assert recorder.ended() == 0
    got = loads(recorded.read_text())
    assert got == messages
    assert [message.id for message in got] == [message.id for message in messages]
    assert {message.queue for message in got} == {"q"}


def test_record_up_to_a_limit(command: Callable[..., Program], amqp: Amqp, tmp_path: Path) -> None:
    """The recorder stops at its limit, and leaves the other messages in the queue."""
    recorded = tmp_path / "recorded.jsonl"
    amqp.queue("q", "a")
    for n in range(5):
        amqp.publish("a", {"n": n})
    recorder = command("record", recorded, "--limit", 3, "--queue-name", "q")

    assert recorder.ended() == 0
    assert [message.body["n"] for message in loads(recorded.read_text())] == [0, 1, 2]
    assert [json.loads(got.body)["n"] for got in amqp.take("q")] == [3, 4]
    assert [line for line in recorder.errors if "Error" in line] == []


@pytest.fixture
def archive() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server of messages by id."""
    messages: dict[str, bytes] = {}

    class Archive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            found = messages.get(asked["id"][0])
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(found or b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Archive) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", messages
        server.shutdown()
        thread.join()


def test_replay(command: Callable[..., Program], amqp: Amqp, archive: tuple[str, dict[str, bytes]]) -> None:
    """A message of the archive is published again with its id."""
    url, messages = archive
    original = Message({"n": 1}, topic="a")
    messages[original.id or ""] = dumps(original).encode()
    amqp.queue("q", "a")

    assert command("replay", original.id, "--datagrepper-url", url).ended() == 0
    assert [got.id for got in amqp.take("q")] == [original.id]


@pytest.mark.parametrize(
    ("callback", "code", "words"),
    [
        ("printer", 0, "got a"),
        ("both_kinds", 0, "awaited a result"),
        ("Class", 42, "Error: enough of it"),
        ("broken", 13, "Error: The callback raised PublishTimeout: two lines"),
    ],
)
def test_reconsume(
    callback: str,
    code: int,
    words: str,
    command: Callable[..., Program],
    archive: tuple[str, dict[str, bytes]],
) -> None:
    """A callback is called with a message of the archive; no broker is needed."""
    url, messages = archive
    messages["an-id"] = dumps(Message({"n": 1}, topic="a")).encode()
    program = command(
        "reconsume", "an-id", "--datagrepper-url", url, callback=callback, url="amqp://127.0.0.1:9"
    )

    assert program.ended() == code
    program.wait_for(words)
    assert "Traceback" not in program.said


def test_reconsume_what_is_not_there(
    command: Callable[..., Program], archive: tuple[str, dict[str, bytes]]
) -> None:
    """A message that the archive has not is one line."""
    program = command("reconsume", "gone", "--datagrepper-url", archive[0], callback="printer")

    assert program.ended() == 1
    assert "no message gone" in error_of(program)


def test_one_message_from_the_command_line(command: Callable[..., Program], amqp: Amqp) -> None:
    """The message arrives as it was written; with --mandatory it is an error where no queue takes it."""
    amqp.queue("q", "a.#")
    assert 0 == command("publish", "-t", "a.b", "x=1", "y.z:=2").ended()
    (got,) = amqp.take("q")
    assert ("a.b", {"x": "1", "y": {"z": 2}}) == (got.topic, json.loads(got.body))

    refused = command("publish", "-t", "b", "--mandatory")
    assert 121 == refused.ended()
    assert "NO_ROUTE: no queue is bound to the exchange amq.topic for the topic b. Bind one" in refused.said


def test_publishing_beside_a_consumer(command: Callable[..., Program], amqp: Amqp) -> None:
    """The configuration of a consumer, whose monitor has the port already, can be used to publish."""
    amqp.queue("q", "a.#")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monitoring = f"[monitoring]\nport = {taken.getsockname()[1]}\ndashboard = true\n"
        program = command("publish", "-t", "a.b", config=monitoring)

        assert 0 == program.ended(), program.said
    assert ["a.b"] == [got.topic for got in amqp.take("q")]
