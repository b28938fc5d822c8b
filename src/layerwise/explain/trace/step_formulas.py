"""How the numbers of a loss, a penalty and an optimizer come about, in the manner of `layer_formulas`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layerwise.explain.trace.notation import enclosed, in_full, words
from layerwise.formula import Tree, compute, latex, number, rebuilt, symbol, with_parts
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty

# -------------------------------------------------------------------- losses and penalties


def loss_term(loss: Loss, a: str, y: str) -> str | None:
    """Return the loss of one output a with the target y, in symbols or in numbers."""
    return _of_loss(loss, loss.formulas()[0], a, y) if loss.has_formula else None


def loss_gradient(loss: Loss, a: str, y: str, m: int, n: int, fused: bool) -> str | None:
    """Return the gradient of the mean cost by one output of m, or, fused, by the input that it came from."""
    tree = loss.joint() if fused else loss.formulas()[1] if loss.has_formula else None
    if tree is None:
        return None
    term = _of_loss(loss, tree, a, y)
    if loss.reduction == "mean" and m > 1:
        term = rf"\frac{{{term}}}{{{m}}}"
    return term if n == 1 else rf"\frac{{1}}{{{n}}} \cdot ({term})"


def _of_loss(loss: Loss, tree: Tree, a: str, y: str) -> str:
    numbers = loss.numbers_in(np.dtype(np.float64))
    known = {name: value for name, value in numbers.items() if isinstance(value, float)}
    names = {"y": a, "t": y, **{name: in_letters(name) for name in numbers if name not in known}}
    filled = with_parts(tree, {symbol(name): number(value) for name, value in known.items()})
    return latex(_where_it_counts(filled, loss.epsilon, a, y), names, in_full)


def _where_it_counts(tree: Tree, least: float, a: str, y: str) -> Tree:
    """Return the tree without the least probability, but where the numbers are below it."""

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part.op == "maximum" and part.args[1] == number(least) and not _is_below(part.args[0], least, a, y):
            return operands[0]
        return Tree(part.op, *operands) if operands else part

    return rebuilt(tree, make)


def _is_below(tree: Tree, least: float, a: str, y: str) -> bool:
    """Whether the tree is less than that for these numbers; symbols are none."""
    try:
        return bool(compute(tree, {"y": float(a), "t": float(y)}) < least)
    except (ValueError, KeyError):
        return False


def penalty_formulas(penalty: Penalty) -> tuple[Callable[[str], str], Callable[[str], str]] | None:
    """Return how a penalty and its gradient follow from a weight; nothing for one that is written on arrays."""
    if not penalty.has_formula:
        return None
    f, slope = penalty.trees()
    return (
        lambda w: rf"\sum {enclosed(latex(f, {'w': w}, in_full))}",
        lambda w: enclosed(latex(slope, {"w": w}, in_full)),
    )


# -------------------------------------------------------------------- optimizers

Lines = dict[str, str]  # the new states by name, then the new weight under ""
Given = Callable[[str], str]  # a constructor's argument, as a symbol or as a number


_LETTERS = {
    "eta": r"\eta", "momentum": r"\mu", "weight_decay": r"\lambda", "rho": r"\rho", "beta_1": r"\beta_{1}",
    "beta_2": r"\beta_{2}", "epsilon": r"\epsilon", "t": "t", "pos_weight": "p",
}  # fmt: skip


def in_letters(name: str) -> str:
    """Return a part's argument as its symbol."""
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
