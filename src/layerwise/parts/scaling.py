"""Scalers: x ↦ (x - offset) · factor, by column or for all. A network keeps its own, and applies it as rows are read.

The data are never copied into a scaled version: rows are scaled as they are gathered into a batch.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from layerwise.errors import DataError, ShapeError, UnknownNameError, nearest
from layerwise.parts.description import Description, number, resolve
from layerwise.typing import Array

__all__ = [
    "SCALERS",
    "MinMaxScaler",
    "RangeScaler",
    "Scaler",
    "StandardScaler",
    "as_scaler",
]

_ROWS = 4096  # rows looked at together, so that fitting takes little memory


class Moments(Protocol):
    """What scalers learn of data that come in blocks: extremes, means and Σ (x - mean)² of each column."""

    count: int
    low: Array
    high: Array
    mean: Array
    square: Array


class Scaler(Description):
    """Base class of the scalers: x becomes (x - offset) · factor.

    A custom scaler is a subclass that defines `fit`, which sets `offset` and `factor`.

    Attributes
    ----------
    offset, factor : float64 array of shape () or (n_in,)
        The number to subtract from each column, and the factor of the result.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> class MaxScaler(lw.Scaler):
    ...     def fit(self, X):
    ...         self.offset, self.factor = np.zeros(X.shape[1]), 1 / X.max(axis=0)
    >>> scaler = MaxScaler()
    >>> scaler.fit(np.array([[1.0], [4.0]]))
    >>> scaler.transform([[2.0]])
    array([[0.5]])
    """

    learns: ClassVar[bool] = True
    offset: Array | None = None
    factor: Array | None = None

    def fit(self, X: Array) -> None:
        """Set `offset` and `factor` from the training data.

        Parameters
        ----------
        X : array of shape (n, n_in)
            The training data.
        """
        raise NotImplementedError(f"{type(self).__name__} must define fit(X)")

    def fit_moments(self, moments: Moments) -> None:
        """Set `offset` and `factor` from the statistics of a stream of rows.

        Parameters
        ----------
        moments : object
            Has `count`, and for each column `low`, `high`, `mean` and `square`, the sum of squared deviations.

        Raises
        ------
        DataError
            A custom scaler, which defines `fit` alone.
        """
        raise DataError(
            f"{type(self).__name__} learns from an array, and the data are a stream: define fit_moments(moments), or "
            "call its fit(X) with some of the rows first"
        )

    def transform(self, X: Array) -> Array:
        """Return (X - offset) · factor as a new float64 array.

        Parameters
        ----------
        X : array of shape (n, n_in)
            The rows to scale.

        Returns
        -------
        array of shape (n, n_in)
            The scaled rows.

        Raises
        ------
        ShapeError
            X has another number of columns than the training data.
        """
        out = np.array(X, np.float64)
        offset, factor = self.constants(out.shape[1], out.dtype)
        if offset is not None:
            np.subtract(out, offset, out=out)
        return np.multiply(out, factor, out=out)

    def constants(self, n_in: int, dtype: np.dtype[np.floating]) -> tuple[Array | None, Array]:
        """Return `offset` and `factor` for rows of a given length and type.

        Parameters
        ----------
        n_in : int
            The number of columns.
        dtype : numpy.dtype
            The type of the rows.

        Returns
        -------
        offset : array or None
            None where it is 0 throughout.
        factor : array
            The factor.
        """
        if self.offset is None or self.factor is None:
            raise RuntimeError(f"{self!r} has not seen any data yet: call fit(X) first")
        offset, factor = np.asarray(self.offset, np.float64), np.asarray(self.factor, np.float64)
        if any(array.ndim and array.shape != (n_in,) for array in (offset, factor)):
            raise ShapeError(f"{self!r} was fitted on {max(offset.size, factor.size)} columns; got {n_in}")
        return offset.astype(dtype) if offset.any() else None, factor.astype(dtype)


class RangeScaler(Scaler):
    """Map a known range, such as a pixel's 0 to 255, to another.

    Parameters
    ----------
    low, high : float, default=0.0, 255.0
        The range of the values. `high` must be above `low`.
    to_low, to_high : float, default=0.0, 1.0
        The range of the result. `to_high` must be above `to_low`.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.RangeScaler().transform([[0.0], [51.0], [255.0]])
    array([[0. ],
           [0.2],
           [1. ]])
    """

    learns: ClassVar[bool] = False

    def __init__(self, low: float = 0.0, high: float = 255.0, to_low: float = 0.0, to_high: float = 1.0) -> None:
        self.low, self.high = number(self, "low", low), number(self, "high", high, above=low)
        self.to_low, self.to_high = (
            number(self, "to_low", to_low),
            number(self, "to_high", to_high, above=to_low),
        )
        ratio = (self.to_high - self.to_low) / (self.high - self.low)
        self.offset, self.factor = np.array(self.low - self.to_low / ratio), np.array(ratio)

    def fit(self, X: Array) -> None:
        """Do nothing: the ranges are given."""

    def fit_moments(self, moments: Moments) -> None:
        """Do nothing: the ranges are given."""


class MinMaxScaler(Scaler):
    """Map the minimum of each column to `to_low`, its maximum to `to_high`.

    A constant column becomes `to_low`.

    Parameters
    ----------
    to_low, to_high : float, default=0.0, 1.0
        The range of the result. `to_high` must be above `to_low`.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> scaler = lw.MinMaxScaler()
    >>> scaler.fit(np.array([[1.0], [3.0]]))
    >>> scaler.transform([[1.0], [2.0], [3.0]])
    array([[0. ],
           [0.5],
           [1. ]])
    """

    def __init__(self, to_low: float = 0.0, to_high: float = 1.0) -> None:
        self.to_low, self.to_high = (
            number(self, "to_low", to_low),
            number(self, "to_high", to_high, above=to_low),
        )

    def fit(self, X: Array) -> None:
        """Find the minimum and the maximum of each column."""
        self._set(X.min(axis=0).astype(np.float64), X.max(axis=0).astype(np.float64))

    def fit_moments(self, moments: Moments) -> None:
        """Take the minimum and the maximum of each column."""
        self._set(moments.low.astype(np.float64), moments.high.astype(np.float64))

    def _set(self, low: Array, high: Array) -> None:
        ratio = (self.to_high - self.to_low) / np.where(high > low, high - low, 1)
        self.offset, self.factor = low - self.to_low / ratio, ratio


class StandardScaler(Scaler):
    """Bring each column to mean 0 and standard deviation 1.

    A constant column becomes 0.

    Examples
    --------
    >>> import numpy as np
    >>> import layerwise as lw
    >>> scaler = lw.StandardScaler()
    >>> scaler.fit(np.array([[1.0], [3.0]]))
    >>> scaler.transform([[1.0], [2.0], [3.0]])
    array([[-1.],
           [ 0.],
           [ 1.]])
    """

    def fit(self, X: Array) -> None:
        """Compute each column's mean and (population) standard deviation, in float64."""
        mean = X.mean(axis=0, dtype=np.float64)
        square = np.zeros(X.shape[1])
        for start in range(0, len(X), _ROWS):
            rest = X[start : start + _ROWS] - mean
            square += np.einsum("ij,ij->j", rest, rest)
        self._set(mean, square, len(X), X.min(axis=0), X.max(axis=0))

    def fit_moments(self, moments: Moments) -> None:
        """Take each column's mean and standard deviation."""
        self._set(moments.mean, moments.square, moments.count, moments.low, moments.high)

    def _set(self, mean: Array, square: Array, n: int, low: Array, high: Array) -> None:
        deviation = np.sqrt(square / n)
        same = low == high  # the mean of many rows is not exact: the deviation cannot tell
        constant = same | (deviation <= 10 * np.finfo(np.float64).eps * np.abs(mean))
        self.offset, self.factor = np.where(same, low, mean), 1 / np.where(constant, 1, deviation)


SCALERS: tuple[type[Scaler], ...] = (RangeScaler, MinMaxScaler, StandardScaler)


def as_scaler(value: object) -> Scaler | None:
    """Return a scaler from an instance or a name; None stays None.

    Parameters
    ----------
    value : Scaler, str or None
        An instance, or one of the names ``"standard"``, ``"min_max"`` and ``"range"``.

    Returns
    -------
    Scaler or None
        The instance.

    Raises
    ------
    UnknownNameError
        The name is not known.

    Examples
    --------
    >>> import layerwise as lw
    >>> lw.scaling.as_scaler("standard")
    StandardScaler()
    """
    if value is None:
        return None
    if isinstance(value, str) and not value.lower().endswith("scaler"):
        given, value = value, f"{value}_scaler"
        if value.replace("_", "").lower() not in {kind.__name__.lower() for kind in SCALERS}:
            names = ("standard", "min_max", "range")
            raise UnknownNameError(f"scaling={given!r} is not known; {nearest(given, names)}")
    return resolve("scaling", value, Scaler, SCALERS)
