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
    """Step function: 1 where x is above the threshold, else 0.

    It is the activation of the perceptron (Rosenblatt 1958). Its derivative is 0 everywhere, so a network cannot be
    trained through it, and `fit` refuses to.

    Parameters
    ----------
    threshold : float, default=0.0
        The value that x must exceed.
    """

    differentiable: ClassVar[bool] = False
    gives: ClassVar[str] = "probabilities"

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = number(self, "threshold", threshold)

    def f(self, x: Any) -> Any:
        """Return 1 if x > threshold else 0."""
        return 1.0 * (x > self.threshold)


class Linear(Activation):
    """Linear function: x times a constant.

    Parameters
    ----------
    slope : float, default=1.0
        The constant.
    """

    gives: ClassVar[str] = "values"

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = number(self, "slope", slope)

    def f(self, x: Any) -> Any:
        """Return a x."""
        return self.slope * x


class Identity(Activation):
    """Identity: the output is the input.

    It is the usual last activation of a network for regression.
    """

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return x."""
        return x


class Sigmoid(Activation):
    """Logistic sigmoid: 1 / (1 + e⁻ˣ), between 0 and 1.

    It is the last activation of a network that answers yes or no, together with `BinaryCrossEntropy`.

    Notes
    -----
    For x below about -709 (-88 in float32) e⁻ˣ overflows to infinity and the result is 0, which is correct.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.Sigmoid()([-2.0, 0.0, 2.0]).round(3)
    array([0.119, 0.5  , 0.881])
    """

    gives: ClassVar[str] = "probabilities"

    def f(self, x: Any) -> Any:
        """Return 1 / (1 + e⁻ˣ)."""
        return 1 / (1 + np.exp(-x))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return y (1 - y)."""
        return y * (1 - y)


class Tanh(Activation):
    """Hyperbolic tangent, between -1 and 1."""

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return tanh x."""
        return np.tanh(x)

    def derivative(self, x: Any, y: Any) -> Any:
        """Return 1 - y²."""
        return 1 - y**2


class ReLU(Activation):
    """Rectified linear unit: max(x, 0).

    It is the usual activation between dense layers (Nair and Hinton 2010). Draw the weights of the layer before it with
    `HeNormal` or `HeUniform`.

    Parameters
    ----------
    slope : float, default=1.0
        A factor of the result. Above 0.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.ReLU()([-1.0, 0.0, 2.0])
    array([0., 0., 2.])
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
    """Leaky rectified linear unit: x for positive x, a small multiple of x otherwise.

    Its derivative is never 0, so a unit that has only negative inputs still learns (Maas, Hannun, Ng 2013).

    Parameters
    ----------
    negative_slope : float, default=0.01
        The factor for x up to 0.
    slope : float, default=1.0
        The factor for x above 0.
    """

    gives: ClassVar[str] = "values"

    def __init__(self, negative_slope: float = 0.01, slope: float = 1.0) -> None:
        self.negative_slope = number(self, "negative_slope", negative_slope)
        self.slope = number(self, "slope", slope)

    def f(self, x: Any) -> Any:
        """Return x · (a if x > 0 else b)."""
        return x * np.where(x > 0, self.slope, self.negative_slope)


class Softmax(Activation):
    """Softmax: eˣ / Σ eˣ over the outputs of a sample, a probability for each class.

    It is the last activation of a network that chooses one of several classes, together with
    `CategoricalCrossEntropy`. The outputs of a sample are positive and their sum is 1.

    Notes
    -----
    The largest input of each sample is subtracted first. This does not change the result, and no exponential overflows.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.Network([lw.Softmax()], dtype="float64").forward([[1.0, 2.0, 3.0]]).round(3)
    array([[0.09 , 0.245, 0.665]])
    """

    reads: ClassVar[tuple[str, ...]] = ("y",)
    in_place: ClassVar[bool] = True
    gives: ClassVar[str] = "distribution"

    def buffers(self, n_in: int) -> Shapes:
        """Return the shapes of a transposed copy and of one number for each sample: its maximum or its sum."""
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
    """Exponential linear unit: x for positive x, α (eˣ - 1) otherwise.

    From Clevert, Unterthiner, Hochreiter (2016).

    Parameters
    ----------
    alpha : float, default=1.0
        The result tends to -alpha as x falls. At least 0.
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
    """Scaled exponential linear unit: `ELU` times a constant.

    The two constants are such that the outputs of layer after layer tend to mean 0 and variance 1 (Klambauer et al.
    2017, equation 14). Draw the weights with `LecunNormal`.
    """

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return λ (max(x, 0) + α (e^min(x, 0) - 1))."""
        return SELU_LAMBDA * (np.maximum(x, 0) + SELU_ALPHA * np.expm1(np.minimum(x, 0)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return λ if y > 0 else y + λ α."""
        return np.where(y > 0, SELU_LAMBDA, y + SELU_LAMBDA * SELU_ALPHA)


class GELU(Activation):
    """Gaussian error linear unit: x · Φ(x), by its approximation with tanh.

    Φ is the distribution function of the standard normal distribution. The approximation is
    x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel 2016).
    """

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
    """Sigmoid linear unit: x times the sigmoid of x.

    Also known as swish (Elfwing, Uchibe, Doya 2018).
    """

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return x s, s = 1 / (1 + e⁻ˣ)."""
        return x * (1 / (1 + np.exp(-x)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return s + x s (1 - s)."""
        s = 1 / (1 + np.exp(-x))
        return s + x * s * (1 - s)


class Mish(Activation):
    """Mish: x · tanh(log(1 + eˣ)).

    From Misra (2020).

    Notes
    -----
    With e = eˣ and n = e (e + 2), tanh(log(1 + e)) is n / (n + 2). For x of 20 and more that is 1 to the last digit,
    so e is computed at min(x, 20) and nothing overflows.
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
    """Softplus: log(1 + eˣ), a smooth form of `ReLU`.

    The result is always positive, so it can be the last activation of a network that predicts rates or counts (Dugas et
    al. 2001).
    """

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return log(1 + eˣ), without overflow."""
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def derivative(self, x: Any, y: Any) -> Any:
        """Return σ(x) = 1 - e⁻ʸ."""
        return -np.expm1(-y)


class Exp(Activation):
    """Exponential: eˣ.

    As the last activation, with the `Poisson` loss, it makes a network's output a positive rate, as in Poisson
    regression (McCullagh and Nelder 1989).
    """

    gives: ClassVar[str] = "values"

    def f(self, x: Any) -> Any:
        """Return eˣ."""
        return np.exp(x)
