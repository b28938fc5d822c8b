"""The text of every loss, penalty and schedule in a training script.

Each is a function of the part, whose numbers stand in its text, and computes what the part itself does, in the same
order, so that it gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.exchange.export.script.custom import loss_lines, penalty_text
from layerwise.formula.quoting import python_number, python_value
from layerwise.parts import losses, penalties, schedules

# ---------------------------------------------------------------- losses: (formula, its lines, its gradient)


def _squared(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    return (
        "(1/m) Σ (y - t)², the mean over the m outputs",
        "e = y - t\nreturn np.vecdot(e, e) * (1 / y.shape[1])",
        "(y - t) * (2 / y.shape[1])",
    )


def _quadratic(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    return "½ Σ (y - t)²", "e = y - t\nreturn np.vecdot(e, e) * 0.5", "(y - t)"


def _absolute(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    return (
        "(1/m) Σ |y - t|, the mean over the m outputs",
        "return np.abs(y - t).sum(axis=1) * (1 / y.shape[1])",
        "np.sign(y - t) * (1 / y.shape[1])",
    )


def _huber(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    delta = python_number(loss.delta)
    return (
        "(1/m) Σ ½ e² where |e| <= δ, else δ (|e| - δ/2), with e = y - t",
        f"e = np.abs(y - t)\nc = np.minimum(e, {delta})\nreturn np.vecdot(2 * e - c, c) * (0.5 / y.shape[1])",
        f"np.clip(y - t, -{delta}, {delta}) * (1 / y.shape[1])",
    )


def _quantile(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    q = python_number(loss.q)
    return (
        "(1/m) Σ q (t - y) where t > y, else (1 - q) (y - t)",
        f"e = t - y\nreturn np.maximum({q} * e, ({q} - 1) * e).sum(axis=1) * (1 / y.shape[1])",
        f"(0.5 * np.sign(y - t) + (0.5 - {q})) * (1 / y.shape[1])",
    )


def _poisson(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    return (
        "(1/m) Σ (y - t log y), the mean over the m outputs",
        f"return (y - t * np.log(np.maximum(y, {python_number(losses.EPSILON)}))).sum(axis=1) * (1 / y.shape[1])",
        f"(1 - t / np.maximum(y, {python_number(losses.EPSILON)})) * (1 / y.shape[1])",
    )


def _categorical(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    return (
        "-Σ t log y, the cross-entropy",
        f"return -np.vecdot(np.log(np.maximum(y, {least})), t)",
        "(y - t)" if fused else f"-(t / np.maximum(y, {least}))",
    )


def _binary(loss: Any, fused: bool, least: str) -> tuple[str, str, str]:
    mean = loss.reduction == "mean"
    share = " * (1 / y.shape[1])" if mean else ""
    error, p, weighted = "(y - t)", "", "log_y"
    if loss.pos_weight is not None:
        p, weighted = "p ", "log_y * POS_WEIGHT"
        error = "difference(y, t)"
    return (
        f"-{'(1/m) ' if mean else ''}Σ ({p}t log y + (1 - t) log(1 - y)), the cross-entropy",
        f"log_y = np.log(np.maximum(y, {least}))\n"
        f"log_rest = np.log(np.maximum(1 - y, {least}))\n"
        f"return -(({weighted} - log_rest) * t + log_rest).sum(axis=1){share}",
        f"{error}{share}" if fused else f"{error} / np.maximum((1 - y) * y, {least}){share}",
    )


LOSSES: dict[type[losses.Loss], Callable[[Any, bool, str], tuple[str, str, str]]] = {
    losses.MeanSquaredError: _squared,
    losses.QuadraticCost: _quadratic,
    losses.MeanAbsoluteError: _absolute,
    losses.Huber: _huber,
    losses.Quantile: _quantile,
    losses.Poisson: _poisson,
    losses.CategoricalCrossEntropy: _categorical,
    losses.BinaryCrossEntropy: _binary,
}


def loss_text(loss: losses.Loss, fused: str | None, dtype: np.dtype[np.floating]) -> str:
    """Return the loss of each sample, and the gradient of their mean; `fused` names the layer that it goes through."""
    least = python_number(
        max(loss.epsilon, float(np.finfo(dtype).tiny))
    )  # the least probability whose logarithm is taken
    known = LOSSES.get(type(loss))
    formula, value, gradient = loss_lines(loss) if known is None else known(loss, fused is not None, least)
    *before, gradient = gradient.split("\n")
    first = "".join(f"    {line}\n" for line in before)
    by = f"by the input of {fused}, whose derivative is in it" if fused else "by y"
    body = "\n".join(f"    {line}" for line in value.split("\n"))
    return f'''{_before(loss)}
def loss(y, t):
    """{formula}, of each sample."""
{body}


def loss_gradient(y, t):
    """The gradient of the mean loss of the batch {by}."""
{first}    return {gradient} * (1 / len(y))
'''


def _before(loss: losses.Loss) -> str:
    """Return what a loss needs before its formulas."""
    p = getattr(loss, "pos_weight", None)
    if p is None:
        return ""
    numbers = f"np.array({python_value(list(p))}, DTYPE)" if isinstance(p, tuple) else python_number(p)
    return f'''
POS_WEIGHT = {numbers}  # p, how much a yes counts beside a no


def difference(y, t):
    """(1 - t) y - p t (1 - y), which is y - t for p = 1."""
    return ((t * (1 - 1 / POS_WEIGHT) + 1 / POS_WEIGHT) * y - t) * POS_WEIGHT

'''


# ---------------------------------------------------------------- penalties: (formula, lines before its gradient, it)

PenaltyText = tuple[str, tuple[str, ...], str]

PENALTIES: dict[type[penalties.Penalty], PenaltyText] = {
    penalties.L1: ("λ Σ |w|", (), "np.sign({w})"),
    penalties.L2: ("λ Σ w²", (), "2 * {w}"),
}


def penalty_of(penalty: penalties.Penalty) -> PenaltyText:
    """Return what a penalty is, and its gradient, as `penalty_text` does."""
    return PENALTIES.get(type(penalty)) or penalty_text(penalty)


# ---------------------------------------------------------------- schedules: lines of a function of t and total

WAVE = '''
def wave(low, high, share):
    """Half a wave of the cosine, from low at share 0 to high at share 1."""
    return low + (high - low) * (1 - np.cos(np.pi * np.clip(share, 0, 1))) / 2
'''


def _cosine(schedule: Any) -> str:
    w, final = python_number(schedule.warm_up), python_number(schedule.final)
    if not schedule.warm_up:
        return f"return wave({final}, 1, 1 - t / total)"
    return (
        f"fall = wave({final}, 1, 1 - (t - {w}) / max(total - {w}, 1e-9))\n"
        f"return np.where(t < {w}, t / {python_number(max(schedule.warm_up, 1e-9))}, fall)"
    )


def _one_cycle(schedule: Any) -> str:
    peak, start, end = map(python_number, (schedule.peak_at, schedule.start, schedule.end))
    return (
        f"peak = {peak} * total\n"
        f"rise, fall = wave({start}, 1, t / peak), wave({end}, 1, (total - t) / (total - peak))\n"
        "return np.where(t < peak, rise, fall)"
    )


SCHEDULES: dict[type[schedules.Schedule], Callable[[Any], str]] = {
    schedules.Constant: lambda s: f"return np.full_like(t, {python_number(s.factor)})",
    schedules.InverseTime: lambda s: f"return 1 / (1 + {python_number(s.decay)} * t)",
    schedules.StepDecay: lambda s: f"return {python_number(s.factor)} ** np.floor(t / {python_number(s.every)})",
    schedules.Exponential: lambda s: f"return {python_number(s.rate)} ** t",
    schedules.InverseScaling: lambda s: f"return (1 + t) ** -{python_number(s.power)}",
    schedules.Cosine: _cosine,
    schedules.OneCycle: _one_cycle,
    schedules.CosLog: lambda s: (
        f"return (1 - np.cos(2 * np.pi * np.log2(1 + (2**{python_number(s.cycles)} - 1) * (t / total)))) / 2"
    ),
}


def schedule_text(schedule: schedules.Schedule) -> str:
    """Return the schedule as a function, after the one that it calls."""
    body = "\n".join(f"    {line}" for line in SCHEDULES[type(schedule)](schedule).split("\n"))
    before = f"{WAVE.strip()}\n\n\n" if "wave(" in body else ""
    return f'''{before}def schedule(t, total):
    """{type(schedule).__name__}: the factor of the learning rate after t of so many epochs."""
{body}
'''
