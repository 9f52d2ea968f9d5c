# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""examples/scripts: publishing from cron, from WSGI servers, after a fork and from Celery."""

import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.embedded import Embedded
from support.http import post
from support.programs import Program, Programs

pytestmark = pytest.mark.fedora_messaging_real_broker

_SCRIPTS = Path(__file__).resolve().parents[2] / "examples" / "scripts"
#: Nobody listens there.
_NOWHERE = "amqp://guest:guest@127.0.0.1:1/%2F"


def test_cron(programs: Programs, embedded: Embedded) -> None:
    """The cron script publishes one message, and exits with 0."""
    assert 0 == programs.run([sys.executable, str(_SCRIPTS / "cron.py")]).ended()
    assert ["org.example.disk.measured"] == [topic for topic, _ in embedded.published()]


def test_cron_without_a_broker(programs: Programs) -> None:
    """Without a broker it says so, and its exit code says "try again"."""
    # Where the imports take longer than the time-out, it is "starting" that it says.
    script = programs.start(
        f"import sys; sys.path.insert(0, {str(_SCRIPTS)!r}); import cron; sys.exit(cron.main(timeout=5))",
        url=_NOWHERE,
    )

    assert 75 == script.ended()
    # Another try may be logged while the process ends.
    (said,) = (line for line in script.errors if "not published: " in line)
    assert "connecting" in said
    assert "Exception ignored" not in script.said


def test_what_was_kept_is_published_later(programs: Programs, embedded: Embedded, tmp_path: Path) -> None:
    """Messages that could not be published are kept, and published later with their ids."""
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(_SCRIPTS)!r})\n"
        "from pathlib import Path\n"
        "import spool\n"
        "from fedora_messaging import api\n"
        "for number in range(2):\n"
        "    message = api.Message(topic='org.example.kept', body={'number': number})\n"
        "    print(spool.publish_or_keep(message, Path(sys.argv[1]), timeout=0.5))\n"
    )
    failing = programs.start(program, tmp_path / "spool", url=_NOWHERE)
    assert 0 == failing.ended()
    assert ["False", "False"] == failing.lines

    later = programs.run([sys.executable, str(_SCRIPTS / "spool.py"), str(tmp_path / "spool")])
    assert 0 == later.ended()
    later.wait_for("2 messages published")
    assert [("org.example.kept", {"number": number}) for number in range(2)] == embedded.published()
    assert [] == list((tmp_path / "spool").iterdir())


def _gunicorn(
    programs: Programs, *options: str, application: str = "wsgi:application", broker: str = ""
) -> tuple[Program, str]:
    server = programs.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "--chdir",
            str(_SCRIPTS),
            "--bind",
            "127.0.0.1:0",
            "--workers",
            "2",
            "--threads",
            "4",
            *options,
            application,
        ],
        url=broker,
    )
    line = server.wait_for("Listening at: ")
    server.wait_for("Booting worker", count=2)
    return server, line.split("Listening at: ")[1].split()[0]


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["forks first", "imports first"])
def test_threads_and_forks_of_a_wsgi_server(
    programs: Programs, embedded: Embedded, options: tuple[str, ...]
) -> None:
    """Both workers of gunicorn publish, from several threads at a time, also when they were forked late."""
    server, url = _gunicorn(programs, *options)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(url, {"order": number}), range(40)))

    assert {200} == {status for status, _ in answers}
    assert {("org.example.order.placed", number) for number in range(40)} == {
        (topic, body["order"]) for topic, body in embedded.published()
    }
    assert 40 == len(embedded.published())
    assert 400 == post(url, b"not JSON")[0]
    assert 400 == post(url, [1])[0]
    server.signal(signal.SIGTERM)
    assert 0 == server.ended()


@pytest.mark.parametrize("application", ["flask_app:app", "django_app:application"])
def test_web_frameworks(programs: Programs, embedded: Embedded, application: str) -> None:
    """A view answers when the broker has confirmed, and says what was wrong with the request otherwise."""
    server, url = _gunicorn(programs, application=application)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: post(f"{url}/orders", {"order": number}), range(20)))

    assert {201} == {status for status, _ in answers}
    assert set(range(20)) == {body["order"] for _, body in embedded.published()}
    assert 400 == post(f"{url}/orders", [1])[0]
    server.signal(signal.SIGTERM)
    assert 0 == server.ended()


@pytest.mark.parametrize("application", ["flask_app:app", "django_app:application"])
def test_web_frameworks_without_a_broker(programs: Programs, application: str) -> None:
    """Without a broker a view answers that the service is not available, in time."""
    server, url = _gunicorn(programs, application=application, broker=_NOWHERE)

    assert 503 == post(f"{url}/orders", {"order": 1})[0]
    server.signal(signal.SIGTERM)
    assert 0 == server.ended()


def test_many(programs: Programs, embedded: Embedded, tmp_path: Path) -> None:
    """A message for each line of the file arrives, in their order."""
    file = tmp_path / "orders.csv"
    file.write_text("order,price\n" + "".join(f"{number},5\n" for number in range(1500)))
    script = programs.run([sys.executable, str(_SCRIPTS / "many.py"), str(file)])

    assert 0 == script.ended()
    script.wait_for("1500 published")
    assert [str(number) for number in range(1500)] == [body["order"] for _, body in embedded.published()]


def test_a_child_of_a_process_that_has_published_is_told_at_once(programs: Programs) -> None:
    """After a fork of a process that has published, the child gets ConnectionException at once."""
    program = programs.start(
        "import os, sys\n"
        "from fedora_messaging import api, exceptions\n"
        "api.publish(api.Message(topic='org.example.parent'))\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        api.publish(api.Message(topic='org.example.child'))\n"
        "    except exceptions.ConnectionException as error:\n"
        "        print('child:', error, flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
        "api.publish(api.Message(topic='org.example.parent'))\n"
    )

    assert 0 == program.ended()
    program.wait_for("child: ")


def test_celery(programs: Programs, embedded: Embedded, tmp_path: Path) -> None:
    """Forked workers of Celery publish what their tasks say."""
    program = programs.start(
        "import sys, threading\n"
        f"sys.path.insert(0, {str(_SCRIPTS)!r})\n"
        "import celery_tasks as tasks\n"
        f"tasks.app.conf.update(broker_url='filesystem://', broker_transport_options="
        f"{{'data_folder_in': {str(tmp_path)!r}, 'data_folder_out': {str(tmp_path)!r}}})\n"
        "if sys.argv[1] == 'send':\n"
        "    for order in range(3):\n"
        "        tasks.announce.delay(order)\n"
        "else:\n"
        "    tasks.app.worker_main(['worker', '--concurrency=2', '--loglevel=WARNING'])\n",
        "send",
    )
    assert 0 == program.ended()
    script = next(program_folder for program_folder in (tmp_path / "programs").glob("script*.py"))
    worker = programs.run([sys.executable, str(script), "work"])
    published = embedded.wait_for_published(3)
    worker.signal(signal.SIGTERM)

    assert 0 == worker.ended()
    assert {0, 1, 2} == {body["order"] for _, body in published}
