# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Applications that connect by themselves get the configured certificates into pika's parameters."""

from pathlib import Path
from typing import Any
from unittest import mock

import pika
import pytest

from fedora_messaging.config import conf
from fedora_messaging.exceptions import ConfigurationException
from fedora_messaging.twisted import service
from rabbitmq import Certificates


def configured(**tls: Any) -> Any:
    """The process's configuration with these certificates."""
    return mock.patch.dict(conf, {"tls": tls})


def test_certificate_and_key(tmp_path: Path) -> None:
    """With certificate and key the parameters log in with them, and check the broker's name."""
    authority, key, certificate = map(str, Certificates().write_client(tmp_path))
    parameters = pika.URLParameters("amqps://broker.example.org/")
    with configured(ca_cert=authority, keyfile=key, certfile=certificate):
        service._configure_tls_parameters(parameters)
        options = service._ssl_context_factory(parameters)

    assert isinstance(parameters.credentials, pika.credentials.ExternalCredentials)
    assert parameters.ssl_options is not None
    assert "broker.example.org" == parameters.ssl_options.server_hostname
    assert parameters.ssl_options.context.check_hostname
    assert 1 == len(parameters.ssl_options.context.get_ca_certs())
    assert hasattr(options, "clientConnectionForTLS")


def test_authority_alone(tmp_path: Path) -> None:
    """Without a certificate the password stays."""
    authority, _, _ = map(str, Certificates().write_client(tmp_path))
    parameters = pika.URLParameters("amqps://broker.example.org/")
    with configured(ca_cert=authority):
        service._configure_tls_parameters(parameters)

    assert isinstance(parameters.credentials, pika.PlainCredentials)


def test_missing_file() -> None:
    """A file that is not there is named."""
    with (
        configured(ca_cert="/nowhere/ca.pem"),
        pytest.raises(ConfigurationException, match=r"/nowhere/ca\.pem"),
    ):
        service._configure_tls_parameters(pika.URLParameters("amqps://broker.example.org/"))
