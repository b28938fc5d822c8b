"""The activation functions: each is a formula, and its derivative where that is shorter by y = f(x).

    y = f(x)        dx = dy · f′

What is computed is made from these lines (activation.py); where no derivative is given it is derived.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from layerwise.parts.description import number
from layerwise.parts.layers.activation import Activation
from layerwise.parts.parameters import Shapes, View
from layerwise.typing import Array

# Klambauer, Unterthiner, Mayr, Hochreiter 2017, eq. 14: the fixed point at mean 0 and variance 1
SELU_ALPHA = 1.6732632423543772
SELU_LAMBDA = 1.0507009873554805
GELU_ROOT, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


class Step(Activation):
    """1 where x is above the threshold, else 0 (the perceptron's; Rosenblatt 1958).

    Its gradient is 0 everywhere, so training through it is refused.

    Parameters
    ----------
    threshold : float
        What x must exceed.
    """

    differentiable: ClassVar[bool] = False
    gives: ClassVar[str] = "probabilities"

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = number(self, "threshold", threshold)

    def f(self, x: Any) -> Any:
        """Return 1 if x > threshold else 0."""
        return 1.0 * (x > self.threshold)


class Linear(Activation):
    """a · x.

    Parameters
    ----------
    slope : float
        The factor a.
    """

    gives: ClassVar[str] = "values"

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = number(self, "slope", slope)

    def f(self, x: Any) -> Any:
        """Return a x."""
        return self.slope * x


class Identity(Activation):
    """x itself: what regression ends with."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return x."""
        return x


class Sigmoid(Activation):
    """1 / (1 + e⁻ˣ): between 0 and 1.

    Below about -709 (-88 in float32) e⁻ˣ overflows to infinity and y is 0, which is right; the executor
    switches NumPy's overflow warning off.
    """

    gives: ClassVar[str] = "probabilities"

    def f(self, x: Any) -> Any:
        """Return 1 / (1 + e⁻ˣ)."""
        return 1 / (1 + np.exp(-x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return y (1 - y)."""
        return y * (1 - y)


class Tanh(Activation):
    """The hyperbolic tangent: between -1 and 1."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return tanh x."""
        return np.tanh(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 - y²."""
        return 1 - y**2


class ReLU(Activation):
    """a · max(x, 0) (Nair and Hinton 2010, with a = 1).

    Parameters
    ----------
    slope : float
        The factor a for x > 0, above 0.
    """

    gives: ClassVar[str] = "values"

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = number(self, "slope", slope, above=0)

    def f(self, x: Any) -> Any:
        """Return a max(x, 0)."""
        return self.slope * np.maximum(x, 0)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return a where y > 0, else 0."""
        return self.slope * (y > 0)


class LeakyReLU(Activation):
    """a · x for x > 0, b · x for the rest, so that no unit can die (Maas, Hannun, Ng 2013).

    Parameters
    ----------
    negative_slope : float
        The factor b for x <= 0.
    slope : float
        The factor a for x > 0.
    """

    gives: ClassVar[str] = "values"

    def __init__(self, negative_slope: float = 0.01, slope: float = 1.0) -> None:
        self.negative_slope = number(self, "negative_slope", negative_slope)
        self.slope = number(self, "slope", slope)

    def f(self, x: Any) -> Any:
        """Return x · (a if x > 0 else b)."""
        return x * np.where(x > 0, self.slope, self.negative_slope)


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

    gives: ClassVar[str] = "values"

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = number(self, "alpha", alpha, least=0)

    def f(self, x: Any) -> Any:
        """Return max(x, 0) + α (e^min(x, 0) - 1)."""
        return np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 if y > 0 else y + α."""
        return np.where(y > 0, 1, y + self.alpha)


class SELU(Activation):
    """λ · ELU with the α and λ that keep mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return λ (max(x, 0) + α (e^min(x, 0) - 1))."""
        return SELU_LAMBDA * (np.maximum(x, 0) + SELU_ALPHA * np.expm1(np.minimum(x, 0)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return λ if y > 0 else y + λ α."""
        return np.where(y > 0, SELU_LAMBDA, y + SELU_LAMBDA * SELU_ALPHA)


class GELU(Activation):
    """x · Φ(x), in its tanh form (Hendrycks and Gimpel 2016): x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))."""

    gives: ClassVar[str] = "values"

    def tanh(self, x: Any) -> Any:
        """Return tanh(√(2/π) x (1 + 0.044715 x²))."""
        return np.tanh(GELU_ROOT * x * (1 + GELU_CUBIC * x**2))

    def f(self, x: Any) -> Any:
        """Return x/2 (1 + t), t = tanh(√(2/π) x (1 + 0.044715 x²))."""
        return x / 2 * (1 + self.tanh(x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return ½ (1 + t + x (1 - t²) √(2/π) (1 + 3 · 0.044715 x²))."""
        t = self.tanh(x)
        return 0.5 * (1 + t + x * (1 - t**2) * (GELU_ROOT * (1 + 3 * GELU_CUBIC * x**2)))


class SiLU(Activation):
    """x · σ(x), also called swish (Elfwing, Uchibe, Doya 2018)."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return x s, s = 1 / (1 + e⁻ˣ)."""
        return x * (1 / (1 + np.exp(-x)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return s + x s (1 - s)."""
        s = 1 / (1 + np.exp(-x))
        return s + x * s * (1 - s)


class Mish(Activation):
    """x · tanh(softplus(x)) (Misra 2020).

    With e = eˣ, tanh(log(1 + e)) = n / (n + 2) where n = e (e + 2). From x = 20 on that is 1 to the last
    digit, so e is taken at min(x, 20) and nothing overflows.
    """

    gives: ClassVar[str] = "values"

    def tanh(self, x: Any) -> Any:
        """Return tanh(log(1 + eˣ)) = n / (n + 2), n = e (e + 2)."""
        e = np.exp(np.minimum(x, 20))
        n = e * (e + 2)
        return n / (n + 2)

    def f(self, x: Any) -> Any:
        """Return x t, t = tanh(log(1 + eˣ))."""
        return x * self.tanh(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return t + x (1 - t²) e / (1 + e)."""
        e, t = np.exp(np.minimum(x, 20)), self.tanh(x)
        return t + x * (1 - t**2) * (e / (1 + e))


class Softplus(Activation):
    """log(1 + eˣ): always above 0, so it suits rates and counts (Dugas et al. 2001)."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return log(1 + eˣ), without overflow."""
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return σ(x) = 1 - e⁻ʸ."""
        return -np.expm1(-y)


class Exp(Activation):
    """eˣ: the inverse of the logarithm by which Poisson regression is linear (McCullagh and Nelder 1989)."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return eˣ."""
        return np.exp(x)
