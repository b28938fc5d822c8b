"""What an activation is: a formula f(x), worked on each number by itself. Everything else is made from it.

    f  ──► trace ──► tree ─┬─► calls of NumPy's functions that allocate nothing      forward
                           ├─► derivative ──► dx = dy · f′ as such calls             backward
                           └─► C++, C, JavaScript, LaTeX …                           (layerwise.formula)

`Activation.formulas` gives both trees. A part that stands in f and in f′ alike, such as the tanh of a GELU, is kept
from forward to backward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from layerwise.errors import ShapeError
from layerwise.formula import Steps, Tree, bind, operation, rebuilt, replace, steps, symbol
from layerwise.parts.layers.base import Layer
from layerwise.parts.masked import unmasked
from layerwise.parts.parameters import Shapes, View
from layerwise.parts.symbolic import Symbolic, slope_of
from layerwise.typing import Array, ArrayLike

_SLOW = ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "arctan", "power")
_COSTLY = (*_SLOW, "sqrt", "divide")


@dataclass(frozen=True)
class Formulas:
    """An activation's formulas as trees, in which x, y, dy and the activation's own numbers are symbols.

    Attributes
    ----------
    f : Tree
        From x.
    slope : Tree
        f′, from x or from y = f(x), never from both.
    names : tuple of str
        The arguments of the constructor that are symbols in the trees.
    reads : tuple of str
        ``"x"`` or ``"y"``, what `slope` needs; or nothing.
    kept : tuple of Tree
        The costly parts that f and f′ have in common.
    """

    f: Tree
    slope: Tree
    names: tuple[str, ...]
    reads: tuple[str, ...]
    kept: tuple[Tree, ...]


@dataclass(frozen=True)
class Calls:
    """The calls of NumPy's functions for an activation.

    Attributes
    ----------
    forward, backward : Steps
        From x to y, and from dy to dx.
    kept : tuple of str
        The arrays of what forward keeps for backward.
    reads : tuple of str
        Which of x and y backward needs.
    """

    forward: Steps
    backward: Steps
    kept: tuple[str, ...]
    reads: tuple[str, ...]


class Activation(Symbolic, Layer):
    """Base class of the activations.

    An activation has as many outputs as inputs and nothing to learn. A custom activation is a subclass that defines
    ``f(self, x)``, plain NumPy on each number by itself. Its derivative, its native code and its text in every export
    follow from it. Or give the function alone: ``lw.Activation(lambda x: x * np.tanh(x))``. Define ``derivative(self,
    x, y)`` where the derivative is shorter by y = f(x). Where a formula is not possible, define `forward` and
    `backward` on arrays, as for any layer; such an activation runs on NumPy.

    Parameters
    ----------
    f : callable or Tree, optional
        The formula, for an activation without a class of its own.
    derivative : callable or Tree, optional
        The derivative, from x and y = f(x). By default it is derived.
    name : str, default="Activation"
        The name of the activation.
    values : dict, optional
        The numbers that stand in the formula by name.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class Bent(lw.Activation):
    ...     def f(self, x):
    ...         return (np.sqrt(x**2 + 1) - 1) / 2 + x
    >>> Bent()([0.0, 1.0]).round(3)
    array([0.   , 1.207])
    """

    arguments = ("x",)
    slope_arguments = ("x", "y")
    reserved = ("x", "y", "dy")
    _constructor = object.__init__
    methods = ("forward", "backward", "predict")
    beside = ("bound_forward", "bound_backward", "reads", "in_place", "flags", "buffers")

    def __init__(
        self,
        f: Callable[..., Any] | Tree | None = None,
        derivative: Callable[..., Any] | Tree | None = None,
        name: str = "Activation",
        values: Mapping[str, float] | None = None,
    ) -> None:
        self._take(f, derivative, name, values)

    def formulas(self) -> Formulas:  # type: ignore[override]
        """Return f and f′ as trees.

        Raises
        ------
        FormulaError
            `f` has what no tree can express; says in which line.
        """
        return _from_trees(*self._traced())

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        """The arrays among x and y that the derivative is computed from."""
        return self._calls().reads if self.has_formula else Layer.reads

    @property
    def in_place(self) -> bool:  # type: ignore[override]
        """Whether `out` may be the array of x: always, for a formula, which writes it only once x was read."""
        return self.has_formula

    @property
    def flags(self) -> tuple[str, ...]:  # type: ignore[override]
        """The arrays of true and false that the calls work in."""
        return (
            ()
            if self.f is None
            else tuple(dict.fromkeys((*self._calls().forward.flags, *self._calls().backward.flags)))
        )

    def buffers(self, n_in: int) -> Shapes:
        """Return the arrays that the calls work in, and those of what is kept from forward to backward."""
        if self.f is None:
            return {}
        calls = self._calls()
        arrays = (*calls.forward.arrays, *calls.backward.arrays)
        return dict.fromkeys((*arrays, *self.flags, *calls.kept), (n_in,))

    def _calls(self) -> Calls:
        """Return the calls of forward and of backward."""
        return _steps(self.formulas(), tuple(self.numbers().items()), self.has_formula)

    def bound_forward(self, p: View, x: Array, out: Array, training: bool = True) -> list[Callable[[], Any]]:
        """Return the calls, without arguments, that compute y = f(x)."""
        if not self.has_formula:
            return super().bound_forward(p, x, out, training)
        return bind(self._calls().forward, {**vars(p), "x": x, "y": out})

    def bound_backward(
        self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None
    ) -> list[Callable[[], Any]]:
        """Return the calls, without arguments, that compute dx = dy · f′."""
        if not self.has_formula:
            return super().bound_backward(p, x, y, dy, g, dx)
        return [] if dx is None else bind(self._calls().backward, {**vars(p), "x": x, "y": y, "dy": dy, "dx": dx})

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = f(x)."""
        for call in bind(self._calls().forward, {**vars(p), "x": x, "y": out}):
            call()

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · f′."""
        arrays = {**vars(p), "x": x, "y": y, "dy": dy, "dx": dx}
        for call in [] if dx is None else bind(self._calls().backward, arrays):
            call()

    def __call__(self, x: ArrayLike) -> Array:
        """Return f(x).

        Parameters
        ----------
        x : array-like of shape (), (n,) or (n, n_in)
            A number, the inputs of one sample, or those of several.

        Returns
        -------
        array
            The outputs, of x's shape.

        Examples
        --------
        >>> from layerwise.parts.layers import Sigmoid
        >>> Sigmoid()([0.0, 126.0])
        array([0.5, 1. ])
        """
        values = unmasked(x, "x", dtype=np.result_type(np.asarray(x).dtype, np.float32))
        rows = np.atleast_2d(values)
        if rows.ndim != 2 or rows.size == 0:
            raise ShapeError(f"{self!r} takes a number, a vector or a batch (n, outputs); got {values.shape}")
        out = np.empty_like(rows)
        buffers = self.make_buffers(len(rows), rows.shape[1], rows.dtype)
        with np.errstate(all="ignore"):
            self.forward(View(buffers), rows, out)
        result: Array = out.reshape(values.shape)[()]
        return result


@lru_cache(maxsize=256)
def _from_trees(f: Tree, slope: Tree | None, names: tuple[str, ...]) -> Formulas:
    slope = _by_output(slope_of(f, "x"), f) if slope is None else slope
    if {"x", "y"} <= slope.symbols:
        slope = replace(slope, {"y": f})
    reads = tuple(letter for letter in ("x", "y") if letter in slope.symbols)
    return Formulas(f, slope, names, reads, _worth_keeping(f, slope))


def _worth_keeping(f: Tree, slope: Tree) -> tuple[Tree, ...]:
    """Return the costly parts of f′ that f has too; one within another only where it stands elsewhere as well."""
    shared = set(f.parts()) - {f}
    found: dict[Tree, None] = {}
    stack, seen = [slope], set[Tree]()
    while stack:
        part = stack.pop()
        if part in seen:
            continue
        seen.add(part)
        if part in shared and part.op in _COSTLY and any(inner.op in _SLOW for inner in part.parts()):
            found[part] = None
        elif not part.is_leaf:
            stack += part.args
    return tuple(found)


def _by_output(slope: Tree, f: Tree) -> Tree:
    """Return f′ from y alone, where f stands in it and x nowhere else."""
    found = _with_output(slope, f)
    return slope if "x" in found.symbols else found


def _with_output(slope: Tree, f: Tree) -> Tree:
    """Return f′ with y in place of f."""

    def make(part: Tree, operands: tuple[Tree, ...]) -> Tree:
        if part == f:
            return symbol("y")
        return operation(part.op, *operands) if operands else part

    return rebuilt(slope, make)


@lru_cache(maxsize=256)
def _steps(formulas: Formulas, numbers: tuple[tuple[str, float], ...], keeps: bool) -> Calls:
    values = dict(numbers)
    f, slope, *kept = (replace(tree, values) for tree in (formulas.f, formulas.slope, *formulas.kept))
    places = {part: f"kept_{i}" for i, part in enumerate(kept)} if keeps else {}
    forward = steps(f, "y", keep=places, over=("x",))
    # Where f stands in f′, y does too, and x need not be kept if nothing else of f′ needs it.
    trees = (operation("multiply", symbol("dy"), tree) for tree in (_with_output(slope, f), slope))
    found = [steps(tree, "dx", given=places) for tree in trees]
    backward = next((each for each in found if len(_read(each)) < 2), found[1])
    return Calls(forward, backward, tuple(places.values()), _read(backward))


def _read(calls: Steps) -> tuple[str, ...]:
    operands = {operand for step in calls.steps for operand in step.operands}
    return tuple(letter for letter in ("x", "y") if letter in operands)
