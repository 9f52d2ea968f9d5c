# SPDX-FileCopyrightText: 2026 Contributors to the fedora-messaging project
# SPDX-License-Identifier: MIT
"""Messages whose body is a class: of pydantic, msgspec or attrs, a dataclass or a TypedDict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from ._message.headers import HeaderType
from ._typed.model import BodyModel, LazySchema, argument_of
from .exceptions import ValidationError, excerpt

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Typed"]

T = TypeVar("T")


class Typed(Generic[T]):
    """A base class that names the class of the body.

    Put it before :class:`~fedora_messaging.message.Message`: ``class BuildV1(Typed[Build], Message)``
    generates ``body_schema`` from ``Build``, and has :meth:`of` and :attr:`data`. ``body`` is still the
    dictionary that is sent, so nothing changes for consumers that do not know the class.

    The schema is generated when it is first needed, by pydantic for its own classes and by msgspec for all
    others. If ``fedora-messaging schemas freeze`` has written a file, the schema is read from it instead. A
    message class that defines ``body_schema`` itself keeps it.

    You may write the name of the class (``Typed["package.models.Build"]``): its module is then imported
    when the class is first needed.

    Attributes:
        topic_pattern: The topics of these messages, with ``*`` for one word and ``#`` for any number. It is
            only used for documentation (``fedora-messaging schemas export``).

    Raises:
        TypeError: When a subclass is defined: it names no class, or one that is not written as a JSON
            object.
        ImportError: When a subclass is defined: msgspec is needed but not installed, and the schema is not
            frozen.
    """

    topic_pattern: str = ""

    if TYPE_CHECKING:
        body: Any
        body_schema: dict[str, Any]
    _model_of_body: ClassVar[BodyModel | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        model = argument_of(cls, Typed)
        if model is None:
            if Typed in cls.__bases__:
                raise TypeError(f"{cls.__qualname__} names no class of its body: Typed[...]")
        elif not isinstance(model, TypeVar):  # the one of a generic class, whose subclasses say
            cls._model_of_body = BodyModel(cls, model)
            if cls._model_of_body.makes_schema:
                cls.body_schema = cast(Any, LazySchema(cls._model_of_body))

    @classmethod
    def of(
        cls,
        data: T,
        *,
        topic: str | None = None,
        headers: HeaderType | None = None,
        severity: int | None = None,
    ) -> Self:
        """Make a message from a value of the class.

        Args:
            data: The value. It is converted to JSON types at once, and is not kept.
            topic: As for :class:`~fedora_messaging.message.Message`.
            headers: More headers.
            severity: The severity.

        Raises:
            ValidationError: The value is not an instance of the class, or cannot be written as a JSON object.
            ImportError: A library that the class needs is not installed.
        """
        model = cls._body_model()
        adapter = model.adapter
        try:
            body = adapter.dump(data)
        except (TypeError, ValueError) as error:
            raise ValidationError(f"{cls.__qualname__}.of takes a {model.name}: {excerpt(error)}") from error
        if type(body) is not dict:
            raise ValidationError(
                f"The body of a message is a JSON object, and {model.name} is written as {excerpt(body)}"
            )
        return cast(Any, cls)(body=body, topic=topic, headers=headers, severity=severity)  # type: ignore[no-any-return]

    @property
    def data(self) -> T:
        """The body as a value of the class. It is created when it is first read.

        Nothing is coerced: a string does not become a number. A received message has already been checked
        against the schema. Changing the value does not change the body.

        Raises:
            ValidationError: The class does not accept the body. The error says whether the schema accepts it.
            ImportError: A library that the class needs is not installed.
        """
        body, made = self.__dict__.get("_data", (None, None))
        if made is None or body is not self.body:
            made = self.__converted()
            self.__dict__["_data"] = self.body, made
        return cast(T, made)

    def __converted(self) -> Any:
        model = self._body_model()
        adapter = model.adapter
        try:
            return adapter.load(self.body)
        except Exception as error:
            try:
                cast(Any, self).validate()
            except Exception as own:
                raise ValidationError(own) from own
            name = type(self).__qualname__
            raise ValidationError(
                f"The body is valid by the schema of {name}, but {model.name} refuses it: schema and class "
                f"differ: {excerpt(error)}"
            ) from error

    @classmethod
    def _body_model(cls) -> BodyModel:
        """Return what is known about the class of the body.

        Raises:
            TypeError: The class of messages names none.
        """
        if cls._model_of_body is None:
            raise TypeError(f"{cls.__qualname__} names no class of its body: Typed[...]")
        return cls._model_of_body
