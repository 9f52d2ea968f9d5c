# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""What is sent with the body of a message: its headers, its id, its priority and other AMQP properties."""

from __future__ import annotations

import uuid
from typing import cast

import pika

from .headers import HeaderType

__all__ = ["Envelope"]


class Envelope:
    """The AMQP properties of a message. They are made only on access: encoding does not need them.

    Args:
        headers: The headers of a new message, which also gets an id.
        properties: The AMQP properties of a received message, which are used as they are.
    """

    def __init__(self, headers: HeaderType | None, properties: pika.BasicProperties | None = None) -> None:
        self.__properties = properties
        self.__priority: int | None = None
        if properties is None:
            self.__headers: HeaderType = {} if headers is None else headers
            self.__id: str | None = str(uuid.uuid4())
        else:
            if properties.headers is None:
                properties.headers = {}
            self.__headers = properties.headers

    @property
    def _properties(self) -> pika.BasicProperties:
        if self.__properties is None:
            self.__properties = pika.BasicProperties(
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=2,
                message_id=self.__id,
                priority=self.__priority,
                headers=self.__headers,
            )
        return self.__properties

    @_properties.setter
    def _properties(self, properties: pika.BasicProperties) -> None:
        self.__properties = properties
        self._headers = {} if properties.headers is None else properties.headers

    def _basics(self) -> tuple[str | None, int | None] | None:
        """Return id and priority as long as the AMQP properties have not been made, which hold them then."""
        return (self.__id, self.__priority) if self.__properties is None else None

    @property
    def _headers(self) -> HeaderType:
        return self.__headers

    @_headers.setter
    def _headers(self, headers: HeaderType) -> None:
        self.__headers = headers
        if self.__properties is not None:
            self.__properties.headers = headers

    @property
    def id(self) -> str | None:
        """The message's id."""
        if self.__properties is None:
            return self.__id
        return cast("str | None", self.__properties.message_id)

    @id.setter
    def id(self, value: str | None) -> None:
        if self.__properties is None:
            self.__id = value
        else:
            self.__properties.message_id = value

    @property
    def priority(self) -> int:
        """The message's priority, 0 when it has none. Settable."""
        value = self.__priority if self.__properties is None else self.__properties.priority
        return value or 0

    @priority.setter
    def priority(self, value: int | None) -> None:
        value = value or 0
        if self.__properties is None:
            self.__priority = value
        else:
            self.__properties.priority = value
        self.__headers["priority"] = value
