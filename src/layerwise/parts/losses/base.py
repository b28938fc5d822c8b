"""How wrong the outputs are: each loss is a formula f(y, t) of one output and its target.

    value(y, t) = Σ_j f(y_j, t_j) / m, or the sum alone     ∂value / ∂y_j = f′(y_j, t_j) / m     over the m outputs
    loss = Σ_i w_i · value(y_i, t_i) / Σ_i w_i          y outputs, t targets, both (n, outputs); w (n,)
    loss = Σ_i w_i · value(y_i, t_i) / n                of a batch in training: the w have mean 1 over all batches

The mean over the samples, weighted or not, belongs here (`mean`, `average_gradient`) and nowhere else. Targets
reach a loss as an array of the outputs' shape: class labels are turned into one-hot rows on the way.

Softmax then categorical cross-entropy, and sigmoid then binary cross-entropy, have the joint gradient y - t by
the scores, stable where the two alone are not. The plan recognises the pair by `fuses_with`; the joint gradient, the
formula `fused`, then stands in place of both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from layerwise.errors import DataError, ShapeError, UnknownNameError
from layerwise.formula import Tree
from layerwise.parts.bound import Calls, calls_of, run
from layerwise.parts.layers import Layer, Softmax
from layerwise.parts.masked import unmasked
from layerwise.parts.symbolic import Symbolic, depth_of, own_classes
from layerwise.typing import Array, ArrayLike

Pair = tuple[Array, Array]
EPSILON = 1e-7  # the least probability whose logarithm is taken


def weighted_sum(losses: Array, weights: Array) -> float:
    """Σ w l; a loss that is not finite does not count where its weight is 0."""
    with np.errstate(invalid="ignore", over="ignore"):
        total = float(np.dot(losses, weights))
    if math.isfinite(total) or weights.all():
        return total
    return float(np.dot(np.where(weights == 0, 0, losses), weights))


class Loss(Symbolic):
    """Base class of the losses.

    A custom loss is a subclass that defines ``f(self, y, t)``, plain NumPy on one output y and its target t. Its
    derivative follows from `f`, or is ``derivative(self, y, t)``. The loss of a sample is the mean over its outputs, or
    the sum with ``reduction = "sum"``. Or give the function alone: ``loss=lambda y, t: np.log(np.cosh(y - t))``. Where
    a formula is not possible, define `forward` and `backward` on arrays; such a loss runs on NumPy.

    Parameters
    ----------
    f : callable or Tree, optional
        The formula, for a loss without a class of its own.
    derivative : callable or Tree, optional
        The derivative ∂f/∂y, from y and t. By default it is derived.
    name : str, default="Loss"
        The name of the loss.
    reduction : {"mean", "sum"}, default="mean"
        The mean or the sum over the outputs of a sample.

    Attributes
    ----------
    takes : str
        The outputs that the loss is for: ``"values"`` (any), ``"probabilities"`` (each in [0, 1]) or ``"distribution"``
        (with the sum 1).
    fuses_with : type of Layer, optional
        The activation with which the loss has a joint gradient, the formula ``fused(self, y, t)`` or the method
        `backward_fused`.
    label_smoothing : float
        The fraction of each target that is spread evenly over the classes (Szegedy et al. 2016, section 7).
    epsilon : float
        The smallest probability whose logarithm is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class LogCosh(lw.Loss):
    ...     def f(self, y, t):
    ...         return np.log(np.cosh(y - t))
    >>> round(LogCosh()([[1.0, 2.0]], [[1.0, 1.0]]), 4)
    0.2169
    """

    of_function = "lw.Loss(f)"
    takes: ClassVar[str] = "values"
    fuses_with: ClassVar[type[Layer] | None] = None
    fused: Any = None
    label_smoothing: float = 0.0
    epsilon: float = EPSILON
    reduction: str = "mean"
    arguments = slope_arguments = ("y", "t")
    _constructor = object.__init__
    methods = ("forward", "backward")
    beside = ("reduction",)

    def __init__(
        self,
        f: Callable[..., Any] | Tree | None = None,
        derivative: Callable[..., Any] | Tree | None = None,
        name: str = "Loss",
        reduction: str = "mean",
    ) -> None:
        self._take(f, derivative, name)
        if f is not None:
            self.reduction = reduction
            self.check_reduction()

    def check_reduction(self) -> None:
        """Refuse a `reduction` that is none of the two, which a class may set too."""
        if isinstance(self.reduction, str) and self.reduction in ("mean", "sum"):
            return
        # One on arrays may mean by it what it likes.
        if self.has_formula or not own_classes(type(self)):  # type: ignore[arg-type]
            raise UnknownNameError(
                f'{self.name or type(self).__name__}: reduction must be "mean" or "sum"; got {self.reduction!r}'
            )

    def _symbols(self) -> tuple[str, ...]:
        """Return none for a custom loss: its numbers stand in its formula."""
        return self._always() if own_classes(type(self)) else super()._symbols()  # type: ignore[arg-type]

    def numbers_in(self, dtype: np.dtype[np.floating]) -> dict[str, Any]:
        """Return the loss's own numbers for outputs of a type; `epsilon` is none whose logarithm is infinite there."""
        found = self.numbers()
        if "epsilon" in found:
            found["epsilon"] = max(found["epsilon"], float(np.finfo(dtype).tiny))
        return found

    def joint(self) -> Tree | None:
        """Return `fused` as a tree; None where there is none, or `backward_fused` on arrays in its place."""
        of_arrays = depth_of(type(self), "backward_fused") < depth_of(type(self), "fused")
        return None if self.fused is None or of_arrays else self.traced_slope("fused")

    @classmethod
    def fuses(cls) -> bool:
        """Whether the joint gradient belongs to the loss's own formulas, and not to those that it replaces."""
        own = min(depth_of(cls, "fused"), depth_of(cls, "backward_fused"))
        return own <= min(depth_of(cls, name) for name in ("f", "derivative", "forward", "backward"))

    def bound_forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> Calls:
        """Return the calls, without arguments, that write the loss of each sample into `out` (n,)."""
        if type(self).forward is not Loss.forward:
            return [partial(self.forward, y, t, out, tmp)]
        return self._bound(0, "forward(y, t, out, tmp)", y, t, out, tmp)

    def bound_backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> Calls:
        """Return the calls that write the gradient of each sample's loss by y into `dy`."""
        if type(self).backward is not Loss.backward:
            return [partial(self.backward, y, t, dy, tmp)]
        return self._bound(1, "backward(y, t, dy, tmp)", y, t, dy, tmp)

    def bound_fused(self, y: Array, t: Array, dz: Array) -> Calls:
        """Return the calls that write the gradient of each sample's loss by the input of `fuses_with` into `dz`."""
        tree = self.joint()
        return [partial(self.backward_fused, y, t, dz)] if tree is None else self._bound_tree(tree, y, t, dz)

    def _bound(self, which: int, method: str, y: Array, t: Array, out: Array, tmp: Pair) -> Calls:
        self._refuse_without_f(method)
        return self._bound_tree(self.formulas()[which], y, t, out, tmp)

    def _bound_tree(self, tree: Tree, y: Array, t: Array, out: Array, tmp: Sequence[Array] = ()) -> Calls:
        m = y.shape[1] if self.reduction == "mean" else 1
        return calls_of(tree, self.numbers_in(y.dtype), {"y": y, "t": t}, out, y, tmp, m)

    def forward(self, y: Array, t: Array, out: Array, tmp: Pair) -> None:
        """Compute the loss of each sample.

        Parameters
        ----------
        y, t : array of shape (n, n_out)
            The outputs and their targets, not to be changed.
        out : array of shape (n,)
            The array for the losses.
        tmp : tuple of two arrays of shape (n, n_out)
            Arrays to work in.
        """
        run(self._bound(0, "forward(y, t, out, tmp)", y, t, out, tmp))

    def backward(self, y: Array, t: Array, dy: Array, tmp: Pair) -> None:
        """Compute the gradient of each sample's loss with respect to y.

        Parameters
        ----------
        y, t : array of shape (n, n_out)
            The outputs and their targets, not to be changed.
        dy : array of shape (n, n_out)
            The array for the gradient.
        tmp : tuple of two arrays of shape (n, n_out)
            Arrays to work in.
        """
        run(self._bound(1, "backward(y, t, dy, tmp)", y, t, dy, tmp))

    def backward_fused(self, y: Array, t: Array, dz: Array) -> None:
        """Compute the gradient of each sample's loss with respect to the inputs of `fuses_with`.

        Parameters
        ----------
        y, t : array of shape (n, n_out)
            The outputs and their targets, not to be changed.
        dz : array of shape (n, n_out)
            The array for the gradient.
        """
        if self.fused is None:
            raise NotImplementedError(f"{type(self).__name__} must define fused(y, t), or backward_fused(y, t, dz)")
        run(self._bound_tree(self.traced_slope("fused"), y, t, dz))

    def for_columns(self, names: Sequence[str] | None) -> Loss:
        """The same loss, with what it was told by the names of the targets' columns in their order."""
        return self

    def check_outputs(self, n_out: int) -> None:
        """Raise an error if the loss cannot be used with a number of outputs.

        Parameters
        ----------
        n_out : int
            The number of outputs.
        """

    def of_output(self, j: int) -> Loss:
        """The loss of output j alone, where outputs differ in theirs."""
        return self

    def smooth(self, t: Array) -> None:
        """Spread the targets by `label_smoothing`, in place: t (1 - ε) + ε / classes, two for a single output."""
        if self.label_smoothing:
            classes = t.shape[1] if self.fuses_with is Softmax else 2
            np.multiply(t, 1 - self.label_smoothing, out=t)
            np.add(t, self.label_smoothing / classes, out=t)

    def mean(self, losses: Array, weights: Array | None, by_rows: bool = False) -> float:
        """The mean over the samples, weighted if weights are given."""
        total = self._total(len(losses), weights, by_rows)
        value = float(np.add.reduce(losses)) if weights is None else weighted_sum(losses, weights)
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
            dy[weights == 0] = 0  # where dy was infinite, too
        np.multiply(dy, self.share(len(dy), weights, by_rows), out=dy)

    def __call__(self, y: ArrayLike, t: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the mean loss over samples.

        Parameters
        ----------
        y : array-like of shape (n, n_out) or (n_out,)
            The outputs of n samples, or of one sample.
        t : array-like
            The targets, of y's shape, or a label for each sample.
        sample_weight : array-like of shape (n,), optional
            The weight of each sample.

        Returns
        -------
        float
            The weighted mean.

        Examples
        --------
        >>> from layerwise.parts.losses import CategoricalCrossEntropy, MeanSquaredError
        >>> MeanSquaredError()([4, 8, 6], [4, 9, 6])
        0.3333333333333333
        >>> CategoricalCrossEntropy()([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0]], [0, 1])
        0.34657359027997264
        """
        outputs = np.atleast_2d(unmasked(y, "y", dtype=np.result_type(np.asarray(y).dtype, np.float32)))
        targets = unmasked(t, "t")
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
        self.check_reduction()
        self.check_outputs(outputs.shape[1])
        self.smooth(targets)
        losses = np.empty(len(outputs), outputs.dtype)
        self.forward(outputs, targets, losses, (np.empty_like(outputs), np.empty_like(outputs)))
        weights = None if sample_weight is None else unmasked(sample_weight, "sample_weight", outputs.dtype)
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
