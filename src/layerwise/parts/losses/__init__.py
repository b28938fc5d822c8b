"""How wrong the outputs are: `base.py` has what all losses do, two more files have the formulas."""

from __future__ import annotations

from layerwise.parts.description import is_function, resolve
from layerwise.parts.losses.base import EPSILON, Loss
from layerwise.parts.losses.cross_entropy import BinaryCrossEntropy, CategoricalCrossEntropy
from layerwise.parts.losses.regression import (
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
    Quantile,
)

__all__ = [
    "EPSILON",
    "LOSSES",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "Huber",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Poisson",
    "QuadraticCost",
    "Quantile",
    "as_loss",
]

LOSSES: tuple[type[Loss], ...] = (
    MeanSquaredError, QuadraticCost, MeanAbsoluteError, Huber, Quantile, Poisson,
    CategoricalCrossEntropy, BinaryCrossEntropy,
)  # fmt: skip


def as_loss(value: object) -> Loss:
    """Return a loss from an instance, a function or a name.

    Parameters
    ----------
    value : Loss, callable or str
        An instance, a function f(y, t), or a name such as ``"mean_squared_error"`` or ``"mse"``.

    Returns
    -------
    Loss
        The loss.

    Raises
    ------
    UnknownNameError
        The name is not known.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.losses.as_loss("mse")
    MeanSquaredError()
    """
    if is_function(value):
        return Loss(value)  # type: ignore[arg-type]
    short = {"mse": MeanSquaredError.__name__, "mae": MeanAbsoluteError.__name__}
    return resolve("loss", short.get(value, value) if isinstance(value, str) else value, Loss, LOSSES)
