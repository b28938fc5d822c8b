"""A formula is plain NumPy. Called with arrays it computes; called with symbols it becomes a tree.

    def f(x):                              f(array)            ─► numbers
        return 1 / (1 + np.exp(-x))        trace(f, "x")       ─► Tree ─► every language (languages.py, latex.py …)

A tree has symbols, numbers and operations, which bear the names of NumPy's functions. Trees are equal where they are
written alike, so that a part that stands in several places is one part.
"""

from __future__ import annotations

import linecache
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.errors import FormulaError

# The operations of a tree by their number of operands. Comparisons give 1 or 0.
UNARY = (
    "negative", "square", "exp", "expm1", "log", "log1p", "tanh", "sqrt", "absolute", "sign", "sin", "cos", "arctan",
)  # fmt: skip
BINARY = ("add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "greater", "greater_equal")
OPERATIONS = {**dict.fromkeys(UNARY, 1), **dict.fromkeys(BINARY, 2), "where": 3}
COMPARISONS = ("greater", "greater_equal")

MOST_PARTS, MOST_DEPTH = 1000, 100  # of a tree: more is no formula that one could read
MOST_SHOWN = 200  # parts of a tree that is written out, and letters of one in a message


class Tree:
    """A symbol, a number, or an operation on trees; it is never changed.

    Attributes
    ----------
    op : str
        ``"symbol"``, ``"number"``, or one of `OPERATIONS`.
    args : tuple
        The symbol's name, the number, or the operands.
    depth, size : int
        How many levels it has, and how many parts when each is written wherever it stands.
    """

    __slots__ = ("_hash", "args", "depth", "op", "size")

    def __init__(self, op: str, *args: Any) -> None:
        self.op, self.args = op, args
        self.depth: int = 1 + max((a.depth for a in args if isinstance(a, Tree)), default=0)
        self.size: int = 1 + sum(a.size for a in args if isinstance(a, Tree))
        self._hash = hash((op, args))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Tree], tuple[Any, ...]]:
        return Tree, (self.op, *self.args)  # a hash of text is another in each process

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tree):
            return False
        stack, seen = [(self, other)], set[tuple[int, int]]()  # each pair once: parts may stand in many places
        while stack:
            a, b = stack.pop()
            if a is b or (id(a), id(b)) in seen:
                continue
            if a._hash != b._hash or a.op != b.op or len(a.args) != len(b.args):
                return False
            seen.add((id(a), id(b)))
            if not a.is_leaf:
                stack += zip(a.args, b.args)
            elif a.args != b.args or (a.op == "number" and math.copysign(1, a.args[0]) != math.copysign(1, b.args[0])):
                return False
        return True

    def __repr__(self) -> str:
        if self.size > MOST_SHOWN:
            return f"<{self.op} of {self.operations} operations>"
        return f"{self.op}({', '.join(map(repr, self.args))})"

    @property
    def is_leaf(self) -> bool:
        """Whether it is a symbol or a number."""
        return self.op in ("symbol", "number")

    def parts(self) -> Iterator[Tree]:
        """Yield every part once, operands before what is made of them; the tree itself comes last."""
        seen: set[Tree] = set()
        stack = [(self, False)]
        while stack:
            part, is_done = stack.pop()
            if is_done:
                yield part
            elif part not in seen:
                seen.add(part)
                stack.append((part, True))
                if not part.is_leaf:
                    stack += [(a, False) for a in reversed(part.args)]

    @property
    def operations(self) -> int:
        """How many different operations stand in it."""
        return sum(not part.is_leaf for part in self.parts())

    @property
    def symbols(self) -> frozenset[str]:
        """The names of all symbols in it."""
        return frozenset(part.args[0] for part in self.parts() if part.op == "symbol")


def symbol(name: str) -> Tree:
    """Return the symbol of this name."""
    return Tree("symbol", name)


def number(value: float) -> Tree:
    """Return the tree of a number."""
    return Tree("number", float(value))


ZERO, ONE = number(0), number(1)


def operation(op: str, *operands: Tree) -> Tree:
    """Return an operation on trees, simplified where that changes no bit, and worked out where all are numbers."""
    if all(a.op == "number" for a in operands):
        with np.errstate(all="ignore"):
            return number(float(getattr(np, op)(*(np.float64(a.args[0]) for a in operands))))
    if op == "multiply" and ONE in operands:
        return operands[operands[0] == ONE]
    if (op == "divide" and operands[1] == ONE) or (op == "subtract" and operands[1] == ZERO):
        return operands[0]
    if op == "power" and operands[1] == number(2):
        return operation("square", operands[0])
    if op == "power" and operands[1] == ONE:
        return operands[0]
    if op == "power" and operands[1] == number(0.5):
        return operation("sqrt", operands[0])
    if op == "where" and operands[1] == operands[2]:
        return operands[1]
    return _without_signs(op, operands)


