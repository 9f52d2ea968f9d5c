# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging config``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import click

from ..config import DEFAULTS, hidden
from ..config import conf as configuration

__all__ = ["command", "shown"]


@click.command("config")
@click.option("--example", is_flag=True, help="Print a commented example instead.")
@click.pass_obj
def command(conf: str | None, example: bool) -> None:
    """Print the configuration in effect as TOML, with the origin of each key and passwords hidden."""
    if example:
        click.echo(resources.files(__package__).joinpath("example.toml").read_text("utf-8"), nl=False)
        return
    configuration.load_config(conf)
    origin = configuration.path or "no file"
    click.echo("\n".join(shown(configuration.copy(), configuration.given, origin)))


def shown(values: Mapping[str, Any], given: Mapping[str, Any], origin: str) -> Iterator[str]:
    """A configuration as lines of TOML.

    Args:
        values: The configuration in effect.
        given: What the file says.
        origin: What the file is called.
    """
    import toml

    def item(key: str, value: Any, own: bool) -> str:
        comment = f"# {origin}" if own else "# default"
        if value is None:
            return f"# {key} is not set  {comment}"
        return f"{toml.dumps({key: value}).strip()}  {comment}"

    safe = hidden(values)
    sections = {key: value for key, value in safe.items() if isinstance(value, Mapping)}
    tables = {key: value for key, value in safe.items() if _is_tables(value)}
    for key, value in safe.items():
        if key not in sections and key not in tables:
            yield item(key, value, key in given)
    for key, section in sections.items():
        yield ""
        in_part = key in given and key in DEFAULTS and isinstance(given[key], Mapping)
        if any(isinstance(value, Mapping) for value in section.values()) or not section:
            yield f"# {origin}" if key in given else "# default"
            named = {name: value for name, value in section.items() if name}
            yield toml.dumps({key: named}).strip() or f"[{key}]"
            if "" in section:
                # Not every reader of TOML takes an empty name.
                unnamed = toml.dumps({key: {"": section[""]}}).strip()
                yield "\n".join(f"# {line}" for line in unnamed.splitlines() if line)
            continue
        yield f"[{key}]"
        for name, value in section.items():
            yield item(name, value, in_part and name in given[key])
    for key, value in tables.items():
        yield ""
        yield f"# {origin}" if key in given else "# default"
        yield toml.dumps({key: value}).strip()


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in value)
