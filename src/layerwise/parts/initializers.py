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
    """Base class of the initializers.

    A custom initializer is a subclass that defines `draw`.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class Signs(lw.Initializer):
    ...     def draw(self, shape, rng):
    ...         return rng.choice([-0.1, 0.1], shape)
    >>> net = lw.Network([lw.Dense(8, weights=Signs()), lw.Tanh(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return a new array of first values.

        Parameters
        ----------
        shape : tuple of int
            (n_in, n_out) for weights, (n_out,) for biases.
        rng : numpy.random.Generator
            The source of random numbers.

        Returns
        -------
        array
            The values, of this shape.
        """
        raise NotImplementedError(f"{type(self).__name__} must define draw(shape, rng)")


class Zeros(Initializer):
    """All zeros: the usual first value of biases.

    Examples
    --------
    >>> import layerwise as lw
    >>> layer = lw.Dense(8, biases=lw.initializers.Zeros())
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of zeros."""
        return np.zeros(shape)


class Normal(Initializer):
    """Normal distribution with mean 0 and a given standard deviation.

    Parameters
    ----------
    scale : float, default=0.01
        The standard deviation. At least 0. Kinsley and Kukiela (2020) draw weights with 0.01, Nielsen (2015) biases
        with 1.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> lw.initializers.Normal(0.01).draw((2, 3), np.random.default_rng(0)).round(4)
    array([[ 0.0013, -0.0013,  0.0064],
           [ 0.001 , -0.0054,  0.0036]])
    """

    def __init__(self, scale: float = 0.01) -> None:
        self.scale = number(self, "scale", scale, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of normal draws."""
        return self.scale * rng.standard_normal(shape)


class Uniform(Initializer):
    """Uniform distribution on [-limit, limit).

    Parameters
    ----------
    limit : float, default=0.05
        Half the width of the interval. At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> lw.initializers.Uniform(0.1).draw((2, 3), np.random.default_rng(0)).round(3)
    array([[ 0.027, -0.046, -0.092],
           [-0.097,  0.063,  0.083]])
    """

    def __init__(self, limit: float = 0.05) -> None:
        self.limit = number(self, "limit", limit, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of uniform draws."""
        return rng.uniform(-self.limit, self.limit, shape)


class LecunNormal(Initializer):
    """Normal distribution with variance 1 / n_in: for `SELU`.

    It keeps the variance of a layer's outputs equal to that of its inputs (LeCun, Bottou, Orr, Müller 1998).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.LecunNormal()), lw.SELU(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of normal draws."""
        return rng.standard_normal(shape) / math.sqrt(_fans(shape)[0])


class LecunUniform(Initializer):
    """Uniform distribution with variance 1 / n_in.

    The interval is ±√(3 / n_in) (LeCun, Bottou, Orr, Müller 1998).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.LecunUniform()), lw.Tanh(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of uniform draws."""
        return _uniform(math.sqrt(3 / _fans(shape)[0]), shape, rng)


class GlorotNormal(Initializer):
    """Normal distribution with variance 2 / (n_in + n_out): for `Tanh` and `Sigmoid`.

    From Glorot and Bengio (2010, equation 12).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.GlorotNormal()), lw.Tanh(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of normal draws."""
        return rng.standard_normal(shape) * math.sqrt(2 / sum(_fans(shape)))


class GlorotUniform(Initializer):
    """Uniform distribution with variance 2 / (n_in + n_out): the default for weights.

    The interval is ±√(6 / (n_in + n_out)) (Glorot and Bengio 2010, equation 16).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.GlorotUniform()), lw.Tanh(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of uniform draws."""
        return _uniform(math.sqrt(6 / sum(_fans(shape))), shape, rng)


class HeNormal(Initializer):
    """Normal distribution with variance 2 / n_in: for `ReLU`.

    ReLU drops half of the variance, which the factor 2 makes up for (He, Zhang, Ren, Sun 2015, equation 10).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.HeNormal()), lw.ReLU(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of normal draws."""
        return rng.standard_normal(shape) * math.sqrt(2 / _fans(shape)[0])


class HeUniform(Initializer):
    """Uniform distribution with variance 2 / n_in: for `ReLU`.

    The interval is ±√(6 / n_in) (He, Zhang, Ren, Sun 2015).

    Examples
    --------
    >>> import layerwise as lw
    >>> net = lw.Network([lw.Dense(64, weights=lw.initializers.HeUniform()), lw.ReLU(), lw.Dense(1)])
    """

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array of uniform draws."""
        return _uniform(math.sqrt(6 / _fans(shape)[0]), shape, rng)


class Orthogonal(Initializer):
    """Random orthogonal matrix times a gain.

    The rows or the columns, whichever are fewer, are orthogonal to each other (Saxe, McClelland, Ganguli 2014).

    Parameters
    ----------
    gain : float, default=1.0
        The singular values of the matrix. At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> W = lw.initializers.Orthogonal().draw((4, 4), np.random.default_rng(0))
    >>> np.allclose(W.T @ W, np.eye(4))
    True
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number(self, "gain", gain, least=0)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return an array with orthonormal rows if it is wide, or columns if it is tall, times the gain."""
        n_in, n_out = _fans(shape)
        tall = rng.standard_normal((max(n_in, n_out), min(n_in, n_out)))
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diag(r))  # makes the draw uniform over all such matrices (Mezzadri 2007)
        return self.gain * (q if n_in >= n_out else q.T).reshape(shape)


class Given(Initializer):
    """Given values, such as those of a trained model or of a worked example.

    Parameters
    ----------
    values : array-like of shape (n_in, n_out) or (n_out,)
        The weights or the biases.

    Raises
    ------
    ShapeError
        The values are not an array of numbers.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> layer = lw.Dense(2, weights=lw.initializers.Given(np.eye(2)))
    """

    def __init__(self, values: ArrayLike) -> None:
        refuse_masked(values, "given weights or biases")
        try:
            self.values = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"given weights or biases must be an array of numbers: {error}") from None

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Return a copy of the values; raise `ShapeError` if they have another shape."""
        if self.values.shape != shape:
            raise ShapeError(f"given values have shape {self.values.shape}; this layer needs {shape}")
        return self.values.copy()


INITIALIZERS: tuple[type[Initializer], ...] = (
    Zeros, Normal, Uniform, LecunNormal, LecunUniform, GlorotNormal, GlorotUniform, HeNormal, HeUniform, Orthogonal,
)  # fmt: skip


def as_initializer(argument: str, value: object) -> Initializer:
    """Return an initializer from an instance, a name or an array.

    Parameters
    ----------
    argument : str
        The name of the argument, for error messages.
    value : Initializer, str or array
        An instance, a name such as ``"he_normal"``, or values.

    Returns
    -------
    Initializer
        The instance; for an array `Given`.

    Raises
    ------
    UnknownNameError
        The name is not known.
    TypeError
        The value is none of these.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.initializers.as_initializer("weights", "he_normal")
    HeNormal()
    """
    if isinstance(value, (np.ndarray, list, tuple)):
        return Given(value)
    return resolve(argument, value, Initializer, INITIALIZERS)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs and outputs: (n_in, n_out); a bias vector counts as one input."""
    return (shape[0], shape[1]) if len(shape) == 2 else (1, shape[0])


def _uniform(limit: float, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    return rng.uniform(-limit, limit, shape)
