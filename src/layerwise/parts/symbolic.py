"""A part's formula as trees, in which the part's own numbers are symbols: their values may change, the trees stay."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from layerwise.errors import FormulaError
from layerwise.formula import TracedNumber
from layerwise.parts.description import Description

Result = TypeVar("Result")


class Key:
    """A part as the key of a cache: equal where class and attributes are, but for those that are left out."""

    def __init__(self, part: Any, left_out: Collection[str] = ()) -> None:
        self.part = part
        self._values = (
            type(part),
            *(item if _is_hashable(item[1]) else id(item[1]) for item in vars(part).items() if item[0] not in left_out),
        )

    def __hash__(self) -> int:
        return hash(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self._values == other._values


def with_symbols(
    part: Description, always: Collection[str], reserved: Collection[str], make: Callable[[Any], Result]
) -> tuple[Result, tuple[str, ...]]:
    """Return what `make` makes of the part with symbols for its numbers, and their names.

    Where it does with a number what cannot be done with a symbol, such as comparing it, only those in `always` are
    symbols, and the others stand in the formula as they are.
    """
    settings = part.config()
    names = tuple(
        name
        for name, value in settings.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and name not in (*reserved, *always)
    )
    names += tuple(always)
    try:
        return make(_general(part, names)), names
    except (FormulaError, TypeError, ValueError):
        return make(_general(part, always)), tuple(always)


def _general(part: Description, names: Collection[str]) -> Any:
    general = copy.copy(part)
    for name in names:
        setattr(general, name, TracedNumber(name, float(getattr(part, name))))
    return general


_depths: WeakKeyDictionary[type, dict[str, int]] = WeakKeyDictionary()  # asked for at every step


def depth_of(kind: type, name: str) -> int:
    """Return how far from a class its method is defined: 0 is in the class itself."""
    known = _depths.setdefault(kind, {})
    if name not in known:
        known[name] = next(i for i, base in enumerate(kind.__mro__) if name in vars(base))
    return known[name]


def refuse_function(part: object, base: type) -> None:
    """Raise where a class of its own is given the function of a part without one."""
    if type(part) is not base:
        kind = type(part).__name__
        raise TypeError(f"{kind} takes no f=: define {kind}.f, or give the function to {base.__name__} itself")


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
