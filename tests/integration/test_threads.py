# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long the reactor's thread lives, and who may interrupt what: processes on an embedded broker."""

import signal
import sys
from collections.abc import Iterator

import pytest

from support.embedded import Embedded
from support.programs import Programs


@pytest.fixture(scope="module")
def started() -> Iterator[Embedded]:
    """A broker."""
    with Embedded() as broker:
        yield broker


@pytest.fixture
def embedded(started: Embedded) -> Embedded:
    """A broker that holds nothing."""
    started.forget()
    return started


_LATE = """
import atexit, sys, threading
def publish(word):
    from fedora_messaging import api
    api.publish(api.Message(topic=word, body={}), timeout=20)
    sys.stdout.write(word + chr(10))  # at once, in whatever threads

atexit.register(publish, "before-import")
from fedora_messaging import api
atexit.register(publish, "before-use")
if "used" in sys.argv:
    publish("used")
atexit.register(publish, "after-use")
threading.Timer(0.3, publish, ["timer"]).start()
threading.Thread(target=lambda: (threading.main_thread().join(), publish("thread"))).start()
"""


# A fault of these two (gh-113964): the first use after that is an error that says so.
_STARTS_THREADS = pytest.mark.skipif(
    sys.version_info[:2] == (3, 12) and sys.version_info[2] < 2,
    reason="Python 3.12.0 and 3.12.1 start no threads after the end of the main thread",
)


@pytest.mark.parametrize("used", [True, pytest.param(False, marks=_STARTS_THREADS)])
def test_the_reactor_outlives_the_main_thread(programs: Programs, embedded: Embedded, used: bool) -> None:
    """Threads that the main thread leaves behind, and every atexit handler after them, can publish."""
    program = programs.start(_LATE, "used" if used else "unused", url=embedded.url)

    assert 0 == program.ended(), program.said
    last = ["after-use", "before-use", "before-import"]
    assert last == program.lines[-3:]
    assert sorted([*last, "timer", "thread", *(["used"] if used else [])]) == sorted(program.lines)
    assert sorted(program.lines) == sorted(topic for topic, _ in embedded.published())
    assert [] == program.errors


_FIRST_AT_EXIT = """
import atexit
from fedora_messaging import api, exceptions
def publish():
    try:
        api.publish(api.Message(topic="t", body={}), timeout=20)
    except exceptions.ConnectionException as error:
        print(error)
atexit.register(publish)
"""


def test_the_first_use_in_an_atexit_handler(programs: Programs, embedded: Embedded) -> None:
    """It is refused at once, with the reason and the way out."""
    program = programs.start(_FIRST_AT_EXIT, url=embedded.url)

    assert 0 == program.ended()
    assert "must have used fedora_messaging before" in program.said


_AFTER_ATEXIT = """
from fedora_messaging import api
from fedora_messaging.exceptions import ConnectionException

class Late:
    def __del__(self):
        try:
            publish(message, timeout=None)
        except Refused as error:
            print("finalized" in str(error))

publish, message, Refused = api.publish, api.Message(topic="late"), ConnectionException
publish(message)
late = Late()
"""


def test_a_finalizer_after_atexit_is_refused(programs: Programs, embedded: Embedded) -> None:
    """What publishes when no thread runs any more gets an error at once instead of waiting for ever."""
    program = programs.start(_AFTER_ATEXIT, url=embedded.url)

    assert 0 == program.ended()
    assert ["True"] == program.lines


_CONSUMES = """
import signal, sys, threading
from fedora_messaging import api
binding = {"exchange": "amq.topic", "queue": "q", "routing_keys": ["#"]}
def consume():
    api.consume(lambda message: print("got", message.topic), binding)
    print("returned")
threading.Thread(target=consume).start()
"""


@_STARTS_THREADS
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_consumer_outlives_the_main_thread(programs: Programs, embedded: Embedded, number: int) -> None:
    """It goes on when the main thread has ended, until a signal ends it in order."""
    program = programs.start(_CONSUMES, url=embedded.url)
    embedded.wait_for_consumers()
    programs.start(_ONE, url=embedded.url).wait_for("done")
    program.wait_for("got one")
    program.signal(number)

    assert 0 == program.ended()
    assert ["got one", "returned"] == program.lines
    assert embedded.waiting("q") == 0


_ONE = """
from fedora_messaging import api
api.publish(api.Message(topic="one", body={}), timeout=20)
print("done")
"""

