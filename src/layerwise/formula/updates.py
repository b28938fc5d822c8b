"""New values of arrays in place, from each other's old ones and from numbers that change each step.

w, m ──► w - rate · sign(β m + …), …     ──► split        what is the same for all elements, computed once a step
──► in_place     NumPy's calls, in an order in which nothing is overwritten before it was read
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from layerwise.formula.calls import Step, Steps, steps
from layerwise.formula.tree import COMPARISONS, Tree, rebuilt, symbol

# On Python's numbers, in a fraction of the time that NumPy's functions take.
_ON_NUMBERS: dict[str, Callable[..., float]] = {
    "negative": operator.neg,
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": math.pow,
    "square": lambda x: x * x,
    "sqrt": math.sqrt,
}


def split(trees: Sequence[Tree], names: Collection[str]) -> tuple[tuple[Tree, ...], dict[str, Tree]]:
    """Return the trees with symbols in place of the largest parts that have these symbols alone, and those parts.

    Examples
    --------
    >>> from layerwise.formula.tracing import trace
    >>> tree = trace(lambda m, beta, t: m / (1 - beta**t), "m", "beta", "t")
    >>> split([tree], {"beta", "t"})[0]
    (divide(symbol('m'), symbol('%s0')),)
    """
    found: dict[Tree, str] = {}

    def is_scalar(part: Tree) -> bool:
        return part.op != "number" and part.symbols <= set(names)

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if is_scalar(part):
            return part
        return part if part.is_leaf else Tree(part.op, *map(placed, operands))

    def placed(part: Tree) -> Tree:
        return symbol(found.setdefault(part, f"%s{len(found)}")) if is_scalar(part) else part

    results = tuple(placed(rebuilt(tree, make)) for tree in trees)
    return results, {name: part for part, name in found.items()}


class Scalars:
    """What each tree is for other numbers again and again: operations on Python's numbers, in order.

    Parameters
    ----------
    trees : collection of Tree
        What is computed.
    names : sequence of str
        The symbols, in the order in which their values are given.
    """

    def __init__(self, trees: Collection[Tree], names: Sequence[str]) -> None:
        parts = list(dict.fromkeys(part for tree in trees for part in tree.parts()))
        numbers = [part for part in parts if part.op == "number"]
        places = {symbol(name): i for i, name in enumerate(names)}
        places.update({part: len(names) + i for i, part in enumerate(numbers)})
        self._numbers = [part.args[0] for part in numbers]
        self._program = []
        for part in parts:
            if part not in places:
                places[part] = len(places)
                operands = [places[operand] for operand in part.args]
                a, b, c = (*operands, -1, -1)[:3]
                self._program.append((_ON_NUMBERS.get(part.op) or _by_numpy(part.op), part.op, a, b, c))
        self._results = [places[tree] for tree in trees]

    def __call__(self, values: Sequence[float]) -> list[float]:
        """Return the value of each tree."""
        found = [*values, *self._numbers]
        for function, op, a, b, c in self._program:
            operands = (found[a],) if b < 0 else (found[a], found[b]) if c < 0 else (found[a], found[b], found[c])
            try:
                found.append(function(*operands))
            except (ArithmeticError, ValueError):  # where NumPy has infinity or NaN
                found.append(_by_numpy(op)(*operands))
        return [found[i] for i in self._results]


def _by_numpy(op: str) -> Callable[..., float]:
    function = getattr(np, op)

    def compute(*operands: float) -> float:
        with np.errstate(all="ignore"):
            return float(function(*operands))

    return compute


def in_place(trees: Mapping[str, Tree]) -> tuple[Steps, tuple[str, ...]]:
    """Return the calls that give each array, a symbol of the trees, its new value; and the arrays of what is kept.

    An array is written once nothing needs its old values any more; where each needs the other's, the new ones wait in
    an array of their own.
    """
    left, places, late = dict(trees), dict[Tree, str](), dict[str, str]()
    found: list[Step] = []
    arrays: dict[str, None] = {}
    flags: dict[str, None] = {}
    kept_arrays: list[str] = []
    while left:
        free = (name for name in left if not _is_read(name, left, places))
        name = next(free, None)
        if name is None:
            name = next(iter(left))
            late[name] = f"%new_{name}"
            kept_arrays.append(late[name])
        tree, out = left.pop(name), late.get(name, name)
        kept = {part: f"%kept_{len(kept_arrays) + i}" for i, part in enumerate(_shared(tree, left.values(), places))}
        made = steps(tree, out, given=places, keep=kept, over=(out,))
        found += made.steps
        arrays.update(dict.fromkeys(made.arrays))
        flags.update(dict.fromkeys(made.flags))
        kept_arrays += kept.values()
        places.update(kept)
        if not tree.is_leaf:
            places[tree] = out
    found += [Step("copyto", (new,), name) for name, new in late.items()]
    return Steps(tuple(found), tuple(arrays), tuple(flags)), tuple(kept_arrays)


def _is_read(name: str, left: Mapping[str, Tree], places: Collection[Tree]) -> bool:
    """Whether the old array is needed by another tree than its own, once its own new value is there."""
    tree, others = left[name], [other for key, other in left.items() if key != name]
    known = {*places, *_shared(tree, others, places)} | ({tree} if not tree.is_leaf else set())
    return any(symbol(name) in _outer(other, known) for other in others)


def _shared(tree: Tree, others: Collection[Tree], places: Collection[Tree]) -> list[Tree]:
    """Return the largest parts of the tree that stand in the others too."""
    inner = {p for p in tree.parts() if not p.is_leaf and p.op not in COMPARISONS and p not in places} - {tree}
    found: dict[Tree, None] = {}
    for other in others:
        for part in _outer(other, inner | {tree, *places}):
            if part in inner:
                found[part] = None
    return list(found)


def _outer(tree: Tree, known: Collection[Tree]) -> Iterator[Tree]:
    """Yield the parts of the tree without what is within those that are known."""
    stack, seen = [tree], set[Tree]()
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        yield part
        if not part.is_leaf and part not in known:
            stack += part.args
