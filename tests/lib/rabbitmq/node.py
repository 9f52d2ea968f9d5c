# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""A private RabbitMQ node: free loopback ports, its own name, data and logs in a temporary folder."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from .certificates import Certificates
from .control import Control, ControlFailed
from .installation import Installation, find, program
from .ports import free_port
from .reaper import Reaper

_reaper = Reaper()
_STARTED = b"completed with"


class NodeFailed(Exception):
    """The node did not start; the text holds the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a node is configured.

    Attributes:
        conf: Lines of rabbitmq.conf.
        advanced: The whole of advanced.config, an Erlang term with its full stop.
        plugins: Plugins to enable, such as "rabbitmq_auth_mechanism_ssl".
        tls: Listen for TLS, too, on a port of its own with these certificates.
        client_certificate: For TLS: "none", "optional" or "required".
        environ: Environment variables of the server.
    """

    conf: tuple[str, ...] = ()
    advanced: str = ""
    plugins: tuple[str, ...] = ()
    tls: Certificates | None = None
    client_certificate: str = "none"
    environ: Mapping[str, str] = field(default_factory=dict)


class _Process:
    """A process group of ours, ended with the tests whatever happens."""

    def __init__(self, argv: Any, environ: Mapping[str, str], folder: Path) -> None:
        self._popen = subprocess.Popen(
            argv,
            env=environ,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        _reaper.watch_group(self.pid)
        self.said = bytearray()
        self._news = threading.Condition()
        self._ended = False
        assert self._popen.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._popen.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := os.read(stream.fileno(), 65536):
                with self._news:
                    self.said += chunk
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def wait_for(self, words: bytes, timeout: float) -> bool:
        """Wait until it has said these words; False when it ended or took too long."""
        with self._news:
            self._news.wait_for(lambda: words in self.said or self._ended, timeout)
            return words in self.said

    def processor_time(self) -> float:
        """The processor time of the whole group, in seconds."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def end(self, number: int, timeout: float = 90) -> None:
        """Send the signal and wait until the process is gone; kill it when it takes too long."""
        self.signal(number)
        try:
            self._popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._popen.wait(timeout)
        self._reader.join(timeout)
        _reaper.forget_group(self.pid)


class Epmd:
    """Erlang's port mapper, for one node or the nodes of one cluster."""

    def __init__(self, installation: Installation) -> None:
        self.port = free_port()
        argv = [program(installation, "epmd"), "-address", "127.0.0.1", "-port", str(self.port)]
        self._process = _Process(installation.command(*argv), {"PATH": os.environ["PATH"]}, Path("/tmp"))

    def close(self) -> None:
        """End it."""
        self._process.end(signal.SIGKILL)


class Node(Control):
    """One private node.

    Use it as a context manager, or call `start` and in any case `close`.

    Args:
        settings: Its configuration.
        installation: Which RabbitMQ; None: the one that the environment variable RABBITMQ names.
        name: The first part of the Erlang node name.
        epmd, cookie: Shared by the nodes of a cluster; None: its own.
        port: Where it listens; 0: at a free port.

    Attributes:
        folder: Where its files are.
        port, tls_port: Where it listens on 127.0.0.1; tls_port is 0 without TLS.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        installation: Installation | None = None,
        name: str | None = None,
        epmd: Epmd | None = None,
        cookie: str | None = None,
        port: int = 0,
    ) -> None:
        installation = installation or find()
        self.settings = settings or Settings()
        self.port = port or free_port()
        self.tls_port = free_port() if self.settings.tls else 0
        cookie = cookie or secrets.token_hex(10)
        self.folder = Path(tempfile.mkdtemp(prefix="rabbitmq-", dir="/tmp"))
        _reaper.watch_folder(self.folder)
        self._epmd = epmd or Epmd(installation)
        self._owns_epmd = epmd is None
        self._process: _Process | None = None
        self._paused = False
        folder = str(self.folder)
        name = f"{name or 'n' + secrets.token_hex(4)}@localhost"
        environ = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG": "C.UTF-8",
            "HOME": folder,
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_CRASH_DUMP_SECONDS": "0",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script becomes the Erlang VM: signals go where they should
            "RABBITMQ_NODENAME": name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CTL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/advanced.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/data",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            **self.settings.environ,
        }
        super().__init__(installation, name, cookie, environ)
        self._write_files(cookie)

    def _write_files(self, cookie: str) -> None:
        secret = self.folder / ".erlang.cookie"
        secret.write_text(cookie)
        secret.chmod(0o400)
        lines = ["loopback_users = none", "log.file.level = info"]
        if tls := self.settings.tls:
            tls.write(self.folder)
            asked = self.settings.client_certificate
            lines += [
                f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}",
                f"ssl_options.cacertfile = {self.folder}/ca.pem",
                f"ssl_options.certfile = {self.folder}/server.pem",
                f"ssl_options.keyfile = {self.folder}/server.key",
                f"ssl_options.verify = {'verify_none' if asked == 'none' else 'verify_peer'}",
                f"ssl_options.fail_if_no_peer_cert = {'true' if asked == 'required' else 'false'}",
            ]
        self._write("rabbitmq.conf", "\n".join([*lines, *self.settings.conf]) + "\n")
        self._write("advanced.config", self.settings.advanced or "[].\n")
        self._write("enabled_plugins", f"[{','.join(self.settings.plugins)}].\n")

    def _write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @property
    def epmd_port(self) -> int:
        """Where its port mapper listens."""
        return self._epmd.port

    @property
    def running(self) -> bool:
        """Whether it has been started and not been killed or stopped by us."""
        return self._process is not None

    def url(
        self,
        vhost: str = "/",
        *,
        user: str = "guest",
        password: str = "guest",
        tls: bool = False,
        query: str = "",
    ) -> str:
        """The AMQP URL of this node."""
        scheme, port, host = (
            ("amqps", self.tls_port, "localhost") if tls else ("amqp", self.port, "127.0.0.1")
        )
        who = f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"{scheme}://{who}@{host}:{port}/{quote(vhost, safe='')}{'?' if query else ''}{query}"

    @property
    def processor_time(self) -> float:
        """What its processes have used of the processor since it was started, in seconds."""
        assert self._process is not None, "the node does not run"
        return self._process.processor_time()

    def start(self, timeout: float = 180) -> None:
        """Start it (6 to 9 s) and return when it accepts connections.

        Raises:
            NodeFailed: It ended, or took longer than the timeout.
        """
        self.launch()
        self.wait(timeout)

    def launch(self) -> None:
        """Start it and return at once; `wait` waits for it."""
        assert self._process is None, "the node runs already"
        server = f"{self.installation.sbin}/rabbitmq-server"
        self._process = _Process(self.installation.command(server), self._environ, self.folder)

    def wait(self, timeout: float = 180) -> None:
        """Return when it accepts connections.

        Raises:
            NodeFailed: It ended, or took longer than the timeout.
        """
        assert self._process is not None, "the node was not started"
        if not self._process.wait_for(_STARTED, timeout):
            said = self._process.said.decode(errors="replace")
            self._end(signal.SIGKILL)
            raise NodeFailed(f"{self.name} did not start: {said}\n{self.log()[-4000:]}")

    def kill(self) -> None:
        """End it as a crash would: SIGKILL. Data and port stay its own, so it can be started again.

        RabbitMQ 3.10 answers a declaration some milliseconds before it has written it, and a crash in between
        loses the queue. That is the broker's weakness and not what is tested: written first.
        """
        if self.installation.major == 3 and self._process is not None and not self._paused:
            with contextlib.suppress(ControlFailed, subprocess.TimeoutExpired):
                self.eval("mnesia:sync_log()", timeout=30)
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order: it closes its connections first (320, CONNECTION_FORCED)."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        self._paused = False
        if process is not None:
            process.end(number)

    def restart(self, timeout: float = 180) -> None:
        """Kill it and start it again on the same port, with its data."""
        self.kill()
        self.start(timeout)

    def pause(self) -> None:
        """Freeze it: its connections stay open and silent."""
        assert self._process is not None
        self._process.signal(signal.SIGSTOP)
        self._paused = True

    def resume(self) -> None:
        """Let a frozen node go on."""
        assert self._process is not None
        self._process.signal(signal.SIGCONT)
        self._paused = False

    def log(self) -> str:
        """What it has logged."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log/*.log")))

    def close(self) -> None:
        """End it and its epmd, and remove its files."""
        self._end(signal.SIGKILL)
        if self._owns_epmd:
            self._epmd.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        _reaper.forget_folder(self.folder)

    def __enter__(self) -> "Node":
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
