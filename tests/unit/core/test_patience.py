# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""How long a broker may show nothing."""

from fedora_messaging._core.patience import Patience


def test_the_limit_grows_in_vain() -> None:
    """Each time the limit is reached the next one is twice as long, up to the cap."""
    patience = Patience(10.0, 60.0)
    limits = []
    for _ in range(5):
        limits.append(patience.limit)
        patience.reached()

    assert [10.0, 20.0, 40.0, 60.0, 60.0] == limits


def test_a_sign_of_life() -> None:
    """After a sign of life the limit is the first one again."""
    patience = Patience(10.0, 60.0)
    patience.reached()
    patience.reached()
    patience.rewarded()

    assert 10.0 == patience.limit
