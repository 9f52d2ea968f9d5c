# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging broker``."""

from __future__ import annotations

import logging
import sys
from typing import Any

import click

from . import Options
from ._broker_options import USER, hide_password, read_users, read_vhosts
from ._reactor import install, run

__all__ = ["command"]


@click.command("broker")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5672, show_default=True, help="0: any free one."
)
@click.option(
    "--interface", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to listen."
)
@click.option(
    "--emulate",
    type=click.Choice(["4.3", "3.10"]),
    default="4.3",
    show_default=True,
    help="Which RabbitMQ to behave as.",
)
@click.option(
    "--user",
    "users",
    metavar=USER,
    multiple=True,
    help="Who may log in, in place of guest with the password guest, and regular expressions for the names "
    "that the user may configure, write to and read from: all without them, none where one is empty. "
    "May be repeated.",
)
@click.option(
    "--vhost", "vhosts", metavar="NAME", multiple=True, help="A virtual host, in place of /. May be repeated."
)
@click.option("--tls-cert", metavar="FILE", help="Serve TLS with this certificate, in PEM format.")
@click.option("--tls-key", metavar="FILE", help="The certificate's private key, in PEM format.")
@click.pass_obj
def command(
    options: Options,
    port: int,
    interface: str,
    emulate: str,
    users: tuple[str, ...],
    vhosts: tuple[str, ...],
    tls_cert: str | None,
    tls_key: str | None,
) -> None:
    """Run an AMQP broker in the foreground, for hands-on work.

    It keeps everything in memory, until SIGINT or SIGTERM. Production runs on RabbitMQ, clustered and
    with quorum queues.

    \b
      fedora-messaging broker --port 0 --user shop:secret

    \b
    Exit codes:
      0   ended by a signal
      1   the port is in use, or a file for TLS cannot be used
      2   wrong usage
    """  # noqa: D301, click reads the backspace
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key are given together")
    hosts = read_vhosts(vhosts)
    known = read_users(users, hosts)
    log = logging.getLogger("fedora_messaging.broker")
    log.addHandler(_handler())
    log.setLevel(logging.INFO if options.level is None else options.level)
    log.propagate = False
    install()
    from twisted.internet.defer import Deferred
    from twisted.internet.error import CannotListenError

    from ..broker import Broker

    broker = Broker(emulate=emulate, remember=0, users=known, vhosts=hosts)
    ended: Deferred[None] = Deferred()

    async def work() -> None:
        tls = None if tls_cert is None or tls_key is None else _server_options(tls_cert, tls_key)
        try:
            url = await broker.listen(port, interface, tls)
        except CannotListenError as error:
            reason = getattr(error.socketError, "strerror", None) or error.socketError
            raise click.ClickException(f"cannot listen on {interface}, port {port}: {reason}") from error
        if known is not None:
            url = hide_password(url, next(iter(known)))
        click.echo(f"RabbitMQ {emulate} is emulated at {url}")
        await ended
        await broker.stop()

    def stop() -> None:
        if not ended.called:
            ended.callback(None)

    run(work, stop)


def _handler() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    return handler


def _server_options(certificate: str, key: str) -> Any:
    from twisted.internet import ssl

    try:
        pem = b"\n".join(_read(path) for path in (certificate, key))
        own = ssl.PrivateCertificate.loadPEM(pem)
    except Exception as error:  # OSError, or one of OpenSSL's
        words = getattr(error, "strerror", None) or "not a certificate and its key in PEM format"
        raise click.ClickException(f"{certificate} and {key} cannot be used: {words}") from error
    return own.options()


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
