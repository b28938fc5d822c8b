"""Where the blocks of a stream come from, in one form.

    function, DataLoader, PyDataset ─┐
    Parquet, Polars, Dask, Zarr      ├─► Source ── pieces(order) ──► Piece: block, X, y, weights
    .npy memory maps                 ┘

A source is read again in every epoch. One that knows its blocks gives them in any order; one that can only be iterated
gives them as they come. A block that is large comes in several pieces, so that it need not fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.arrays import is_sparse, read_array
from layerwise.data.names import check_names, names_of, target_names
from layerwise.data.rows import check_rows
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

_WHAT = "(X, y) or (X, y, weights)"


@dataclass
class Piece:
    """Some rows of a block, checked one by one but for NaN and infinity.

    Attributes
    ----------
    block : int
        The number of the block.
    start : int
        The row of the block with which the piece begins.
    label : str
        What errors call the block.
    X : array (n, n_in)
    y : array (n,) or (n, n_out), optional
        None where the source has no targets.
    weights : array (n,), optional
    """

    block: int
    start: int
    label: str
    X: Array
    y: Array | None
    weights: Array | None

    def __len__(self) -> int:
        return len(self.X)


class Source:
    """Base of all sources.

    Attributes
    ----------
    columns : list of str, optional
        The names of the columns of X, where they have some; of sources that are iterated, known after the first block.
    target_columns : list of str, optional
        Those of y, of several.
    sizes : sequence of int, optional
        The rows of each block, where they are known without reading; then blocks can be read in any order.
    n_blocks : int, optional
        How many blocks there are, where it is known; then they can be read in any order.
    names_x, names_y : str
        What errors call X and y.
    """

    columns: list[str] | None = None
    target_columns: list[str] | None = None
    sizes: Sequence[int] | None = None
    n_blocks: int | None = None
    has_weights = False

    takes_bare = False  # a block may be X alone

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return f"block {block}"

    def columns_wanted(self, names: Sequence[str] | None) -> None:
        """Read these columns of X alone, where the source can choose."""

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the number of each block and what it holds: X, y and weights, as the source has them."""
        raise NotImplementedError

    def pieces(self, order: Sequence[int] | None = None, dtype: np.dtype[Any] | None = None) -> Iterator[Piece]:
        """Yield the rows of all blocks.

        Parameters
        ----------
        order : sequence of int, optional
            Which blocks, in which order; by default all, as they come. Only for sources that know `n_blocks`.
        dtype : dtype, optional
            What the network computes in.

        Raises
        ------
        ShapeError, DataError
            A block that is none, or has other columns or another type than those before: names it.
        """
        block, start = -1, 0
        blocks = self.read(order)
        try:
            for i, held in blocks:
                start = 0 if i != block else start
                block = i
                piece = self._checked(i, start, held)
                if len(piece):
                    yield piece
                start += len(piece)
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    def _checked(self, block: int, start: int, held: Any) -> Piece:
        label = self.label(block)
        if self.takes_bare and not isinstance(held, (tuple, list)):
            held = (held,)
        X, y, weights = parts_of(held, label)
        if is_sparse(X):
            raise DataError(f"{label}: X is sparse; a stream takes dense blocks: give X.toarray()")
        names = names_of(X)
        if names is not None and self.columns is None:
            self.columns = names
        if _is_empty(X):
            return Piece(block, start, label, np.empty((0, 0)), None, None)
        rows = check_rows(X, np.dtype(np.float64), f"{label}: X", None, self.columns, finite=False)
        targets = None if y is None else _targets(y, f"{label}: y")
        if targets is not None and self.target_columns is None:
            self.target_columns = target_names(y)
        counts = None if weights is None else read_array(weights, f"{label}: weights").astype(np.float64).reshape(-1)
        for what, part in (("y", targets), ("weights", counts)):
            if part is not None and len(part) != len(rows):
                raise ShapeError(f"{label}: X has {len(rows)} rows and {what} {len(part)}; they must be as many")
        return Piece(block, start, label, rows, targets, counts)


def _is_empty(X: Any) -> bool:
    shape = getattr(X, "shape", None)
    return isinstance(shape, tuple) and len(shape) > 0 and shape[0] == 0


def _targets(y: Any, name: str) -> Array:
    """Return y as an array (n,) or (n, n_out); a single column is (n, 1) still."""
    values = read_array(y, name, text=True)
    if values.ndim not in (1, 2):
        raise ShapeError(f"{name} must be (samples,) or (samples, outputs); its shape is {values.shape}")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise DataError(f"{name}: row {row} is {values[row]}; remove the row or fill in a number")
    return values


