# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which suites run, and what of each: those of their tests that talk to a broker by AMQP."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SUITES", "Suite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The suite of one package.

    Attributes:
        name: The package, which names its files in ``requirements`` and ``recorded`` as well.
        source: The folder that its archive unpacks to; "" when the tests are in this folder.
        tests: Files and folders, with pytest's arguments.
        environ: What its tests ask the environment for. ``{source}`` becomes the unpacked folder.
        certificates: Where in the source its tests look for certificates, and under which names:
            authority, certificate and key.
        about: What it is, and what of it is left out, for the documentation.
    """

    name: str
    source: str
    tests: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[str, str, str] | None = None
    about: str


SUITES = (
    Suite(
        name="pika",
        source="pika-1.3.2",
        tests=(
            "tests/acceptance/async_adapter_tests.py",
            "tests/acceptance/blocking_adapter_test.py",
            "tests/acceptance/enforce_one_basicget_test.py",
        ),
        about="pika 1.3.2, its acceptance tests, from Debian's source archive: PyPI's has no tests",
    ),
    Suite(
        name="amqp",
        source="amqp-5.4.2",
        tests=(
            "t/integration/test_rmq.py",
            "--deselect=t/integration/test_rmq.py::test_tls_default_certs",
            "--deselect=t/integration/test_rmq.py::test_tls_no_default_certs_fails",
            # Needs a broken key that the archive does not hold.
            "--deselect=t/integration/test_rmq.py::test_tls_connect_fails",
        ),
        certificates=(
            "t/certs/ca_certificate.pem",
            "t/certs/client_certificate.pem",
            "t/certs/client_key.pem",
        ),
        about="py-amqp 5.4.2, its tests with RabbitMQ, plain and by TLS; not those that need the Internet",
    ),
    Suite(
        name="kombu",
        source="kombu-5.7.0",
        tests=("t/integration/test_py_amqp.py",),
        about="kombu 5.7.0, its tests with RabbitMQ; those of its other transports are left out",
    ),
    Suite(
        name="amqpstorm",
        source="amqpstorm-3.1.4",
        tests=(
            "-p",
            "no_management",
            "amqpstorm/tests/functional",
            "--ignore=amqpstorm/tests/functional/management",
            "--ignore=amqpstorm/tests/functional/test_web_based.py",
        ),
        environ={
            "AMQP_HOST": "127.0.0.1",
            "AMQP_USERNAME": "guest",
            "AMQP_PASSWORD": "guest",
            "AMQP_URI": "amqp://guest:guest@127.0.0.1:5672/%2F",
            "AMQP_SSL_HOST": "localhost",
            "AMQP_SSL_URI": "amqps://guest:guest@localhost:5671/%2F",
            "AMQP_CAFILE": "{source}/certs/ca.pem",
            "AMQP_CERTFILE": "{source}/certs/client.pem",
            "AMQP_KEYFILE": "{source}/certs/client.key",
        },
        certificates=("certs/ca.pem", "certs/client.pem", "certs/client.key"),
        about="AMQPStorm 3.1.4, its functional tests, plain and by TLS; not those of the management API",
    ),
    Suite(
        name="aio-pika",
        source="aio_pika-10.2.1",
        tests=("-p", "no_container", "tests/test_amqp.py", "tests/test_rpc.py", "tests/test_master.py"),
        about="aio-pika 10.2.1, FastStream's client: its tests of AMQP, of RPC and of work queues",
    ),
    Suite(
        name="faststream",
        source="",
        tests=("-o", "asyncio_mode=auto", "faststream_use.py"),
        about="FastStream 0.7.8: its archives hold no tests, so what runs was written for it here",
    ),
)
