# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration: where it is read, and the dictionary that applications see.

:func:`parse` turns any mapping into a frozen :class:`Config`; :data:`conf` is the configuration of the
process, a dictionary that is loaded when it is first looked at.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import replace
from typing import Any, NoReturn

from ._config import toml
from ._config.model import DEFAULTS, TLS, Config, ConsumerConfig, Monitoring, NackDelay, QoS, Reconnect
from ._config.parser import (
    completed,
    parse,
    validate_bindings,
    validate_client_properties,
    validate_monitoring,
    validate_queues,
)
from ._config.types import (
    BaseBinding,
    BaseExchangeConfig,
    BindingConfig,
    BindingsType,
    CallbackType,
    ClientProperties,
    ConfigType,
    ExchangeConfig,
    ExchangeDefinition,
    NamedQueueConfig,
    QOSConfig,
    QueueConfig,
    TLSConfig,
)
from ._config.url import redacted_value
from .exceptions import ConfigurationException

__all__ = [
    "DEFAULTS",
    "TLS",
    "BaseBinding",
    "BaseExchangeConfig",
    "BindingConfig",
    "BindingsType",
    "CallbackType",
    "ClientProperties",
    "Config",
    "ConfigType",
    "ConsumerConfig",
    "ExchangeConfig",
    "ExchangeDefinition",
    "LazyConfig",
    "Monitoring",
    "NackDelay",
    "NamedQueueConfig",
    "QOSConfig",
    "QoS",
    "QueueConfig",
    "Reconnect",
    "TLSConfig",
    "conf",
    "hidden",
    "load",
    "parse",
    "validate_bindings",
    "validate_client_properties",
    "validate_monitoring",
    "validate_queues",
]

_VARIABLE = "FEDORA_MESSAGING_CONF"
_DEFAULT_PATH = "/etc/fedora-messaging/config.toml"


def locate(path: str | None, environ: Mapping[str, str]) -> str | None:
    """The configuration file to read: the one that is named, else the one at the default place.

    Returns:
        Its path, with ``~`` expanded; None if none is named and there is none at the default place.
    """
    named = path or environ.get(_VARIABLE)
    if named:
        return os.path.expanduser(named)
    return _DEFAULT_PATH if os.path.lexists(_DEFAULT_PATH) else None


def load(
    path: str | None, environ: Mapping[str, str], *, reader: toml.Reader | None = None
) -> dict[str, Any]:
    """What the configuration file says, keys in lower case.

    Args:
        path: The file; None means what the environment names, else the default one.
        environ: The environment (``FEDORA_MESSAGING_CONF``).
        reader: What reads TOML.

    Raises:
        ConfigurationException: A file that was named is not there, cannot be read, is not TOML, or has a key
            twice, in different letter case.
    """
    found = locate(path, environ)
    if found is None:
        return {}
    values: dict[str, Any] = {}
    spelled: dict[str, str] = {}
    for key, value in toml.read_file(found, reader).items():
        lower = key.lower()
        if lower in values:
            raise ConfigurationException(
                f"{found}: {lower}: is given twice, as {spelled[lower]} and as {key}"
            )
        values[lower], spelled[lower] = value, key
    return values


_SECRET = re.compile(r"pass(word|wd|phrase)?$|passw|secret|token|credential|private|api_?key", re.IGNORECASE)


