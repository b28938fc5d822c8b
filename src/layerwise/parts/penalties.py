"""Penalties on large parameters, added to the data loss and reported apart from it.

    L2 = λ Σ w²         ∂ = 2 λ w            L1 = λ Σ |w|        ∂ = λ sign w

λ is as in Keras and in Kinsley and Kukiela. Nielsen's λ / (2n) Σ w² is ``L2(lambda_ / (2 * n))``; a weight
decay of PyTorch's SGD, which is the factor of w in the gradient, is ``L2(weight_decay / 2)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from layerwise.formula import Tree
from layerwise.parts.bound import Calls, calls_of, run
from layerwise.parts.description import flag, number, way_of_function
from layerwise.parts.symbolic import Symbolic
from layerwise.typing import Array

__all__ = [
    "L1",
    "L2",
    "PENALTIES",
    "Penalties",
    "Penalty",
    "as_penalties",
]


class Penalty(Symbolic):
    """Base class of the penalties.

    A custom penalty is a subclass that defines ``f(self, w)``, plain NumPy on one weight. The penalty is λ Σ f(w),
    and its derivative follows from `f`. Or give the function alone: ``lw.Penalty(0.001, f=lambda w: np.log(1 +
    w**2))``. Where a formula is not possible, define `value` and `gradient` on arrays, both for λ = 1; such a penalty
    runs on NumPy.

    Parameters
    ----------
    weights, biases : float
        The factor λ for the weights and for the biases. At least 0.
    per_batch : bool, default=False
        Divide λ by the number of rows of the batch, or by the sum of their weights, as scikit-learn does with its
        alpha. In evaluation all rows are one batch.
    f : callable or Tree, optional
        The formula, for a penalty without a class of its own.
    derivative : callable or Tree, optional
        The derivative of `f`. By default it is derived.
    name : str, default="Penalty"
        The name of the penalty.
    values : dict, optional
        The numbers that stand in the formula by name.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class Cauchy(lw.Penalty):
    ...     def f(self, w):
    ...         return np.log(1 + w**2)
    >>> w, slope = np.array([0.0, 1.0]), np.empty(2)
    >>> Cauchy(0.001).gradient(w, slope)
    >>> slope
    array([0., 1.])
    """

    of_function = "lw.Penalty(0.001, f=f)"
    weights: float = 1.0  # of a class whose own constructor sets none
    biases: float = 0.0
    per_batch: bool = False
    arguments = slope_arguments = reserved = ("w",)
    settings = ("weights", "biases")
    methods = ("value", "gradient")

    def __init__(
        self,
        weights: float,
        biases: float = 0.0,
        per_batch: bool = False,
        *,
        f: Callable[..., Any] | Tree | None = None,
        derivative: Callable[..., Any] | Tree | None = None,
        name: str = "Penalty",
        values: Mapping[str, float] | None = None,
    ) -> None:
        self.weights = number(self, "weights", weights, least=0)
        self.biases = number(self, "biases", biases, least=0)
        self.per_batch = flag(self, "per_batch", per_batch)
        self._take(f, derivative, name, values)

    def _shown_settings(self) -> Iterator[str]:
        yield repr(self.weights)
        if self.biases:
            yield f"biases={self.biases!r}"
        if self.per_batch:
            yield "per_batch=True"

    def bound_value(self, w: Array, tmp: Array) -> Calls:
        """Return the calls, without arguments, of which the last returns the penalty of the flat array w."""
        return self._bound_value(w, tmp) if type(self).value is Penalty.value else [partial(self.value, w, tmp)]

    def _bound_value(self, w: Array, tmp: Array) -> Calls:
        self._refuse_without_f("value(w, tmp)")
        return calls_of(self.formulas()[0], self.numbers(), {"w": w}, np.empty((), w.dtype), w, (tmp,))

    def bound_gradient(self, w: Array, out: Array) -> Calls:
        """Return the calls that write the penalty's gradient by w into `out`."""
        is_formula = type(self).gradient is Penalty.gradient
        return self._bound_gradient(w, out) if is_formula else [partial(self.gradient, w, out)]

    def _bound_gradient(self, w: Array, out: Array) -> Calls:
        self._refuse_without_f("gradient(w, out)")
        return calls_of(self.formulas()[1], self.numbers(), {"w": w}, out, w)

    def value(self, w: Array, tmp: Array) -> float:
        """Return the penalty of an array for λ = 1.

        Parameters
        ----------
        w : array of shape (n,)
            The weights.
        tmp : array of shape (n,)
            An array to work in.

        Returns
        -------
        float
            The penalty.
        """
        return float(run(self._bound_value(w, tmp)))

    def gradient(self, w: Array, out: Array) -> None:
        """Compute the gradient of the penalty for λ = 1.

        Parameters
        ----------
        w : array of shape (n,)
            The weights.
        out : array of shape (n,)
            The array for the gradient.
        """
        run(self._bound_gradient(w, out))


