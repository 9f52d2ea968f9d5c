# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Faults of the network, made on loopback."""

from .process import ProxyProcess
from .proxy import Proxy
from .witness import Change, Witness

__all__ = ["Change", "Proxy", "ProxyProcess", "Witness"]
