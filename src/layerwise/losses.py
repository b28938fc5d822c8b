"""How wrong the outputs are: each loss is its value for a sample and the gradient of that value.

    loss = Σ_i w_i · value(y_i, t_i) / Σ_i w_i          y outputs, t targets, both (n, outputs); w (n,)
    loss = Σ_i w_i · value(y_i, t_i) / n                of a batch in training: the w have mean 1 over all batches

The mean over the samples, weighted or not, belongs here (`mean`, `average_gradient`) and nowhere else. Targets
reach a loss as an array of the outputs' shape: class labels are turned into one-hot rows on the way.

Softmax then categorical cross-entropy, and sigmoid then binary cross-entropy, have the joint gradient y - t by
the scores, stable where the two alone are not. The plan recognises the pair by `fuses_with` and then calls
`backward_fused` in place of both.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from layerwise.description import Description, number, resolve
from layerwise.errors import DataError, ShapeError, UnknownNameError
from layerwise.layers import Layer, Sigmoid, Softmax
from layerwise.typing import Array, ArrayLike

Pair = tuple[Array, Array]
EPSILON = 1e-7  # the least probability whose logarithm is taken


class Loss(Description):
    """Base of the losses; one of your own defines `forward` and `backward`.

    Attributes
    ----------
    takes : str
        ``"values"`` for any outputs, ``"probabilities"`` for outputs in [0, 1], ``"distribution"`` for such whose
        sum is 1.
    fuses_with : type of Layer, optional
        The layer with which this loss has the joint gradient of `backward_fused`.
    label_smoothing : float
        The share of each target that is spread evenly over the classes (Szegedy et al. 2016, section 7).
    epsilon : float
        The least probability whose logarithm is taken.
    """

    takes: ClassVar[str] = "values"
    fuses_with: ClassVar[type[Layer] | None] = None
    label_smoothing: float = 0.0
    epsilon: float = EPSILON

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Write the loss of each sample into `out` (n,); `tmp` is two arrays like y to work in."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(y, t, out, tmp)")

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Write the gradient of each sample's loss by y into `dy`; `tmp` is two arrays like y to work in."""
        raise NotImplementedError(f"{type(self).__name__} must define backward(y, t, dy, tmp)")

    def backward_fused(self, y: Array, t: Array, dz: Array) -> None:
        """Write the gradient of each sample's loss by the input of `fuses_with` into `dz`."""
        raise NotImplementedError(f"{type(self).__name__} must define backward_fused(y, t, dz)")

    def smooth(self, t: Array) -> None:
        """Spread the targets by `label_smoothing`, in place: t (1 - ε) + ε / classes, two for a single output."""
        if self.label_smoothing:
            classes = t.shape[1] if self.fuses_with is Softmax else 2
            np.multiply(t, 1 - self.label_smoothing, out=t)
            np.add(t, self.label_smoothing / classes, out=t)

    def mean(self, losses: Array, weights: Array | None, by_rows: bool = False) -> float:
        """The mean over the samples, weighted if weights are given."""
        total = self._total(len(losses), weights, by_rows)
        value = float(np.add.reduce(losses) if weights is None else np.dot(losses, weights))
        return value / total if total else 0.0

    def share(self, n: int, weights: Array | None, by_rows: bool = False) -> float:
        """What a sum over n samples is multiplied by to be their mean: 1 / n, or 1 over the sum of their weights."""
        total = self._total(n, weights, by_rows)
        return 1 / total if total else 0.0

    def _total(self, n: int, weights: Array | None, by_rows: bool) -> float:
        return n if weights is None or by_rows else float(np.add.reduce(weights))

    def average_gradient(self, dy: Array, weights: Array | None, by_rows: bool = False) -> None:
        """Turn the gradients of the samples' losses into those of their mean, in place."""
        if weights is not None:
            np.multiply(dy, weights[:, None], out=dy)
        np.multiply(dy, self.share(len(dy), weights, by_rows), out=dy)

    def _least(self, y: Array) -> float:
        """`epsilon`, or the least normal number of y's type where that is greater: its logarithm is finite."""
        return max(self.epsilon, float(np.finfo(y.dtype).tiny))

    def __call__(self, y: ArrayLike, t: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The mean loss of the outputs y for the targets t.

        Parameters
        ----------
        y : array (n, outputs) or (outputs,)
            The outputs of n samples, or, as a vector, those of a single one.
        t : array
            Of y's shape, or one label for each sample.
        sample_weight : array (n,), optional
            How much each sample counts.

        Examples
        --------
        >>> MeanSquaredError()([4, 8, 6], [4, 9, 6])
        0.3333333333333333
        >>> CategoricalCrossEntropy()([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], [0, 1])
        0.34657359027997264
        """
        outputs = np.atleast_2d(np.asarray(y, dtype=np.result_type(np.asarray(y).dtype, np.float32)))
        targets = np.asarray(t)
        if targets.ndim == np.ndim(y) - 1 and outputs.shape[1] > 1:
            targets = self._one_hot(np.atleast_1d(targets), outputs.shape[1])
        elif targets.ndim == np.ndim(y) - 1:
            targets = targets[..., None]
        targets = np.atleast_2d(targets.astype(outputs.dtype))
        if targets.shape != outputs.shape:
            raise ShapeError(
                f"{type(self).__name__}: outputs of shape {np.shape(y)} and targets of shape {np.shape(t)} do not "
                "fit: give targets of the outputs' shape, or one label for each row of outputs"
            )
        self.smooth(targets)
        losses = np.empty(len(outputs), outputs.dtype)
        self.forward(outputs, targets, losses, (np.empty_like(outputs), np.empty_like(outputs)))
        weights = None if sample_weight is None else np.asarray(sample_weight, outputs.dtype)
        if weights is not None and (weights.shape != losses.shape or (weights < 0).any() or not weights.any()):
            raise DataError(
                f"{type(self).__name__}: sample_weight must be one a sample, ({len(losses)},), at least 0 and not all 0"
            )
        return self.mean(losses, weights)

    def _one_hot(self, labels: Array, classes: int) -> Array:
        whole = labels.astype(np.intp) if labels.dtype.kind in "buif" else np.full(labels.shape, -1)
        wrong = (whole != labels) | (whole < 0) | (whole >= classes)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(
                f"{type(self).__name__}: the label of row {row} is {labels[row]!r}; the labels of {classes} outputs "
                f"are the whole numbers 0 to {classes - 1}"
            )
        rows = np.zeros((len(whole), classes))
        rows[np.arange(len(whole)), whole] = 1
        return rows


class MeanSquaredError(Loss):
    """(1/m) Σ_j (y_j - t_j)²: the mean over the m outputs."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j (y_j - t_j)²."""
        np.subtract(y, t, out=tmp[0])
        np.vecdot(tmp[0], tmp[0], out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (2/m) (y - t)."""
        np.subtract(y, t, out=dy)
        np.multiply(dy, 2 / y.shape[1], out=dy)


class QuadraticCost(Loss):
    """½ Σ_j (y_j - t_j)²: the sum over the outputs (Nielsen, eq. 6)."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute ½ Σ_j (y_j - t_j)²."""
        np.subtract(y, t, out=tmp[0])
        np.vecdot(tmp[0], tmp[0], out=out)
        np.multiply(out, 0.5, out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute y - t."""
        np.subtract(y, t, out=dy)


class MeanAbsoluteError(Loss):
    """(1/m) Σ_j |y_j - t_j|: the median's loss, little moved by outliers."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j |y_j - t_j|."""
        np.subtract(y, t, out=tmp[0])
        np.abs(tmp[0], out=tmp[0])
        np.add.reduce(tmp[0], axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) sign(y - t)."""
        np.subtract(y, t, out=dy)
        np.sign(dy, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Huber(Loss):
    """½ e² where |e| <= δ, else δ (|e| - δ/2), with e = y - t; the mean over the outputs (Huber 1964).

    Parameters
    ----------
    delta : float
        From where the loss grows like |e| instead of e².
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number(self, "delta", delta, above=0)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j c (|e| - c/2), with c = min(|e|, δ)."""
        e, c = tmp
        np.subtract(y, t, out=e)
        np.abs(e, out=e)
        np.minimum(e, self.delta, out=c)
        np.multiply(e, 2, out=e)
        np.subtract(e, c, out=e)
        np.vecdot(e, c, out=out)
        np.multiply(out, 0.5 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) e, cut to [-δ, δ]."""
        np.subtract(y, t, out=dy)
        np.minimum(dy, self.delta, out=dy)
        np.maximum(dy, -self.delta, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Quantile(Loss):
    """q (t - y) where t > y, else (1 - q) (y - t): its least is at the q-quantile (Koenker and Bassett 1978).

    Parameters
    ----------
    q : float
        Which quantile, between 0 and 1; 0.5 is the median.
    """

    def __init__(self, q: float = 0.5) -> None:
        self.q = number(self, "q", q, above=0, below=1)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j max(q e, (q - 1) e), with e = t - y."""
        e, other = tmp
        np.subtract(t, y, out=e)
        np.multiply(e, self.q - 1, out=other)
        np.multiply(e, self.q, out=e)
        np.maximum(e, other, out=e)
        np.add.reduce(e, axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) (1 - q where y > t, -q where y < t), half-way where they are equal."""
        np.subtract(y, t, out=dy)
        np.sign(dy, out=dy)
        np.multiply(dy, 0.5, out=dy)
        np.add(dy, 0.5 - self.q, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class Poisson(Loss):
    """y - t log y, the mean over the outputs: for counts t, with y the rate, above 0 (end with Exp or Softplus)."""

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute (1/m) Σ_j (y_j - t_j log max(y_j, 1e-7))."""
        logarithm = tmp[0]
        np.maximum(y, EPSILON, out=logarithm)
        np.log(logarithm, out=logarithm)
        np.multiply(logarithm, t, out=logarithm)
        np.subtract(y, logarithm, out=logarithm)
        np.add.reduce(logarithm, axis=1, out=out)
        np.multiply(out, 1 / y.shape[1], out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (1/m) (1 - t / max(y, 1e-7))."""
        np.maximum(y, EPSILON, out=dy)
        np.divide(t, dy, out=dy)
        np.subtract(1, dy, out=dy)
        np.multiply(dy, 1 / y.shape[1], out=dy)


class CategoricalCrossEntropy(Loss):
    """-Σ_j t_j log y_j: for one class of several, y the probabilities of `Softmax`.

    Parameters
    ----------
    label_smoothing : float
        The share of the target that is spread evenly over all classes.
    epsilon : float
        The least probability whose logarithm is taken.
    """

    takes: ClassVar[str] = "distribution"
    fuses_with: ClassVar[type[Layer] | None] = Softmax

    def __init__(self, label_smoothing: float = 0.0, epsilon: float = EPSILON) -> None:
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0, below=0.5)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute -Σ_j t_j log max(y_j, ε)."""
        logarithm = tmp[0]
        np.maximum(y, self._least(y), out=logarithm)
        np.log(logarithm, out=logarithm)
        np.vecdot(logarithm, t, out=out)
        np.negative(out, out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute -t / max(y, ε)."""
        np.maximum(y, self._least(y), out=dy)
        np.divide(t, dy, out=dy)
        np.negative(dy, out=dy)

    def backward_fused(self, y: Array, t: Array, dz: Array) -> None:
        """Compute y - t."""
        np.subtract(y, t, out=dz)


class BinaryCrossEntropy(Loss):
    """-(t log y + (1 - t) log(1 - y)): for one yes or no, or several at once, y the outputs of `Sigmoid`.

    Parameters
    ----------
    label_smoothing : float
        t becomes t (1 - ε) + ε / 2.
    reduction : {"mean", "sum"}
        Over the outputs of a sample: the mean, as in Keras and PyTorch, or the sum, as in Nielsen (eq. 63)
        and scikit-learn.
    epsilon : float
        The least probability whose logarithm is taken.
    """

    takes: ClassVar[str] = "probabilities"
    fuses_with: ClassVar[type[Layer] | None] = Sigmoid

    def __init__(self, label_smoothing: float = 0.0, reduction: str = "mean", epsilon: float = EPSILON) -> None:
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0, below=0.5)
        if reduction not in ("mean", "sum"):
            raise UnknownNameError(f'BinaryCrossEntropy: reduction must be "mean" or "sum"; {reduction!r} came')
        self.reduction = reduction

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute -Σ_j (log(1 - y_j) + t_j (log y_j - log(1 - y_j))), each logarithm of at least ε."""
        log_y, log_rest = tmp
        np.maximum(y, self._least(y), out=log_y)
        np.log(log_y, out=log_y)
        np.subtract(1, y, out=log_rest)
        np.maximum(log_rest, self._least(y), out=log_rest)
        np.log(log_rest, out=log_rest)
        np.subtract(log_y, log_rest, out=log_y)
        np.multiply(log_y, t, out=log_y)
        np.add(log_y, log_rest, out=log_y)
        np.add.reduce(log_y, axis=1, out=out)
        np.multiply(out, -self._share(y), out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (y - t) / (y (1 - y)), the denominator at least ε."""
        variance = tmp[0]
        np.subtract(1, y, out=variance)
        np.multiply(variance, y, out=variance)
        np.maximum(variance, self._least(y), out=variance)
        np.subtract(y, t, out=dy)
        np.divide(dy, variance, out=dy)
        np.multiply(dy, self._share(y), out=dy)

    def backward_fused(self, y: Array, t: Array, dz: Array) -> None:
        """Compute y - t, or its share of the mean over the outputs."""
        np.subtract(y, t, out=dz)
        if self.reduction == "mean":
            np.multiply(dz, self._share(y), out=dz)

    def _share(self, y: Array) -> float:
        return 1 / y.shape[1] if self.reduction == "mean" else 1.0


LOSSES: tuple[type[Loss], ...] = (
    MeanSquaredError, QuadraticCost, MeanAbsoluteError, Huber, Quantile, Poisson,
    CategoricalCrossEntropy, BinaryCrossEntropy,
)  # fmt: skip


def as_loss(value: object) -> Loss:
    """A loss from an instance or a name (``"mean_squared_error"``, or ``"mse"`` and ``"mae"`` for short)."""
    short = {"mse": MeanSquaredError.__name__, "mae": MeanAbsoluteError.__name__}
    return resolve("loss", short.get(value, value) if isinstance(value, str) else value, Loss, LOSSES)
