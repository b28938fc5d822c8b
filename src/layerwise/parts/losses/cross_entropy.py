"""The losses of probabilities: of one class of several, and of yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from layerwise.errors import DataError, ShapeError, UnknownNameError
from layerwise.parts.description import number
from layerwise.parts.layers import Layer, Sigmoid, Softmax
from layerwise.parts.losses.base import EPSILON, Loss, Pair
from layerwise.typing import Array


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
    """-(p t log y + (1 - t) log(1 - y)): for one yes or no, or several at once, y the outputs of `Sigmoid`.

    Parameters
    ----------
    label_smoothing : float
        t becomes t (1 - ε) + ε / 2.
    reduction : {"mean", "sum"}
        Over the outputs of a sample: the mean, as in Keras and PyTorch, or the sum, as in Nielsen (eq. 63)
        and scikit-learn.
    epsilon : float
        The least probability whose logarithm is taken.
    pos_weight : float, sequence, mapping or Series of float, optional
        p, how much a yes counts beside a no: one for all outputs, or one for each; above 1 where yes is rare. Negatives
        over positives in the training data makes both count the same. Names, in a mapping or a Series, are those of
        y's columns, whatever their order.
    """

    takes: ClassVar[str] = "probabilities"
    fuses_with: ClassVar[type[Layer] | None] = Sigmoid

    def __init__(
        self,
        label_smoothing: float = 0.0,
        reduction: str = "mean",
        epsilon: float = EPSILON,
        pos_weight: float | Sequence[float] | Mapping[str, float] | None = None,
    ) -> None:
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0, below=0.5)
        if reduction not in ("mean", "sum"):
            raise UnknownNameError(f'BinaryCrossEntropy: reduction must be "mean" or "sum"; got {reduction!r}')
        self.reduction = reduction
        self.pos_weight = self._positive(pos_weight)

    def _positive(self, value: Any) -> float | tuple[float, ...] | dict[str, float] | None:
        if isinstance(value, Mapping) or (hasattr(value, "index") and hasattr(value, "items")):
            return self._by_name(list(value.items()))
        if value is None or np.ndim(value) == 0:
            return None if value is None else number(self, "pos_weight", value, above=0)
        if np.ndim(value) != 1 or not len(value):
            raise ShapeError(f"BinaryCrossEntropy: pos_weight must be a number, or one an output; got {value!r}")
        return tuple(number(self, "pos_weight", p, above=0) for p in value)

    def _by_name(self, items: list[tuple[Any, float]]) -> tuple[float, ...] | dict[str, float]:
        names, weights = [name for name, _ in items], [number(self, "pos_weight", p, above=0) for _, p in items]
        if weights and names == list(range(len(names))):  # no names, but a Series that counts its rows
            return tuple(weights)
        if not weights or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
            raise DataError(
                f"BinaryCrossEntropy: pos_weight must have the names of y's columns, each once; got {names!r:.80}"
            )
        return dict(zip(names, weights, strict=True))

    def for_columns(self, names: Sequence[str] | None) -> Loss:
        """The same with `pos_weight` in the order of y's columns, where it was given by their names.

        Raises
        ------
        DataError
            y has no names, or others.
        """
        if not isinstance(self.pos_weight, dict) or names is None:
            return self
        if set(names) != set(self.pos_weight):
            unknown, missing = sorted(set(self.pos_weight) - set(names)), sorted(set(names) - set(self.pos_weight))
            parts = [f"has {unknown} besides"] * bool(unknown) + [f"lacks {missing}"] * bool(missing)
            raise DataError(
                f"BinaryCrossEntropy: pos_weight needs a number for each column of y, {list(names)!r:.80}; it "
                f"{' and '.join(parts):.160}"
            )
        return type(self)(**{**self.config(), "pos_weight": [self.pos_weight[name] for name in names]})

    def check_outputs(self, n_out: int) -> None:
        """Refuse another number of outputs than `pos_weight` has numbers."""
        if isinstance(self.pos_weight, dict):
            raise DataError(
                f"BinaryCrossEntropy: pos_weight has the names {list(self.pos_weight)!r:.80}, and y has none: give y "
                "as a frame with these columns, or pos_weight as a list in their order"
            )
        if isinstance(self.pos_weight, tuple) and len(self.pos_weight) != n_out:
            raise ShapeError(
                f"BinaryCrossEntropy: pos_weight has {len(self.pos_weight)} numbers, the network {n_out} outputs: give "
                "one for each output, or a single number for all"
            )

    def of_output(self, j: int) -> Loss:
        """The same, with the weight of output j."""
        if not isinstance(self.pos_weight, tuple):
            return self
        return type(self)(**{**self.config(), "pos_weight": self.pos_weight[j]})

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute -Σ_j (log(1 - y_j) + t_j (p_j log y_j - log(1 - y_j))), each logarithm of at least ε."""
        log_y, log_rest = tmp
        np.maximum(y, self._least(y), out=log_y)
        np.log(log_y, out=log_y)
        np.subtract(1, y, out=log_rest)
        np.maximum(log_rest, self._least(y), out=log_rest)
        np.log(log_rest, out=log_rest)
        if self.pos_weight is not None:
            np.multiply(log_y, self._p(y), out=log_y)
        np.subtract(log_y, log_rest, out=log_y)
        np.multiply(log_y, t, out=log_y)
        np.add(log_y, log_rest, out=log_y)
        np.add.reduce(log_y, axis=1, out=out)
        np.multiply(out, -self._share(y), out=out)

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute (y - t) / (y (1 - y)), the denominator at least ε; with p, the numerator of `backward_fused`."""
        variance = tmp[0]
        np.subtract(1, y, out=variance)
        np.multiply(variance, y, out=variance)
        np.maximum(variance, self._least(y), out=variance)
        self._subtract(y, t, dy)
        np.divide(dy, variance, out=dy)
        np.multiply(dy, self._share(y), out=dy)

    def backward_fused(self, y: Array, t: Array, dz: Array) -> None:
        """Compute (1 - t) y - p t (1 - y), which is y - t for p = 1; or its share of the mean over the outputs."""
        self._subtract(y, t, dz)
        if self.reduction == "mean":
            np.multiply(dz, self._share(y), out=dz)

    def _subtract(self, y: Array, t: Array, out: Array) -> None:
        """Write y - t, or p ((t + (1 - t) / p) y - t)."""
        if self.pos_weight is None:
            np.subtract(y, t, out=out)
            return
        p = self._p(y)
        np.multiply(t, 1 - 1 / p, out=out)
        np.add(out, 1 / p, out=out)
        np.multiply(out, y, out=out)
        np.subtract(out, t, out=out)
        np.multiply(out, p, out=out)

    def _p(self, y: Array) -> Any:
        """`pos_weight`, a number or an array of y's type."""
        return np.array(self.pos_weight, y.dtype) if isinstance(self.pos_weight, tuple) else self.pos_weight

    def _share(self, y: Array) -> float:
        return 1 / y.shape[1] if self.reduction == "mean" else 1.0
