"""A tree as lists, as a file keeps it: known operations only, bounded in size and depth, never code.

    1 / (1 + e⁻ˣ)  ◄─►  [["symbol", "x"], ["negative", 0], ["exp", 1], ["number", 1.0], ["add", 3, 2], ["divide", 3, 4]]

Every line is a part; the numbers in an operation are the lines of its operands, which come before it. So a part that
stands in several places is written once, and no reader can be sent in circles.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from layerwise.errors import FormatError
from layerwise.formula.tree import MOST_DEPTH, MOST_PARTS, OPERATIONS, Tree, number, symbol

# Of what is read: a derivative has up to thrice the levels of its formula.
_MOST_PARTS, _MOST_DEPTH = 10 * MOST_PARTS, 4 * MOST_DEPTH


def as_data(tree: Tree) -> list[list[Any]]:
    """Return the tree as lists of text and numbers."""
    lines: dict[Tree, int] = {}
    data: list[list[Any]] = []
    for part in tree.parts():
        lines[part] = len(data)
        data.append([part.op, *(part.args if part.is_leaf else (lines[a] for a in part.args))])
    return data


def from_data(data: Any, symbols: Collection[str], name: str = "the formula") -> Tree:
    """Return the tree of these lists.

    Parameters
    ----------
    data : list
        What `as_data` gave, from a file that may say anything.
    symbols : collection of str
        The symbols that it may have.
    name : str
        What errors call it.

    Raises
    ------
    FormatError
        The lists are no formula: says which line.
    """
    if not isinstance(data, list) or not 0 < len(data) <= _MOST_PARTS:
        raise FormatError(f"{name} must be a list of 1 to {_MOST_PARTS} parts")
    parts: list[Tree] = []
    for i, line in enumerate(data):
        if not isinstance(line, list) or not line or not isinstance(line[0], str):
            raise FormatError(f"{name}: part {i} must be a list that begins with an operation; got {line!r:.80}")
        op, operands = line[0], line[1:]
        if op == "symbol" and len(operands) == 1 and isinstance(operands[0], str) and operands[0] in symbols:
            parts.append(symbol(operands[0]))
        elif op == "number" and len(operands) == 1 and _is_number(operands[0]):
            parts.append(number(operands[0]))
        elif OPERATIONS.get(op) == len(operands) and all(type(a) is int and 0 <= a < i for a in operands):
            parts.append(Tree(op, *(parts[a] for a in operands)))
        else:
            raise FormatError(f"{name}: part {i} is no part of a formula: {line!r:.80}")
    if parts[-1].depth > _MOST_DEPTH:
        raise FormatError(f"{name} has {parts[-1].depth} levels; at most {_MOST_DEPTH} are read")
    return parts[-1]


def _is_number(value: Any) -> bool:
    return (isinstance(value, float) and math.isfinite(value)) or (type(value) is int and abs(value) < 2**53)
