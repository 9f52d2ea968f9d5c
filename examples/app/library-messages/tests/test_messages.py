# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The schema and what it says about a message."""

from datetime import date

import jsonschema
import pytest
from library_messages import BookLentV1

from fedora_messaging import message

BODY = {"agent": "amy", "title": "Momo", "due": "2026-12-24"}


def test_valid() -> None:
    """A full body is valid."""
    BookLentV1(body=BODY).validate()


@pytest.mark.parametrize("name", BODY)
def test_required(name: str) -> None:
    """Nothing may be missing."""
    body = {key: value for key, value in BODY.items() if key != name}

    with pytest.raises(jsonschema.ValidationError, match=name):
        BookLentV1(body=body).validate()


def test_what_people_see() -> None:
    """The summary names reader, book and day."""
    lent = BookLentV1(body=BODY)

    assert str(lent.summary) == "amy has borrowed “Momo” until 2026-12-24"
    assert lent.usernames == ["amy"]
    assert lent.due == date(2026, 12, 24)


def test_registered() -> None:
    """Consumers find the class by the name that messages carry."""
    assert message.get_class("library.book.lent.v1") is BookLentV1
