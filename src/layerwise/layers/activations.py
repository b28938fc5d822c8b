"""The activation functions, each as two formulas: f, and dx = dy · f′.

Where f′ can be had from y alone (sigmoid, tanh, ReLU …) the input is not kept. Every formula is written so
that no step needs memory of its own: `out` and `dx` are worked in, from the innermost term outwards.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from layerwise.description import number
from layerwise.errors import ShapeError
from layerwise.layers.base import Layer
from layerwise.masked import unmasked
from layerwise.parameters import Shapes, View
from layerwise.typing import Array, ArrayLike

# Klambauer, Unterthiner, Mayr, Hochreiter 2017, eq. 14: the fixed point at mean 0 and variance 1
SELU_ALPHA = 1.6732632423543772
SELU_LAMBDA = 1.0507009873554805


class Activation(Layer):
    """Base of the activations: as many outputs as inputs, and no parameters.

    An activation of your own defines `forward(p, x, out)` and `backward(p, x, y, dy, g, dx)`; a plain
    ``out[:] = …`` is enough. `p` and `g` hold no parameters.
    """

    def __call__(self, x: ArrayLike) -> Array:
        """f(x) for a number, a vector (the outputs of one sample) or a batch (n, outputs).

        Examples
        --------
        >>> Sigmoid()([0.0, 126.0])
        array([0.5, 1. ])
        """
        values = unmasked(x, "x", dtype=np.result_type(np.asarray(x).dtype, np.float32))
        rows = np.atleast_2d(values)
        if rows.ndim != 2 or rows.size == 0:
            raise ShapeError(f"{self!r} takes a number, a vector or a batch (n, outputs); {values.shape} came")
        out = np.empty_like(rows)
        buffers = self.make_buffers(len(rows), rows.shape[1], rows.dtype)
        with np.errstate(all="ignore"):
            self.forward(View(buffers), rows, out)
        result: Array = out.reshape(values.shape)[()]
        return result


class Step(Activation):
    """1 where x is above the threshold, else 0 (the perceptron's; Rosenblatt 1958).

    Its gradient is 0 everywhere, so training through it is refused.

    Parameters
    ----------
    threshold : float
        What x must exceed.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True
    flags: ClassVar[tuple[str, ...]] = ("on",)
    differentiable: ClassVar[bool] = False
    gives: ClassVar[str] = "probabilities"

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = number(self, "threshold", threshold)

    def buffers(self, n_in: int) -> Shapes:
        """Whether x is above the threshold."""
        return {"on": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = 1 if x > threshold else 0."""
        np.greater(x, self.threshold, out=p.on)
        np.copyto(out, p.on)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = 0."""
        if dx is not None:
            dx.fill(0)


class Linear(Activation):
    """a · x.

    Parameters
    ----------
    slope : float
        The factor a.
    """

    reads: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = number(self, "slope", slope)

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = a x."""
        np.multiply(x, self.slope, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = a dy."""
        if dx is not None:
            np.multiply(dy, self.slope, out=dx)


class Identity(Activation):
    """x itself: what regression ends with."""

    reads: ClassVar[tuple[str, ...]] = ()
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x."""
        np.copyto(out, x)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy."""
        if dx is not None:
            np.copyto(dx, dy)


class Sigmoid(Activation):
    """1 / (1 + e⁻ˣ): between 0 and 1.

    Below about -709 (-88 in float32) e⁻ˣ overflows to infinity and y is 0, which is right; the executor
    switches NumPy's overflow warning off.
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "probabilities"

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = 1 / (1 + e⁻ˣ)."""
        np.negative(x, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · y (1 - y)."""
        if dx is not None:
            np.subtract(1, y, out=dx)
            np.multiply(dx, y, out=dx)
            np.multiply(dx, dy, out=dx)


class Tanh(Activation):
    """The hyperbolic tangent: between -1 and 1."""

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = tanh x."""
        np.tanh(x, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (1 - y²)."""
        if dx is not None:
            np.square(y, out=dx)
            np.subtract(1, dx, out=dx)
            np.multiply(dx, dy, out=dx)


class ReLU(Activation):
    """a · max(x, 0) (Nair and Hinton 2010, with a = 1).

    Parameters
    ----------
    slope : float
        The factor a for x > 0, above 0.
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    flags: ClassVar[tuple[str, ...]] = ("on",)
    gives: ClassVar[str] = "values"

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = number(self, "slope", slope, above=0)

    def buffers(self, n_in: int) -> Shapes:
        """Whether y is above 0."""
        return {"on": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = a max(x, 0)."""
        np.maximum(x, 0, out=out)
        if self.slope != 1:
            np.multiply(out, self.slope, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = a dy where y > 0, else 0."""
        if dx is not None:
            np.greater(y, 0, out=p.on)
            np.copyto(dx, p.on)
            np.multiply(dx, dy, out=dx)
            if self.slope != 1:
                np.multiply(dx, self.slope, out=dx)


class LeakyReLU(Activation):
    """a · x for x > 0, b · x for the rest, so that no unit can die (Maas, Hannun, Ng 2013).

    Parameters
    ----------
    negative_slope : float
        The factor b for x <= 0.
    slope : float
        The factor a for x > 0.
    """

    reads: ClassVar[tuple[str, ...]] = ("x",)
    flags: ClassVar[tuple[str, ...]] = ("on",)
    gives: ClassVar[str] = "values"

    def __init__(self, negative_slope: float = 0.01, slope: float = 1.0) -> None:
        self.negative_slope = number(self, "negative_slope", negative_slope)
        self.slope = number(self, "slope", slope)

    def buffers(self, n_in: int) -> Shapes:
        """Whether x is above 0."""
        return {"on": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x · (a if x > 0 else b)."""
        self._slopes(p, x, out)
        np.multiply(out, x, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (a if x > 0 else b)."""
        if dx is not None:
            self._slopes(p, x, dx)
            np.multiply(dx, dy, out=dx)

    def _slopes(self, p: View, x: Array, out: Array) -> None:
        np.greater(x, 0, out=p.on)
        np.copyto(out, p.on)
        np.multiply(out, self.slope - self.negative_slope, out=out)
        np.add(out, self.negative_slope, out=out)


class Softmax(Activation):
    """eˣ / Σ eˣ over the outputs of a sample: a probability for each class.

    The row's maximum is subtracted first, which changes nothing and keeps every exponent at most 0.
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "distribution"

    def buffers(self, n_in: int) -> Shapes:
        """A transposed copy, and one number for each sample: its maximum, its sum."""
        return {"z": (n_in,), "row": ()}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y_j = e^(x_j - max x) / Σ_k e^(x_k - max x).

        Worked out with a column a sample, so that NumPy's inner loops run along the samples: rows are short.
        """
        z, row = p.z.reshape(x.shape[::-1]), p.row
        np.copyto(z, x.T)
        np.maximum.reduce(z, axis=0, out=row)
        np.subtract(z, row, out=z)
        np.exp(z, out=z)
        np.add.reduce(z, axis=0, out=row)
        np.divide(z, row, out=out.T)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx_j = Σ_k dy_k y_k (δ_jk - y_j) = y_j (dy_j - Σ_k dy_k y_k), the whole Jacobian."""
        if dx is not None:
            np.multiply(dy, y, out=dx)
            np.add.reduce(dx, axis=1, out=p.row)
            np.subtract(dy.T, p.row, out=dx.T)
            np.multiply(dx, y, out=dx)


class ELU(Activation):
    """x for x > 0, α (eˣ - 1) for the rest (Clevert, Unterthiner, Hochreiter 2016).

    Parameters
    ----------
    alpha : float
        Towards -alpha y falls; at least 0.
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    flags: ClassVar[tuple[str, ...]] = ("on",)
    gives: ClassVar[str] = "values"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number(self, "alpha", alpha, least=0)

    def buffers(self, n_in: int) -> Shapes:
        """A second array to work in, and whether y is above 0."""
        return {"tmp": (n_in,), "on": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = max(x, 0) + α (e^min(x, 0) - 1)."""
        np.minimum(x, 0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, self.alpha, out=out)
        np.add(out, np.maximum(x, 0, out=p.tmp), out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (1 if y > 0 else y + α)."""
        if dx is not None:
            np.greater(y, 0, out=p.on)
            np.copyto(p.tmp, p.on)
            np.multiply(p.tmp, 1 - self.alpha, out=p.tmp)
            np.minimum(y, 0, out=dx)
            np.add(dx, self.alpha, out=dx)
            np.add(dx, p.tmp, out=dx)
            np.multiply(dx, dy, out=dx)


class SELU(Activation):
    """λ · ELU with the α and λ that keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""

    reads: ClassVar[tuple[str, ...]] = ("y",)
    flags: ClassVar[tuple[str, ...]] = ("on",)
    gives: ClassVar[str] = "values"

    def buffers(self, n_in: int) -> Shapes:
        """A second array to work in, and whether y is above 0."""
        return {"tmp": (n_in,), "on": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = λ (max(x, 0) + α (e^min(x, 0) - 1))."""
        np.minimum(x, 0, out=out)
        np.expm1(out, out=out)
        np.multiply(out, SELU_ALPHA, out=out)
        np.add(out, np.maximum(x, 0, out=p.tmp), out=out)
        np.multiply(out, SELU_LAMBDA, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (λ if y > 0 else y + λα)."""
        if dx is not None:
            np.greater(y, 0, out=p.on)
            np.copyto(p.tmp, p.on)
            np.multiply(p.tmp, SELU_LAMBDA * (1 - SELU_ALPHA), out=p.tmp)
            np.minimum(y, 0, out=dx)
            np.add(dx, SELU_LAMBDA * SELU_ALPHA, out=dx)
            np.add(dx, p.tmp, out=dx)
            np.multiply(dx, dy, out=dx)


class GELU(Activation):
    """x · Φ(x), in its tanh form (Hendrycks and Gimpel 2016): x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))."""

    reads: ClassVar[tuple[str, ...]] = ("x",)
    gives: ClassVar[str] = "values"

    def buffers(self, n_in: int) -> Shapes:
        """The tanh, kept for backward, and an array to work in."""
        return {"t": (n_in,), "tmp": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x/2 (1 + t), t = tanh(x √(2/π) (1 + 0.044715 x²))."""
        np.square(x, out=p.t)
        np.multiply(p.t, 0.044715, out=p.t)
        np.add(p.t, 1, out=p.t)
        np.multiply(p.t, x, out=p.t)
        np.multiply(p.t, math.sqrt(2 / math.pi), out=p.t)
        np.tanh(p.t, out=p.t)
        np.add(p.t, 1, out=p.tmp)
        np.multiply(p.tmp, 0.5, out=p.tmp)
        np.multiply(p.tmp, x, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · ½ (1 + t + x (1 - t²) √(2/π) (1 + 3 · 0.044715 x²))."""
        if dx is not None:
            np.square(x, out=dx)
            np.multiply(dx, 3 * 0.044715, out=dx)
            np.add(dx, 1, out=dx)
            np.multiply(dx, math.sqrt(2 / math.pi), out=dx)
            np.multiply(dx, x, out=dx)
            np.square(p.t, out=p.tmp)
            np.subtract(1, p.tmp, out=p.tmp)
            np.multiply(dx, p.tmp, out=dx)
            np.add(dx, p.t, out=dx)
            np.add(dx, 1, out=dx)
            np.multiply(dx, 0.5, out=dx)
            np.multiply(dx, dy, out=dx)


class SiLU(Activation):
    """x · σ(x), also called swish (Elfwing, Uchibe, Doya 2018)."""

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def buffers(self, n_in: int) -> Shapes:
        """The sigmoid, kept for backward."""
        return {"s": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x s, s = 1 / (1 + e⁻ˣ)."""
        np.negative(x, out=p.s)
        np.exp(p.s, out=p.s)
        np.add(p.s, 1, out=p.s)
        np.reciprocal(p.s, out=p.s)
        np.multiply(x, p.s, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (s + y (1 - s))."""
        if dx is not None:
            np.subtract(1, p.s, out=dx)
            np.multiply(dx, y, out=dx)
            np.add(dx, p.s, out=dx)
            np.multiply(dx, dy, out=dx)


class Mish(Activation):
    """x · tanh(softplus(x)) (Misra 2020).

    With e = eˣ, tanh(log(1 + e)) = n / (n + 2) where n = e (e + 2). From x = 20 on that is 1 to the last
    digit, so e is taken at min(x, 20) and nothing overflows.
    """

    reads: ClassVar[tuple[str, ...]] = ("x",)
    gives: ClassVar[str] = "values"

    def buffers(self, n_in: int) -> Shapes:
        """The tanh and the sigmoid, kept for backward."""
        return {"t": (n_in,), "s": (n_in,)}

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = x t, t = n / (n + 2); keep s = e / (1 + e)."""
        np.minimum(x, 20, out=p.s)
        np.exp(p.s, out=p.s)
        np.add(p.s, 2, out=p.t)
        np.multiply(p.t, p.s, out=p.t)
        np.add(p.t, 2, out=out)  # in `out` until y is known
        np.divide(p.t, out, out=p.t)
        np.add(p.s, 1, out=out)
        np.divide(p.s, out, out=p.s)
        np.multiply(x, p.t, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · (t + x (1 - t²) s)."""
        if dx is not None:
            np.square(p.t, out=dx)
            np.subtract(1, dx, out=dx)
            np.multiply(dx, x, out=dx)
            np.multiply(dx, p.s, out=dx)
            np.add(dx, p.t, out=dx)
            np.multiply(dx, dy, out=dx)


class Softplus(Activation):
    """log(1 + eˣ): always above 0, so it suits rates and counts (Dugas et al. 2001)."""

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = log(e⁰ + eˣ), without overflow."""
        np.logaddexp(x, 0, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · σ(x) = dy · (1 - e⁻ʸ)."""
        if dx is not None:
            np.negative(y, out=dx)
            np.expm1(dx, out=dx)
            np.multiply(dx, dy, out=dx)
            np.negative(dx, out=dx)


class Exp(Activation):
    """eˣ: the inverse of the logarithm by which Poisson regression is linear (McCullagh and Nelder 1989)."""

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "values"

    def forward(self, p: View, x: Array, out: Array) -> None:
        """Compute y = eˣ."""
        np.exp(x, out=out)

    def backward(self, p: View, x: Array, y: Array, dy: Array, g: View, dx: Array | None) -> None:
        """Compute dx = dy · y."""
        if dx is not None:
            np.multiply(dy, y, out=dx)
