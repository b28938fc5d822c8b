"""What is written as a formula: f is plain NumPy on each number by itself, and everything else is made from it.

    f(self, x) of a class   ──► trace ──► trees, in which the part's own numbers are symbols     formulas()
    f of a function         ──► trace ──►                     what these numbers are             numbers()

The numbers may change while the trees stay. Those of a class are kept, and found again for a part whose class and
attributes, and what its formulas refer to, are the same.
"""

from __future__ import annotations

import copy
import keyword
import reprlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from types import FunctionType, MappingProxyType, ModuleType
from typing import Any, ClassVar, Self

import numpy as np

from layerwise.errors import FormulaError
from layerwise.formula import TracedNumber, Tree, derivative, replace, shown, trace
from layerwise.parts.bound import filled
from layerwise.parts.description import Description

Traces = tuple[Any, Tree | None, tuple[str, ...]]  # f, its derivative where one is given, the symbols of numbers

_OF_FUNCTION = ("f", "derivative", "state_names", "name", "values")  # arguments of a part that is no class of its own
_NUMBERS = (int, float, np.number)
_MOST = 256
_known: dict[tuple[object, ...], Any] = {}
slope_of = lru_cache(maxsize=_MOST)(derivative)


class Symbolic(Description):
    """Base of what may be written as a formula: activations, losses, penalties, optimizers and schedules."""

    base: ClassVar[type[Symbolic]]  # which of the five it is
    arguments: ClassVar[tuple[str, ...]] = ()  # of f
    slope_arguments: ClassVar[tuple[str, ...]] = ()  # of its derivative
    settings: ClassVar[tuple[str, ...]] = ()  # arguments of every part of the base that are symbols in its trees
    reserved: ClassVar[tuple[str, ...]] = ()  # what none of a part's own numbers can be called
    taken: ClassVar[frozenset[str]] = frozenset()  # the base's attributes that are no numbers
    methods: ClassVar[tuple[str, ...]] = ()  # on arrays, which are called in place of f where a class has its own
    beside: ClassVar[tuple[str, ...]] = ()  # what belongs to these methods, or to f
    not_read: ClassVar[tuple[str, ...]] = ()  # the attributes that no formula depends on
    f: Any = None
    derivative: Any = None
    name: str = ""  # of a part that is no class of its own, whose f is trees,
    values: Mapping[str, float] = MappingProxyType({})  # and the numbers in them
    _constructor: Any = None  # of a class that has a formula of its own, and none of the base's other arguments

    def __init_subclass__(cls) -> None:
        """Let a class's own f take the place of what it inherits, and leave the arguments of f to the base."""
        super().__init_subclass__()
        if Symbolic in cls.__bases__:
            cls.base = cls
            attributes = {name: value for kind in reversed(cls.__mro__) for name, value in vars(kind).items()}
            taken = (name for name, value in attributes.items() if not isinstance(value, _NUMBERS))
            cls.taken = frozenset(taken) - {*cls.settings}
            return
        inherited_base = next(kind for kind in cls.__mro__ if Symbolic in kind.__bases__)
        for name, value in vars(cls).items():
            _check_number(cls, inherited_base, name, value)
        if cls.__init__ is cls.base.__init__ and cls.base._constructor is not None:
            cls.__init__ = cls.base._constructor  # type: ignore[method-assign]
        for name in ("derivative", *cls.methods, *cls.beside):
            inherited = _attribute(cls.base, name)
            if _attribute(cls, name) is not inherited and depth_of(cls, "f") < depth_of(cls, name):
                setattr(cls, name, inherited)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.values:  # of a part without its class
            self.values = {**self.values, name: float(value)}
            return
        if name in self.taken:  # asked at every step of an optimizer
            _check_number(type(self), type(self).base, name, value)
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Return a number of a part without its class, which is no attribute."""
        values = self.__dict__.get("values", {})
        if name in values:
            return values[name]
        return object.__getattribute__(self, name)  # raises what is to be said

    def _take(self, f: Any, derivative: Any = None, name: str = "", values: Mapping[str, float] | None = None) -> None:
        """Keep the formula of a part that is no class of its own."""
        base = type(self).base
        if type(self) is base and f is None:
            own = ", ".join(("self", *self.arguments))
            raise TypeError(f"{base.__name__} needs a formula: {base.of_function}, or a class of it with f({own})")
        given = {"f": f, "derivative": derivative, "values": values, "name": None if name == base.__name__ else name}
        if type(self) is not base:
            kind = type(self).__name__
            for argument in (argument for argument, value in given.items() if value is not None):
                raise TypeError(
                    f"{kind} takes no {argument}=: define {kind}.f, or give the function to {base.__name__} itself"
                )
            return
        if not is_name(name):
            raise ValueError(
                f"{base.__name__}: name must be a word of letters, digits and _, and no keyword, as a class has one; "
                f"got {reprlib.repr(name)}"
            )
        self.name, self.values = name, dict(values or {})
        wrong = [own for own in self.values if not is_name(own) or own in (*self._reserved(), *self.settings)]
        if wrong:
            raise ValueError(f"{name}: a number in values cannot be called {wrong[0]!r}; got {reprlib.repr(values)}")
        self.f = self._as_trees(f, name)
        self.derivative = self._as_slope(derivative, f"{name}, derivative")

    def config(self) -> dict[str, Any]:
        """Return the arguments that construct this object again."""
        own, kind = super().config(), type(self)
        if kind is kind.base or kind.__init__ is not kind.base.__init__:
            return own
        return {name: value for name, value in own.items() if name not in _OF_FUNCTION}

    def _as_trees(self, f: Any, name: str) -> Any:
        return f if isinstance(f, Tree) else trace(f, *self.arguments, name=name)

    def _as_slope(self, slope: Any, name: str) -> Tree | None:
        if slope is None or isinstance(slope, Tree):
            return slope
        return trace(slope, *self.slope_arguments, name=name)

    def __repr__(self) -> str:
        if type(self) is not type(self).base or self.f is None:
            return super().__repr__()
        texts = [*self._shown_settings(), *(f"{name}={value!r}" for name, value in self.values.items())]
        if self.name == type(self).__name__ and isinstance(self.f, Tree):
            texts.append(f"{'f=' if texts else ''}{shown(replace(self.f, self.values))}")
        return f"{self.name}({', '.join(texts)})"

    def _shown_settings(self) -> Iterator[str]:
        """Yield the other arguments of a part that is no class of its own, as its repr has them."""
        yield from ()

    @property
    def has_formula(self) -> bool:
        """Whether it is computed by its formula, and not by methods on arrays of its class's own."""
        kind = type(self)
        return self.f is not None and all(getattr(kind, name) is getattr(kind.base, name) for name in self.methods)

    def formulas(self) -> tuple[Tree, Tree]:
        """Return f and its derivative as trees, in which the part's own numbers are symbols.

        Raises
        ------
        FormulaError
            `f` has what no tree can express; says in which line.
        """
        f, slope, _ = self._traced()
        return f, slope_of(f, self.arguments[0]) if slope is None else slope

    def numbers(self) -> dict[str, float]:
        """Return the part's own numbers, by their names in the trees."""
        return self.values_of(self._traced()[2])

    def values_of(self, names: Collection[str]) -> dict[str, float]:
        """Return what these of the part's numbers are."""
        own = self.values
        return {name: float(own[name]) if name in own else self._number(name) for name in names}

    def trees(self) -> tuple[Tree, Tree]:
        """Return f and its derivative as trees of their arguments alone."""
        f, slope, names = self._traced()
        slope = slope_of(f, self.arguments[0]) if slope is None else slope
        numbers = tuple(self.values_of(names).items())
        return filled(f, numbers), filled(slope, numbers)

    def _traced(self) -> Traces:
        """Return the formulas, and the names of the numbers that are symbols in them."""
        if type(self) is type(self).base and self.f is not None:
            return self.f, self.derivative, (*self.settings, *self.values)
        return _remembered(self.read_by_formulas(), self._trace)  # type: ignore[no-any-return]

    def read_by_formulas(self) -> tuple[object, ...]:
        """Return all that the formulas may depend on: of a class, with a hash."""
        if type(self) is type(self).base:
            return self.f, self.derivative, *self.values.items(), *(getattr(self, name) for name in self.settings)
        own = ((name, _fixed(value)) for name, value in vars(self).items() if name not in self.not_read)
        return type(self), *own, *_state_of_class(type(self))

    def _trace(self) -> Traces:
        """Return the formulas of a class with symbols for as many of the part's numbers as they allow.

        Where they do with a number what cannot be done with a symbol, such as comparing it, all stand as they are.
        """
        kind = type(self).__name__
        if self.f is None:
            arrays = " and ".join(self.methods[:2])
            raise FormulaError(
                f"{kind} has no formula: define f(self, {', '.join(self.arguments)}), or {arrays} on arrays"
            )
        with suppress(Exception):
            return self._with_symbols(self._symbols())
        return self._with_symbols(self._always())

    def _with_symbols(self, names: tuple[str, ...]) -> Traces:
        kind, part = type(self).__name__, self._in_symbols(names)
        f = part._as_trees(part.f, f"{kind}.f")
        return f, part._as_slope(part.derivative, f"{kind}.derivative"), names

    def _in_symbols(self, names: tuple[str, ...]) -> Self:
        """Return a copy with symbols in place of these numbers."""
        part = copy.copy(self)
        for name in names:
            setattr(part, name, TracedNumber(name, self._number(name)))
        return part

    def _number(self, name: str) -> float:
        return float(getattr(self, name))

    def _symbols(self) -> tuple[str, ...]:
        """Return the names of the arguments that may be symbols."""
        numbers = (name for name, value in self.config().items() if type(value) in (int, float))
        return (*(name for name in numbers if name not in (*self._reserved(), *self._always())), *self._always())

    def _reserved(self) -> tuple[str, ...]:
        """Return the symbols that are no numbers of the part's: a number of such a name stands as it is."""
        return self.reserved

    def _always(self) -> tuple[str, ...]:
        """Return the names of the arguments that are symbols in any case."""
        return ()

    def traced_slope(self, method: str) -> Tree:
        """Return a formula of the class beside f and its derivative, with the same numbers as symbols."""
        names = self._traced()[2]

        def find() -> Tree:
            part = self._in_symbols(names)
            return trace(getattr(part, method), *self.slope_arguments, name=f"{type(self).__name__}.{method}")

        return _remembered((method, *self.read_by_formulas()), find)  # type: ignore[no-any-return]

    def _refuse_without_f(self, method: str) -> None:
        if self.f is None:
            f = f"f({', '.join(self.arguments)})"
            raise NotImplementedError(f"{type(self).__name__} must define {f}, or {method} on arrays")


