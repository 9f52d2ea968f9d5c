# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Parses ``retry``, and imports the exceptions that it names when a consumer needs them.

Importing them with the configuration would import an application's modules into each program that only
publishes, or into the midst of the import of the very module that reads the configuration.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, cast

from .._core.retry import Retry, Then, Wait, doubling_delays
from .._reporting.text import shown
from ..exceptions import ConfigurationException, excerpt
from .checks import check_keys, type_error
from .model import NackDelay, RetryConfig

__all__ = ["default_policy", "parsed", "policy"]

_DEFAULT = Retry()
_KEYS = {"on": (), "delays": (), "then": "", "wait": "", "jitter": 0.0, "rest_after": None}
_NACK = ("fedora_messaging.exceptions:Nack",)


def parsed(where: str, section: Mapping[str, Any], nack_delay: Mapping[str, Any]) -> RetryConfig | None:
    """Parse a failure policy.

    Args:
        where: The name of the section.
        section: The section; empty: there is none.
        nack_delay: The section of that name, of which the delays are made that are left out.

    Raises:
        ConfigurationException: Names the key and the reason.
    """
    check_keys(where, section, _KEYS)
    if not section:
        return None
    on = _names(f"{where}.on", section.get("on", _NACK))
    delays = section.get("delays")
    if delays is None:
        delays = doubling_delays(nack_delay["first"], nack_delay["cap"])
    policy = _checked(
        where,
        lambda: Retry(
            delays=tuple(delays) if isinstance(delays, (list, tuple)) else delays,
            then=section.get("then", _DEFAULT.then),
            wait=section.get("wait", _DEFAULT.wait),
            jitter=section.get("jitter", _DEFAULT.jitter),
            rest_after=section.get("rest_after"),
        ),
    )
    return RetryConfig(on, policy.delays, policy.then, policy.wait, policy.jitter, policy.rest_after, where)


def policy(config: RetryConfig) -> Retry:
    """Make the failure policy, and import the exceptions that it names.

    Raises:
        ConfigurationException: One cannot be imported, or is no exception to try again after.
    """
    return _checked(
        config.where,
        lambda: Retry(
            tuple(_imported(f"{config.where}.on", each) for each in config.on),
            config.delays,
            cast(Then, config.then),
            cast(Wait, config.wait),
            config.jitter,
            config.rest_after,
        ),
    )


def default_policy(nack_delay: NackDelay) -> Retry:
    """Return the policy of a configuration without one."""
    return Retry(delays=doubling_delays(nack_delay.first, nack_delay.cap), jitter=0)


def _checked(where: str, make: Callable[[], Retry]) -> Retry:
    try:
        return make()
    except ValueError as error:
        raise ConfigurationException(f"{where}.{error}") from error


def _names(key: str, value: Any) -> tuple[Any, ...]:
    if value == "any":
        return (Exception,)
    if not isinstance(value, (list, tuple)):
        raise type_error(key, 'a list of exceptions ("module:Class"), or "any"', value)
    for each in value:
        if isinstance(each, str) and not all(each.partition(":")):
            raise ConfigurationException(
                f'{key}: must be of the form "module:Class", not {excerpt(each, 80)}'
            )
        if not isinstance(each, (str, type)):
            raise type_error(key, 'a list of exceptions ("module:Class")', each)
    return tuple(value)


def _imported(key: str, name: Any) -> Any:
    if not isinstance(name, str):
        return name
    module, _, attribute = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (Exception, SystemExit) as error:
        reason = " ".join(shown(error, 500).split())
        raise ConfigurationException(f"{key}: {excerpt(name, 100)} cannot be imported: {reason}") from error
    return found
