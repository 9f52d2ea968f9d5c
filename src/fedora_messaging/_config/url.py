# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``amqp://`` and ``amqps://`` URLs: strict parsing, and hiding the secrets in them."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import pika

from .._importing import imported
from ..exceptions import ConfigurationException

__all__ = ["all_parameters", "given_urls", "parameters"]

# RabbitMQ 4.1 refuses smaller frames, without an error message
# (https://www.rabbitmq.com/docs/configure, frame_max, and its release notes).
_LEAST_FRAME = 8192

_KNOWN = frozenset(
    {"blocked_connection_timeout", "channel_max", "connection_attempts", "frame_max", "heartbeat", "locale"}
    | {"retry_delay", "socket_timeout", "ssl_options"}
)
_REFUSED = {
    "client_properties": "the configuration key client_properties is the place for that",
    "stack_timeout": "the configuration key handshake_timeout is the place for that",
    "tcp_options": "they cannot be set",
}


def given_urls(value: Any) -> list[Any]:
    """The URLs of ``amqp_url``, which is one or a list of them; they are not checked.

    Raises:
        ConfigurationException: It is neither, or the list is empty.
    """
    if isinstance(value, str):
        return [value]
    if not isinstance(value, (list, tuple)):
        raise ConfigurationException(
            f"amqp_url: must be a string or a list of strings, not {type(value).__name__}"
        )
    if not value:
        raise ConfigurationException("amqp_url: the list is empty; it must have one URL at least")
    return list(value)


def all_parameters(value: Any) -> tuple[pika.connection.URLParameters, ...]:
    """Parse ``amqp_url``: the URL of a broker, or a list of them with the same virtual host.

    Args:
        value: The value of the key.

    Raises:
        ConfigurationException: As :func:`given_urls` and :func:`parameters`; the URLs name different virtual
            hosts.
    """
    urls = given_urls(value)
    if isinstance(value, str):
        return (parameters(value),)
    found = tuple(parameters(url, f"amqp_url[{number}]") for number, url in enumerate(urls))
    for number, each in enumerate(found):
        if each.virtual_host != found[0].virtual_host:
            raise ConfigurationException(
                f"amqp_url[{number}]: its virtual host is {each.virtual_host!r}, and that of amqp_url[0] is "
                f"{found[0].virtual_host!r}; they must be equal"
            )
    return found


def parameters(url: str, key: str = "amqp_url") -> pika.connection.URLParameters:
    """Parse a broker's URL.

    ``connection_attempts`` and ``retry_delay`` are accepted and have no effect.

    Args:
        url: The URL.
        key: Where it stands, for errors.

    Raises:
        ConfigurationException: The URL cannot be used. The text contains no part of it that could be secret.
    """
    if not isinstance(url, str):
        raise ConfigurationException(f"{key}: must be a string, not {type(url).__name__}")
    fault = _fault(url)
    if fault:
        raise ConfigurationException(f"{key}: {fault}")
    try:
        made = pika.connection.URLParameters(url)
        if ":" in made.host:  # the zone of an address of IPv6 (RFC 6874)
            made.host = made.host.replace("%25", "%", 1)
        return made
    except Exception as error:
        # pika's error could contain the password of the key in ssl_options.
        text = f"{key}: {type(error).__name__}: {_unusable_option(url)}"
        raise ConfigurationException(text) from None


def _fault(url: str) -> str | None:
    if any(ord(char) < 32 or ord(char) == 127 for char in url):
        # urlsplit drops line ends and tabs, and another password would be sent.
        return "it must not contain control characters (in a password they must be quoted)"
    if not url.isascii():
        # urlsplit and the codec for host names import these when they are first needed, in this thread.
        for module in ("unicodedata", "encodings.idna", "encodings.punycode"):
            imported(module)
    try:
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return "it is not a URL"
    if parts.scheme not in ("amqp", "amqps"):
        return f"the scheme must be amqp or amqps, not {parts.scheme[:20]!r}"
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or (parts.netloc.endswith(":") and parts.port is None):
        return "the port must be a number from 1 to 65535 (a password with special characters must be quoted)"
    if not _is_host(parts.hostname or ""):
        return "the host name is not one: its parts must have 1 to 63 characters, 253 altogether"
    if parts.fragment or url.endswith("#"):
        return 'it must not contain "#" (a password with special characters must be quoted)'
    if "@" in parts.path + parts.query and "@" not in parts.netloc:
        return 'there is an "@" behind the address (a password with special characters must be quoted)'
    if parts.username is not None and parts.password is None:
        return "it has a user name and no password"
    if parts.path.count("/") > 1:
        return 'the virtual host must be quoted: "/" is "%2F"'
    names = [name for name, _ in options]
    for name, value in options:
        fault = _option_fault(name, value, names.count(name))
        if fault:
            return fault
    return None


def _is_host(name: str) -> bool:
    """Whether a name can be looked up at all; "" stands for the default."""
    if not name.isascii():
        try:
            name = name.rstrip(".").encode("idna").decode("ascii")
        except UnicodeError:
            return False
    name = name.rstrip(".")
    parts = name.split(".") if name else []
    return len(name) <= 253 and "\0" not in name and all(1 <= len(part) <= 63 for part in parts)


def _option_fault(name: str, value: str, count: int) -> str | None:
    if name in _REFUSED:
        return f"the option {name} is refused: {_REFUSED[name]}"
    if name not in _KNOWN:
        return f"the option {name[:40]!r} is unknown; the known ones are: {', '.join(sorted(_KNOWN))}"
    if count > 1:
        return f"the option {name} is given {count} times"
    if value == "":
        return f"the option {name} has no value"
    if name in ("locale", "ssl_options"):
        return None
    try:
        number = float(value) if name.endswith(("_timeout", "_delay")) else int(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        return f"the option {name} must be a number, not {value[:40]!r}"
    if name == "heartbeat" and number > 65535:
        return "the option heartbeat must not be over 65535"
    if name == "frame_max" and number < _LEAST_FRAME:
        return f"the option frame_max must be {_LEAST_FRAME} at least, not {int(number)}"
    return None


def _unusable_option(url: str) -> str:
    """Name the option that pika does not accept."""
    base = urlsplit(url)._replace(query="")
    for name, value in parse_qsl(urlsplit(url).query):
        try:
            pika.connection.URLParameters(urlunsplit(base._replace(query=f"{name}={quote(value)}")))
        except Exception:
            return f"the value of the option {name} cannot be used"
    return "it cannot be used"
