"""How the first weights are drawn: each initializer is one line, with the paper that it comes from.

`initialize` fills an array of shape (n_in, n_out) from an explicit random generator. Draws are made in
float64 and then rounded, so that a float32 and a float64 network start from the same numbers.
"""

from __future__ import annotations

import math

import numpy as np

from layerwise.errors import ShapeError
from layerwise.parts.description import Description, number, resolve
from layerwise.parts.masked import refuse_masked
from layerwise.typing import Array, ArrayLike

__all__ = [
    "INITIALIZERS",
    "Given",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Orthogonal",
    "Uniform",
    "Zeros",
    "as_initializer",
]


class Initializer(Description):
    """Base of the initializers: write `draw` to make one of your own."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of that shape; for weights, shape is (n_in, n_out)."""
        raise NotImplementedError(f"{type(self).__name__} must define draw(shape, rng)")


class Zeros(Initializer):
    """Zeros everywhere: the usual start of biases."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of zeros."""
        return np.zeros(shape)


class Normal(Initializer):
    """scale · N(0, 1): with 0.01, the start of the textbooks' first dense layer; with 1, a bias as Nielsen draws it.

    Parameters
    ----------
    scale : float
        The standard deviation.
    """

    def __init__(self, scale: float = 0.01) -> None:
        self.scale = number(self, "scale", scale, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of normal draws."""
        return self.scale * rng.standard_normal(shape)


class Uniform(Initializer):
    """Uniform on [-limit, limit).

    Parameters
    ----------
    limit : float
        Half the width of the interval.
    """

    def __init__(self, limit: float = 0.05) -> None:
        self.limit = number(self, "limit", limit, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of uniform draws."""
        return rng.uniform(-self.limit, self.limit, shape)


class LecunNormal(Initializer):
    """N(0, 1) / √n_in (LeCun, Bottou, Orr, Müller 1998): keeps the variance of scores at 1; made for SELU."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of normal draws."""
        return rng.standard_normal(shape) / math.sqrt(_fans(shape)[0])


class LecunUniform(Initializer):
    """Uniform with the same variance, 1 / n_in: limit √(3 / n_in)."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of uniform draws."""
        return _uniform(math.sqrt(3 / _fans(shape)[0]), shape, rng)


class GlorotNormal(Initializer):
    """N(0, 2 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16): for tanh and sigmoid."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of normal draws."""
        return rng.standard_normal(shape) * math.sqrt(2 / sum(_fans(shape)))


class GlorotUniform(Initializer):
    """Uniform with that variance: limit √(6 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16)."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of uniform draws."""
        return _uniform(math.sqrt(6 / sum(_fans(shape))), shape, rng)


class HeNormal(Initializer):
    """N(0, 2 / n_in) (He, Zhang, Ren, Sun 2015, eq. 10): for ReLU, which drops half of the variance."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of normal draws."""
        return rng.standard_normal(shape) * math.sqrt(2 / _fans(shape)[0])


class HeUniform(Initializer):
    """Uniform with that variance: limit √(6 / n_in)."""

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array of uniform draws."""
        return _uniform(math.sqrt(6 / _fans(shape)[0]), shape, rng)


class Orthogonal(Initializer):
    """Orthonormal rows or columns times gain (Saxe, McClelland, Ganguli 2014).

    Parameters
    ----------
    gain : float
        What every singular value is.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number(self, "gain", gain, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A new array with orthonormal rows (if wide) or columns (if tall)."""
        n_in, n_out = _fans(shape)
        tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diag(r))  # makes the draw uniform over all such matrices (Mezzadri 2007)
        return self.gain * (q if n_in >= n_out else q.T).reshape(shape)


class Given(Initializer):
    """Weights that are known already: a pre-trained model, or a worked example.

    Parameters
    ----------
    values : array
        (n_in, n_out) for weights, (n_out,) for biases.
    """

    def __init__(self, values: ArrayLike) -> None:
        refuse_masked(values, "given weights or biases")
        try:
            self.values = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"given weights or biases must be an array of numbers: {error}") from None

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """A copy of the values, if they have that shape."""
        if self.values.shape != shape:
            raise ShapeError(f"given values have shape {self.values.shape}; this layer needs {shape}")
        return self.values.copy()


INITIALIZERS: tuple[type[Initializer], ...] = (
    Zeros, Normal, Uniform, LecunNormal, LecunUniform, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Orthogonal,
)  # fmt: skip


def as_initializer(argument: str, value: object) -> Initializer:
    """An initializer from an instance, a name (``"he_normal"``) or an array of values."""
    if isinstance(value, (np.ndarray, list, tuple)):
        return Given(value)
    return resolve(argument, value, Initializer, INITIALIZERS)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and outputs: (n_in, n_out); a bias vector counts as one input."""
    return (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])


def _uniform(limit: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return rng.uniform(-limit, limit, shape)