def _without_signs(op: str, operands: tuple[Tree, ...]) -> Tree:
    """Return the operation with minus signs taken out of products, and sums of negatives as differences."""
    is_negative = [a.op == "negative" for a in operands]
    if op == "negative" and is_negative[0]:
        return operands[0].args[0]  # type: ignore[no-any-return]
    if op in ("add", "subtract") and is_negative[1]:
        return operation("subtract" if op == "add" else "add", operands[0], operands[1].args[0])
    if op in ("multiply", "divide") and any(is_negative):
        bare = (a.args[0] if negative else a for a, negative in zip(operands, is_negative))
        product = operation(op, *bare)
        return product if all(is_negative) else operation("negative", product)
    return Tree(op, *operands)


def rebuilt(tree: Tree, make: Callable[[Tree, tuple[Tree, ...]], Tree]) -> Tree:
    """Return the tree made anew, operands first: ``make(part, operands)`` gives each part from its new operands."""
    found: dict[Tree, Tree] = {}
    for part in tree.parts():
        found[part] = make(part, () if part.is_leaf else tuple(found[a] for a in part.args))
    return found[tree]


def replace(tree: Tree, values: Mapping[str, Tree | float]) -> Tree:
    """Return the tree with symbols replaced by trees or numbers."""

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part.op != "symbol":
            return operation(part.op, *operands) if operands else part
        value = values.get(part.args[0], part)
        return value if isinstance(value, Tree) else number(value)

    return rebuilt(tree, make)


def compute(tree: Tree, values: Mapping[str, Any]) -> Any:
    """Return what the tree is for these arrays or numbers, by NumPy, as its formula would compute it."""
    found: dict[Tree, Any] = {}
    for part in tree.parts():
        if part.op == "symbol":
            found[part] = values[part.args[0]]
        elif part.op == "number":
            found[part] = part.args[0]
        else:
            found[part] = getattr(np, part.op)(*(found[a] for a in part.args))
            if part.op in COMPARISONS:
                found[part] = 1.0 * found[part]
    return found[tree]


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
    np.arctan2: lambda y, x: _refuse("np.arctan2"),
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
        return _refuse(f"np.{function.__name__}")

    def clip(self, low: Any = None, high: Any = None) -> Traced:
        """Note `x.clip(low, high)`."""
        return traced(np.clip(self, low, high))

    def __bool__(self) -> bool:
        raise FormulaError("a formula has no branches (if, and, or, while): use np.where(condition, a, b)")

    def __float__(self) -> float:
        raise FormulaError("math's functions take single numbers: use NumPy's, such as np.exp for math.exp")

    __int__ = __index__ = __complex__ = __float__

    def __iter__(self) -> Iterator[Any]:
        raise FormulaError("a formula works on each number by itself and has no loops over them")

    def __getitem__(self, key: Any) -> Any:
        raise FormulaError("a formula works on each number by itself and picks no elements")

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


def _refuse(what: str, way_out: str = "") -> Any:
    known = "+ - * / **, comparisons, np.where, np.clip, " + ", ".join(f"np.{name}" for name in UNARY[1:])
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
        Something that no tree can express, with the line and what to write in its place.

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
    """
    symbols = [Traced(a if isinstance(a, Tree) else symbol(a)) for a in arguments]
    try:
        found = function(*symbols)
        several = found if isinstance(found, (tuple, list)) and len(results) > 1 else (found,)
        if len(several) != len(results):
            what = f"{len(several)} results" if isinstance(found, (tuple, list)) else "one result"
            raise FormulaError(f"it must return {', '.join(results)}; got {what}")
        trees = tuple(traced(value).tree for value in several)
    except FormulaError as error:
        raise FormulaError(f"{name}: {error}{_line(error, function)}") from None
    for tree in trees:
        if tree.depth > MOST_DEPTH or sum(1 for _ in tree.parts()) > MOST_PARTS:
            raise FormulaError(
                f"{name} has more than {MOST_PARTS} parts or {MOST_DEPTH} levels: a formula is a few lines"
            )
    return trees


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
