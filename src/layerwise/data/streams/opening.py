"""What a user gives as a stream, told from what is an array, and opened.

Libraries are never imported for it: a data set of a library can only come from one that the caller has imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from layerwise.data.arrays import is_sparse
from layerwise.data.streams.arrays import ArraySource, DaskArrays
from layerwise.data.streams.files import ENDINGS, files_of
from layerwise.data.streams.frames import DaskFrame, LazyFrame
from layerwise.data.streams.parquet import Parquet
from layerwise.data.streams.source import Indexed, Iterated, Source
from layerwise.errors import DataError

WINDOW_BYTES = 2**28  # of rows that are held at once, by default


def library_of(value: object) -> str:
    """Return the library that a value's class is of: ``"polars"``."""
    return type(value).__module__.partition(".")[0]


def as_source(X: Any, y: Any = None, weights: Any = None, *, window: int | None = None, needs_y: bool = True,
              name: str = "fit") -> Source | None:  # fmt: skip
    """Return the source that X is, or None where X is an array or a frame in memory.

    Parameters
    ----------
    X, y, weights : object
        As a user gives them.
    window : int, optional
        Rows that may be in memory at once: memory maps that have more are streams.
    needs_y : bool
        Whether there must be targets.
    name : str
        Whose argument it is, for errors.

    Raises
    ------
    DataError
        A generator, which gives its blocks once; a group of arrays; a stream with targets beside it that it gives
        itself; or a stream without the name of its target.
    """
    if X is None or (isinstance(X, (np.ndarray, list, tuple)) and not isinstance(X, np.memmap)):
        if y is None and needs_y and isinstance(X, (list, tuple)) and X and isinstance(X[0], (tuple, list)):
            return Indexed(X, name) if len(X[0]) in (2, 3) and np.ndim(X[0][0]) == 2 else None
        if isinstance(X, (list, tuple)) and X and all(map(_is_path_of_parquet, X)):
            raise DataError(
                f"{name}: got a {type(X).__name__} of paths; give the folder or a pattern such as 'data/*.parquet', or "
                "pyarrow.dataset.dataset(paths)"
            )
        return None
    if isinstance(X, np.memmap):
        if not _is_large(X, window):
            return None
        _check_target(y, needs_y, name, "a memory map")
        return ArraySource(X, y, weights)
    library = library_of(X)
    if isinstance(X, (str, os.PathLike)) or (library == "pyarrow" and hasattr(X, "get_fragments")):
        files_of(X)  # whatever y is
        return Parquet(X, _target(y, weights, needs_y, name, "a Parquet data set"))
    if library == "zarr" and hasattr(X, "chunks"):
        _check_target(y, needs_y, name, "a Zarr array")
        return ArraySource(X, y, weights)
    if library in ("dask", "dask_expr"):
        if hasattr(X, "partitions") and hasattr(X, "columns"):
            return DaskFrame(X, _target(y, weights, needs_y, name, "a Dask DataFrame"))
        if not hasattr(X, "blocks"):
            return None
        _check_target(y, needs_y, name, "a Dask array")
        return DaskArrays(X, y, weights)
    if library == "polars" and type(X).__name__ == "LazyFrame":
        return LazyFrame(X, _target(y, weights, needs_y, name, "a LazyFrame"))
    return _of_blocks(X, y, weights, needs_y, name)


def _of_blocks(X: Any, y: Any, weights: Any, needs_y: bool, name: str) -> Source | None:
    """Return the source of what gives (X, y) blocks."""
    is_data = hasattr(X, "__array__") or hasattr(X, "dtype") or hasattr(X, "__dataframe__") or is_sparse(X)
    if (
        is_data
        or _is_buffer(X)
        or hasattr(X, "__arrow_c_stream__")
        or isinstance(X, (bytes, dict, set, frozenset, range))
    ):
        return None
    if isinstance(X, Iterator):
        raise DataError(
            f"{name}: got {type(X).__name__}, which can be iterated once, and a stream may be read several times, as "
            "by each epoch of fit: give the function that returns it, blocks in place of blocks(); or a list"
        )
    if isinstance(X, Mapping) or (callable(getattr(X, "keys", None)) and hasattr(X, "__getitem__")):
        raise DataError(
            f"{name}: got {type(X).__name__}, which holds arrays by name ({_listed(X.keys())}): give one of them as X "
            "and one as y"
        )
    if hasattr(X, "__getitem__") and hasattr(X, "__len__"):
        source: Source = Indexed(X, name)
    elif callable(X):
        source = Iterated(X, name)
    elif isinstance(X, Iterable):
        source = Iterated(lambda: X, name)
    else:
        return None
    source.takes_bare = not needs_y
    if y is not None or weights is not None:
        what = "y" if y is not None else "sample_weight"
        raise DataError(f"{name}: {what} comes with the blocks of a stream, as (X, y) or (X, y, weights); give it none")
    return source


def _is_path_of_parquet(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike)) and str(value).lower().endswith(ENDINGS)


def _listed(names: Iterable[Any]) -> str:
    found = [repr(name) for name in names]
    return ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")


def _is_buffer(X: Any) -> bool:
    """Whether X is memory of numbers, such as an array.array."""
    try:
        memoryview(X)
    except TypeError:
        return False
    return True


def _is_large(X: Any, window: int | None) -> bool:
    if X.ndim != 2 or X.dtype.kind not in "buif":
        return False
    return bool(X.nbytes > WINDOW_BYTES if window is None else len(X) > window)


def _check_target(y: Any, needs_y: bool, name: str, what: str) -> None:
    """Refuse what is no array beside an array that is read in blocks."""
    if isinstance(y, str) or (y is None and needs_y):
        found = "None" if y is None else f"the text {y!r}"
        raise DataError(f"{name}: X is {what}, so y must be an array of as many rows; got {found}")


def _target(y: Any, weights: Any, needs_y: bool, name: str, what: str) -> list[str] | None:
    """Return the names of the target's columns."""
    if weights is not None:
        raise DataError(f"{name}: sample_weight is an array, and X is {what}: yield (X, y, weights) instead")
    if y is None and not needs_y:
        return None
    names = [y] if isinstance(y, str) else y
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(each, str) for each in names):
        raise DataError(
            f"{name}: X is {what}, so y must be the name of the column to be predicted, or a list of names; got "
            f"{type(y).__name__ if y is not None else None}"
        )
    if len(set(names)) < len(names):
        twice = next(each for i, each in enumerate(names) if each in names[:i])
        raise DataError(f"{name}: y names the column {twice!r} twice; give each target once")
    return list(names)
