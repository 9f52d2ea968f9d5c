# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The TLS contexts of all connections to a broker."""

from __future__ import annotations

import os
import ssl as stdlib_ssl
import stat
from collections.abc import Callable, Iterable
from typing import Any

import OpenSSL
import pika
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL
from OpenSSL.crypto import X509, PKey
from twisted.internet import ssl

from ..._reporting.log import SafeLog
from ..._reporting.loggers import CONNECTION
from ...config import TLS
from ...exceptions import ConfigurationException

__all__ = ["client_options", "configure", "options_by_host"]

_log = SafeLog(CONNECTION)


def client_options(hostname: str, tls: TLS) -> Any:
    """The creator of client connections to a broker: TLS 1.2 at least, the host name always checked.

    Args:
        hostname: The broker's name, which its certificate must carry.
        tls: Files in PEM format: the certificate authorities to trust (None: the system's), and this
            client's certificate and key.

    Returns:
        Something for ``reactor.connectSSL`` and for endpoints.

    Raises:
        ConfigurationException: A file cannot be read or used, or the key does not belong to the certificate.
    """
    return options_by_host([hostname], tls)[hostname]


def options_by_host(hostnames: Iterable[str], tls: TLS) -> dict[str, Any]:
    """What :func:`client_options` returns, for each of several brokers; the files are read once.

    Args:
        hostnames: The names of the brokers.
        tls: As for that function.

    Raises:
        ConfigurationException: As that function.
    """
    trust: Any = ssl.platformTrust()
    if tls.ca_cert:
        trust = ssl.trustRootFromCertificates(_authorities(tls.ca_cert))
    options: dict[str, Any] = {"raiseMinimumTo": ssl.TLSVersion.TLSv1_2}
    if tls.certfile and tls.keyfile:
        options.update(_own_certificate(tls.certfile, tls.keyfile))
    elif tls.certfile or tls.keyfile:
        missing = "keyfile" if tls.certfile else "certfile"
        raise ConfigurationException(
            f"tls.{missing} is missing: a certificate and its key are given together"
        )
    try:
        # Twisted makes the context when it connects, where a certificate that OpenSSL refuses (a short key)
        # would leave the connector waiting for ever.
        ssl.CertificateOptions(trustRoot=trust, **options).getContext()
    except SSL.Error as error:
        raise ConfigurationException(f"tls.certfile cannot be used: {_short(error)}") from error
    return {
        hostname: ssl.optionsForClientTLS(hostname, trustRoot=trust, extraCertificateOptions=options)
        for hostname in hostnames
    }


def configure(parameters: pika.connection.Parameters, tls: TLS) -> None:
    """Give pika's parameters what :func:`client_options` would use, for those who connect by themselves.

    Raises:
        ConfigurationException: As :func:`client_options`.
    """
    client_options(parameters.host, tls)  # says what is wrong with the files
    context = stdlib_ssl.create_default_context(cafile=tls.ca_cert)
    context.minimum_version = stdlib_ssl.TLSVersion.TLSv1_2
    if tls.certfile and tls.keyfile:
        context.load_cert_chain(tls.certfile, tls.keyfile)
        parameters.credentials = pika.credentials.ExternalCredentials()
    parameters.ssl_options = pika.SSLOptions(context, server_hostname=parameters.host)


def _authorities(path: str) -> list[Any]:
    blocks = _blocks(_read("ca_cert", path))
    if not blocks:
        raise ConfigurationException(f"tls.ca_cert: {path} holds no certificate in PEM format")
    try:
        return [ssl.Certificate.loadPEM(block) for block in blocks]
    except Exception as error:  # pyOpenSSL's Error, or ValueError of cryptography
        raise ConfigurationException(f"tls.ca_cert: {path} cannot be used: {_short(error)}") from error


def _own_certificate(certfile: str, keyfile: str) -> dict[str, Any]:
    """The certificate, those between it and its authority, and the key, as Twisted's options."""
    certificate_text, key_text = _read("certfile", certfile), _read("keyfile", keyfile)
    if os.name == "posix" and os.stat(keyfile).st_mode & (stat.S_IROTH | stat.S_IWOTH):
        _log.warning("The private key %s (tls.keyfile) can be read by everybody on this machine.", keyfile)
    try:
        chain = [x509.load_pem_x509_certificate(block) for block in _blocks(certificate_text)]
    except Exception as error:
        raise ConfigurationException(f"tls.certfile: {certfile} cannot be used: {_short(error)}") from error
    if not chain:
        raise ConfigurationException(f"tls.certfile: {certfile} holds no certificate in PEM format")
    try:
        key: Any = serialization.load_pem_private_key(key_text, None)
    except Exception as error:  # ValueError; TypeError for a key with a passphrase
        raise ConfigurationException(f"tls.keyfile: {keyfile} cannot be used: {_short(error)}") from error
    if _public(chain[0].public_key()) != _public(key.public_key()):
        raise ConfigurationException(
            f"tls.keyfile: the key in {keyfile} does not belong to the certificate in {certfile}"
        )
    certificate, *between = _usable(chain, X509.from_cryptography)
    (private,) = _usable([key], PKey.from_cryptography_key)
    return {"certificate": certificate, "privateKey": private, "extraCertChain": between}


def _blocks(text: bytes) -> list[bytes]:
    end = b"-----END CERTIFICATE-----"
    return [block + end for block in text.split(end)[:-1]]


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _usable(values: list[Any], convert: Callable[[Any], Any]) -> list[Any]:
    """What pyOpenSSL takes: from 24.3 on cryptography's objects, and warns of its own; before, its own."""
    release = tuple(int(part) for part in OpenSSL.__version__.split(".")[:2])
    return values if release >= (24, 3) else [convert(value) for value in values]


def _read(key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationException(f"tls.{key}: {path} cannot be read: {error.strerror}") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
