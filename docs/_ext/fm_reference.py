# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The parts of the reference that the code knows best: configuration keys and the command line.

``config-key`` takes prose and an example from the page, type and default from the package, and the build
fails when a key has no entry. ``command-line`` is written from the click group alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from docutils import nodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from fedora_messaging import config
from fedora_messaging.cli import main

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

_log = logging.getLogger(__name__)

_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number (seconds)",
    str: "string",
    dict: "table",
    list: "array",
}
#: Keys whose default is None or says little about the type.
_SAID = {
    "amqp_url": "string, or array of strings",
    "failover": 'string: "shuffle" or "in-order"',
    "publish_priority": "integer from 0 to 255",
    "callback": "string `package.module:object`",
    "exchanges": "table of tables, by name",
    "queues": "table of tables, by name",
    "bindings": "array of tables",
    "monitoring": "table",
    "consumers": "table of tables, by name",
    "max_message_size": "integer (bytes)",
    "max_pending": "integer",
    "max_pending_bytes": "integer (bytes)",
    "qos.concurrency": "integer from 1 to 65535",
    "retry": "table",
    "qos.prefetch_count": "integer from 0 to 65535",
    "qos.prefetch_size": "integer",
    "tls.ca_cert": "string (path)",
    "tls.keyfile": "string (path)",
    "tls.certfile": "string (path)",
}
#: Sections whose keys have entries of their own.
_OPENED = ("qos", "tls", "tracing", "reconnect", "nack_delay")


def _keys() -> dict[str, Any]:
    """Every key that has an entry, with its default."""
    keys = dict(config.DEFAULTS)
    for section in _OPENED:
        for key, value in config.DEFAULTS[section].items():
            keys[f"{section}.{key}"] = value
    keys["qos.concurrency"] = 1  # which the dictionary of release 3.9.1 does not have
    return keys


def _default(key: str, value: Any) -> str:
    if value is None or value == {}:
        return "not set"
    if key in (*_OPENED, "log_config"):
        return "see below"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{json.dumps(value)}`"


class ConfigKey(SphinxDirective):
    """``{config-key} NAME``: an entry of the configuration's reference."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        key = self.arguments[0]
        documented = self.env.__dict__.setdefault("fm_config_keys", {})
        documented[key] = self.env.docname
        if key not in _keys():
            _log.warning("there is no configuration key %s", key, location=self.get_location())
            return []
        default = _keys()[key]
        kind = _SAID.get(key) or _TYPES[type(default)]
        facts = f"{kind}, default: {_default(key, default)}"
        name = "config-" + key.replace(".", "-").replace("_", "-")
        section = titled(name, key)
        section += self.parse_text_to_nodes(f"*Type:* {facts}")
        section += self.parse_content_to_nodes()
        self.env.domains.standard_domain.note_hyperlink_target(name, self.env.docname, name, key)
        return [section]


def titled(name: str, title: str) -> nodes.section:
    """A section with an anchor and a title in monospace."""
    section = nodes.section(ids=[name], names=[name])
    section += nodes.title("", "", nodes.literal("", title))
    return section


def _all_keys_have_entries(app: Sphinx, env: BuildEnvironment) -> None:
    documented = env.__dict__.get("fm_config_keys", {})
    for key in sorted(set(_keys()) - set(documented)):
        _log.warning("the configuration key %s is not documented", key)


class CommandLine(SphinxDirective):
    """``{command-line}``: usage, words and options of each command."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        self.env.note_reread()  # what it says is in no file of the documentation
        context = click.Context(main, info_name="fedora-messaging", **main.context_settings)
        found = [self._of(context)]
        for name in main.list_commands(context):
            command = main.get_command(context, name)
            assert command is not None
            own = click.Context(command, info_name=name, parent=context)
            found.append(self._of(own))
            if isinstance(command, click.Group):
                found += [
                    self._of(click.Context(each, info_name=each.name, parent=own))
                    for each in command.commands.values()
                ]
        return found

    def _of(self, context: click.Context) -> nodes.Node:
        command = context.command
        usage = " ".join(command.get_usage(context).removeprefix("Usage: ").split())
        lines = ["```text", usage, "```", ""]
        for paragraph in (command.help or "").split("\n\n"):
            if paragraph.lstrip().startswith("\b"):
                lines += ["```text", *paragraph.replace("\b", "").strip("\n").splitlines(), "```", ""]
            else:
                lines += [" ".join(paragraph.split()), ""]
        for parameter in command.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None:
                lines += [f"`{record[0]}`", f": {record[1]}", ""]
        section = titled(context.command_path.replace(" ", "-"), context.command_path)
        section += self.parse_text_to_nodes("\n".join(lines))
        return section


class TwistdOptions(SphinxDirective):
    """``{twistd-options}``: what ``twistd fedora-messaging --help`` says."""

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the directive."""
        from fedora_messaging.twisted.tap import Options

        options = Options()
        text = options.getUsage(width=100).partition("\n")[2].strip("\n")
        text = f"twistd [options of twistd] fedora-messaging [options]\n\n{text}"
        section = titled("twistd-fedora-messaging", "twistd fedora-messaging")
        section += nodes.literal_block(text, text, language="text")
        return [section]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("config-key", ConfigKey)
    app.add_directive("command-line", CommandLine)
    app.add_directive("twistd-options", TwistdOptions)
    app.connect("env-check-consistency", _all_keys_have_entries)
    return {"parallel_read_safe": False}
