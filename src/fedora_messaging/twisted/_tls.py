# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The only place where a TLS context is made."""

from __future__ import annotations

import logging
import os
import stat
from typing import Any

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_PEM, load_certificate, load_privatekey
from twisted.internet import ssl

from ..config import TLS
from ..exceptions import ConfigurationException

__all__ = ["client_options"]

_log = logging.getLogger(__name__)


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
    trust: Any = ssl.platformTrust()
    if tls.ca_cert:
        trust = ssl.trustRootFromCertificates(_authorities(tls.ca_cert))
    own: Any = None
    if tls.certfile and tls.keyfile:
        own = _own_certificate(tls.certfile, tls.keyfile)
    elif tls.certfile or tls.keyfile:
        missing = "keyfile" if tls.certfile else "certfile"
        raise ConfigurationException(
            f"tls.{missing} is missing: a certificate and its key are given together"
        )
    return ssl.optionsForClientTLS(
        hostname,
        trustRoot=trust,
        clientCertificate=own,
        extraCertificateOptions={"raiseMinimumTo": ssl.TLSVersion.TLSv1_2},
    )


def _authorities(path: str) -> list[Any]:
    text = _read("ca_cert", path)
    end = b"-----END CERTIFICATE-----"
    blocks = [block + end for block in text.split(end)[:-1]]
    if not blocks:
        raise ConfigurationException(f"tls.ca_cert: {path} holds no certificate in PEM format")
    try:
        return [ssl.Certificate.loadPEM(block) for block in blocks]
    except Exception as error:  # pyOpenSSL's Error, or ValueError of cryptography
        raise ConfigurationException(f"tls.ca_cert: {path} cannot be used: {_short(error)}") from error


def _own_certificate(certfile: str, keyfile: str) -> Any:
    certificate_text, key_text = _read("certfile", certfile), _read("keyfile", keyfile)
    if os.name == "posix" and os.stat(keyfile).st_mode & (stat.S_IROTH | stat.S_IWOTH):
        _log.warning("The private key %s (tls.keyfile) can be read by everybody on this machine.", keyfile)
    try:
        certificate = load_certificate(FILETYPE_PEM, certificate_text)
    except Exception as error:
        raise ConfigurationException(f"tls.certfile: {certfile} cannot be used: {_short(error)}") from error
    try:
        key = load_privatekey(FILETYPE_PEM, key_text)
    except Exception as error:
        raise ConfigurationException(f"tls.keyfile: {keyfile} cannot be used: {_short(error)}") from error
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    try:
        context.use_privatekey(key)
        context.use_certificate(certificate)
        context.check_privatekey()
    except SSL.Error as error:
        raise ConfigurationException(
            f"tls.keyfile: the key in {keyfile} does not belong to the certificate in {certfile}"
        ) from error
    pem = certificate_text + b"\n" + key_text
    return ssl.PrivateCertificate.loadPEM(pem)


def _read(key: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationException(f"tls.{key}: {path} cannot be read: {error.strerror}") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