class L2(Penalty):
    """L2 penalty: λ Σ w². It prefers many small weights.

    Also known as ridge regression and, with plain SGD, as weight decay.

    Parameters
    ----------
    weights, biases : float
        The factor λ for the weights and for the biases. At least 0.
    per_batch : bool, default=False
        Divide λ by the number of rows of the batch, or by the sum of their weights, as scikit-learn does with its
        alpha. In evaluation all rows are one batch.

    Notes
    -----
    λ is that of Keras and of Kinsley and Kukiela (2020). Nielsen (2015) writes λ / (2n) Σ w²: that is
    ``L2(lambda_ / (2 * n))``. The `weight_decay` of PyTorch's SGD is the factor in the gradient:
    ``L2(weight_decay / 2)``. scikit-learn's `alpha` is ``L2(alpha / 2, per_batch=True)``.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(8, penalty=lw.L2(1e-4)), lw.ReLU(), lw.Dense(1)])
    """

    def __init__(self, weights: float, biases: float = 0.0, per_batch: bool = False) -> None:
        super().__init__(weights, biases, per_batch)

    def f(self, w: Any) -> Any:
        """Compute w²."""
        return w**2


class L1(Penalty):
    """L1 penalty: λ Σ abs(w). It prefers weights that are exactly 0.

    Also known as lasso.

    Parameters
    ----------
    weights, biases : float
        The factor λ for the weights and for the biases. At least 0.
    per_batch : bool, default=False
        Divide λ by the number of rows of the batch, or by the sum of their weights. In evaluation all rows are one
        batch.

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(8, penalty=lw.L1(1e-4)), lw.ReLU(), lw.Dense(1)])
    """

    def __init__(self, weights: float, biases: float = 0.0, per_batch: bool = False) -> None:
        super().__init__(weights, biases, per_batch)

    def f(self, w: Any) -> Any:
        """Compute abs(w)."""
        return np.abs(w)


PENALTIES: tuple[type[Penalty], ...] = (L1, L2)
Penalties = Penalty | Sequence[Penalty] | None


def as_penalties(argument: str, value: Penalties) -> tuple[Penalty, ...] | None:
    """Return a tuple of penalties from one or several; None stays None.

    Parameters
    ----------
    argument : str
        The name of the argument, for error messages.
    value : Penalty, sequence of Penalty or None
        The penalties.

    Returns
    -------
    tuple of Penalty or None
        The penalties.

    Raises
    ------
    TypeError
        One of them is not a penalty.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.penalties.as_penalties("penalty", lw.L2(1e-4))
    (L2(0.0001),)
    """
    if value is None:
        return None
    items = value if isinstance(value, (list, tuple)) else [value]
    for item in items:
        if not isinstance(item, Penalty):
            way = way_of_function(item, Penalty)
            raise TypeError(f"{argument} must be a penalty with its strength, such as L2(0.001); got {item!r}{way}")
    return tuple(items)
