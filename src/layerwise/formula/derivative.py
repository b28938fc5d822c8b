"""The derivative of a tree by one of its symbols: the chain rule, with what is 0 or 1 left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.formula.signs import never_zero
from layerwise.formula.tracing import Traced, traced
from layerwise.formula.tree import COMPARISONS, ONE, ZERO, Tree, number, operation, rebuilt, symbol

# f′ of each operation of one operand, from x and y = f(x)
_OUTER: dict[str, Callable[[Any, Any], Any]] = {
    "negative": lambda x, y: traced(-1),
    "square": lambda x, y: 2 * x,
    "exp": lambda x, y: y,
    "expm1": lambda x, y: y + 1,
    "log": lambda x, y: 1 / x,
    "log1p": lambda x, y: 1 / (1 + x),
    "tanh": lambda x, y: 1 - np.square(y),
    "sqrt": lambda x, y: 0.5 / y,
    "absolute": lambda x, y: np.sign(x),
    "sign": lambda x, y: traced(0),
    "sin": lambda x, y: np.cos(x),
    "cos": lambda x, y: -np.sin(x),
    "arctan": lambda x, y: 1 / (1 + np.square(x)),
    "floor": lambda x, y: traced(0),
}


def derivative(tree: Tree, by: str) -> Tree:
    """Return the derivative of the tree by a symbol.

    Where two operands of `maximum` or `minimum` are equal it is that of the second, of `absolute` at 0 it is 0; a
    comparison has the derivative 0, and `where` that of the side which is chosen.
    """
    found: dict[Tree, Tree] = {}
    for part in tree.parts():
        found[part] = _of(part, by, found)
    return found[tree]


def _of(part: Tree, by: str, inner: dict[Tree, Tree]) -> Tree:
    if part.op == "symbol":
        return ONE if part == symbol(by) else ZERO
    if part.op == "number" or part.op in COMPARISONS:
        return ZERO
    a, slopes = part.args, [inner[operand] for operand in part.args]
    if all(slope == ZERO for slope in slopes):
        return ZERO
    if part.op == "where":
        return operation("where", a[0], slopes[1], slopes[2])
    if part.op in ("add", "subtract"):
        return _plus(slopes[0], slopes[1]) if part.op == "add" else _minus(slopes[0], slopes[1])
    if part.op == "multiply":
        return _plus(_times(slopes[0], a[1]), _times(a[0], slopes[1]))
    if part.op == "divide":
        # u / v: u′ / v - (u / v) v′ / v
        return _minus(_over(slopes[0], a[1]), _times(_over(part, a[1]), slopes[1]))
    if part.op in ("maximum", "minimum"):
        first, second = (a[0], a[1]) if part.op == "maximum" else (a[1], a[0])
        return operation("where", operation("greater", first, second), slopes[0], slopes[1])
    if part.op == "power":
        return _power(part, a[0], a[1], slopes[0], slopes[1])
    return _times(traced(_OUTER[part.op](Traced(a[0]), Traced(part))).tree, slopes[0])


def _power(part: Tree, base: Tree, exponent: Tree, base_slope: Tree, exponent_slope: Tree) -> Tree:
    """Compute (bᵉ)′ = e bᵉ⁻¹ b′ + bᵉ log b e′."""
    below = operation("power", base, operation("subtract", exponent, number(1)))
    by_base = _times(_times(exponent, below), base_slope)
    return _plus(by_base, _times(_times(part, operation("log", base)), exponent_slope))


def _plus(a: Tree, b: Tree) -> Tree:
    return b if a == ZERO else a if b == ZERO else operation("add", a, b)


def _minus(a: Tree, b: Tree) -> Tree:
    return a if b == ZERO else operation("negative", b) if a == ZERO else operation("subtract", a, b)


def _times(a: Tree, b: Tree) -> Tree:
    if ZERO in (a, b):
        return ZERO
    if a.op == "where" and ZERO in a.args[1:]:  # 0 · ∞ is NaN: what is left out stays out
        return operation("where", a.args[0], _times(a.args[1], b), _times(a.args[2], b))
    if number(-1) in (a, b):
        return operation("negative", b if a == number(-1) else a)
    return operation("multiply", a, b)


def _over(a: Tree, b: Tree) -> Tree:
    return ZERO if a == ZERO else operation("divide", a, b)


def at_zero(tree: Tree, name: str) -> Tree:
    """Return the tree where a symbol is 0, without the terms that are 0 then; all other symbols are taken as finite.

    Examples
    --------
    >>> from layerwise.formula.tracing import trace
    >>> at_zero(trace(lambda w, g, rate: w - rate * g, "w", "g", "rate"), "g")
    symbol('w')
    """
    simplified = {"add": _plus, "subtract": _minus, "multiply": _times}

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part.is_leaf:
            return ZERO if part == symbol(name) else part
        if part.op == "divide" and never_zero(operands[1]):
            return _over(operands[0], operands[1])
        return simplified[part.op](*operands) if part.op in simplified else operation(part.op, *operands)

    return rebuilt(tree, make)