def parts_of(held: Any, label: str) -> tuple[Any, Any, Any]:
    """Return X, y and weights of what a block holds.

    Raises
    ------
    DataError
        It is no tuple of two or three.
    """
    if isinstance(held, list) and len(held) in (2, 3):  # as a DataLoader gives it
        held = tuple(held)
    if not isinstance(held, tuple) or len(held) not in (1, 2, 3):
        what = f"{type(held).__name__} of {len(held)}" if isinstance(held, (tuple, list, dict)) else type(held).__name__
        raise DataError(f"{label} must be {_WHAT}; got {what}")
    if isinstance(held[0], dict):
        raise DataError(f"{label}: X must be one array; got a dict of {', '.join(map(repr, held[0]))}")
    X, y, weights = (*held, None, None)[:3]
    if getattr(X, "ndim", 2) == 1 and getattr(y, "ndim", 0) == 0:
        raise DataError(
            f"{label} is a single row; a stream gives blocks of rows: of a PyTorch Dataset give "
            "DataLoader(dataset, batch_size=1024)"
        )
    return X, y, weights


class Iterated(Source):
    """Blocks that come one after another: a function that returns them, or anything that can be iterated again.

    Parameters
    ----------
    begin : function
        Returns an iterator over all blocks, from the first one.
    name : str
        Whose argument it is, for errors.
    """

    def __init__(self, begin: Callable[[], Iterable[Any]], name: str = "fit") -> None:
        self._begin, self._name = begin, name

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the blocks as they come."""
        assert order is None
        given = self._begin()
        if not isinstance(given, Iterable) and not hasattr(given, "__getitem__"):
            raise DataError(
                f"{self._name}: the function that is the stream returned {type(given).__name__}; it must return an "
                f"iterator over blocks {_WHAT}, or yield them"
            )
        blocks = iter(given)
        i = 0
        try:
            while True:
                try:
                    block = next(blocks)
                except StopIteration:
                    return
                except Exception as error:
                    error.add_note(f"layerwise: while block {i} of the stream was read")
                    raise
                yield i, block
                i += 1
        finally:
            close = getattr(blocks, "close", None)
            if callable(close):
                close()


class Indexed(Source):
    """Blocks by their number: anything with ``len()`` and ``[i]``, such as a ``PyDataset`` of Keras.

    Parameters
    ----------
    blocks : object
        What is indexed.
    name : str
        Whose argument it is, for errors.
    """

    def __init__(self, blocks: Any, name: str = "fit") -> None:
        self._blocks, self.n_blocks = blocks, len(blocks)
        if not self.n_blocks:
            raise DataError(f"{name}: the stream has no blocks: its length is 0")

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the blocks in that order."""
        for i in range(len(self._blocks)) if order is None else order:
            try:
                block = self._blocks[int(i)]
            except Exception as error:
                error.add_note(f"layerwise: while block {i} of the stream was read")
                raise
            yield int(i), block


class Without(Source):
    """The rows of a source but some, or those alone.

    Parameters
    ----------
    source : Source
        With known `sizes`.
    marked : array (rows,) of bool
        Rows by their places in the order of the blocks.
    keep : bool
        Whether those marked are kept, or the others.
    """

    def __init__(self, source: Source, sizes: Sequence[int], marked: Array, keep: bool) -> None:
        self._source = source
        self._kept = marked if keep else ~marked
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self.columns, self.target_columns = source.columns, source.target_columns
        self.n_blocks, self.has_weights = source.n_blocks, source.has_weights
        self.sizes = np.add.reduceat(self._kept, self._starts[:-1]).tolist() if len(sizes) else []

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return self._source.label(block)

    def pieces(self, order: Sequence[int] | None = None, dtype: np.dtype[Any] | None = None) -> Iterator[Piece]:
        """Yield the rows that are kept."""
        block, start = -1, 0
        for piece in self._source.pieces(order, dtype):
            start = 0 if piece.block != block else start
            block = piece.block
            at = int(self._starts[block]) + piece.start
            kept = self._kept[at : at + len(piece)]
            if len(kept) < len(piece):
                raise changed(piece.label, int(self._starts[block + 1] - self._starts[block]), piece.start + len(piece))
            if kept.any():
                y, weights = (None if part is None else part[kept] for part in (piece.y, piece.weights))
                found = Piece(block, start, piece.label, piece.X[kept], y, weights)
                start += len(found)
                yield found


def changed(label: str, then: int, now: int) -> DataError:
    """Return the error for a block that had other rows in the first pass."""
    return DataError(
        f"{label} of the stream has {now} rows now, and had {then} in the first pass; every pass must give the same"
    )


def check_columns(source: Source, known: Sequence[str] | None, title: str = "X") -> None:
    """Refuse a source whose columns are called otherwise than those of training."""
    if known is not None and source.columns is not None:
        check_names(source.columns, known, title)
