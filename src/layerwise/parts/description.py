"""What every part of a network has in common: it is described by its constructor's arguments, and by nothing else.

A layer, loss, penalty, optimizer, initializer or scaler keeps each argument under the argument's own name.
So one function prints any of them, one writes any of them to a model file, and one finds any of them by name.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, Self, TypeVar, overload
from weakref import WeakKeyDictionary

import numpy as np

from layerwise.errors import UnknownNameError, nearest


class Description:
    """Base of all parts of a network: arguments in, the same arguments out.

    A subclass of your own gets its `repr` and its place in a model file for free, as long as its `__init__`
    stores every argument under the argument's name.

    Attributes
    ----------
    of_function : str
        How a plain function becomes such a part, for errors; empty where none does.
    """

    of_function: ClassVar[str] = ""

    def config(self) -> dict[str, Any]:
        """Return the arguments that construct this object again."""
        names = parameters_of(type(self))
        missing = [name for name in names if not hasattr(self, name)]
        if missing:
            kind, name = type(self).__name__, missing[0]
            raise TypeError(f"{kind}.__init__ must keep its argument {name!r} under that name: self.{name} = {name}")
        return {name: getattr(self, name) for name in names}

    def __repr__(self) -> str:
        shown, parameters = [], parameters_of(type(self))
        for name, value in self.config().items():
            parameter = parameters[name]
            if parameter.default is parameter.empty:
                shown.append(_shown(value))
            elif not _same(value, parameter.default):
                shown.append(f"{name}={_shown(value)}")
        return f"{type(self).__name__}({', '.join(shown)})"


_known: WeakKeyDictionary[type, dict[str, inspect.Parameter]] = WeakKeyDictionary()  # asked for at every run


def parameters_of(kind: type) -> dict[str, inspect.Parameter]:
    """The arguments that a class's constructor has, by name."""
    arguments = _known.get(kind)
    if arguments is None:
        arguments = _known[kind] = _look_up(kind)
    return arguments


def _look_up(kind: type) -> dict[str, inspect.Parameter]:
    if kind.__init__ is object.__init__:  # type: ignore[misc]
        return {}
    return {
        name: parameter
        for name, parameter in list(inspect.signature(kind.__init__).parameters.items())[1:]  # type: ignore[misc]
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<array {value.shape}>" if value.size > 6 else f"array({value.tolist()})"
    return repr(value)


def _same(value: Any, default: Any) -> bool:
    if isinstance(value, np.ndarray) or isinstance(default, np.ndarray):
        return value is default
    if isinstance(value, Description) and isinstance(default, str):
        return _plain(type(value).__name__) == _plain(default) and repr(value).endswith("()")
    return bool(value == default)


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()


Part = TypeVar("Part", bound=Description)
Value = TypeVar("Value")


def resolve(argument: str, value: object, base: type[Part], known: Iterable[type[Part]]) -> Part:
    """An instance of `base` from an instance, or from the name of one of the `known` classes.

    Names are matched without regard to case and underscores: ``"he_normal"`` is ``HeNormal()``.

    Raises
    ------
    UnknownNameError
        The name is not known; the nearest one is suggested.
    TypeError
        Neither an instance nor a name came; says what did.
    """
    classes = {kind.__name__: kind for kind in known}
    if isinstance(value, base):
        return value
    if isinstance(value, str):
        for name, kind in classes.items():
            if _plain(name) == _plain(value):
                return kind()
        raise UnknownNameError(f"{argument}={value!r} is not known; {nearest(value, classes)}")
    if isinstance(value, type) and issubclass(value, base):
        raise TypeError(f"{argument} is the class {value.__name__}; give an instance: {value.__name__}(...)")
    raise TypeError(
        f"{argument} must be an instance of {base.__name__} or one of the names {', '.join(sorted(classes))}; "
        f"got {type(value).__name__}{way_of_function(value, base)}"
    )


def is_function(value: object) -> bool:
    """Whether it is a plain function, and no class or part that can be called too."""
    return inspect.isroutine(value) or isinstance(value, (functools.partial, np.ufunc))


def way_of_function(value: object, base: type[Description]) -> str:
    """What an error about a function says besides: how it becomes a part, where it does."""
    form = base.of_function if is_function(value) else ""
    return f"; {form} makes one of a function f" if form else ""


def number(
    owner: object,
    name: str,
    value: float,
    *,
    above: float | None = None,
    least: float | None = None,
    below: float | None = None,
    most: float | None = None,
) -> float:
    """`value` as a float, checked against its bounds; the error names the owner, the argument and the bound."""
    value = _scalar(value)
    bounds = (
        [
            (above is None or value > above, f"above {above}"),
            (least is None or value >= least, f"at least {least}"),
            (below is None or value < below, f"below {below}"),
            (most is None or value <= most, f"at most {most}"),
        ]
        if _is_number(value)
        else [(False, "a finite number")]
    )
    broken = [words for holds, words in bounds if not holds]
    if broken:
        raise ValueError(f"{_owner(owner)}: {name} must be {' and '.join(broken)}; got {value!r}")
    return float(value)


def whole_number(owner: object, name: str, value: int, *, least: int) -> int:
    """`value` as an int, checked to be whole and no less than `least`."""
    value = _scalar(value)
    is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_whole or value < least:
        raise ValueError(f"{_owner(owner)}: {name} must be a whole number, at least {least}; got {value!r}")
    return int(value)


def flag(owner: object, name: str, value: bool) -> bool:
    """`value` as a bool, checked to be True or False, or 1 or 0."""
    value = _scalar(value)
    if not isinstance(value, (bool, int, np.bool_, np.integer)) or value not in (0, 1):
        raise ValueError(f"{_owner(owner)}: {name} must be True or False; got {value!r}")
    return bool(value)


def _scalar(value: Any) -> Any:
    """The number in an array without dimensions, such as a reduction of NumPy's may give."""
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _owner(owner: object) -> str:
    return owner if isinstance(owner, str) else type(owner).__name__


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        return False
    size = abs(value) if isinstance(value, int) else abs(float(value))  # a large int has no float
    return size <= sys.float_info.max  # false for NaN


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
