"""How the numbers of a loss, a penalty and an optimizer come about, in the manner of `layer_formulas`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from layerwise.explain.trace.notation import enclosed, in_full, negative, words
from layerwise.formula import Tree, latex, symbol, with_parts
from layerwise.parts.losses import (
    EPSILON,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
    Quantile,
)  # fmt: skip
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import L1, L2, Penalty

# -------------------------------------------------------------------- losses


def _less(a: str, y: str) -> str:
    return f"{a} - {enclosed(y)}"


def _over(m: int, term: str) -> str:
    return term if m == 1 else rf"\frac{{{term}}}{{{m}}}"


def _huber(own: Huber, a: str, y: str) -> str:
    least = rf"\min(|{_less(a, y)}|, {in_full(own.delta)})"
    return rf"{least} \cdot (|{_less(a, y)}| - \frac{{{least}}}{{2}})"


def _quantile(q: str, e: str) -> str:
    return rf"\max({q} \cdot ({e}), ({q} - 1) \cdot ({e}))"


def _outputs(loss: BinaryCrossEntropy, m: int) -> int:
    return m if loss.reduction == "mean" else 1


def _safe(a: str, least: float) -> str:
    """Return a logarithm's argument, that is never less than that."""
    return rf"\max({a}, {in_full(least)})" if _number(a, least) < least else a


def _rest(a: str, least: float) -> str:
    """1 - a, the same."""
    return rf"\max(1 - {a}, {in_full(least)})" if 1 - _number(a, 0) < least else f"1 - {a}"


def _number(a: str, otherwise: float) -> float:
    """Return what a is, if it is a number and no symbol."""
    try:
        return float(a)
    except ValueError:
        return otherwise


def _p(loss: BinaryCrossEntropy) -> str:
    """Return the weight of a yes as a factor: nothing for 1, a letter where each output has its own."""
    if loss.pos_weight is None:
        return ""
    return rf"{in_full(loss.pos_weight)} \cdot " if isinstance(loss.pos_weight, float) else r"p \cdot "


def _error(loss: BinaryCrossEntropy, a: str, y: str) -> str:
    """Return the difference a - y, in which a yes may count more."""
    return _less(a, y) if loss.pos_weight is None else rf"(1 - {y}) \cdot {a} - {_p(loss)}{y} \cdot (1 - {a})"


def _binary(own: BinaryCrossEntropy, a: str, y: str) -> str:
    yes, no = rf"\ln({_safe(a, own.epsilon)})", rf"\ln({_rest(a, own.epsilon)})"
    return rf"-({_p(own)}{y} \cdot {yes} + (1 - {y}) \cdot {no})"


def _variance(loss: BinaryCrossEntropy, a: str) -> str:
    number = _number(a, 0.5)
    return in_full(loss.epsilon) if number * (1 - number) < loss.epsilon else rf"{a} \cdot (1 - {a})"


# For each: the loss of one output, and the gradient of the sample's loss by it. `own` is the loss, a the output, y the
# target, m how many outputs there are.
LOSS_FORMULAS: dict[type[Loss], tuple[Callable[[Any, str, str], str], Callable[[Any, str, str, int], str]]] = {
    MeanSquaredError: (
        lambda own, a, y: rf"({_less(a, y)})^{{2}}",
        lambda own, a, y, m: _over(m, rf"2 \cdot ({_less(a, y)})"),
    ),
    QuadraticCost: (
        lambda own, a, y: rf"\frac{{({_less(a, y)})^{{2}}}}{{2}}",
        lambda own, a, y, m: _less(a, y),
    ),
    MeanAbsoluteError: (
        lambda own, a, y: f"|{_less(a, y)}|",
        lambda own, a, y, m: _over(m, rf"\text{{sign}}({_less(a, y)})"),
    ),
    Huber: (
        _huber,
        lambda own, a, y, m: _over(m, rf"\max(\min({_less(a, y)}, {in_full(own.delta)}), {in_full(-own.delta)})"),
    ),
    Quantile: (
        lambda own, a, y: _quantile(in_full(own.q), _less(y, a)),
        lambda own, a, y, m: _over(m, rf"0.5 \cdot \text{{sign}}({_less(a, y)}) + 0.5 - {in_full(own.q)}"),
    ),
    Poisson: (
        lambda own, a, y: rf"{a} - {enclosed(y)} \cdot \ln({_safe(a, EPSILON)})",
        lambda own, a, y, m: _over(m, rf"1 - \frac{{{y}}}{{{_safe(a, EPSILON)}}}"),
    ),
    CategoricalCrossEntropy: (
        lambda own, a, y: rf"{negative(y)} \cdot \ln({_safe(a, own.epsilon)})",
        lambda own, a, y, m: rf"-\frac{{{y}}}{{{_safe(a, own.epsilon)}}}",
    ),
    BinaryCrossEntropy: (
        _binary,
        lambda own, a, y, m: _over(_outputs(own, m), rf"\frac{{{_error(own, a, y)}}}{{{_variance(own, a)}}}"),
    ),
}  # fmt: skip
# The joint gradient with the last layer, by that layer's input.
FUSED_FORMULAS: dict[type[Loss], Callable[[Any, str, str, int], str]] = {
    CategoricalCrossEntropy: lambda own, a, y, m: _less(a, y),
    BinaryCrossEntropy: lambda own, a, y, m: _over(_outputs(own, m), _error(own, a, y)),
}


