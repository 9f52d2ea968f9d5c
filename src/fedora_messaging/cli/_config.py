# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""``fedora-messaging config``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import click

from ..config import conf as configuration
from ..config import hidden
from ..exceptions import excerpt
from ._options import Options, load

__all__ = ["command", "shown"]


@click.command("config", short_help="Print the configuration in effect as TOML.")
@click.option("--example", is_flag=True, help="Print a commented example instead.")
@click.pass_obj
def command(conf: Options, example: bool) -> None:
    """Print the configuration in effect as TOML, with the origin of each key and passwords hidden.

    \b
      fedora-messaging config --conf /etc/fedora-messaging/config.toml
    """  # noqa: D301, click reads the backspace
    if example:
        click.echo(resources.files(__package__).joinpath("example.toml").read_text("utf-8"), nl=False)
        return
    load(conf)
    origin = configuration.path or "no file"
    click.echo(
        "\n".join(shown(configuration.copy(), configuration.given, origin, by_option=bool(conf.amqp_url)))
    )


def shown(
    values: Mapping[str, Any], given: Mapping[str, Any], origin: str, *, by_option: bool = False
) -> Iterator[str]:
    """Format a configuration as lines of TOML, with the origin of each key as a comment.

    Args:
        values: The configuration in effect.
        given: The content of the file.
        origin: The name of the file.
        by_option: Whether the option --amqp-url is given.
    """
    import toml

    from .._config.toml_encoder import Encoder

    encoder = Encoder()
    file = excerpt(origin, 1000)  # a comment is one line

    def comment(own: bool) -> str:
        return f"# {file}" if own else "# default"

    def item(key: str, value: Any, own: bool) -> str:
        if value is None:
            return f"# {key} is not set  {comment(own)}"
        return f"{encoder.dump_key(key)} = {encoder.dump_value(value)}  {comment(own)}"

    safe = hidden(values)
    sections = {key: value for key, value in safe.items() if isinstance(value, Mapping)}
    tables = {key: value for key, value in safe.items() if _is_tables(value)}
    for key, value in safe.items():
        if key not in sections and key not in tables:
            line = item(key, value, key in given)
            yield (f"{line.rpartition('  # ')[0]}  # --amqp-url" if by_option and key == "amqp_url" else line)
    for key, section in sections.items():
        yield ""
        if section and not any(isinstance(value, Mapping) for value in section.values()):
            of_file = given.get(key)
            yield f"[{encoder.dump_key(key)}]"
            for name, value in section.items():
                yield item(name, value, isinstance(of_file, Mapping) and name in of_file)
        else:
            yield comment(key in given)
            yield toml.dumps({key: section}, encoder=encoder).strip()
    for key, value in tables.items():
        yield ""
        yield comment(key in given)
        yield toml.dumps({key: value}, encoder=encoder).strip()


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)
