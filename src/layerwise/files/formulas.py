"""Custom parts as their formulas: how a file holds them, so that it loads where their classes are not there.

A formula is trees of known operations (layerwise.formula.data), which are data and no code.
"""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Mapping
from typing import Any

from layerwise.errors import FormatError
from layerwise.formula import Tree, as_data, from_data
from layerwise.parts.layers import Activation
from layerwise.parts.losses import Loss
from layerwise.parts.optimizers import Optimizer
from layerwise.parts.penalties import Penalty
from layerwise.parts.schedules import Schedule
from layerwise.parts.symbolic import is_name

Part = Activation | Loss | Penalty | Optimizer | Schedule
FORMULA_KINDS = (Activation, Loss, Penalty, Optimizer, Schedule)


def key_of(argument: str) -> str:
    """Return the key of a part's argument in a file: with a sign before it, where a part has another use for the word.

    Examples
    --------
    >>> [key_of(argument) for argument in ("alpha", "type", "formula")]
    ['alpha', '=type', '=formula']
    """
    return f"={argument}" if argument in ("type", "formula") else argument


def formula_of(part: Part) -> dict[str, Any]:
    """Return the formulas of a custom part, and what else makes it again."""
    if isinstance(part, Optimizer):
        rule = part.formulas()
        return {
            "states": {name: as_data(tree) for name, tree in rule.states.items()},
            "w": as_data(rule.w),
            "values": _own(part.numbers(), _SETTINGS),
            **{name: getattr(part, name) for name in _SETTINGS},
        }
    if isinstance(part, Schedule):
        return {"f": as_data(part.formulas()), "values": part.numbers(), "read_at": part.read_at}
    if isinstance(part, Penalty):
        f, slope = map(as_data, part.formulas())
        own = {name: getattr(part, name) for name in ("weights", "biases", "per_batch")}
        return {"f": f, "derivative": slope, "values": _own(part.numbers(), own), **own}
    if isinstance(part, Loss):
        f, slope = map(as_data, part.formulas())
        return {"f": f, "derivative": slope, "reduction": part.reduction}
    formulas = part.formulas()
    return {"f": as_data(formulas.f), "derivative": as_data(formulas.slope), "numbers": list(formulas.names)}


_SETTINGS = ("learning_rate", "decay")  # of every optimizer


def _own(numbers: Mapping[str, float], others: Collection[str]) -> dict[str, float]:
    return {name: value for name, value in numbers.items() if name not in others}


def from_formula(name: str, value: Mapping[str, Any], formula: Any) -> Part:
    """Return a part from what `formula_of` gave; `value` is the part as the file has it.

    Raises
    ------
    FormatError
        The formula is none, or what belongs to it is not right.
    """
    if not is_name(name):
        raise FormatError(f"a custom part needs a name; got {reprlib.repr(name)}")
    if isinstance(formula, dict) and "states" in formula:
        return _optimizer(name, formula)
    if isinstance(formula, dict) and "read_at" in formula:
        return _schedule(name, formula)
    if isinstance(formula, dict) and "weights" in formula:
        return _penalty(name, formula)
    if isinstance(formula, dict) and "reduction" in formula:
        f, slope = (from_data(formula.get(key), {"y", "t"}, f"{name}: {key}") for key in ("f", "derivative"))
        if formula["reduction"] not in ("mean", "sum"):
            raise FormatError(f"{name}: reduction must be mean or sum; got {reprlib.repr(formula['reduction'])}")
        return Loss(f, slope, name, formula["reduction"])
    if not isinstance(formula, dict) or not isinstance(formula.get("numbers"), list):
        raise FormatError(f"{name}: formula must have f, derivative and numbers")
    return _activation(
        name, formula, {key: value.get(key_of(key)) for key in formula["numbers"] if isinstance(key, str)}
    )


def _activation(name: str, formula: Mapping[str, Any], numbers: Mapping[str, Any]) -> Activation:
    names = formula["numbers"]
    if len(numbers) != len(names):
        raise FormatError(f"{name}: the names of its numbers are not right: {reprlib.repr(names)}")
    found = _numbers(name, numbers, ("x", "y", "dy"))
    f = from_data(formula.get("f"), {"x", *names}, f"{name}: f")
    slope = from_data(formula.get("derivative"), {"x", "y", *names}, f"{name}: derivative")
    if {"x", "y"} <= slope.symbols:
        raise FormatError(f"{name}: derivative has x and y; it may have one of them")
    return Activation(f, slope, name, found)


def _schedule(name: str, formula: Mapping[str, Any]) -> Schedule:
    values = _numbers(name, formula.get("values"), ("t", "total"))
    f = from_data(formula.get("f"), {"t", "total", *values}, f"{name}: f")
    if formula["read_at"] not in ("start", "middle", "ends"):
        raise FormatError(f"{name}: read_at must be start, middle or ends; got {reprlib.repr(formula['read_at'])}")
    return Schedule(f, name, values, formula["read_at"])


def _penalty(name: str, formula: Mapping[str, Any]) -> Penalty:
    settings = {key: formula.get(key) for key in ("weights", "biases", "per_batch")}
    values = _numbers(name, formula.get("values"), ("w",))
    symbols = {"w", *values, *settings}
    f, slope = (from_data(formula.get(key), symbols, f"{name}: {key}") for key in ("f", "derivative"))
    if not isinstance(settings["per_batch"], bool):
        raise FormatError(f"{name}: per_batch must be true or false; got {reprlib.repr(settings['per_batch'])}")
    try:
        return Penalty(**settings, f=f, derivative=slope, name=name, values=values)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name}: {error}") from None


def _optimizer(name: str, formula: Mapping[str, Any]) -> Optimizer:
    states = formula["states"]
    wrong = not isinstance(states, dict) or len(states) > 20 or not all(map(str.isidentifier, states))
    if wrong or {"w", "g", "rate", "t"} & set(states):
        raise FormatError(f"{name}: states must be formulas by their names; got {reprlib.repr(states)}")
    values = _numbers(name, formula.get("values"), ("w", "g", "rate", "t", *states, *_SETTINGS))
    symbols = {"w", "g", "rate", "t", *states, *values, *_SETTINGS}
    trees: dict[str, Tree] = {"w": from_data(formula.get("w"), symbols, f"{name}: w")}
    trees |= {state: from_data(data, symbols, f"{name}: {state}") for state, data in states.items()}
    try:
        settings: dict[str, Any] = {key: formula.get(key) for key in _SETTINGS}
        return Optimizer(**settings, f=trees, state_names=tuple(states), name=name, values=values)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{name}: {error}") from None


def _numbers(name: str, numbers: Any, reserved: Collection[str]) -> dict[str, float]:
    """Return a part's own numbers by their names."""
    if not isinstance(numbers, dict) or not all(is_name(key) and key not in reserved for key in numbers):
        raise FormatError(f"{name}: the names of its numbers are not right: {reprlib.repr(numbers)}")
    found = {key: float(each) for key, each in numbers.items() if type(each) in (int, float) and abs(each) < 1e300}
    if len(found) != len(numbers):
        raise FormatError(f"{name}: its numbers must be finite; got {reprlib.repr(numbers)}")
    return found