def hidden(value: Any, key: object = "") -> Any:
    """The same value with passwords hidden: in URLs, and all under keys that are called like secrets."""
    if (
        isinstance(key, str)
        and _SECRET.search(key)
        and not isinstance(value, bool)
        and value not in (None, "")
    ):
        return "***"
    if isinstance(value, Mapping):
        return {name: hidden(item, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hidden(item, key) for item in value]
    if isinstance(value, bytes):
        return redacted_value(value.decode("utf-8", "backslashreplace")).encode()
    return redacted_value(value) if isinstance(value, str) else value


def _with_home(log_config: Any) -> Any:
    """A ``log_config`` with ``~`` expanded in the names of its handlers' files."""
    if not isinstance(log_config, Mapping) or not isinstance(log_config.get("handlers"), Mapping):
        return log_config  # dictConfig says what is wrong with it
    handlers = {
        name: {**handler, "filename": os.path.expanduser(handler["filename"])}
        if isinstance(handler, Mapping) and isinstance(handler.get("filename"), str)
        else handler
        for name, handler in log_config["handlers"].items()
    }
    return {**log_config, "handlers": handlers}


class LazyConfig(dict[str, Any]):
    """A dictionary that reads the configuration file when it is first looked at.

    Attributes:
        loaded: Whether that has happened. Set it to False to have it happen again.
        path: The file it was read from, None if there was none.
        given: What was in the file.
        generation: Another number after each change. What is changed inside a value is not noticed.
    """

    def __init__(self) -> None:
        # Not empty at any time: the C code behind json.dumps looks at the size before it calls items().
        super().__init__(completed({}))
        self.loaded = False
        self.path: str | None = None
        self.given: dict[str, Any] = {}
        self.generation = 0
        self._lock = threading.RLock()

    def _load(self) -> None:
        if not self.loaded:
            with self._lock:
                if not self.loaded:
                    self.load_config()

    def load_config(self, config_path: str | None = None) -> LazyConfig:
        """Read the configuration now, again if need be.

        Args:
            config_path: The file, instead of the one that the environment names or the default one.

        Returns:
            Itself.

        Raises:
            ConfigurationException: The file cannot be used; it and the key are named.
        """
        with self._lock:
            path = locate(config_path, os.environ)
            given = load(path, {}) if path else {}
            values = completed(given)
            try:
                parse(values)
            except ConfigurationException as error:
                raise ConfigurationException(f"{path or 'defaults'}: {error.message}") from error
            super().clear()
            super().update(values)
            self.path = path
            self.given = given
            self.generation += 1
            self.loaded = True
        return self

    def _validate(self) -> None:
        """Check what is in it now.

        Raises:
            ConfigurationException: Names the key that is wrong.
        """
        self.parsed()

    def parsed(self) -> Config:
        """What is in it now, as values.

        Raises:
            ConfigurationException: Names the key that is wrong.
        """
        self._load()
        values = dict(super().items())
        try:
            return replace(parse(values), origin=self._origin(values))
        except ConfigurationException as error:
            raise ConfigurationException(
                f"{self.path}: {error.message}" if self.path else error.message
            ) from error

    def _origin(self, values: dict[str, Any]) -> str:
        """Where ``amqp_url`` was written."""
        value = values.get("amqp_url")
        named = ", named by FEDORA_MESSAGING_CONF" if os.environ.get(_VARIABLE) == self.path else ""
        if "amqp_url" in self.given and value == self.given["amqp_url"]:
            return f"amqp_url in {self.path}{named}"
        if value != DEFAULTS["amqp_url"]:
            return "amqp_url as set by the program"
        where = f"{self.path}{named} has none" if self.path else "there is no configuration file"
        return f"amqp_url's default, since {where}"

    def setup_logging(self) -> None:
        """Configure Python's logging as ``log_config`` says.

        Raises:
            ConfigurationException: ``logging.config.dictConfig`` refuses it.
        """
        import logging.config

        try:
            logging.config.dictConfig(_with_home(self["log_config"]))
        except (ValueError, TypeError, AttributeError, ImportError, LookupError, OSError) as error:
            words = " ".join(f"{error}: {error.__cause__}".split()) if error.__cause__ else str(error)
            where = f"{self.path}: " if self.path else ""
            raise ConfigurationException(f"{where}log_config: {words}") from error

    def __getitem__(self, key: str) -> Any:
        self._load()
        return super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._load()
        super().__setitem__(key, value)
        self.generation += 1

    def __delitem__(self, key: str) -> None:
        self._load()
        super().__delitem__(key)
        self.generation += 1

    def __contains__(self, key: object) -> bool:
        self._load()
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._load()
        return super().__iter__()

    def __reversed__(self) -> Iterator[str]:
        self._load()
        return super().__reversed__()

    def __len__(self) -> int:
        self._load()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        self._load()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        self._load()
        return super().__ne__(other)

    def __or__(self, other: Any) -> Any:
        return self.copy() | other

    def __ror__(self, other: Any) -> Any:
        return other | self.copy()

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def __repr__(self) -> str:
        self._load()
        return repr(hidden(dict(super().items())))

    __str__ = __repr__

    def __reduce__(self) -> Any:
        return dict, (self.copy(),)

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        self._load()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        self._load()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        self._load()
        return super().items()

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key."""
        self._load()
        return super().get(key, default)

    def copy(self) -> dict[str, Any]:
        """A plain dictionary with the same content."""
        self._load()
        return super().copy()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is set first if it is not there."""
        self._load()
        value = super().setdefault(key, default)
        self.generation += 1
        return value

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set several keys."""
        self._load()
        super().update(*args, **kwargs)
        self.generation += 1

    def clear(self) -> None:
        """Remove all keys."""
        self._load()
        super().clear()
        self.generation += 1

    def pop(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: code that takes keys away from everybody else is broken."""
        raise ConfigurationException("keys cannot be popped from the configuration")

    def popitem(self) -> NoReturn:
        """Refused like :meth:`pop`."""
        self.pop()


#: The configuration of this process.
conf = LazyConfig()