def _remembered(key: tuple[object, ...], find: Callable[[], Any]) -> Any:
    """Return what was found for this key before, or is found now."""
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST:
            _known.pop(next(iter(_known)), None)
        found = _known[key] = find()
    return found


def is_name(name: object) -> bool:
    """Return whether a part can be called so in every language."""
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name) and len(name) <= 100


def _check_number(kind: type[Symbolic], base: type[Symbolic], name: str, value: object) -> None:
    """Refuse a number in the place of something else that the base has under that name."""
    if name in base.taken and isinstance(value, _NUMBERS) and not isinstance(value, bool):
        raise AttributeError(
            f"{kind.__name__}: a number cannot be called {name!r}, which {base.__name__} has for something else: "
            f"give it another name; got {name} = {value!r}"
        )


def depth_of(kind: type, name: str) -> int:
    """Return how far from a class its attribute is defined: 0 is in the class itself."""
    return next(i for i, base in enumerate(kind.__mro__) if name in vars(base))


def _attribute(kind: type, name: str) -> Any:
    """Return an attribute of a class as it is defined, without its descriptor's work."""
    return vars(kind.__mro__[depth_of(kind, name)])[name]


# ---------------------------------------------------------------- what a formula may depend on


_LARGE = 1000  # numbers of an array, items of a list
_PLAIN = (float, int, bool, str, FunctionType, type(None))


