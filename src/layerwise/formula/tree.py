"""A formula as a tree, which every language is written from (languages.py, latex.py …); tracing.py makes it.

A tree has symbols, numbers and operations, which bear the names of NumPy's functions. Trees are equal where they are
written alike, so that a part that stands in several places is one part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

# The operations of a tree by their number of operands. Comparisons give 1 or 0.
UNARY = (
    "negative", "square", "exp", "expm1", "log", "log1p", "tanh", "sqrt", "absolute", "sign", "sin", "cos", "arctan",
    "floor",
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


def with_parts(tree: Tree, known: Mapping[Tree, Tree]) -> Tree:
    """Return the tree with others in place of these parts of it; the rest stays as it is, whatever it would come to."""
    return rebuilt(tree, lambda part, new: known.get(part) or (Tree(part.op, *new) if new else part))


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
