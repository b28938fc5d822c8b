"""Which activation a loss needs at the end of a network, and which loss suits an ending: decided here for everybody.

CategoricalCrossEntropy ─ Softmax      one probability a class, which sum to 1
BinaryCrossEntropy ────── Sigmoid      one probability an output
Poisson ───────────────── Exp          rates: the log link of a Poisson regression, whose gradient is y - t
other losses ──────────── Softmax for one class of several, Sigmoid for yes/no answers, Linear for numbers
"""

from __future__ import annotations

from layerwise.parts.layers import Activation, Exp, Layer, Linear, Sigmoid, Softmax
from layerwise.parts.losses import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Huber,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    QuadraticCost,
    Quantile,
)

_EQUIVARIANT = (MeanSquaredError, QuadraticCost, MeanAbsoluteError, Huber, Quantile)


def ending(loss: Loss, kind: str, outputs: int) -> Activation:
    """The activation that a network ends with.

    Parameters
    ----------
    loss : Loss
        What is minimized.
    kind : {"classification", "multilabel", "regression"}
        What is answered, as in `Task`.
    outputs : int
        How many outputs; a classification with one has the probability of the second class.

    Examples
    --------
    >>> from layerwise.parts.losses import MeanSquaredError, Poisson
    >>> ending(Poisson(), "regression", 1), ending(MeanSquaredError(), "classification", 3)
    (Exp(), Softmax())
    """
    if isinstance(loss, CategoricalCrossEntropy):
        return Softmax()
    if isinstance(loss, BinaryCrossEntropy):
        return Sigmoid()
    if kind == "regression":
        return Exp() if isinstance(loss, Poisson) else Linear()
    return Softmax() if kind == "classification" and outputs > 1 else Sigmoid()


def keeps(loss: Loss, last: Layer, kind: str, outputs: int) -> bool:
    """Whether a network that ends with `last` can be trained with this loss as it is."""
    takes_any = not isinstance(loss, (CategoricalCrossEntropy, BinaryCrossEntropy, Poisson))
    return takes_any or isinstance(last, type(ending(loss, kind, outputs)))


def loss_for(last: Layer, kind: str | None = None) -> Loss:
    """The loss that suits a network's last layer, where none is named: squared error if numbers are asked for."""
    if kind == "regression":
        return MeanSquaredError()
    if isinstance(last, Softmax):
        return CategoricalCrossEntropy()
    return BinaryCrossEntropy() if isinstance(last, Sigmoid) else MeanSquaredError()


def takes_standardized_targets(loss: Loss) -> bool:
    """Whether numbers may be learned as (t - mean) / std: the loss depends on the difference y - t alone."""
    return isinstance(loss, _EQUIVARIANT)
