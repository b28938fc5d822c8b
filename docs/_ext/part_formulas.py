"""The formulas of parts of a network in LaTeX, written from the trees that the code computes with.

part ─► trees ─► what repeats gets a letter ─► LaTeX
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from part_numbers import LAWS, NOTES, OF_COLUMN, OF_LAYER, OF_SIZES, WRITTEN, scaled, spread_of

from layerwise.app.play.catalogue import _LATEX as OF_ARRAYS
from layerwise.formula import Tree, latex, symbol, with_parts
from layerwise.parts.layers import Activation
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.parts.schedules import Schedule

GREEK = {name: "\\" + name for name in ("alpha", "beta", "gamma", "delta", "epsilon", "rho")} | {
    "beta_1": r"\beta_1", "beta_2": r"\beta_2", "w": "w", "g": "g", "x": "x", "y": "y", "t": "t", "q": "q",
    "total": "T",
}  # fmt: skip
OF_STEP = {
    "w": r"\theta",
    "rate": r"\eta",
    "momentum": r"\mu",
    "weight_decay": r"\lambda",
    "velocity": "v",
    "cache": "c",
}
CONSTANTS = {math.pi: r"\pi", 2 * math.pi: r"2\pi", math.log(2): r"\ln 2", math.sqrt(2 / math.pi): r"\sqrt{2/\pi}"}
FORMS: dict[str, dict[str, dict[str, Any]]] = {  # of optimizers whose formula depends on their arguments
    "SGD": {
        "With momentum": {"momentum": 0.9},
        "With Nesterov's momentum": {"momentum": 0.9, "nesterov": True},
        "With weight decay": {"weight_decay": 0.01},
    },
    "Adam": {"With epsilon_hat": {"epsilon_hat": True}},
}
_LETTERS, _LEAST = "uvw", 5  # names of parts that repeat, and how large such a part is at least


@dataclass(frozen=True)
class Equation:
    """An equation: its LaTeX, and the trees that it was written from."""

    left: str
    tree: Tree | None
    where: Mapping[str, Tree] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    text: str = ""

    @property
    def latex(self) -> str:
        """Return the equation in LaTeX, with what its letters stand for."""
        if self.tree is None:
            return self.text
        parts = [self.left + in_latex(self.tree, self.names)]
        parts += [rf"\text{{where }} {name} = {in_latex(tree, self.names)}" for name, tree in self.where.items()]
        return r" \\ ".join(parts) if len(parts) == 1 else r"\begin{gathered}" + r" \\ ".join(parts) + r"\end{gathered}"


@dataclass(frozen=True)
class Formula:
    """The equations of a part under a heading, and what its symbols mean."""

    heading: str
    equations: tuple[Equation, ...]
    note: str = ""


def in_latex(tree: Tree, names: Mapping[str, str]) -> str:
    """Return a tree in LaTeX, with cases where it chooses."""
    known = {name: _symbol(name) for name in tree.symbols} | dict(names)
    if tree.op == "where":
        condition, yes, no = (latex(part, known, decimal) for part in tree.args)
        condition = condition.removeprefix(r"(1\text{ if }").removesuffix(r"\text{ else }0)")
        return rf"\begin{{cases}} {yes} & \text{{if }} {condition} \\ {no} & \text{{otherwise}} \end{{cases}}"
    return latex(tree, known, decimal)


def decimal(value: float) -> str:
    """Return a number of a formula: a constant by its name, others rounded to seven digits."""
    if value in CONSTANTS:
        return CONSTANTS[value]
    if -value in CONSTANTS:
        return "-" + CONSTANTS[-value]
    text = f"{value:.7g}"
    if "e" not in text:
        return text
    digits, power = text.split("e")
    return f"10^{{{int(power)}}}" if digits == "1" else rf"{digits} \cdot 10^{{{int(power)}}}"


def _symbol(name: str) -> str:
    escaped = name.replace("_", r"\_")
    return GREEK.get(name) or (name if len(name) == 1 else rf"\text{{{escaped}}}")


# ---------------------------------------------------------------- what repeats


def shortened(tree: Tree) -> tuple[Tree, dict[str, Tree]]:
    """Return a tree in which parts that repeat are letters, and those parts."""
    where: dict[str, Tree] = {}
    for letter in _LETTERS:
        if letter in tree.symbols or not (found := _repeated(tree)):
            break
        tree, where[letter] = with_parts(tree, {found: symbol(letter)}), found
    return tree, where


def _repeated(tree: Tree) -> Tree | None:
    counts = Counter(_walk(tree))
    found = [part for part, count in counts.items() if count > 1 and part.size >= _LEAST]
    return max(found, key=lambda part: part.size, default=None)


def _walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    if not tree.is_leaf:
        for part in tree.args:
            yield from _walk(part)


# ---------------------------------------------------------------- by kind


def formulas(part: Any) -> list[Formula]:
    """Return a part's formulas; none for a part that has none."""
    name = type(part).__name__
    if isinstance(part, Activation) and part.has_formula:
        trees = part.formulas()
        slope = "f'(x) = "
        note = "Here $y = f(x)$." if "y" in trees.slope.symbols else ""
        return [
            Formula("Formula", (_equation("f(x) = ", trees.f),)),
            Formula("Derivative", (_equation(slope, trees.slope),), note),
        ]
    if (found := _of_numbers(name)) is not None:
        return [found]
    if name in OF_ARRAYS:
        return [Formula("Formula", (Equation("", None, text=OF_ARRAYS[name]),), NOTES.get(name, ""))]
    if isinstance(part, Loss):
        return _of_loss(part)
    if isinstance(part, Penalty):
        f, slope = part.formulas()
        values = Equation(r"\lambda \sum_w ", f), Equation(r"\frac{\partial}{\partial w} = \lambda \cdot ", slope)
        return [Formula("Formula", values[:1]), Formula("Gradient", values[1:])]
    if isinstance(part, Schedule):
        note = (
            "$s$ is the factor of the learning rate, $t$ the number of epochs done and $T$ that of the whole training."
        )
        return [Formula("Formula", (_equation("s(t) = ", part.formulas()),), note)]
    return _of_optimizer(part) if isinstance(part, Optimizer) else []


