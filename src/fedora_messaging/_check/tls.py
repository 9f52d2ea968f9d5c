# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Checks TLS: both certificates, the authority, the host name, and whether the port speaks it at all.

Handshakes are made with the ``ssl`` module of the standard library, in a thread: it tells an expired
certificate from one of an unknown authority, which pyOpenSSL does not.
"""

from __future__ import annotations

import socket
import ssl
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from .._core.address import Address
from ..config import TLS
from ..exceptions import ConfigurationException
from ..twisted._connection.tls import configure
from .findings import Report

__all__ = ["certificate_at", "check_own_certificate", "check_tls", "context_for"]

_SOON = timedelta(days=30)
#: The beginning of the handshake of AMQP 0-9-1 (section 4.2.2). What comes next is the reply, or an alert of
#: TLS 1.3 about this client's certificate.
_PREAMBLE = b"AMQP\x00\x00\x09\x01"

# Of OpenSSL's X509_V_ERR_... (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _WRONG_NAMES = 9, 10, (62, 64)
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)

_NO_TLS = (
    "WRONG_VERSION_NUMBER",
    "PACKET_LENGTH_TOO_LONG",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER",
)
_FETCH = "fetch a new one for tls.certfile and tls.keyfile"
_SET = "set tls.certfile and tls.keyfile"
#: What the broker says of this client's certificate, in OpenSSL's words, and what to do.
_ALERTS = (
    ("CERTIFICATE_EXPIRED", "has expired, says the broker", _FETCH),
    ("CERTIFICATE_REVOKED", "is revoked, says the broker", _FETCH),
    (
        "UNKNOWN_CA",
        "is from an authority that the broker does not trust",
        "use one of an authority that it trusts",
    ),
    ("CERTIFICATE_REQUIRED", "is demanded by the broker", _SET),
    ("BAD_CERTIFICATE", "is refused by the broker", "use another one; the broker's log says more"),
    ("HANDSHAKE_FAILURE", "may be missing: the broker breaks the handshake off", _SET),
)


def check_own_certificate(report: Report, tls: TLS) -> bool:
    """Check the dates of this client's certificate; returns whether it can be used."""
    if not tls.certfile:
        return True
    try:
        with open(tls.certfile, "rb") as file:
            certificate = x509.load_pem_x509_certificate(file.read())
    except (OSError, ValueError):
        return True  # said where the files are used
    what = f"the certificate of this client ({tls.certfile})"
    return _check_dates(report, certificate, what, _FETCH)


def context_for(report: Report, parameters: Any, tls: TLS) -> ssl.SSLContext | None:
    """Make the context for a broker of the files that are configured; None: one cannot be used."""
    try:
        configure(parameters, tls)
    except (ConfigurationException, ssl.SSLError, OSError) as error:
        text = error.message if isinstance(error, ConfigurationException) else f"tls: {error}"
        report.problem("TLS", text, "correct the file, or the key of the configuration that names it")
        return None
    context: ssl.SSLContext = parameters.ssl_options.context
    return context


