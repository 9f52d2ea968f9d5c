# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Tracebacks of exceptions whose text a peer may have written."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedora_messaging._reporting.log import SafeLog
from fedora_messaging._reporting.text import traceback_of

FORGED = "x\n2026-01-01 root CRITICAL something burns\x1b[31m\u202e\x85\r\x00"


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The same exception, with a traceback."""
    try:
        raise error from cause
    except BaseException as caught:
        return caught


def noted() -> BaseException:
    """An exception with a note."""
    error = ValueError("a\nb")
    vars(error)["__notes__"] = [FORGED]
    return error


@pytest.mark.parametrize(
    "error",
    [
        raised(ValueError(FORGED)),
        raised(ValueError("plain"), ValueError(FORGED)),
        raised(type(FORGED.replace("\0", ""), (ValueError,), {})()),
        raised(noted()),
    ],
)
def test_no_line_of_a_traceback_passes_for_a_log_line(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Control characters of exception texts are escaped, and lines that such texts add are indented."""
    SafeLog("fedora_messaging.tests").error("It failed.", error=error)
    (record,) = caplog.records
    lines = logging.Formatter("%(message)s").format(record).split("\n")

    assert lines[0] == "It failed."
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith("2026")]


def test_an_ordinary_traceback_stays_as_it_is() -> None:
    """What Python writes of an exception with one line of text is not changed."""
    text = traceback_of(raised(KeyError("no")))

    assert text.startswith("Traceback (most recent call last):\n  File ")
    assert text.endswith("KeyError: 'no'")


@given(st.text())
def test_whatever_the_text(text: str) -> None:
    """Every line of a traceback is printable, whatever the exception says."""
    lines = traceback_of(raised(ValueError(text))).replace("\t", "").split("\n")

    assert all(line.isprintable() for line in lines)
