# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The publisher, without a broker."""

import pytest
from library.lend import lend, main
from library_messages import BookLentV1

from fedora_messaging.testing import mock_sends


def test_lend() -> None:
    """Lending a book publishes one message that says who has which."""
    with mock_sends(BookLentV1(body={"agent": "amy", "title": "Momo", "due": "2026-12-24"})):
        lend("amy", "Momo", "2026-12-24")


def test_main(capsys: pytest.CaptureFixture[str]) -> None:
    """The command says what was lent."""
    with mock_sends(BookLentV1):
        assert main(["amy", "Momo", "2026-12-24"]) == 0
    assert "amy has borrowed “Momo”" in capsys.readouterr().out


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments publish nothing."""
    with mock_sends():
        assert main(["amy"]) == 2
    assert "usage" in capsys.readouterr().err
