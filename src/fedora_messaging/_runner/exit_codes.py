# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The exit codes that errors stand for, the same for every command and for twistd."""

from __future__ import annotations

from .. import exceptions
from .callbacks import CallbackNotFound

__all__ = ["exit_code"]

_CALLBACK_RAISED = 13

#: The first entry whose class fits decides.
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (CallbackNotFound, 1),
    (exceptions.ConfigurationException, 2),
    (exceptions.CallbackRaised, _CALLBACK_RAISED),
    (exceptions.Nack, _CALLBACK_RAISED),
    (exceptions.BadDeclaration, 10),
    (exceptions.PermissionException, 15),
    (exceptions.ConsumerCanceled, 12),
    (exceptions.ConnectionException, 14),
    (exceptions.BaseException, 11),
)


def exit_code(error: BaseException | None) -> int:
    """The exit code of a process that ends with an error; None: without one."""
    if error is None:
        return 0
    kind = type(error)  # isinstance() asks the error's __class__, which may raise
    if issubclass(kind, exceptions.HaltConsumer):
        code = getattr(error, "exit_code", 0)
        return int(code) if issubclass(type(code), int) else 0 if code is None else 1  # as sys.exit() has it
    return next((code for base, code in _CODES if issubclass(kind, base)), _CALLBACK_RAISED)
