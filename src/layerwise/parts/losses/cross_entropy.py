"""The losses of probabilities: of one class of several, and of yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from layerwise.errors import DataError, ShapeError, UnknownNameError
from layerwise.parts.description import number
from layerwise.parts.layers import Layer, Sigmoid, Softmax
from layerwise.parts.losses.base import EPSILON, Loss
from layerwise.parts.symbolic import own_classes


class CategoricalCrossEntropy(Loss):
    """Cross-entropy of one class out of several: -Σ t log y.

    The outputs y are the probabilities of `Softmax`; the targets are class labels or one-hot rows.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        The share of the target that is spread evenly over all classes (Szegedy et al. 2016, section 7). At least 0,
        below 1.
    epsilon : float, default=1e-07
        Smaller probabilities are replaced by this before the logarithm. Above 0, below 0.5.

    Examples
    --------
    >>> import layerwise as lw
    >>> round(lw.CategoricalCrossEntropy()([[0.7, 0.1, 0.2]], [[1, 0, 0]]), 4)
    0.3567
    """

    takes: ClassVar[str] = "distribution"
    fuses_with: ClassVar[type[Layer] | None] = Softmax
    reduction = "sum"

    def __init__(self, label_smoothing: float = 0.0, epsilon: float = EPSILON) -> None:
        self.label_smoothing = number(self, "label_smoothing", label_smoothing, least=0, below=1)
        self.epsilon = number(self, "epsilon", epsilon, above=0, below=0.5)

    def f(self, y: Any, t: Any) -> Any:
        """Compute -t log y."""
        return -t * np.log(np.maximum(y, self.epsilon))

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute -t / y."""
        return -t / np.maximum(y, self.epsilon)

    def fused(self, y: Any, t: Any) -> Any:
        """Compute y - t."""
        return y - t


class BinaryCrossEntropy(Loss):
    """Cross-entropy of yes or no: -(t log y + (1 - t) log(1 - y)).

    The outputs y are those of `Sigmoid`: one for a single question, or several for independent ones.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Targets t become t (1 - label_smoothing) + label_smoothing / 2. At least 0, below 1.
    reduction : {"mean", "sum"}, default="mean"
        Over the outputs of a sample: the mean, as in Keras and PyTorch, or the sum, as in Nielsen (2015, equation 63)
        and scikit-learn.
    epsilon : float, default=1e-07
        Smaller probabilities are replaced by this before the logarithm. Above 0, below 0.5.
    pos_weight : float, sequence, mapping or Series of float, optional
        The weight of a yes: the term t log y is multiplied by it. One number for all outputs, or one for each. Above
        1 where yes is rare; the number of negatives divided by the number of positives makes both count the same. The
        keys of a mapping or a Series are the names of y's columns.

    Notes
    -----
    With `pos_weight` p the loss is -(p t log y + (1 - t) log(1 - y)), and its gradient with respect to the input of
    the sigmoid is (1 - t) y - p t (1 - y), which is y - t for p = 1.

    Examples
    --------
    >>> import layerwise as lw
    >>> round(lw.BinaryCrossEntropy()([[0.9]], [[1]]), 4)
    0.1054
    >>> round(lw.BinaryCrossEntropy(pos_weight=5)([[0.9]], [[1]]), 4)
    0.5268
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
        """Raise an error if the number of outputs is not that of `pos_weight`."""
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

    @property
    def has_formula(self) -> bool:
        """Whether it is computed by its formula; one number for each output is none in a custom loss's."""
        each = isinstance(self.pos_weight, tuple) and own_classes(type(self))  # type: ignore[arg-type]
        return super().has_formula and not each

    def _always(self) -> tuple[str, ...]:
        return ("pos_weight",) if isinstance(self.pos_weight, (tuple, dict)) else ()

    def _number(self, name: str) -> float:
        return 1.0 if name in self._always() else super()._number(name)

    def numbers_in(self, dtype: np.dtype[np.floating]) -> dict[str, Any]:
        """Return the loss's own numbers; `pos_weight` is an array where each output has its own."""
        each = {"pos_weight": np.array(self.pos_weight, dtype)} if isinstance(self.pos_weight, tuple) else {}
        return super().numbers_in(dtype) | each

    def f(self, y: Any, t: Any) -> Any:
        """Compute -(p t log y + (1 - t) log(1 - y))."""
        p = 1 if self.pos_weight is None else self.pos_weight
        yes, no = np.log(np.maximum(y, self.epsilon)), np.log(np.maximum(1 - y, self.epsilon))
        return -(p * t * yes + (1 - t) * no)

    def derivative(self, y: Any, t: Any) -> Any:
        """Compute the joint gradient over the slope of the sigmoid, y (1 - y)."""
        return self.fused(y, t) / np.maximum(y * (1 - y), self.epsilon)

    def fused(self, y: Any, t: Any) -> Any:
        """Compute (1 - t) y - p t (1 - y), which is y - t for p = 1."""
        p: Any = self.pos_weight
        return y - t if p is None else (1 - t) * y - p * t * (1 - y)
