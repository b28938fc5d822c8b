"""What can be told about the sign of a tree: where a division cannot be by 0."""

from __future__ import annotations

from layerwise.formula.tree import Tree


def never_zero(tree: Tree) -> bool:
    """Whether the tree is above 0 for every value of its symbols, or a number that is not 0."""
    return bool(tree.op == "number" and tree.args[0] != 0) or _is_above_zero(tree)


def _is_above_zero(tree: Tree) -> bool:
    if tree.op == "number":
        return bool(tree.args[0] > 0)
    if tree.op == "add":
        return any(_is_above_zero(a) for a in tree.args) and all(is_at_least_zero(a) for a in tree.args)
    if tree.op in ("multiply", "divide"):
        return tree.op == "multiply" and all(_is_above_zero(a) for a in tree.args)
    if tree.op == "maximum":
        return any(_is_above_zero(a) for a in tree.args)
    if tree.op == "minimum":
        return all(_is_above_zero(a) for a in tree.args)
    return tree.op == "sqrt" and _is_above_zero(tree.args[0])


def is_at_least_zero(tree: Tree) -> bool:
    """Whether the tree is at least 0 for every value of its symbols."""
    if tree.op in ("exp", "square", "absolute", "sqrt", "greater", "greater_equal") or _is_above_zero(tree):
        return True
    if tree.op == "number":
        return bool(tree.args[0] >= 0)
    if tree.op in ("add", "multiply", "divide", "minimum"):
        return all(is_at_least_zero(a) for a in tree.args)
    return tree.op == "maximum" and any(is_at_least_zero(a) for a in tree.args)
