# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""The blocking client without a broker."""

import pickle

import pytest

from fedora_messaging import api


@pytest.mark.parametrize("name", ["publish", "consume", "twisted_publish", "twisted_consume"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_functions_of_api_can_be_pickled(name: str, protocol: int) -> None:
    """A worker process that is spawned is handed them by pickling, and uses its own."""
    function = getattr(api, name)

    assert function == pickle.loads(pickle.dumps(function, protocol))
