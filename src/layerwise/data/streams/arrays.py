"""Arrays that lie on a disk or on other machines: .npy memory maps, Zarr and Dask arrays, read some rows at a time."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from layerwise.data.streams.source import Source
from layerwise.errors import DataError, ShapeError
from layerwise.parts.masked import refuse_masked

_RUN_BYTES = 2**19  # of a memory map that are read one after another: a disk reads them at its speed
_BLOCK_BYTES = 2**24  # of other arrays, at most


class ArraySource(Source):
    """Rows of an array that can be sliced: a memory map in short runs, a Zarr array by its chunks.

    Parameters
    ----------
    X : array (n, n_in)
        With ``shape``, ``dtype`` and slices.
    y : array (n,) or (n, n_out), optional
        An array of any kind that can be sliced.
    weights : array (n,), optional
        How much each sample counts.
    """

    def __init__(self, X: Any, y: Any = None, weights: Any = None) -> None:
        if len(X.shape) != 2:
            raise ShapeError(f"X must be two-dimensional (samples, inputs); its shape is {tuple(X.shape)}")
        if 0 in X.shape:
            raise DataError(f"X is empty: its shape is {tuple(X.shape)}; at least one row and one column are needed")
        self._X = X
        y = y if y is None or hasattr(y, "shape") else np.asarray(y)
        weights = weights if weights is None or hasattr(weights, "shape") else np.asarray(weights)
        _check_lengths(int(X.shape[0]), y, weights)
        self._y, self._weights, self.has_weights = y, weights, weights is not None
        row = max(1, X.shape[1] * np.dtype(X.dtype).itemsize)
        if isinstance(X, np.memmap):
            size = max(1, _RUN_BYTES // row)
        else:
            chunk = int(X.chunks[0])
            size = chunk * max(1, _BLOCK_BYTES // (chunk * row))
        n = int(X.shape[0])
        self.starts = [*range(0, n, size), n]
        self.sizes = [stop - start for start, stop in pairwise(self.starts)]
        self.n_blocks = len(self.sizes)

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return f"rows {self.starts[block]} to {self.starts[block + 1] - 1}"

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the blocks in that order."""
        for count, i in enumerate(range(len(self.starts) - 1) if order is None else order):
            rows = slice(self.starts[i], self.starts[i + 1])
            X, y, weights = (None if part is None else part[rows] for part in (self._X, self._y, self._weights))
            if isinstance(X, np.memmap):
                X = np.asarray(X)
            else:
                refuse_masked(X, "X")
            yield int(i), (X, y, weights)
            if count % 64 == 63:
                self._let_go()
        self._let_go()

    def _let_go(self) -> None:
        """Take pages that were read out of the process's memory; the operating system may keep them."""
        for part in (self._X, self._y):
            file: Any = getattr(part, "_mmap", None)
            if isinstance(part, np.memmap) and part.mode != "c" and hasattr(file, "madvise"):
                file.madvise(mmap.MADV_DONTNEED)


def _check_lengths(n: int, y: Any, weights: Any) -> None:
    for name, part in (("y", y), ("sample_weight", weights)):
        if part is not None and (not part.shape or part.shape[0] != n):
            found = part.shape[0] if part.shape else "none"
            raise ShapeError(f"X has {n} rows and {name} {found}; they must be as many")


def _counted(part: Any) -> Any:
    return part.compute_chunk_sizes() if hasattr(part, "compute_chunk_sizes") else part


class DaskArrays(Source):
    """A Dask array by its chunks of rows.

    Parameters
    ----------
    X : dask.array.Array (n, n_in)
        With known chunks.
    y, weights : array, optional
        Dask arrays, or arrays in memory.
    """

    def __init__(self, X: Any, y: Any = None, weights: Any = None) -> None:
        if X.ndim != 2:
            raise ShapeError(f"X must be two-dimensional (samples, inputs); its shape is {tuple(X.shape)}")
        self._parts: list[Any] = [X.rechunk({1: -1})]
        for part in (y, weights):
            if hasattr(part, "to_dask_array"):  # a series
                part = part.to_dask_array(lengths=True)
            self._parts.append(part if part is None or hasattr(part, "shape") else np.asarray(part))
        if any(size != size for size in X.chunks[0]):  # NaN: not known
            self._parts = [_counted(part) for part in self._parts]
        self.sizes = [int(size) for size in self._parts[0].chunks[0]]
        _check_lengths(sum(self.sizes), *self._parts[1:])
        self.n_blocks, self.has_weights = len(self.sizes), weights is not None
        self._starts = np.concatenate([[0], np.cumsum(self.sizes)]).tolist()

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return f"chunk {block} (rows {self._starts[block]} to {self._starts[block + 1] - 1})"

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the chunks in that order; each is computed by itself."""
        for i in range(len(self.sizes or ())) if order is None else order:
            rows = slice(self._starts[i], self._starts[i + 1])
            held = [None if part is None else part[rows] for part in self._parts]
            yield int(i), tuple(np.asarray(part) if part is not None else None for part in held)
