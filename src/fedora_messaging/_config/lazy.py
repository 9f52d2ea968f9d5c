# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The configuration as applications see it: a dictionary that is loaded when it is first read."""

from __future__ import annotations

import os
import threading
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import replace
from typing import Any, NoReturn

from ..exceptions import ConfigurationException
from .files import VARIABLE, load, locate
from .model import DEFAULTS, Config
from .parser import completed, parse
from .secrets import hidden

__all__ = ["LazyConfig"]


def _with_home(log_config: Any) -> Any:
    """A ``log_config`` with ``~`` expanded in the names of its handlers' files."""
    if not isinstance(log_config, Mapping) or not isinstance(log_config.get("handlers"), Mapping):
        return log_config  # dictConfig raises an error for it
    handlers = {
        name: {**handler, "filename": os.path.expanduser(handler["filename"])}
        if isinstance(handler, Mapping) and isinstance(handler.get("filename"), str)
        else handler
        for name, handler in log_config["handlers"].items()
    }
    return {**log_config, "handlers": handlers}


class LazyConfig(dict[str, Any]):
    """A dictionary that loads the configuration file when it is first read.

    Attributes:
        loaded: Whether the file has been loaded. Set it to False to have it loaded again.
        path: The file that was loaded; None if there was none.
        given: The content of the file.
        generation: A number that grows with each change. Changes inside a value are not noticed.
    """

    def __init__(self) -> None:
        # Never empty: the C code behind json.dumps checks the size before it calls items().
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
        """Load the configuration file now, even if it has been loaded before.

        Args:
            config_path: The file to load, instead of the one named in the environment or the default one.

        Returns:
            This dictionary.

        Raises:
            ConfigurationException: The file cannot be used. The error names the file and the key.
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

    # Compatibility with release 3.9.1, until 5.0
    def _validate(self) -> None:
        """Check the present values.

        Raises:
            ConfigurationException: A value cannot be used. The error names the key.
        """
        self.parsed()

    def parsed(self) -> Config:
        """Return the present values as a frozen :class:`Config`.

        Raises:
            ConfigurationException: A value cannot be used. The error names the key.
        """
        self._load()
        values = dict(super().items())
        try:
            return replace(parse(values), origin=self._origin(values), path=self.path or "")
        except ConfigurationException as error:
            raise ConfigurationException(
                f"{self.path}: {error.message}" if self.path else error.message
            ) from error

    def _origin(self, values: dict[str, Any]) -> str:
        """Describe where the value of ``amqp_url`` comes from."""
        value = values.get("amqp_url")
        named = ", named by FEDORA_MESSAGING_CONF" if os.environ.get(VARIABLE) == self.path else ""
        if "amqp_url" in self.given and value == self.given["amqp_url"]:
            return f"amqp_url in {self.path}{named}"
        if value != DEFAULTS["amqp_url"]:
            return "amqp_url as set by the program"
        where = f"{self.path}{named} has none" if self.path else "there is no configuration file"
        return f"amqp_url's default, since {where}"

    def setup_logging(self) -> None:
        """Configure Python's logging from ``log_config``.

        Raises:
            ConfigurationException: ``logging.config.dictConfig`` refuses it.
        """
        import logging.config

        try:
            logging.config.dictConfig(_with_home(self["log_config"]))
        except (ValueError, TypeError, AttributeError, ImportError, LookupError, OSError) as error:
            reason = " ".join(f"{error}: {error.__cause__}".split()) if error.__cause__ else str(error)
            where = f"{self.path}: " if self.path else ""
            raise ConfigurationException(f"{where}log_config: {reason}") from error

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
        """The keys."""
        self._load()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """The values."""
        self._load()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """The pairs of key and value."""
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
        """The value of a key. If the key is missing, it is set first."""
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
        """Raise ConfigurationException: removing keys would break other users of the configuration."""
        raise ConfigurationException("keys cannot be popped from the configuration")

    def popitem(self) -> NoReturn:
        """Raise ConfigurationException, as :meth:`pop` does."""
        self.pop()


# Applications import it from there.
LazyConfig.__module__ = "fedora_messaging.config"
