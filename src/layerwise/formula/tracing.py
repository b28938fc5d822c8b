"""A formula is plain NumPy. Called with arrays it computes; called with symbols it becomes a tree.

def f(x):                              f(array)            ─► numbers
    return 1 / (1 + np.exp(-x))        trace(f, "x")       ─► Tree
"""

from __future__ import annotations

import inspect
import linecache
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from layerwise.errors import FormulaError
from layerwise.formula.tree import MOST_DEPTH, MOST_PARTS, ONE, OPERATIONS, ZERO, Tree, number, operation, symbol

# What is written with other functions of NumPy's.
_OTHERS: dict[Any, Callable[..., Any]] = {
    np.positive: lambda x: x,
    np.reciprocal: lambda x: 1 / x,
    np.less: lambda a, b: np.greater(b, a),
    np.less_equal: lambda a, b: np.greater_equal(b, a),
    np.fabs: lambda x: np.absolute(x),
    np.float_power: lambda a, b: np.power(a, b),
    np.fmax: lambda a, b: np.maximum(a, b),
    np.fmin: lambda a, b: np.minimum(a, b),
    np.exp2: lambda x: np.exp(math.log(2) * x),
    np.log2: lambda x: np.log(x) / math.log(2),
    np.log10: lambda x: np.log(x) / math.log(10),
    np.sinh: lambda x: (np.exp(x) - np.exp(-x)) / 2,
    np.cosh: lambda x: (np.exp(x) + np.exp(-x)) / 2,
    np.tan: lambda x: np.sin(x) / np.cos(x),
    np.logaddexp: lambda a, b: np.maximum(a, b) + np.log1p(np.exp(-np.absolute(a - b))),
    np.hypot: lambda a, b: np.sqrt(np.square(a) + np.square(b)),
    np.heaviside: lambda x, half: np.where(x > 0, 1, np.where(x >= 0, half, 0)),
    np.logical_and: lambda a, b: np.minimum(a, b),
    np.logical_or: lambda a, b: np.maximum(a, b),
    np.bitwise_and: lambda a, b: np.minimum(a, b),
    np.bitwise_or: lambda a, b: np.maximum(a, b),
    np.logical_not: lambda a: 1 - a,
    np.invert: lambda a: 1 - a,
}


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """What a formula gets in place of an array when it is traced: it notes what is done with it, as a tree."""

    __slots__ = ("tree",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tree: Tree) -> None:
        if tree.op == "number" and not math.isfinite(tree.args[0]):
            raise FormulaError(f"a formula has finite numbers; got {tree.args[0]}")
        self.tree = tree

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Note a function of NumPy's, or an operator."""
        if method != "__call__":
            return _refuse(f"np.{ufunc.__name__}.{method}")
        if options:
            return _refuse(f"np.{ufunc.__name__} with {', '.join(sorted(options))}=", "leave it out")
        if ufunc in _OTHERS:
            return _OTHERS[ufunc](*map(traced, inputs))
        if OPERATIONS.get(ufunc.__name__) != len(inputs):
            return _refuse(f"np.{ufunc.__name__}")
        return Traced(operation(ufunc.__name__, *(traced(value).tree for value in inputs)))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        """Note `np.where` and `np.clip`."""
        if function is np.where and len(args) == 3 and not options:
            return Traced(operation("where", *(traced(value).tree for value in args)))
        if function is np.clip:
            value, low, high = (*args, *options.values())[:3]
            value = value if _is_no_bound(low, -math.inf) else np.maximum(value, low)
            return traced(value if _is_no_bound(high, math.inf) else np.minimum(value, high))
        if function in (np.zeros_like, np.ones_like):
            return Traced(ONE if function is np.ones_like else ZERO)
        module = function.__module__.replace("numpy", "np", 1)  # np.linalg, too
        return _refuse(f"{module}.{function.__name__}")

    def clip(self, low: Any = None, high: Any = None) -> Traced:
        """Note `x.clip(low, high)`."""
        return traced(np.clip(self, low, high))

    def __bool__(self) -> bool:
        raise FormulaError("a formula has no branches (if, and, or, while): use np.where(condition, a, b)")

    def __float__(self) -> float:
        raise FormulaError(
            "math's functions take single numbers: use NumPy's, such as np.exp for math.exp; a formula works on each "
            "number by itself, and needs no float(x) or int(x)"
        )

    __int__ = __index__ = __complex__ = __float__

    def __iter__(self) -> Iterator[Any]:
        raise FormulaError("a formula works on each number by itself and has no loops over them")

    def __getitem__(self, key: Any) -> Any:
        raise FormulaError("a formula works on each number by itself and picks no elements")

    def __setitem__(self, key: Any, value: Any) -> None:
        raise FormulaError("a formula has no assignments to elements: use np.where(condition, a, b)")

    def __len__(self) -> int:
        raise FormulaError("a formula works on each number by itself and knows no length (len)")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _refuse(f".{name}")


class TracedNumber(Traced):
    """The symbol of a number that is known: a formula may ask whether it is 0."""

    __slots__ = ("value",)

    def __init__(self, name: str, value: float) -> None:
        super().__init__(symbol(name))
        self.value = value

    def __bool__(self) -> bool:
        return self.value != 0


# What stands for an operator, and is not named beside it.
_OPERATORS = {
    "negative", "add", "subtract", "multiply", "divide", "power", "greater", "greater_equal", "positive", "less",
    "less_equal", "bitwise_and", "bitwise_or", "invert",
}  # fmt: skip


