"""Penalties on large parameters, added to the data loss and reported apart from it.

    L2 = λ Σ w²         ∂ = 2 λ w            L1 = λ Σ |w|        ∂ = λ sign w

λ is as in Keras and in Kinsley and Kukiela. Nielsen's λ / (2n) Σ w² is ``L2(lambda_ / (2 * n))``; a weight
decay of PyTorch's SGD, which is the factor of w in the gradient, is ``L2(weight_decay / 2)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from layerwise.formula import Steps, Tree, bind, derivative, replace, shown, steps, trace
from layerwise.parts.description import Description, number, way_of_function
from layerwise.parts.symbolic import Key, depth_of, refuse_function, with_symbols
from layerwise.typing import Array

_OF_FUNCTION = ("f", "derivative", "name", "values")  # arguments of a penalty that is no class of its own

_LEFT_OUT = ("_work",)


@lru_cache(maxsize=256)
def _cached(key: Key) -> tuple[tuple[Tree, Tree], tuple[str, ...]]:
    name = type(key.part).__name__

    def make(general: Any) -> tuple[Tree, Tree]:
        f = trace(general.f, "w", name=f"{name}.f")
        given = general.derivative
        return f, derivative(f, "w") if given is None else trace(given, "w", name=f"{name}.derivative")

    return with_symbols(key.part, (), ("w",), make)


@lru_cache(maxsize=256)
def _steps(tree: Tree) -> Steps:
    return steps(tree, "out")


class Penalty(Description):
    """Base of the penalties.

    A custom penalty is a class with `f(w)`, plain NumPy on one weight; the penalty is λ Σ f(w), and its derivative
    follows from `f`. Or give the function alone: ``lw.Penalty(0.001, f=lambda w: np.log(1 + w**2))``.

    Where a formula won't do, define `value` and `gradient` on arrays, both for λ = 1; such a penalty runs on NumPy.

    Parameters
    ----------
    weights, biases : float
        λ for weights and for biases.
    per_batch : bool
        λ is divided by the batch's rows, or by the sum of their weights: so scikit-learn divides its alpha, with
        λ = alpha / 2. In evaluation all rows are one batch.
    f : callable or Tree, optional
        The formula, of a penalty that is no class of its own.
    derivative : callable or Tree, optional
        f′ from w; by default it is derived.
    name : str
        What it is called.
    values : dict, optional
        The numbers that stand in the trees by their names.

    Examples
    --------
    >>> import numpy as np
    >>> class Cauchy(Penalty):
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
    f: Any = None
    derivative: Any = None
    name: str = ""
    values: Mapping[str, float] = MappingProxyType({})

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
        self.per_batch = bool(per_batch)
        if f is None:
            return
        refuse_function(self, Penalty)
        self.name, self.values = name, dict(values or {})
        self.f = f if isinstance(f, Tree) else trace(f, "w", name=name)
        self.derivative = derivative
        if derivative is not None and not isinstance(derivative, Tree):
            self.derivative = trace(derivative, "w", name=f"{name}, derivative")

    def config(self) -> dict[str, Any]:
        """The constructor's arguments that make this object again."""
        own = super().config()
        return own if type(self) is Penalty else {name: own[name] for name in own if name not in _OF_FUNCTION}

    def __repr__(self) -> str:
        if type(self) is not Penalty or self.f is None:
            return super().__repr__()
        own = {"biases": self.biases} if self.biases else {}
        settings = {**own, **({"per_batch": True} if self.per_batch else {}), **self.values}
        text = "".join(f", {name}={value!r}" for name, value in settings.items())
        if self.name == "Penalty":
            text += f", f={shown(replace(self.f, self.values))}"
        return f"{self.name}({self.weights!r}{text})"

    @property
    def has_formula(self) -> bool:
        """Whether it is computed by its formula, and not by `value` and `gradient` of its class's own."""
        kind = type(self)
        if isinstance(self.f, Tree):
            return True
        return self.f is not None and depth_of(kind, "f") < min(depth_of(kind, "value"), depth_of(kind, "gradient"))

    def formulas(self) -> tuple[Tree, Tree]:
        """Return f and f′ as trees, in which w and the penalty's own numbers are symbols.

        Raises
        ------
        FormulaError
            `f` has what no tree can express; says in which line.
        """
        if isinstance(self.f, Tree):
            return self.f, derivative(self.f, "w") if self.derivative is None else self.derivative
        return _cached(Key(self, _LEFT_OUT))[0]

    def numbers(self) -> dict[str, float]:
        """Return the penalty's own numbers, by their names in the trees."""
        if isinstance(self.f, Tree):
            return {"weights": self.weights, "biases": self.biases, **self.values}
        return {name: float(getattr(self, name)) for name in _cached(Key(self, _LEFT_OUT))[1]}

    def trees(self) -> tuple[Tree, Tree]:
        """Return f and f′ as trees of w alone."""
        f, slope = (replace(tree, self.numbers()) for tree in self.formulas())
        return f, slope

    def value(self, w: Array, tmp: Array) -> float:
        """The penalty of the flat array w; `tmp` is an array like it to work in."""
        self._compute(0, "value(w, tmp)", w, tmp)
        return float(np.add.reduce(tmp))

    def gradient(self, w: Array, out: Array) -> None:
        """Write the penalty's gradient by w into `out`."""
        self._compute(1, "gradient(w, out)", w, out)

    def _compute(self, which: int, method: str, w: Array, out: Array) -> None:
        """Compute f (0) or f′ (1) for each number."""
        if self.f is None:
            raise NotImplementedError(f"{type(self).__name__} must define f(w), or {method} on arrays")
        found = _steps(self.trees()[which])
        key, work = (found, w.shape, w.dtype), vars(self).setdefault("_work", {})
        if key not in work:
            flags = {name: np.empty(w.shape, bool) for name in found.flags}
            work[key] = {**{name: np.empty_like(w) for name in found.arrays}, **flags}
        for call in bind(found, {**work[key], "w": w, "out": out}):
            call()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_work"}


class L2(Penalty):
    """λ Σ w²: prefers many small weights (ridge, weight decay)."""

    def __init__(self, weights: float, biases: float = 0.0, per_batch: bool = False) -> None:
        super().__init__(weights, biases, per_batch)

    def value(self, w: Array, tmp: Array) -> float:
        """Compute Σ w²."""
        return float(np.dot(w, w))

    def gradient(self, w: Array, out: Array) -> None:
        """Compute 2 w."""
        np.multiply(w, 2, out=out)


class L1(Penalty):
    """λ Σ |w|: prefers weights that are exactly 0 (lasso)."""

    def __init__(self, weights: float, biases: float = 0.0, per_batch: bool = False) -> None:
        super().__init__(weights, biases, per_batch)

    def value(self, w: Array, tmp: Array) -> float:
        """Compute Σ |w|."""
        np.abs(w, out=tmp)
        return float(np.add.reduce(tmp))

    def gradient(self, w: Array, out: Array) -> None:
        """Compute sign w."""
        np.sign(w, out=out)


PENALTIES: tuple[type[Penalty], ...] = (L1, L2)
Penalties = Penalty | Sequence[Penalty] | None


def as_penalties(argument: str, value: Penalties) -> tuple[Penalty, ...] | None:
    """None, or a tuple of penalties from one or several."""
    if value is None:
        return None
    items = value if isinstance(value, (list, tuple)) else [value]
    for item in items:
        if not isinstance(item, Penalty):
            way = way_of_function(item, Penalty)
            raise TypeError(f"{argument} must be a penalty with its strength, such as L2(0.001); got {item!r}{way}")
    return tuple(items)