def _fixed(value: Any, depth: int = 0) -> object:
    """Return a value as what it is now, with a hash; of what is large, or lies deep, which object it is."""
    if type(value) in _PLAIN:
        return type(value), value  # 1 is True, and 1.0
    if isinstance(value, np.ndarray):
        small = value.size <= _LARGE and not value.dtype.hasobject
        return (value.dtype.str, value.shape, value.tobytes()) if small else id(value)
    if isinstance(value, (list, tuple, set, dict)):
        if len(value) > _LARGE or depth > 3:
            return id(value)
        items = value.items() if isinstance(value, dict) else value
        return type(value), tuple(_fixed(item, depth + 1) for item in items)
    try:
        hash(value)
    except TypeError:
        return _fixed(getattr(value, "__dict__", None) or id(value), depth + 1)
    return value


@lru_cache(maxsize=_MOST)
def own_classes(kind: type) -> tuple[type, ...]:
    """Return the classes of the user's own that it is derived from."""
    return tuple(base for base in kind.__mro__ if base.__module__.partition(".")[0] not in ("layerwise", "builtins"))


def _state_of_class(kind: type) -> Iterator[object]:
    """Yield the attributes of the user's own classes, and the globals and closures that their functions refer to."""
    for base in own_classes(kind):
        for name, value in vars(base).items():
            if not name.startswith("__"):
                yield name, _fixed(value)
                if isinstance(value, FunctionType):
                    yield from map(_fixed, _references(value))


def _references(function: FunctionType) -> Iterator[object]:
    own = function.__globals__
    for name in function.__code__.co_names:
        if name in own and not isinstance(own[name], ModuleType):
            yield own[name]
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # where it is empty
            yield cell.cell_contents
