# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Faults of the network, made on loopback."""

from .frames import FrameProxy, Method
from .process import ProxyProcess
from .proxy import Proxy
from .witness import Change, Witness

__all__ = ["Change", "FrameProxy", "Method", "Proxy", "ProxyProcess", "Witness"]