def loss_term(loss: Loss, a: str, y: str) -> str | None:
    """Return the loss of one output."""
    if loss.has_formula:
        return latex(loss.formulas()[0], {"y": a, "t": y}, in_full)
    pair = LOSS_FORMULAS.get(type(loss))
    return None if pair is None else pair[0](loss, a, y)


def loss_gradient(loss: Loss, a: str, y: str, m: int, n: int, fused: bool) -> str | None:
    """Return the gradient of the mean cost by one output, or, fused, by the input that it came from."""
    if loss.has_formula:
        slope = latex(loss.formulas()[1], {"y": a, "t": y}, in_full)
        term = _over(m, slope) if loss.reduction == "mean" else slope
        return term if n == 1 else rf"\frac{{1}}{{{n}}} \cdot ({term})"
    pair = LOSS_FORMULAS.get(type(loss))
    if pair is None or (fused and type(loss) not in FUSED_FORMULAS):
        return None
    term = (FUSED_FORMULAS[type(loss)] if fused else pair[1])(loss, a, y, m)
    return term if n == 1 else rf"\frac{{1}}{{{n}}} \cdot ({term})"


# -------------------------------------------------------------------- penalties and optimizers

PENALTY_FORMULAS: dict[type[Penalty], tuple[Callable[[str], str], Callable[[str], str]]] = {
    L2: (lambda w: rf"\sum {w}^{{2}}", lambda w: rf"2 \cdot {enclosed(w)}"),
    L1: (lambda w: rf"\sum |{w}|", lambda w: rf"\text{{sign}}({w})"),
}


def penalty_formulas(penalty: Penalty) -> tuple[Callable[[str], str], Callable[[str], str]] | None:
    """Return how a penalty and its gradient follow from a weight; nothing for one that is written on arrays."""
    known = PENALTY_FORMULAS.get(type(penalty))
    if known is not None or not penalty.has_formula:
        return known
    f, slope = penalty.trees()
    return (
        lambda w: rf"\sum {enclosed(latex(f, {'w': w}, in_full))}",
        lambda w: enclosed(latex(slope, {"w": w}, in_full)),
    )


Lines = dict[str, str]  # the new states by name, then the new weight under ""
Given = Callable[[str], str]  # a constructor's argument, as a symbol or as a number


_LETTERS = {
    "eta": r"\eta", "momentum": r"\mu", "weight_decay": r"\lambda", "rho": r"\rho", "beta_1": r"\beta_{1}",
    "beta_2": r"\beta_{2}", "epsilon": r"\epsilon", "t": "t",
}  # fmt: skip


def in_letters(name: str) -> str:
    """Return an optimizer's argument as its symbol."""
    return _LETTERS.get(name) or (name if len(name) == 1 else words(name))


def in_numbers(optimizer: Optimizer) -> Given:
    """Return an optimizer's arguments as their numbers."""
    own = optimizer.numbers() if optimizer.has_formula else {}
    known = {"eta": optimizer.rate(), "t": optimizer.iterations + 1, **own}
    return lambda name: in_full(known[name])


def update_lines(optimizer: Optimizer, w: str, g: str, old: Lines, new: Lines, given: Given) -> Lines:
    """Return how the new states and the new weight come about, each state by its name where it stands in another line.

    Nothing for an optimizer that is written on arrays.
    """
    if not optimizer.has_formula:
        return {}
    rule = optimizer.formulas()
    names = {"w": w, "g": g, "rate": given("eta"), "t": given("t"), **{name: given(name) for name in rule.names}}
    names |= {**old, **{f"new {name}": text for name, text in new.items()}}
    known = {tree: symbol(f"new {name}") for name, tree in rule.states.items() if not tree.is_leaf}

    def line(tree: Tree, known: dict[Tree, Tree]) -> str:
        return latex(with_parts(tree, known), names, in_full)

    others = {name: {key: value for key, value in known.items() if key != tree} for name, tree in rule.states.items()}
    lines = {name: line(tree, others[name]) for name, tree in rule.states.items()}
    return {**lines, "": line(rule.w, known)}
