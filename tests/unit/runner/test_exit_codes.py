# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The exit codes that errors stand for."""

import pytest

from fedora_messaging import exceptions
from fedora_messaging._runner.callbacks import CallbackNotFound
from fedora_messaging._runner.exit_codes import exit_code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (CallbackNotFound("x"), 1),
        (exceptions.ConfigurationException("x"), 2),
        (exceptions.BadDeclaration("queue", "q", "x"), 10),
        (exceptions.ConsumeException("x"), 11),
        (exceptions.ConsumerCanceled("x"), 12),
        (RuntimeError("x"), 13),
        (exceptions.ConnectionException("x"), 14),
        (exceptions.PermissionException("queue", "q", "x"), 15),
        (exceptions.HaltConsumer(), 0),
        (exceptions.HaltConsumer(42), 42),
    ],
)
def test_exit_codes(error: Exception | None, code: int) -> None:
    """Every way a consumer ends has its exit code."""
    assert exit_code(error) == code
