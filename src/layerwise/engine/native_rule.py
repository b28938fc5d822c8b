"""An optimizer as `layerwise._native` takes it: its formula, and what the native engine must know of it.

    f(w, g, rate, t, *states) ──► trees ─┬─► what is the same for all parameters: code, run once a step in float64
                                         └─► the rest: compiled (optimizer_formulas.h) where its text is one of those
                                             that were made ahead, else code for the interpreter

Most returns to Python leave an optimizer's settings as they are, and its rule with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from layerwise.engine.native_plan import _native
from layerwise.formula import at_zero, operation, replace, symbol
from layerwise.formula.lowering import code
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.optimizers.base import Rule, Settings

MOST_STATES = 4
_MOVING = ("rate", "t", "learning_rate")  # from step to step


def native_rule(optimizer: Optimizer) -> Any | None:
    """Return an optimizer's formula for the native engine; None where it has none, or one that is too large."""
    if not optimizer.has_formula or len(optimizer.state_names) > MOST_STATES:
        return None
    return _rule_and_numbers(optimizer)[0]


class RuleOf:
    """The formula and the numbers of an optimizer with the settings that it has now.

    Parameters
    ----------
    optimizer : Optimizer
        One that `native_rule` has a formula of.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.settings = Settings(optimizer)
        self.rule, self.numbers = _rule_and_numbers(optimizer)

    def arguments(self, optimizer: Optimizer) -> dict[str, Any]:
        """Return the arguments of `_native.Optimizer`, with the optimizer's state and learning rate now."""
        return {
            "rule": self.rule,
            "numbers": self.numbers,
            "learning_rate": optimizer.learning_rate,
            "decay": optimizer.decay,
            "iterations": optimizer.iterations,
            "states": [optimizer.state[name] for name in optimizer.state_names],
        }


def _rule_and_numbers(optimizer: Optimizer) -> tuple[Any | None, list[float]]:
    """Return the formula, and the numbers in it."""
    rule = optimizer.formulas()
    names = fixed(rule)
    numbers = list(optimizer.values_of(names).values())
    return _native_rule(rule, tuple(numbers)), numbers


def fixed(rule: Rule) -> list[str]:
    """Return the names of the numbers that are the same in all steps of a call."""
    return [name for name in rule.names if name not in _MOVING]


@lru_cache(maxsize=64)
def _native_rule(rule: Rule, numbers: tuple[float, ...]) -> Any | None:
    found = rule_arguments(rule, numbers)
    return None if found is None else _native.Rule(**found)


def rule_arguments(rule: Rule, numbers: Sequence[float]) -> dict[str, Any] | None:
    """Return the arguments of `_native.Rule` for a formula with these numbers; None where it needs too many slots."""
    (trees, scalars), states = rule.replaced(), list(rule.states)
    formula = code([*(trees[name] for name in ("w", *states))], ["w", "g", *states, *scalars])
    of_scalars = code(list(scalars.values()), [*_MOVING, *fixed(rule)])
    if formula is None or of_scalars is None:
        return None
    known, text = texts(), rule.text()
    return {
        "states": len(states),
        "formula": formula,
        "scalars": of_scalars,
        "numbers": len(fixed(rule)),
        "compiled": known.index(text) if text in known else -1,
        "descent": descent(rule),
        "moves_without_gradient": moves_without_gradient(rule, dict(zip(fixed(rule), numbers))),
    }


def texts() -> list[str]:
    """Return the formulas that are compiled."""
    return list(_native.optimizers)


def descent(rule: Rule) -> int:
    """Return which scalar is c where a step is w - c g alone; -1 where it is more."""
    trees, scalars = rule.replaced()
    w, g, steps = symbol("w"), symbol("g"), map(symbol, scalars)
    forms = [(operation("multiply", c, g), operation("multiply", g, c)) for c in steps]
    found = (i for i, products in enumerate(forms) if any(trees["w"] == operation("subtract", w, p) for p in products))
    return -1 if rule.states else next(found, -1)


def moves_without_gradient(rule: Rule, numbers: dict[str, float]) -> bool:
    """Return whether a step with these numbers may change parameters or states whose gradient is 0."""
    trees = {"w": rule.w, **rule.states}
    return any(at_zero(replace(tree, numbers), "g") != symbol(name) for name, tree in trees.items())