def check_tls(report: Report, address: Address, ip: str, context: ssl.SSLContext, timeout: float) -> bool:
    """Make a handshake. Blocks: not to be called in the reactor's thread.

    Args:
        report: Gets the findings.
        address: The broker.
        ip: The address to connect to.
        context: The context of this client.
        timeout: The time limit for each step, in seconds.

    Returns:
        Whether TLS can be used.
    """
    try:
        with (
            socket.create_connection((ip, address.port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secured,
        ):
            secured.sendall(_PREAMBLE)
            secured.recv(1)
            certificate = x509.load_der_x509_certificate(secured.getpeercert(True) or b"")
            version = secured.version()
    except ssl.SSLCertVerificationError as error:
        _refused(report, address, error, certificate_at(ip, address, timeout))
        return False
    except ssl.SSLError as error:
        _broken(report, address, error)
        return False
    except TimeoutError:
        report.problem(
            "TLS",
            f"{address.where}: no answer within {timeout:g} s",
            "correct the port in amqp_url (the usual one for TLS is 5671), or look why the broker is slow",
        )
        return False
    except OSError as error:
        report.problem(
            "TLS",
            f"{address.where}: the peer ended the handshake ({error.strerror or error})",
            "correct the port in amqp_url (the usual one for TLS is 5671); the broker's log says more",
        )
        return False
    fit = _check_dates(report, certificate, "the certificate of the broker", "have it renewed on the broker")
    report.ok("TLS", f"{version}, the certificate is valid for {address.host}")
    return fit


def _refused(
    report: Report,
    address: Address,
    error: ssl.SSLCertVerificationError,
    certificate: x509.Certificate | None,
) -> None:
    code = error.verify_code
    if code in (_EXPIRED, _NOT_YET_VALID):
        if certificate is None or _check_dates(
            report, certificate, "the certificate of the broker", "have it renewed on the broker"
        ):
            report.problem(
                "TLS",
                f"a certificate of the broker's chain is not valid now: {error.verify_message}",
                "have it renewed on the broker, or set this machine's clock",
            )
    elif code in _WRONG_NAMES:
        names = "" if certificate is None else ", ".join(_names(certificate))
        report.problem(
            "TLS",
            f"the certificate of the broker is not for {address.host}{f' but for {names}' if names else ''}",
            "use a name in amqp_url that the certificate has, or have it issued for this one",
        )
    elif code in _UNKNOWN_AUTHORITY:
        issuer = "" if certificate is None else f" ({certificate.issuer.rfc4514_string()})"
        report.problem(
            "TLS",
            f"the certificate of the broker is from an authority that is not trusted here{issuer}",
            "name the file with the certificate of that authority in tls.ca_cert",
        )
    else:
        report.problem(
            "TLS",
            f"the certificate of the broker is refused: {error.verify_message}",
            "have it corrected on the broker",
        )


def _broken(report: Report, address: Address, error: ssl.SSLError) -> None:
    reason = str(error.reason or error)
    for words, text, fix in _ALERTS:
        if words in reason:
            report.problem("TLS", f"a certificate of this client {text}", fix)
            return
    if any(words in reason for words in _NO_TLS):
        report.problem(
            "TLS",
            f"{address.host}:{address.port} does not speak TLS",
            "write amqp:// in amqp_url, or the broker's port for TLS (the usual one is 5671)",
        )
        return
    report.problem("TLS", f"the handshake fails: {error}", "the broker's log says more")


def certificate_at(ip: str, address: Address, timeout: float) -> x509.Certificate | None:
    """Fetch the certificate of a broker whatever it is; None: TLS is not spoken there. Blocks.

    Nothing is sent over that connection.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((ip, address.port), timeout) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secured,
        ):
            return x509.load_der_x509_certificate(secured.getpeercert(True) or b"")
    except (OSError, ValueError):
        return None


def _check_dates(report: Report, certificate: x509.Certificate, what: str, fix: str) -> bool:
    now = datetime.now(timezone.utc)
    begin, end = _dates(certificate)
    if end < now:
        report.problem("TLS", f"{what} expired {_ago(now - end)} ago, on {end:%Y-%m-%d}", fix)
        return False
    if begin > now:
        text = f"{what} is not valid before {begin:%Y-%m-%d %H:%M} UTC"
        report.problem("TLS", text, "set this machine's clock, or wait")
        return False
    if end - now < _SOON:
        report.warning("TLS", f"{what} expires in {_ago(end - now)}, on {end:%Y-%m-%d}", fix)
    return True


def _dates(certificate: Any) -> tuple[datetime, datetime]:
    if hasattr(certificate, "not_valid_after_utc"):  # of cryptography 42
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return (
        certificate.not_valid_before.replace(tzinfo=timezone.utc),
        certificate.not_valid_after.replace(tzinfo=timezone.utc),
    )


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found: Any = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        return []
    return [str(each.value) for each in found][:5]


def _ago(span: timedelta) -> str:
    days = span // timedelta(days=1)
    if days:
        return "1 day" if days == 1 else f"{days:,} days"
    return f"{span // timedelta(hours=1)} h"