def _of_numbers(name: str) -> Formula | None:
    """Return the formula of an initializer or a scaler."""
    note = NOTES.get(name, "")
    if (spread := spread_of(name)) is not None:
        law, left = LAWS[spread.law]
        equation = Equation(rf"{law}, \quad {left}", spread.tree, names=OF_LAYER)
        return Formula("Formula", (equation,), OF_SIZES if "n_in" in spread.tree.symbols else "")
    if (tree := scaled(name)) is not None:
        return Formula("Formula", (Equation(r"x \mapsto ", tree, names=OF_COLUMN),), note)
    return Formula("Formula", (Equation("", None, text=WRITTEN[name]),), note) if name in WRITTEN else None


def _equation(left: str, tree: Tree, names: Mapping[str, str] | None = None) -> Equation:
    short, where = shortened(tree)
    return Equation(left, short, where, names or {})


def _of_loss(loss: Loss) -> list[Formula]:
    f, slope = loss.formulas()
    how = {"mean": "the mean", "sum": "the sum"}[loss.reduction]
    found = [
        Formula(
            "Formula",
            (_equation(r"\ell(y, t) = ", f),),
            f"$y$ is an output and $t$ its target. The loss of a sample is {how} over its outputs.",
        ),
        Formula("Derivative", (_equation(r"\frac{\partial \ell}{\partial y} = ", slope),)),
    ]
    if loss.fuses_with is not None and (joint := loss.joint()) is not None:
        note = f"$z$ is the input of `{loss.fuses_with.__name__}`, with which the gradient is computed in one step."
        found.append(
            Formula(
                "Gradient through the last activation",
                (_equation(r"\frac{\partial \ell}{\partial z} = ", joint),),
                note,
            )
        )
    return found


def _of_optimizer(optimizer: Optimizer) -> list[Formula]:
    kind = type(optimizer)
    note = r"$\theta$ are the parameters, $g$ their gradient and $\eta$ the learning rate of step $t$."
    found = [Formula("Step", _step(optimizer), note)]
    for heading, arguments in FORMS.get(kind.__name__, {}).items():
        found.append(Formula(heading, _step(kind(**arguments))))
    return found


def _step(optimizer: Optimizer) -> tuple[Equation, ...]:
    """Return a step: each state from its last value, then the parameters from the new states."""
    rule = optimizer.formulas()
    names = OF_STEP | {name: name for name in ("m", "v")}
    states = [Equation(names[name] + r" \leftarrow ", tree, names=names) for name, tree in rule.states.items()]
    parameters = with_parts(rule.w, {tree: symbol(name) for name, tree in rule.states.items()})
    return (*states, Equation(r"\theta \leftarrow ", parameters, names=names))
