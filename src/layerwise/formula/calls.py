"""A tree as calls of NumPy's functions that allocate nothing: found once, and bound to arrays once.

    steps(tree, "y")        1 / (1 + e⁻ˣ)  ──►  negative x → y,  exp y → y,  add 1, y → y,  divide 1, y → y
    bind(steps, arrays)     each step is a function without arguments, its arrays fixed

Each part is computed once. A result goes into the array of an operand that is not needed any more, so that few arrays
are needed besides the result's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from layerwise.formula.tree import COMPARISONS, Tree
from layerwise.typing import Array

Operand = str | float  # an array by its name, or a number


@dataclass(frozen=True)
class Step:
    """One call: an operation, what it takes, and the name of the array that it writes.

    ``"where"`` takes an array of true and false and two operands; ``"copyto"`` and ``"not_equal"`` turn true and false
    into numbers and back; ``"sum"`` and ``"vecdot"`` come last, where the result is summed.
    """

    op: str
    operands: tuple[Operand, ...]
    out: str


@dataclass(frozen=True)
class Steps:
    """The calls that compute a tree.

    Attributes
    ----------
    steps : tuple of Step
        In order.
    arrays, flags : tuple of str
        The arrays to work in, all like the result: those of numbers, and those of true and false.
    """

    steps: tuple[Step, ...]
    arrays: tuple[str, ...]
    flags: tuple[str, ...]


def steps(
    tree: Tree,
    out: str,
    *,
    given: Mapping[Tree, str] | None = None,
    keep: Mapping[Tree, str] | None = None,
    over: Collection[str] = (),
    summed: bool = False,
) -> Steps:
    """Return the calls that compute a tree.

    Parameters
    ----------
    tree : Tree
        What is computed; its symbols are the names of arrays.
    out : str
        The array of the result.
    given : dict, optional
        Parts that were computed before, and the arrays where they lie.
    keep : dict, optional
        Parts that are asked for again later, and the arrays where they shall lie.
    over : collection of str
        Symbols whose array may be `out` itself, which is then written only once they were read for the last time.
    summed : bool
        The result is the sum over the last axis, and `out` has one axis less.
    """
    values = _Values(dict(given or {}))
    if summed:
        values.total(tree)
        return _with_arrays(values.steps, out, {}, (), spared=True)
    result = values.number(tree)
    if not values.steps or result != values.steps[-1].out:  # a symbol, a number, or what is there already
        values.add("copyto", (result,))
    if values.steps[-1].op == "where" and values.steps[-1].operands[1] in over:  # it is read after `out` was begun
        values.add("copyto", (values.steps[-1].out,))
    kept = {values.found[part]: name for part, name in (keep or {}).items() if part in values.found}
    return _with_arrays(values.steps, out, kept, over)


@dataclass
class _Values:
    """Steps of which each writes a value of its own: ``"n0"``, ``"n1"`` … are numbers, ``"f0"`` … true or false."""

    found: dict[Tree, Operand]
    steps: list[Step] = field(default_factory=list)
    _numbers: dict[Tree, Operand] = field(default_factory=dict)

    def add(self, op: str, operands: tuple[Operand, ...], letter: str = "%n") -> str:
        value = f"{letter}{len(self.steps)}"
        self.steps.append(Step(op, operands, value))
        return value

    def value(self, tree: Tree) -> Operand:
        """Return where a part lies, after the steps that compute it."""
        if tree in self.found:
            return self.found[tree]
        if tree.is_leaf:
            return tree.args[0]  # type: ignore[no-any-return]
        if tree.op == "where" and all(a.op == "number" and math.isfinite(a.args[0]) for a in tree.args[1:]):
            self.found[tree] = self._one_of_two(tree)
            return self.found[tree]
        if tree.op == "where":
            condition = self.flag(tree.args[0])
            operands: tuple[Operand, ...] = (condition, *map(self.number, tree.args[1:]))
        else:
            operands = tuple(map(self.number, tree.args))
        self.found[tree] = self.add(tree.op, operands, "%f" if tree.op in COMPARISONS else "%n")
        return self.found[tree]

    def _one_of_two(self, tree: Tree) -> Operand:
        """Return one of two numbers from a condition c, 1 or 0: by products, which are faster than a choice."""
        yes, no = (a.args[0] for a in tree.args[1:])
        c = self.add("copyto", (self.flag(tree.args[0]),))
        if no == 0:
            return self.add("multiply", (c, yes))
        if all(kind(yes - no) + kind(no) == kind(yes) for kind in (np.float32, np.float64)):
            return self.add("add", (self.add("multiply", (c, yes - no)), no))
        other = self.add("multiply", (self.add("subtract", (1.0, c)), no))
        return self.add("add", (self.add("multiply", (c, yes)), other))

    def number(self, tree: Tree) -> Operand:
        """Return where a part lies as numbers."""
        value = self.value(tree)
        if tree.op not in COMPARISONS:
            return value
        if tree not in self._numbers:
            self._numbers[tree] = self.add("copyto", (value,))
        return self._numbers[tree]

    def total(self, tree: Tree) -> None:
        """Compute the sum over the last axis."""
        operands = tuple(map(self.number, factors(tree)))
        if isinstance(operands[0], float):
            operands = (self.add("copyto", operands),)
        self.add("vecdot" if len(operands) == 2 else "sum", operands)

    def flag(self, tree: Tree) -> Operand:
        """Return where a condition lies as true and false."""
        value = self.value(tree)
        return value if tree.op in COMPARISONS else self.add("not_equal", (value, 0.0), "%f")


def scaled(tree: Tree) -> tuple[float, Tree]:
    """Return the tree as a number times another, as which a sum of it may be computed.

    Examples
    --------
    >>> from layerwise.formula.tracing import trace
    >>> scaled(trace(lambda y: -(y**2) / 2, "y"))
    (-0.5, square(symbol('y')))
    """
    factor = 1.0
    while tree.op == "negative":
        factor, tree = -factor, tree.args[0]
    if tree.op == "divide" and tree.args[1].op == "number" and tree.args[1].args[0]:
        return factor / tree.args[1].args[0], tree.args[0]
    if tree.op == "multiply" and tree.args[0].op == "number":
        return factor * tree.args[0].args[0], tree.args[1]
    return factor, tree


def factors(tree: Tree) -> tuple[Tree, ...]:
    """Return two trees whose product the tree is, for `np.vecdot`; or the tree alone."""
    pair = tree.args * 2 if tree.op == "square" else tree.args if tree.op == "multiply" else ()
    return (tree,) if not pair or any(part.op == "number" for part in pair) else pair


def _with_arrays(
    steps: list[Step], out: str, kept: Mapping[Operand, str], over: Collection[str], spared: bool = False
) -> Steps:
    """Give each value an array: one that is free again, where there is one; `spared`: `out` is for the last alone."""
    last_read = {operand: i for i, step in enumerate(steps) for operand in step.operands}
    may_write = max((last_read.get(name, -1) for name in over), default=-1)  # `out`, from this step on
    late_reads = {step.operands[1] for step in steps if step.op == "where"}  # once the result was begun
    home: dict[Operand, str] = dict(kept)
    pools: dict[str, list[str]] = {"n": [], "f": []}
    made: dict[str, list[str]] = {"n": [], "f": []}
    found = []
    for i, step in enumerate(steps):
        ends = [home[a] for a in dict.fromkeys(step.operands) if last_read.get(a) == i and a in home and a not in kept]
        if step.op == "where" and home.get(step.operands[1]) in ends:  # read after the result was begun
            ends.remove(home[step.operands[1]])
        before = [a for a in ends if a != out]
        for a in before:
            pools["f" if a in made["f"] else "n"].append(a)
        kind = step.out[1]
        is_out_free = not spared and i >= may_write and (out not in home.values() or out in ends)
        if step.op == "where" and step.operands[1] in over:
            is_out_free = is_out_free and i > may_write
        if i == len(steps) - 1:
            home[step.out] = out
        elif step.out in kept:
            pass
        elif kind == "n" and is_out_free and step.out not in late_reads:
            home[step.out] = out
        else:
            if not pools[kind]:
                made[kind].append(f"tmp_{'array' if kind == 'n' else 'flags'}_{len(made[kind])}")
                pools[kind].append(made[kind][-1])
            home[step.out] = pools[kind].pop()
        found.append(Step(step.op, tuple(home.get(a, a) for a in step.operands), home[step.out]))
        for operand in dict.fromkeys(step.operands):
            if last_read.get(operand) == i and operand in home and operand not in kept:
                late = home.pop(operand)
                if late not in before and late != out:
                    pools["n"].append(late)
    return Steps(tuple(found), tuple(made["n"]), tuple(made["f"]))


def bind(steps: Steps, arrays: Mapping[str, Array | float]) -> list[Callable[[], Any]]:
    """Return the calls as functions without arguments, in order, on these arrays by their names."""
    calls: list[Callable[[], Any]] = []
    for step in steps.steps:
        values = [arrays[a] if isinstance(a, str) else a for a in step.operands]
        out = arrays[step.out]
        assert isinstance(out, np.ndarray)
        calls += _bound(step.op, _as_arrays(values, out.dtype), out)
    return calls


def _as_arrays(values: list[Any], dtype: np.dtype[Any]) -> list[Any]:
    """Return the numbers as arrays () of the arrays' type, which NumPy's functions take in less time."""
    own = next((value.dtype for value in values if isinstance(value, np.ndarray) and value.dtype.kind == "f"), dtype)
    with np.errstate(all="ignore"):
        return [np.array(value, own) if isinstance(value, float) and own.kind == "f" else value for value in values]


def _bound(op: str, values: list[Any], out: Array) -> list[Callable[[], Any]]:
    if op == "copyto":
        return [] if values[0] is out else [partial(np.copyto, out, values[0])]
    if op == "where":
        condition, yes, no = values
        first = [] if no is out else [partial(np.copyto, out, no)]
        return [*first, partial(np.copyto, out, yes, where=condition)]
    if op == "sum":
        return [partial(np.add.reduce, values[0], axis=-1, out=out)]
    return [partial(getattr(np, op), *values, out=out)]
