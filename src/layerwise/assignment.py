"""Attributes that may be assigned: a part by its name too, checked at once; and those that may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value = TypeVar("Value")


class Attribute(Generic[Value]):
    """An attribute that is checked when it is assigned.

    Parameters
    ----------
    check : function
        Gives what is kept, or raises.
    reason : str
        Why it can be set but once, by the constructor; empty: it can be set again.
    """

    def __init__(self, check: Callable[[Any], Value], reason: str = "") -> None:
        self._check, self._reason = check, reason

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> Self | Value:
        if instance is None:
            return self
        try:
            value: Value = vars(instance)[self._name]
        except KeyError:
            raise AttributeError(f"{owner.__name__} has no {self._name} yet") from None
        return value

    def __set__(self, instance: object, value: Any) -> None:
        if self._reason and self._name in vars(instance):
            raise AttributeError(f"{type(instance).__name__}.{self._name} cannot be set: {self._reason}")
        vars(instance)[self._name] = self._check(value)
