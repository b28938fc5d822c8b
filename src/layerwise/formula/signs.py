"""What can be told about the sign of a tree: where a division cannot be by 0."""

from __future__ import annotations

from layerwise.formula.tree import Tree


def never_zero(tree: Tree) -> bool:
    """Whether the tree is above 0 for every value of its symbols, or a number that is not 0."""
    return bool(tree.op == "number" and tree.args[0] != 0) or _bounds(tree)[0]


def is_at_least_zero(tree: Tree) -> bool:
    """Whether the tree is at least 0 for every value of its symbols."""
    return _bounds(tree)[1]


def _bounds(tree: Tree) -> tuple[bool, bool]:
    """Whether the tree is above 0, and at least 0, for every value of its symbols; each part is looked at once."""
    above: dict[Tree, bool] = {}
    least: dict[Tree, bool] = {}
    for part in tree.parts():
        operands = () if part.is_leaf else part.args
        above[part] = _is_above_zero(part, [above[a] for a in operands], [least[a] for a in operands])
        least[part] = above[part] or _is_at_least_zero(part, [least[a] for a in operands])
    return above[tree], least[tree]


def _is_above_zero(part: Tree, above: list[bool], least: list[bool]) -> bool:
    if part.op == "number":
        return bool(part.args[0] > 0)
    if part.op == "add":
        return any(above) and all(least)
    if part.op == "maximum":
        return any(above)
    return part.op in ("multiply", "minimum", "sqrt") and all(above)


def _is_at_least_zero(part: Tree, least: list[bool]) -> bool:
    if part.op == "number":
        return bool(part.args[0] >= 0)
    if part.op in ("exp", "square", "absolute", "sqrt", "greater", "greater_equal"):
        return True
    if part.op in ("add", "multiply", "divide", "minimum"):
        return all(least)
    return part.op == "maximum" and any(least)
