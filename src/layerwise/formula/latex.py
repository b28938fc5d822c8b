r"""A tree in LaTeX, with symbols or with numbers in their place.

1 / (1 + e⁻ˣ)  ──►  \frac{1}{1 + e^{-x}}   or   \frac{1}{1 + e^{-1.124}}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from layerwise.formula.languages import whole
from layerwise.formula.tree import COMPARISONS, MOST_SHOWN, Tree

_FORMS = {
    "expm1": "(e^{{{0}}} - 1)", "exp": "e^{{{0}}}", "log": r"\ln({0})", "log1p": r"\ln(1 + {0})",
    "tanh": r"\tanh({0})", "sqrt": r"\sqrt{{{0}}}", "sin": r"\sin({0})", "cos": r"\cos({0})",
    "arctan": r"\arctan({0})", "floor": r"\lfloor {0} \rfloor", "absolute": "|{0}|", "sign": r"\text{{sign}}({0})",
    "maximum": r"\max({0}, {1})",
    "minimum": r"\min({0}, {1})", "divide": r"\frac{{{0}}}{{{1}}}",
}  # fmt: skip
_SIGNS = {"greater": ">", "greater_equal": r"\ge"}
_SUM, _PRODUCT, _FACTOR, _BASE = 1, 2, 3, 4


def latex(tree: Tree, names: Mapping[str, str] | None = None, number: Callable[[float], str] = whole) -> str:
    r"""Return the tree in LaTeX; a long one as a function of its symbols, f(x).

    Parameters
    ----------
    tree : Tree
        The formula.
    names : dict, optional
        What stands for a symbol: LaTeX such as ``z_{1}``, or a number.
    number : callable
        Writes the formula's own numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from layerwise.formula import trace
    >>> latex(trace(lambda x: x / (1 + np.exp(-x)), "x"), {"x": "z_{1}"})
    '\\frac{z_{1}}{1 + e^{-z_{1}}}'
    """
    if tree.size > MOST_SHOWN:
        return rf"\text{{f}}({', '.join((names or {}).get(name, name) for name in sorted(tree.symbols))})"
    return _text(tree, names or {}, number, 0)


def _text(t: Tree, names: Mapping[str, str], number: Callable[[float], str], above: int) -> str:
    def inner(part: Tree, above: int = 0) -> str:
        return _text(part, names, number, above)

    if t.is_leaf:
        text = names.get(t.args[0], t.args[0]) if t.op == "symbol" else number(t.args[0])
        return _enclosed(text, above > _SUM and bool(re.match(r"-|.* [+-] ", _outside(text))))
    a = t.args
    if t.op in ("add", "subtract"):
        left, right = inner(a[0], _SUM), inner(a[1], _SUM + (t.op == "subtract"))
        sign = "+" if t.op == "add" else "-"
        if right.startswith("-"):
            sign, right = "-" if sign == "+" else "+", right[1:]
        return _enclosed(f"{left} {sign} {right}", above > _SUM)
    if t.op == "multiply":
        return _enclosed(rf"{inner(a[0], _PRODUCT)} \cdot {inner(a[1], _PRODUCT)}", above > _FACTOR)
    if t.op == "negative":
        return _enclosed(_minus(inner(a[0], _FACTOR)), above > _SUM)
    if t.op in ("square", "power"):
        return f"{inner(a[0], _BASE)}^{{{'2' if t.op == 'square' else inner(a[1])}}}"
    if t.op == "where":
        return rf"({inner(a[1])}\text{{ if }}{_condition(a[0], inner)}\text{{ else }}{inner(a[2])})"
    if t.op in COMPARISONS:
        return rf"(1\text{{ if }}{_condition(t, inner)}\text{{ else }}0)"
    text = _FORMS[t.op].format(*map(inner, a))
    return _enclosed(text, above == _BASE and t.op in ("exp", "divide"))


def _condition(t: Tree, inner: Callable[[Tree], str]) -> str:
    if t.op in COMPARISONS:
        return f"{inner(t.args[0])} {_SIGNS[t.op]} {inner(t.args[1])}"
    return rf"{inner(t)} \ne 0"


def _minus(text: str) -> str:
    return text.removeprefix("(").removesuffix(")")[1:] if re.fullmatch(r"\(-[\d.e+-]+\)", text) else f"-{text}"


def _enclosed(text: str, wanted: bool) -> str:
    return f"({text})" if wanted else text


def _outside(text: str) -> str:
    """Return what stands outside all brackets."""
    depth, found = 0, []
    for letter in text:
        depth -= letter in ")}"
        if not depth:
            found.append(letter)
        depth += letter in "({"
    return "".join(found)
