# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Single values of a configuration: what is accepted, and what the error says of everything else."""

from collections.abc import Callable
from typing import Any

import pytest

from fedora_messaging._config import checks
from fedora_messaging.exceptions import ConfigurationException


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (lambda value: checks.typed("k", value, bool), True),
        (lambda value: checks.typed("k", value, int), 3),
        (lambda value: checks.optional("k", value, str), None),
        (lambda value: checks.optional("k", value, str), "a"),
        (lambda value: checks.as_mapping("k", value), {"a": 1}),
        (lambda value: checks.mapping_at({"k": value}, "k"), {"a": 1}),
        (lambda value: checks.short_string("k", value), "ä" * 127),
        (lambda value: checks.integer("k", value, 0, 3), 3),
        (lambda value: checks.optional_integer("k", value, 0, 3), None),
        (lambda value: checks.seconds("k", value), 0.1),
        (lambda value: checks.seconds("k", value, least=0.0), 0.0),
        (lambda value: checks.with_key("k", lambda: value), 1),
    ],
)
def test_what_is_accepted(check: Callable[[Any], Any], value: Any) -> None:
    """A good value is returned as it is."""
    assert value == check(value)


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        (lambda value: checks.typed("k", value, int), True, "k: must be an integer, not bool"),
        (lambda value: checks.typed("k", value, bool), "yes", "k: must be true or false, not str"),
        (lambda value: checks.optional("k", value, str), 1, "k: must be a string, not int"),
        (lambda value: checks.as_mapping("k", value), [], "k: must be a section (a dictionary), not list"),
        (lambda value: checks.short_string("k", value), "ä" * 128, "k: must have 255 bytes at most"),
        (lambda value: checks.short_string("k", value), "\ud800", "k: holds a lone surrogate"),
        (lambda value: checks.integer("k", value, 0, 3), 4, "k: must be from 0 to 3, not 4"),
        (lambda value: checks.seconds("k", value), True, "k: must be a number of seconds, not bool"),
        (lambda value: checks.seconds("k", value), 0, "k: must be more than 0, not 0"),
        (lambda value: checks.seconds("k", value, least=2.0), 1, "k: must be 2 at least, not 1"),
        (lambda value: checks.seconds("k", value), float("inf"), "k: must be more than 0, not inf"),
        (lambda value: checks.with_key("k", lambda: int(value)), "x", "k: invalid literal"),
    ],
)
def test_what_is_refused(check: Callable[[Any], Any], value: Any, words: str) -> None:
    """The error of a bad value names the key, and what the value must be."""
    with pytest.raises(ConfigurationException) as caught:
        check(value)

    assert caught.value.message.startswith(words)


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("", "portt", "portt: unknown key; did you mean port? The known ones are: address, port"),
        ("monitoring", "x", "monitoring.x: unknown key; the known ones are: address, port"),
    ],
)
def test_an_unknown_key(section: str, key: str, words: str) -> None:
    """The known keys are listed, and similar ones proposed."""
    known = {"port": 1, "address": ""}
    checks.check_keys(section, {"port": 2}, known)

    with pytest.raises(ConfigurationException) as caught:
        checks.check_keys(section, {key: 1}, known)
    assert words == caught.value.message


def test_a_value_of_the_wrong_type_is_not_shown() -> None:
    """An error about a value of the wrong type does not show the value, which may be a secret."""
    with pytest.raises(ConfigurationException) as caught:
        checks.typed("amqp_url", 12345, str)

    assert "12345" not in str(caught.value)
