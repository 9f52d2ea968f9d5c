# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Which callables are callbacks, found out before the first message, and which thread they belong to."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import inlineCallbacks

from ..._reporting.text import name_of, shown

__all__ = ["resolve", "runs_on_reactor", "uses_inline_callbacks"]


def _made_inline() -> Any:
    @inlineCallbacks
    def inline() -> Any:
        yield

    return inline


#: Of every function that ``inlineCallbacks`` makes.
_INLINE = _made_inline().__code__


def resolve(callback: Any) -> Callable[[Any], Any]:
    """The callable to use: a class is instantiated, anything else must be callable with one argument.

    Builtins, functions of C and others that Python knows no signature of are taken at their word.

    Raises:
        ValueError: It is not callable, or not with a message alone; it is a class whose instances are not
            callable, or that cannot be made without arguments; it is a generator function or an async
            generator function, which nobody would run.
        Exception: What the class raised when it was instantiated.
    """
    if isinstance(callback, type):
        if not any("__call__" in vars(base) for base in callback.__mro__):
            raise ValueError(f"the callback class {callback.__name__} does not implement __call__")
        problem = _misfit(callback)
        if problem:
            raise ValueError(
                f"the callback class {callback.__name__} cannot be made without arguments ({problem}); give "
                "an instance of it"
            )
        callback = callback()
    if not callable(callback):
        raise ValueError(
            "the callback must be a function or a class that implements __call__, "
            f"not {type(callback).__name__}"
        )
    called = _called(callback)
    if not callable(called):
        raise ValueError(f"the __call__ of the callback {_described(callback)} is a {name_of(called)}")
    if _is_generator(called):
        raise ValueError(
            f"the callback {_described(callback)} is a generator function, which nobody would run; make it a "
            "coroutine function, or use twisted.internet.defer.inlineCallbacks"
        )
    problem = _misfit(called, object())
    if problem:
        raise ValueError(
            f"the callback {_described(callback)} must be callable with one argument, the message: {problem}"
        )
    return callback  # type: ignore[no-any-return]


def runs_on_reactor(callback: Callable[[Any], Any]) -> bool:
    """Whether calling it gives an awaitable of the reactor's, which is known before the call.

    Coroutine functions, objects with ``async def __call__``, partials of them and functions made by
    ``inlineCallbacks`` run on the reactor; everything else may block and runs in a thread of its own. What
    it returns is awaited on the reactor if it can be awaited.
    """
    called = _innermost(callback)
    return (
        inspect.iscoroutinefunction(called)
        or _is_iterable_coroutine(called)
        or inspect.isgeneratorfunction(_unwrapped(called))
    )


def uses_inline_callbacks(callback: Callable[[Any], Any]) -> bool:
    """Whether it was made by ``inlineCallbacks``, whose Deferreds belong to the reactor."""
    called = _innermost(callback)
    return not inspect.iscoroutinefunction(called) and not _is_iterable_coroutine(called)


def _innermost(callback: Any) -> Any:
    while isinstance(callback, functools.partial):
        callback = callback.func
    return _called(callback)


def _called(callback: Any) -> Any:
    """What a call of it calls: a function or a partial itself, or the bound ``__call__`` of an object."""
    if inspect.isroutine(callback) or isinstance(callback, functools.partial):
        return callback
    if inspect.iscoroutinefunction(callback):  # AsyncMock, and what is marked as one
        return callback
    kind = type(callback)
    call = inspect.getattr_static(kind, "__call__")
    bind = getattr(type(call), "__get__", None)
    return call if bind is None else bind(call, callback, kind)


def _unwrapped(called: Any) -> Any:
    try:
        return inspect.unwrap(called)
    except ValueError:  # it wraps itself
        return called


def _is_generator(called: Any) -> bool:
    return inspect.isasyncgenfunction(called) or (
        inspect.isgeneratorfunction(called) and not _is_iterable_coroutine(called)
    )


def _is_iterable_coroutine(called: Any) -> bool:
    """Whether it is a generator function that ``types.coroutine`` has made awaitable."""
    code = getattr(getattr(called, "__func__", called), "__code__", None)
    return bool(getattr(code, "co_flags", 0) & inspect.CO_ITERABLE_COROUTINE)


def _misfit(called: Any, *arguments: object) -> str:
    """Why it cannot be called with these arguments; "" when it can, or when nobody knows.

    What a decorator made has the signature of its own: it may give its function more than it is given.
    """
    function = called
    while isinstance(function, functools.partial):
        function = function.func
    passes_on = getattr(getattr(function, "__func__", function), "__code__", None) is _INLINE
    try:
        signature = inspect.signature(called, follow_wrapped=passes_on)
    except Exception:  # ValueError and TypeError of builtins; whatever an object's own __signature__ raises
        return ""
    try:
        signature.bind(*arguments)
    except TypeError as error:
        return f"its signature is {signature}: {error}"
    return ""


def _described(callback: Any) -> str:
    try:
        return str(getattr(callback, "__qualname__", None) or f"of the class {name_of(callback)}")
    except Exception as error:  # of its own __getattr__
        return f"of the class {name_of(callback)} ({shown(error, 100)})"