def _refuse(what: str, way_out: str = "") -> Any:
    named = dict.fromkeys((*OPERATIONS, *(function.__name__ for function in _OTHERS)))
    functions = ", ".join(
        f"np.{name}" for name in (*named, "clip", "zeros_like", "ones_like") if name not in _OPERATORS
    )
    known = f"+ - * / **, the comparisons < <= > >=, joined by & | ~, and {functions}"
    raise FormulaError(f"a formula cannot have {what}; {way_out or f'it can have {known}'}")


def _is_no_bound(bound: Any, infinity: float) -> bool:
    """Whether a bound of `np.clip` is none."""
    return bound is None or (isinstance(bound, (float, np.floating)) and bound == infinity)


def traced(value: Any) -> Traced:
    """Return a number, or what is traced already, as `Traced`.

    Raises
    ------
    FormulaError
        It is something else, or not finite.
    """
    if isinstance(value, Traced):
        return value
    if isinstance(value, Tree):
        return Traced(value)
    if isinstance(value, (bool, int, float, np.generic, np.ndarray)) and np.ndim(value) == 0:
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            raise FormulaError(f"a formula has numbers that a float can hold; got one of {len(str(value))} digits")
        if np.asarray(value).dtype.kind in "biuf" or isinstance(value, int):
            return Traced(number(float(value)))
    kind = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
    raise FormulaError(f"a formula has numbers besides its symbols; got {kind}")


def trace(function: Callable[..., Any], *arguments: str | Tree, name: str = "the formula") -> Tree:
    """Return the formula as a tree.

    Parameters
    ----------
    function : callable
        Plain NumPy on each number by itself.
    *arguments : str or Tree
        What it is called with, in order: the names of symbols, or trees.
    name : str
        What errors call it.

    Raises
    ------
    FormulaError
        Something that no tree can express, with the line and what to write in its place; a function of other
        arguments; or one that is another formula at each call.
    TypeError
        It is no function.

    Examples
    --------
    >>> trace(lambda x: 1 / (1 + np.exp(-x)), "x").symbols
    frozenset({'x'})
    """
    return trace_all(function, *arguments, name=name)[0]


def trace_all(
    function: Callable[..., Any], *arguments: str | Tree, results: Sequence[str] = ("",), name: str = "the formula"
) -> tuple[Tree, ...]:
    """Return a formula of several results as a tree of each.

    Parameters
    ----------
    function, *arguments, name
        As for `trace`.
    results : sequence of str
        What the results are called.

    Raises
    ------
    FormulaError
        As for `trace`, or for another number of results.
    TypeError
        As for `trace`.
    """
    symbols = [Traced(a if isinstance(a, Tree) else symbol(a)) for a in arguments]
    _check_arguments(function, arguments, name)
    try:
        trees = _called(function, symbols, results)
        if trees != _called(function, symbols, results):
            raise FormulaError(
                "it is another formula at each call: a formula has no random numbers, and changes nothing that it reads"
            )
    except FormulaError as error:
        raise FormulaError(f"{name}: {error}{_line(error, function)}") from None
    for tree in trees:
        if tree.depth > MOST_DEPTH or sum(1 for _ in tree.parts()) > MOST_PARTS:
            raise FormulaError(
                f"{name} has more than {MOST_PARTS} parts or {MOST_DEPTH} levels: a formula is a few lines"
            )
    return trees


def _called(function: Callable[..., Any], symbols: Sequence[Traced], results: Sequence[str]) -> tuple[Tree, ...]:
    """Return what the function gives for symbols, as a tree of each result."""
    found = function(*symbols)
    several = found if isinstance(found, (tuple, list)) and len(results) > 1 else (found,)
    if len(several) != len(results):
        what = f"{len(several)} results" if isinstance(found, (tuple, list)) else "one result"
        raise FormulaError(f"it must return {', '.join(results)}; got {what}")
    return tuple(traced(value).tree for value in several)


def _check_arguments(function: Any, arguments: Sequence[str | Tree], name: str) -> None:
    """Refuse what is no function, or cannot be called with so many symbols."""
    names = [argument if isinstance(argument, str) else "…" for argument in arguments]
    wanted = f"{name} must be a function of {', '.join(names)}"
    form = f"lambda {', '.join(names)}: …"
    if not callable(function) or isinstance(function, type):
        what = f"the class {function.__name__}" if isinstance(function, type) else repr(function)
        raise TypeError(f"{wanted}, such as {form}; got {what}")
    if isinstance(function, np.ufunc):
        if function.nin != len(names):
            raise FormulaError(f"{wanted}; got np.{function.__name__}, a function of {function.nin}")
        return
    try:
        signature = inspect.signature(function)
    except ValueError:  # one that is written in C need not tell
        return
    try:
        signature.bind(*names)
    except TypeError:
        found = f"a function of {', '.join(map(str, signature.parameters.values())) or 'nothing'}"
        if inspect.ismethod(function):
            start = f"def {function.__name__}("
            form = f"{start}{', '.join(['self', *names])})"
            found = f"{start}{', '.join(map(str, inspect.signature(function.__func__).parameters.values()))})"
        raise FormulaError(f"{wanted}: {form}; got {found}") from None


def _line(error: BaseException, function: Callable[..., Any]) -> str:
    """Return where in the formula's own file it went wrong."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    place, found = error.__traceback__, None
    while place is not None:
        if code is not None and place.tb_frame.f_code.co_filename == code.co_filename:
            found = place
        place = place.tb_next
    if found is None:
        return ""
    file = found.tb_frame.f_code.co_filename
    text = linecache.getline(file, found.tb_lineno).strip()
    return f" (line {found.tb_lineno} of {file}{f': {text}' if text else ''})"
