"""A tree as the native engine computes it: lines for its interpreter, or C++ that is compiled ahead.

    tree ──► lowered ─┬─► code       instructions on numbered slots, for custom formulas
                      └─► CPP        text (languages.py), for layerwise's own: on numbers, or on vectors of them

Both have the same operations in the same order, and give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from layerwise.formula.languages import CPP, CPP_VECTORS
from layerwise.formula.signs import is_at_least_zero
from layerwise.formula.tree import OPERATIONS, Tree, rebuilt

# The interpreter's operations, in the order of their numbers. log1p_unit is log1p for what is from 0 to 1.
INSTRUCTIONS = (*OPERATIONS, "log1p_unit")
MOST_SLOTS = 64  # of the interpreter: inputs, numbers and what is computed


def lowered(tree: Tree) -> Tree:
    """Return the tree with the operations that the native engine has."""

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part.is_leaf:
            return part
        if part.op in ("maximum", "minimum") and operands[0].op == "number":
            operands = operands[::-1]  # NaN comes through the first one
        return Tree("log1p_unit" if part.op == "log1p" and _is_of_unit(part.args[0]) else part.op, *operands)

    return rebuilt(tree, make)


def _is_of_unit(tree: Tree) -> bool:
    """Whether the tree is from 0 to 1, as exp of what is never above 0 is."""
    if tree.op != "exp" or tree.args[0].op != "negative":
        return False
    return is_at_least_zero(tree.args[0].args[0])


class Code(NamedTuple):
    """A formula for the interpreter, as the native engine takes it.

    Attributes
    ----------
    instructions : tuple
        Of each the operation, its operands and where the result goes: ``(op, a, b, c, out)``; slots that an operation
        does not read are 0.
    numbers : tuple of float
        What the slots after the inputs hold from the beginning.
    slots : int
        How many there are.
    results : tuple of int
        The slots of the results.
    """

    instructions: tuple[tuple[int, int, int, int, int], ...]
    numbers: tuple[float, ...]
    slots: int
    results: tuple[int, ...]


def code(trees: Tree | Sequence[Tree], inputs: Sequence[str]) -> Code | None:
    """Return trees for the interpreter, or None where they need more slots than there are.

    Parameters
    ----------
    trees : Tree or sequence of Tree
        Their symbols are the inputs.
    inputs : sequence of str
        What the first slots hold.
    """
    return _code((trees,) if isinstance(trees, Tree) else tuple(trees), tuple(inputs))


@lru_cache(maxsize=256)  # asked for at every fit
def _code(trees: tuple[Tree, ...], inputs: tuple[str, ...]) -> Code | None:
    wanted = [lowered(tree) for tree in trees]
    parts = list(dict.fromkeys(part for tree in wanted for part in tree.parts()))
    slots: dict[Tree, int] = {}
    numbers = [part for part in parts if part.op == "number"]
    for part in parts:
        if part.op == "symbol":
            slots[part] = inputs.index(part.args[0])
    slots.update({part: len(inputs) + i for i, part in enumerate(numbers)})
    fixed = count = len(inputs) + len(numbers)
    last = {operand: i for i, part in enumerate(parts) if not part.is_leaf for operand in part.args}
    last |= dict.fromkeys(wanted, len(parts))  # read at the end
    free: list[int] = []
    instructions = []
    for i, part in enumerate(parts):
        if part.is_leaf:
            continue
        operands = [slots[a] for a in part.args]
        free += [slots[a] for a in dict.fromkeys(part.args) if last[a] == i and slots[a] >= fixed]
        if not free:
            free.append(count)
            count += 1
        slots[part] = free.pop()
        a, b, c = (*operands, 0, 0)[:3]
        instructions.append((INSTRUCTIONS.index(part.op), a, b, c, slots[part]))
    if count > MOST_SLOTS:
        return None
    values = tuple(part.args[0] for part in numbers)
    return Code(tuple(instructions), values, count, tuple(slots[tree] for tree in wanted))


def cpp(tree: Tree, names: dict[str, str]) -> tuple[list[str], str]:
    """Return the tree as statements and an expression of C++."""
    return CPP.statements(lowered(tree), names)


def cpp_vectors(trees: Sequence[Tree]) -> tuple[list[str], list[str]]:
    """Return trees as statements and expressions of C++ on vectors, with a / (sqrt b + c) as one function.

    Parameters
    ----------
    trees : sequence of Tree
        Their symbols that begin with c are numbers, the others vectors.
    """

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part.is_leaf:
            return part
        if part.op == "divide" and operands[1].op == "add":
            root, number = operands[1].args
            if root.op == "sqrt" and number.is_leaf:
                return Tree("over_root", operands[0], root.args[0], number)
        return Tree(part.op, *operands)

    return CPP_VECTORS.all_statements([rebuilt(lowered(tree), make) for tree in trees])