_DAEMON = """
import threading
from fedora_messaging import api
def forever():
    while True:
        api.publish(api.Message(topic="t", body={}), timeout=20)
        first.set()
first = threading.Event()
threading.Thread(target=forever, daemon=True).start()
first.wait(20)
print("the main thread ends")
"""


def test_a_daemon_thread_keeps_nothing_alive(programs: Programs, embedded: Embedded) -> None:
    """A process ends when only threads that are daemons use it."""
    program = programs.start(_DAEMON, url=embedded.url)

    assert 0 == program.ended(20)
    assert ["the main thread ends"] == program.lines


_CHILDREN = """
import multiprocessing, threading
def publish(word):
    from fedora_messaging import api
    api.publish(api.Message(topic=word, body={}), timeout=20)
def work(kind):
    publish(f"{kind}.main")
    threading.Timer(0.3, publish, [f"{kind}.timer"]).start()
if __name__ == "__main__":
    for kind in ("fork", "spawn", "forkserver"):
        child = multiprocessing.get_context(kind).Process(target=work, args=[kind])
        child.start()
        child.join(30)
        print(kind, child.exitcode)
"""


def test_children_of_multiprocessing(programs: Programs, embedded: Embedded) -> None:
    """Threads of such a child, which runs no atexit handlers, can publish after its main function, too."""
    program = programs.start(_CHILDREN, url=embedded.url)

    assert 0 == program.ended(90)
    assert ["fork 0", "spawn 0", "forkserver 0"] == program.lines, program.said
    assert len(embedded.published()) == 6


_INTERRUPTED = """
import signal, sys, time
def publish(*_):
    from fedora_messaging import api
    api.publish(api.Message(topic="handler", body={}), timeout=20)
    done.append(1)
done = []
signal.signal(signal.SIGALRM, publish)
from fedora_messaging import api
if "later" in sys.argv:
    api.publish(api.Message(topic="first", body={}), timeout=20)
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
while not done:
    api.publish(api.Message(topic="main", body={}), timeout=20)
print("both")
"""


@pytest.mark.parametrize("after", [0.0001, 0.001, 0.01, 0.05, 0.1, 0.2, 0.4])
def test_a_signal_handler_publishes_during_the_first_publish(
    programs: Programs, embedded: Embedded, after: float
) -> None:
    """Whatever line of the first publish it interrupts, both arrive."""
    program = programs.start(_INTERRUPTED, after, url=embedded.url)

    assert 0 == program.ended(), program.said
    assert ["both"] == program.lines
    assert {"main", "handler"} == {topic for topic, _ in embedded.published()}


_ENDS_WHILE_IMPORTING = """
import builtins, time
from fedora_messaging import api, exceptions
real = builtins.__import__
def slow(name, *arguments, **keywords):
    if name == "crochet":
        time.sleep(2)
        print("imported", flush=True)
    return real(name, *arguments, **keywords)
builtins.__import__ = slow
try:
    api.publish(api.Message(topic="t", body={}), timeout=0.1)
except exceptions.PublishTimeout:
    print("timed out", flush=True)
"""


def test_a_process_ends_after_the_imports_that_it_began(programs: Programs) -> None:
    """The interpreter is not torn down below an import, which modules written in Rust answer with SIGABRT."""
    program = programs.start(_ENDS_WHILE_IMPORTING)

    assert 0 == program.ended(), program.said
    assert ["timed out", "imported"] == program.lines


_IMPORTS = """
import sys, threading
from fedora_messaging import api, exceptions
begun, caller = [], threading.get_ident()
def note(event, arguments):
    if event == "import" and threading.get_ident() == caller and watching:
        begun.append(arguments[0])
watching = False
sys.addaudithook(note)
message = api.Message(topic="first", body={})
watching = True
try:
    api.publish(message, timeout=0.3)
except exceptions.PublishTimeout:
    pass
watching = False
print("imported:", begun)
"""


@pytest.mark.parametrize(
    "url",
    [
        "amqp://127.0.0.1:1",
        "amqps://127.0.0.1:1",
        "amqp://[::1]:1",
        "amqp://ünïcode.invalid",
        "amqp://u:ü@127.0.0.1:1",
    ],
)
def test_the_first_publish_imports_nothing_in_its_caller_s_thread(programs: Programs, url: str) -> None:
    """Whoever interrupts it cannot meet a module, or a codec, that is imported in part."""
    program = programs.run([sys.executable, "-c", _IMPORTS], url=url)

    assert 0 == program.ended(), program.said
    assert ["imported: []"] == program.lines


