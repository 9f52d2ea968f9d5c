# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The users and virtual hosts of `fedora-messaging broker`."""

import click
import pytest
from click.testing import CliRunner

from fedora_messaging.broker import Permissions, User
from fedora_messaging.cli._broker import command
from fedora_messaging.cli._broker_options import hide_password, read_users, read_vhosts


def test_nobody_and_nothing_given() -> None:
    """Without options it is the broker's own user, and the virtual host `/`."""
    assert (None, ("/",)) == (read_users((), ("/",)), read_vhosts(()))


def test_a_user_without_rights_named_may_do_everything() -> None:
    """A name and a password are enough."""
    assert {"bob": User("secret")} == read_users(["bob:secret"], ("/",))


def test_rights_hold_in_every_virtual_host() -> None:
    """The three expressions are for each virtual host; an empty one is no right."""
    permissions = Permissions("^a", "", ".*")

    assert {"bob": User("", {"x": permissions, "y": permissions})} == read_users(["bob::^a::.*"], ("x", "y"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--user", "bob"), "NAME:PASSWORD[:CONFIGURE:WRITE:READ]"),
        (("--user", "bob:canary:^a"), "not 3"),
        (("--user", "bob:canary:^a:^b"), "not 4"),
        (("--user", "bob:canary:^a:^b:^c:d"), "not 6"),
        (("--user", ":canary"), "the name is empty"),
        (("--user", "x" * 256 + ":canary"), "longer than 255"),
        (("--user", "bob:canary:(:^b:^c"), "CONFIGURE of user 'bob' is not a regular expression"),
        (("--user", "bob:canary:^a:^b:[canary"), "READ of user 'bob' is not a regular expression"),
        (("--user", "bob:canary", "--user", "bob:canary"), "'bob' is given twice"),
        (("--vhost", ""), "the name is empty"),
        (("--vhost", "x" * 256), "longer than 255"),
        (("--vhost", "x", "--vhost", "x"), "'x' is given twice"),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], text: str) -> None:
    """A wrong value is wrong usage, exit code 2; the error names the option, and shows no password."""
    result = CliRunner().invoke(command, ["--port", "0", *arguments])

    assert 2 == result.exit_code
    assert arguments[-2] in result.output
    assert text in " ".join(result.output.split())
    assert "canary" not in result.output


def test_errors_are_those_of_click() -> None:
    """So the command line shows them as it shows its own."""
    with pytest.raises(click.BadParameter):
        read_vhosts(("",))


@pytest.mark.parametrize("user", ["bob", "a b", "a@b", "a:b"])
def test_the_url_shows_the_user_alone(user: str) -> None:
    """Whatever the password was, it is not in the URL."""
    url = hide_password("amqp://x:can%40ary@[::1]:5672/%2F", user)

    assert url.endswith("@[::1]:5672/%2F")
    assert "can" not in url
