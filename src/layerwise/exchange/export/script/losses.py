"""Losses and penalties in a training script: the operations of their formulas, in the order of the NumPy executor."""

from __future__ import annotations

import re
from dataclasses import replace as with_settings
from typing import Any

import numpy as np

from layerwise.exchange.export.script.custom import IN_NUMPY, SIMPLE
from layerwise.formula import Tree, factors, number, replace, scaled, shown, symbol, with_parts
from layerwise.formula.quoting import python_docstring, python_value
from layerwise.parts.losses import LOSSES, Loss
from layerwise.parts.penalties import PENALTIES, Penalty

_OF_PENALTY = with_settings(IN_NUMPY, longest=50)  # beside its strength
_IN_COMMENT = 70  # letters of a formula in a comment
_CALL = re.compile(r"np\.\w+\((?:[^()]|\([^()]*\))*\)")
_PREFIX = "part"  # of the names of what is computed on the way
PenaltyText = tuple[str, tuple[str, ...], str]


def loss_text(loss: Loss, fused: str | None, dtype: np.dtype[np.floating]) -> str:
    """Return the loss of each sample, and the gradient of their mean; `fused` names the layer that it goes through."""
    f, slope = loss.formulas()
    if fused is not None:
        slope = loss.joint() or slope
    numbers = loss.numbers_in(dtype)
    plain = {name: value for name, value in numbers.items() if isinstance(value, float)}
    arrays = {name: name.upper() for name in numbers if name not in plain}
    before = "".join(f"\n{name} = {_array(getattr(loss, own))}  # of each output\n\n" for own, name in arrays.items())
    by = f"by the input of {fused}, whose derivative is in it" if fused else "by y"
    is_mean = loss.reduction == "mean"
    value = _summed(_filled(f, plain), arrays, is_mean)
    gradient = _each(_filled(slope, plain), arrays, is_mean)
    return f'''{before}
def loss(y, t):
    """{_words(loss, f, is_mean)}"""
{_indented(value)}


def loss_gradient(y, t):
    """The gradient of the mean loss of the batch {by}."""
{_indented(gradient)} * (1 / len(y))
'''


def _words(loss: Loss, f: Tree, is_mean: bool) -> str:
    """Return what a loss computes, in a line."""
    own = (type(loss).__doc__ or "").partition("\n")[0] if type(loss) in LOSSES else ""
    return python_docstring(own or f"{'(1/m) ' * is_mean}Σ {shown(f, most=_IN_COMMENT)}, of each sample.")


def _filled(tree: Tree, numbers: dict[str, float]) -> Tree:
    """Return the tree with numbers in place of symbols; sums of numbers stay as they are written."""
    known = {symbol(name): number(value) for name, value in numbers.items()}
    fixed = [part for part in tree.parts() if part.symbols and part.symbols <= set(numbers)]
    known |= {part: replace(part, numbers) for part in fixed if any(p.op not in SIMPLE for p in part.parts())}
    return with_parts(tree, known)


def _array(values: Any) -> str:
    return f"np.array({python_value(list(values))}, DTYPE)"


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def _summed(tree: Tree, names: dict[str, str], is_mean: bool) -> list[str]:
    """Return the lines that compute the sum or mean of a formula over the outputs."""
    factor, rest = scaled(tree)
    lines, values = IN_NUMPY.all_statements(factors(rest), names, prefix=_PREFIX)
    text = f"np.vecdot({', '.join(values)})" if len(values) == 2 else f"{_enclosed(rest, values[0])}.sum(axis=1)"
    return [*lines, f"return {_scaled(text, factor, is_mean)}"]


def _each(tree: Tree, names: dict[str, str], is_mean: bool) -> list[str]:
    """Return the lines that compute a formula for each output, or its share in the mean over the outputs."""
    factor, rest = scaled(tree)
    lines, text = IN_NUMPY.statements(rest, names, prefix=_PREFIX)
    return [*lines, f"return {_scaled(_factor(rest, text), factor, is_mean)}"]


def _factor(tree: Tree, text: str, like: str = "y") -> str:
    """Return an expression as the first factor of a product."""
    return text if tree.op in ("multiply", "divide") and tree.symbols else _enclosed(tree, text, like)


def _enclosed(tree: Tree, text: str, like: str = "y") -> str:
    """Return an expression as one that methods can be called of."""
    if not tree.symbols:
        return f"np.full_like({like}, {text})"
    return text if tree.op == "symbol" or _CALL.fullmatch(text) else f"({text})"


def _scaled(text: str, factor: float, is_mean: bool) -> str:
    if is_mean:
        return f"{text} * ({IN_NUMPY.number(factor)} / y.shape[1])"
    return text if factor == 1 else f"-{text}" if factor == -1 else f"{text} * {IN_NUMPY.number(factor)}"


def penalty_text(penalty: Penalty) -> PenaltyText:
    """Return what a penalty is, and its gradient by ``{w}``: lines that come before, where it is ``w``, and itself."""
    f, slope = penalty.trees()
    lines, text = _OF_PENALTY.statements(slope)
    if not lines:
        text = _OF_PENALTY.expression(slope, {"w": "{w}"})
    gradient = _factor(slope, text, "w" if lines else "{w}")
    words = f"λ Σ {shown(f, most=_IN_COMMENT)}"
    if type(penalty) in PENALTIES:
        words = (type(penalty).__doc__ or words).partition(":")[0]
    return words, tuple(lines), gradient