_INTERRUPTED_OFTEN = """
import signal
from fedora_messaging import api
def publish(*_):
    api.publish(api.Message(topic="handler", body={}), timeout=20)
    handled.append(1)
handled = []
signal.signal(signal.SIGALRM, publish)
api.publish(api.Message(topic="first", body={}), timeout=20)
while len(handled) < 300:
    signal.setitimer(signal.ITIMER_REAL, 0.0002 + len(handled) % 17 * 0.00005)
    api.publish(api.Message(topic="main", body={}), timeout=20)
print("done")
"""


def test_a_signal_handler_publishes_during_any_publish(programs: Programs, embedded: Embedded) -> None:
    """Hundreds of handlers interrupt publishing at other places each, and none is held up."""
    program = programs.start(_INTERRUPTED_OFTEN, url=embedded.url)

    assert 0 == program.ended(90), program.said
    assert ["done"] == program.lines


_IMPORTING = """
import builtins, threading, time
from fedora_messaging import api, exceptions

# Imports in the thread that starts the reactor wait for this one, as they do when a signal handler has
# interrupted the import of Twisted.
real = builtins.__import__
let_go = threading.Event()
def slow(name, *arguments, **keywords):
    if name == "crochet":
        let_go.wait(30)
    return real(name, *arguments, **keywords)
builtins.__import__ = slow
began = time.monotonic()
try:
    api.publish(api.Message(topic="t", body={}), timeout=0.5)
except exceptions.PublishTimeout as error:
    print("timeout", time.monotonic() - began < 10)
let_go.set()
api.publish(api.Message(topic="t", body={}), timeout=20)
print("published")
"""


def test_the_timeout_covers_the_start(programs: Programs, embedded: Embedded) -> None:
    """A reactor that cannot be started is waited for as long as the timeout says."""
    program = programs.start(_IMPORTING, url=embedded.url)

    assert 0 == program.ended(), program.said
    assert ["timeout True", "published"] == program.lines
    assert len(embedded.published()) == 1


_FINALIZERS = """
import gc
from fedora_messaging import api, exceptions
said = []
class Says:
    def __init__(self):
        self.me = self
    def __del__(self):
        try:
            api.publish(api.Message(topic="finalizer", body={}), timeout=20)
            said.append("finalized")
        except (RuntimeError, exceptions.ConnectionException):
            said.append("refused")
gc.set_threshold(50)
for n in range(200):
    Says()
    api.publish(api.Message(topic="main", body={}), timeout=20)
gc.collect()
gc.collect()
print("done", len(said))
"""


def test_finalizers_publish(programs: Programs, embedded: Embedded) -> None:
    """Wherever they run, they publish, or in the reactor's thread are refused at once."""
    program = programs.start(_FINALIZERS, url=embedded.url)

    assert 0 == program.ended(90), program.said
    assert ["done 200"] == program.lines


_HANDLER = """
import logging
from fedora_messaging import api
class Publishes(logging.Handler):
    def emit(self, record):
        api.publish(api.Message(topic="log", body={"text": record.getMessage()}), timeout=20)
OURS = ("fedora_messaging", "pika", "twisted")
handler = Publishes()
handler.addFilter(lambda record: record.name.split(".")[0] not in OURS)
logging.basicConfig(level=logging.DEBUG, handlers=[handler])
logging.info("one")
logging.info("two")
print("done")
"""


def test_a_logging_handler_publishes(programs: Programs, embedded: Embedded) -> None:
    """A handler that leaves out what is logged on behalf of its own publishing is held up by nothing."""
    program = programs.start(_HANDLER, url=embedded.url)

    assert 0 == program.ended(), program.said
    assert ["done"] == program.lines
    texts = [body["text"] for topic, body in embedded.published() if topic == "log"]
    assert texts[-2:] == ["one", "two"]


_CROCHET = """
import crochet, sys
if sys.argv[1] == "first":
    crochet.setup()
from fedora_messaging import api
api.publish(api.Message(topic="t", body={}), timeout=20)
crochet.setup()
@crochet.wait_for(10)
def seven():
    return 7
print(seven())
"""


@pytest.mark.parametrize("order", ["first", "second"])
def test_an_application_that_uses_crochet(programs: Programs, embedded: Embedded, order: str) -> None:
    """Both share the reactor, whoever comes first."""
    program = programs.start(_CROCHET, order, url=embedded.url)

    assert 0 == program.ended(), program.said
    assert ["7"] == program.lines
