"""Rows in, batches out: X is checked once, and its rows are gathered, converted and scaled as a batch needs them.

    X (any real type) ── take(rows) ──► raw ── convert, scale ──► x (n, n_in) in the network's type

The data set itself is never copied: MNIST trains from its 47 MB of uint8. Images are distorted in the same way: when a
batch needs them. So do rows of a sparse matrix become dense, unless the first layer takes them as they are (sparse.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from layerwise.data.arrays import read_array, read_sparse, sparse_of
from layerwise.data.names import check_names, names_of
from layerwise.errors import DataError, ShapeError
from layerwise.parts.scaling import Scaler
from layerwise.typing import Array, ArrayLike

_DOT = 2**13  # numbers of a product that the BLAS does by itself: its threads stay awake after they have worked
_ENTRIES = 2**16  # of a sparse matrix that are checked together
_BYTES = 2**18  # checked together, so that the second look finds them in the cache


def check_rows(
    X: ArrayLike,
    dtype: np.dtype[np.floating],
    name: str = "X",
    n_in: int | None = None,
    columns: Sequence[str] | None = None,
    finite: bool = True,
) -> Array:
    """X as an array (n, n_in) of finite real numbers in the form that the engines read. Sparse X stays sparse (CSR).

    Parameters
    ----------
    X : array_like, sparse matrix or frame
        As `read_array` and `read_sparse` take it.
    dtype : dtype
        What the network computes in.
    name : str
        What errors call X.
    n_in : int, optional
        How many columns there must be.
    columns : sequence of str, optional
        What they must be called, where X has names.
    finite : bool
        False where the caller looks for NaN and infinity by `check_finite`.

    Raises
    ------
    ShapeError
        Not two-dimensional, or not `n_in` columns.
    DataError
        Empty, not numeric, or with NaN, infinity or a number too large for `dtype`: names row and column. Columns of
        other names, or in another order.
    """
    names = names_of(X)
    if columns is not None and names is not None:
        check_names(names, columns, name)
    sparse = sparse_of(X)
    rows: Array = read_array(X, name) if sparse is None else read_sparse(sparse, name)
    if rows.ndim != 2:
        hint = (
            f"{name}.reshape(len({name}), -1)"
            if rows.ndim > 2
            else f"np.reshape({name}, (1, -1)) for one sample, (-1, 1) for one input"
        )
        raise ShapeError(f"{name} must be two-dimensional (samples, inputs); its shape is {rows.shape}. Try {hint}")
    if n_in is not None and rows.shape[1] != n_in:
        raise ShapeError(f"{name} has {rows.shape[1]} columns; the network takes {n_in} inputs")
    if 0 in rows.shape:
        raise DataError(f"{name} is empty: its shape is {rows.shape}; at least one row and one column are needed")
    if finite:
        check_finite(rows, dtype, name, names)
    return rows


def check_finite(
    rows: Any,
    dtype: np.dtype[np.floating],
    name: str = "X",
    names: Sequence[str] | None = None,
    known: tuple[float, float] | None = None,
) -> None:
    """Refuse NaN, infinity and numbers too large for `dtype`; `known`: the least and the greatest of the numbers."""
    if rows.dtype.kind != "f":
        return
    limit = float(min(np.finfo(dtype).max, np.finfo(rows.dtype).max))
    if known is not None and -limit <= known[0] and known[1] <= limit:
        return
    if isinstance(rows, np.ndarray):
        _check_finite(rows, dtype, name, names)
    else:
        _check_finite_sparse(rows, dtype, name, names)


def _check_finite_sparse(rows: Any, dtype: np.dtype[np.floating], name: str, names: Sequence[str] | None) -> None:
    limit = min(np.finfo(dtype).max, np.finfo(rows.dtype).max)
    if _surely_within(limit, rows.data):
        return
    for start in range(0, len(rows.data), _ENTRIES):
        wrong = ~(np.abs(rows.data[start : start + _ENTRIES]) <= limit)
        if not wrong.any():
            continue
        at = start + int(np.argmax(wrong))
        row = int(np.searchsorted(rows.indptr, at, "right")) - 1
        raise _not_finite(name, row, int(rows.indices[at]), rows.data[at], dtype, names)


def _not_finite(
    name: str, row: int, column: int, value: Any, dtype: np.dtype[np.floating], names: Sequence[str] | None
) -> DataError:
    label = column if names is None else f"{column} ({names[column]})"
    what = f"{value}" if not np.isfinite(value) else f"{value}, too large for {np.dtype(dtype).name}"
    return DataError(f"{name}: row {row}, column {label} is {what}; remove the row or fill in a number")


def _surely_within(limit: np.floating, values: Array) -> bool:
    """Whether the sum of the squares is at most the limit, which is large: then each value is. NaN is not."""
    whole = len(values) // _DOT * _DOT
    blocks, rest = values[:whole].reshape(-1, _DOT), values[whole:]
    with np.errstate(all="ignore"):
        return bool(np.vecdot(blocks, blocks).sum() + rest @ rest <= limit)


def _check_finite(rows: Array, dtype: np.dtype[np.floating], name: str, names: Sequence[str] | None) -> None:
    limit = min(np.finfo(dtype).max, np.finfo(rows.dtype).max)
    if _surely_within(limit, rows.reshape(-1)):
        return
    size = max(1, _BYTES // rows[0].nbytes)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        if part.min() >= -limit and part.max() <= limit:  # false for NaN too
            continue
        row, column = (int(i) for i in np.argwhere(~(np.abs(part) <= limit))[0])
        raise _not_finite(name, start + row, column, part[row, column], dtype, names)


class Rows:
    """X, ready to be read batch by batch.

    Parameters
    ----------
    X : array (n, n_in)
        As `check_rows` gives it.
    scaler : Scaler, optional
        Applied to every batch.
    dtype : dtype
        What the network computes in.
    batch_size : int
        The most rows of a batch.

    Attributes
    ----------
    made : bool
        Rows are made when they are needed, and not there to be read: `raw` makes them.
    sparse : bool
        Batches are sparse matrices: see `layerwise.engine.sparse`.
    """

    made: ClassVar[bool] = False
    sparse: ClassVar[bool] = False

    def __init__(self, X: Array, scaler: Scaler | None, dtype: np.dtype[np.floating], batch_size: int) -> None:
        self.X, self.scaler = X, scaler
        self.direct = scaler is None and X.dtype == dtype  # rows can be used as they are
        shape = (min(batch_size, X.shape[0]), X.shape[1])
        self._x = np.empty(shape, dtype)
        self._raw = self._x if X.dtype == dtype else np.empty(shape, X.dtype)
        # Scaled in float64 where rows come in more digits than x has: a column may lie far from 0.
        is_wide = X.dtype.itemsize > 2 and X.dtype != dtype
        self._scaled = np.empty(shape, np.float64) if scaler is not None and is_wide else self._x
        self._widens = self._scaled is not self._x
        self._constants = None if scaler is None else scaler.constants(X.shape[1], self._scaled.dtype)

    def __len__(self) -> int:
        return int(self.X.shape[0])

    def begin_epoch(self, epoch: int) -> None:
        """Called before each epoch of a training, with a number that no other has."""

    def raw(self, rows: Array, n_threads: int = 1) -> Array:
        """Those rows as they are before scaling, in an array of their own."""
        return self.X[rows]

    def take(self, rows: Array) -> Array:
        """The batch of those rows; overwritten by the next one."""
        raw = self._raw[: len(rows)]
        self.X.take(rows, 0, raw, "clip")  # "clip" alone writes without a buffer; rows are in range
        return raw if self.direct else self._convert(raw)

    def span(self, start: int, stop: int) -> Array:
        """The batch of rows start to stop - 1, not to be written to."""
        raw = self.X[start:stop]
        return raw if self.direct else self._convert(raw)

    def _convert(self, raw: Array) -> Array:
        x = self._x[: len(raw)]
        if self._constants is None:
            np.copyto(x, raw, casting="unsafe")
            return x
        (offset, factor), scaled = self._constants, self._scaled[: len(raw)]
        if not np.may_share_memory(raw, scaled):
            np.copyto(scaled, raw, casting="unsafe")
        if offset is not None:
            np.subtract(scaled, offset, out=scaled)
        np.multiply(scaled, factor, out=scaled)
        if self._widens:
            np.copyto(x, scaled, casting="unsafe")
        return x


class _MadeRows(Rows):
    """Rows that are made batch by batch."""

    made: ClassVar[bool] = True

    def take(self, rows: Array) -> Array:
        """The batch of those rows."""
        raw = self.raw(rows)
        return raw if self.direct else self._convert(raw)

    def span(self, start: int, stop: int) -> Array:
        """The batch of rows start to stop - 1."""
        return self.take(np.arange(start, stop))


class DensifiedRows(_MadeRows):
    """Rows of a sparse matrix (CSR), dense while they are in a batch."""

    def raw(self, rows: Array, n_threads: int = 1) -> Array:
        """Those rows as a dense array."""
        X: Any = self.X
        dense: Array = X[rows].toarray()
        return dense


class Augments(Protocol):
    """What distorts images: see `layerwise.data.augmentation`."""

    def apply(
        self,
        X: Array,
        rows: Array,
        seed: int,
        epoch: int,
        out: Array | None = ...,
        n_threads: int = ...,
        engine: str = ...,
    ) -> Array:
        """Some rows of X, changed by draws that seed, epoch and row determine."""


class AugmentedRows(_MadeRows):
    """Images that are distorted anew each epoch.

    Parameters
    ----------
    rows : Rows
        The images as they are.
    augmentation : Augmentation
        What is done to them.
    seed : int
        The key of its draws, with the epoch and the row.
    engine : str
        What changes them: ``"numpy"``, or else the native engine where it is installed.
    """

    def __init__(self, rows: Rows, augmentation: Augments, seed: int, engine: str = "auto") -> None:
        self.__dict__.update(vars(rows))
        self.augmentation, self.seed, self.engine, self.epoch = augmentation, seed, engine, 0

    def begin_epoch(self, epoch: int) -> None:
        """New distortions from here on."""
        self.epoch = epoch % 2**32

    def raw(self, rows: Array, n_threads: int = 1) -> Array:
        """Those images, distorted."""
        return self.augmentation.apply(self.X, rows, self.seed, self.epoch, n_threads=n_threads, engine=self.engine)


def rows_of(X: Array, scaler: Scaler | None, dtype: np.dtype[np.floating], batch_size: int) -> Rows:
    """X as `check_rows` gives it, dense or sparse, ready to be read."""
    return (Rows if isinstance(X, np.ndarray) else DensifiedRows)(X, scaler, dtype, batch_size)
