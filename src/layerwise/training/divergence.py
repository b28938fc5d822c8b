"""Why a training came to NaN or infinity: from the last good weights, the penalties and the data of the step.

one step of the penalties, or of weight decay, is longer than the weights ──► they are too strong
inputs or targets are large                                               ──► scale them
else                                                                      ──► the learning rate is too large
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from layerwise.engine.plan import Plan
from layerwise.errors import DivergenceError
from layerwise.parts.optimizers import SGD, Optimizer
from layerwise.parts.parameters import Parameters
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.training.loop import Training

LARGE = 100.0  # what scaled data hardly ever reach
WORDS = {  # which the page has too: app/play/catalogue.py
    "diverged": "training diverged at step {step} (epoch {epoch}): {layer} gave NaN or infinity. The weights are those "
    "of {kept}. {cure}",
    "epoch": "the end of epoch {epoch}",
    "start": "the start of this fit",
    "weight_decay": "Try a smaller weight_decay than {decay:g}: one step by it overshoots the weights",
    "penalty": "Try a weaker penalty than {penalty} (`alpha` of the estimators): one step by it overshoots the weights",
    "inputs": "Try scaled inputs (the largest is {largest:.3g}), or a smaller learning rate than {rate:g}",
    "targets": "Try scaled targets (the largest is {largest:.3g}), or a smaller learning rate than {rate:g}",
    "rate": "Try a smaller learning rate than {rate:g}, or scaled inputs",
}


def advice(plan: Plan, parameters: Parameters, optimizer: Optimizer, x: Array, t: Array) -> str:
    """Say what to try, for the error.

    Parameters
    ----------
    plan, parameters, optimizer
        Of the training, with the last good weights.
    x, t : array (n, n_in), (n, n_out)
        Some rows as the first layer is given them, as many as a step takes, and their targets.
    """
    rate = optimizer.rate()
    decay = float(getattr(optimizer, "weight_decay", 0))
    if rate * decay > 1:
        return WORDS["weight_decay"].format(decay=decay)
    with np.errstate(all="ignore"):
        penalty = _strong_penalty(plan, parameters, optimizer, rate, len(x))
        largest = [float(np.abs(part).max(initial=0)) for part in (x, t)]
    if penalty is not None:
        return WORDS["penalty"].format(penalty=penalty)
    for name, size in zip(("inputs", "targets"), largest):
        if size > LARGE:
            return WORDS[name].format(largest=size, rate=rate)
    return WORDS["rate"].format(rate=rate)


def _strong_penalty(plan: Plan, parameters: Parameters, optimizer: Optimizer, rate: float, n: int) -> str | None:
    """The first penalty of which one step is longer than the weights that it is about.

    Optimizers that divide a gradient by its size make no such step; with them, a gradient must have overflowed.
    """
    for term in plan.penalties:
        w = parameters.theta[term.part]
        gradient = np.empty_like(w)
        term.penalty.gradient(w, gradient)
        length = term.factor(1 / n) * _length(gradient)
        if isinstance(optimizer, SGD):
            strong = rate * length > _length(w)
        else:
            strong = not np.isfinite(w.dtype.type(length) ** 2)
        if strong:
            return repr(term.penalty)
    return None


def _length(v: Array) -> float:
    """√Σ v², also where the squares are too large for a number."""
    largest = float(np.abs(v).max(initial=0))
    return largest * float(np.linalg.norm(v.astype(np.float64) / largest)) if largest else 0.0


def raise_divergence(run: Training, done: int) -> NoReturn:
    """Go back to the last good weights and raise.

    Raises
    ------
    DivergenceError
        Names the step and the layer, and what to try.
    """
    size, n = run.engine.batch_size, len(run.engine.rows)
    start = min(done, run.steps_per_epoch - 1) * size
    layer = run.engine.first_bad_layer(start, min(start + size, n), run.step)
    np.copyto(run.parameters.theta, run._good)
    x, t = run.engine.rows.span(0, min(size, n)), run.engine.targets.dense
    t = np.zeros((1, 1)) if t is None else t[: len(x)]
    cure = advice(run.plan, run.parameters, run.optimizer, x, t)
    run.optimizer.reset()  # its state has seen what was not finite
    kept = WORDS["epoch"].format(epoch=run.epoch - 1) if run.epoch > 1 else WORDS["start"]
    if run._last is not None:
        kept = run._last[1]
    words = WORDS["diverged"].format(step=run.step, epoch=run.epoch, layer=layer, kept=kept, cure=cure)
    run.divergence = DivergenceError(words, run.step, layer)
    raise run.divergence
