"""Frames that are not in memory: Dask DataFrames by their partitions, Polars LazyFrames by slices of their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from layerwise.data.streams.source import Source
from layerwise.errors import DataError, UnknownNameError, nearest

_ROWS = 2**16  # of a LazyFrame that are collected together


def input_names(names: Sequence[str], targets: Sequence[str] | None, what: str) -> list[str]:
    """Return the columns that are learned from: all but the targets.

    Raises
    ------
    UnknownNameError
        A target is not there.
    DataError
        Nothing but targets is there, or two columns have one name.
    """
    if len(set(names)) < len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise DataError(f"{what} has two columns called {twice!r}; rename one of them")
    for target in targets or ():
        if target not in names:
            raise UnknownNameError(f"{what} has no column {target!r}, which y names; {nearest(target, names)}")
    found = [name for name in names if name not in (targets or ())]
    if not found:
        raise DataError(f"{what} has no columns beside the target {', '.join(map(repr, targets or ()))}")
    return found


class DaskFrame(Source):
    """A Dask DataFrame.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        Of columns of numbers.
    targets : list of str, optional
        The columns to be predicted.
    """

    def __init__(self, frame: Any, targets: list[str] | None) -> None:
        self._frame, self._targets = frame, targets
        self.columns = input_names(list(frame.columns), targets, "the Dask DataFrame")
        self.target_columns = targets if targets is not None and len(targets) > 1 else None
        self.n_blocks = int(frame.npartitions)

    def columns_wanted(self, names: Sequence[str] | None) -> None:
        """Read these columns of X alone."""
        self.columns = wanted(self.columns, names)

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return f"partition {block}"

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield the partitions in that order; each is computed by itself."""
        for i in range(self.n_blocks or 0) if order is None else order:
            frame = self._frame.get_partition(int(i)).compute()
            yield int(i), part_of_frame(frame, self.columns, self._targets)


def wanted(columns: list[str] | None, names: Sequence[str] | None) -> list[str] | None:
    """Return the columns that a network takes, in its order, where all are there; else those that there are."""
    return list(names) if names is not None and set(names) <= set(columns or ()) else columns


def part_of_frame(frame: Any, columns: list[str] | None, targets: list[str] | None) -> tuple[Any, ...]:
    """Return X and, where there are targets, y of a frame in memory."""
    if targets is None:
        return (frame[columns],)
    return frame[columns], frame[targets[0]] if len(targets) == 1 else frame[targets]


class LazyFrame(Source):
    """A Polars LazyFrame, collected by slices in its own order; what it is made of is never in memory as a whole.

    Parameters
    ----------
    frame : polars.LazyFrame
        Of columns of numbers.
    targets : list of str, optional
        The columns to be predicted.
    """

    def __init__(self, frame: Any, targets: list[str] | None) -> None:
        self._frame, self._targets = frame, targets
        self.columns = input_names(frame.collect_schema().names(), targets, "the LazyFrame")
        self.target_columns = targets if targets is not None and len(targets) > 1 else None

    def columns_wanted(self, names: Sequence[str] | None) -> None:
        """Read these columns of X alone."""
        self.columns = wanted(self.columns, names)

    def read(self, order: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
        """Yield batches of rows as the streaming engine gives them."""
        assert order is None
        batches = self._frame.collect_batches(chunk_size=_ROWS, maintain_order=True, lazy=True, engine="streaming")
        for i, frame in enumerate(batches):
            yield i, part_of_frame(frame, self.columns, self._targets)
