"""Dask's arrays and frames as blocks of rows, each of a shard; nothing is computed here.

P chunks of rows, or partitions, S shards: shard s has blocks P s // S to P (s + 1) // S - 1
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.data.streams.frames import input_names
from layerwise.distributed.layout import bounds_of, own_shards
from layerwise.distributed.remote import names_in
from layerwise.errors import DataError, ShapeError


def is_collection(value: Any) -> bool:
    """Return whether a value is an array, a frame or a series of Dask."""
    return type(value).__module__.partition(".")[0] in ("dask", "dask_expr") and hasattr(value, "to_delayed")


class Blocks:
    """Collections as blocks of rows.

    Parameters
    ----------
    X : dask.array.Array or dask.dataframe.DataFrame
        With at least as many chunks of rows or partitions as there are shards.
    y : array or series, or str or list of str
        With the same blocks; or names of columns of X.
    weights : array or series or str, optional
        With the same blocks; or the name of a column of X.
    shards : int
        How many shards there are.

    Attributes
    ----------
    shards : list of lists of (X, y, weights)
        The blocks of each shard, as delayed objects; None where there is nothing.
    names, targets : list of str, optional
        The columns of a frame that are X, and y.
    """

    def __init__(self, X: Any, y: Any, weights: Any, shards: int) -> None:
        self.names: list[str] | None = None
        self.targets: list[str] | None = None
        if hasattr(X, "columns"):
            self.targets, others = names_in(y), []
            if isinstance(weights, str):
                others, weights = [weights], X[weights]
            self.names = input_names(list(X.columns), [*(self.targets or ()), *others], "the Dask DataFrame")
            y = None if self.targets else y
        elif X.ndim != 2:
            raise ShapeError(f"X must be two-dimensional (samples, inputs); its shape is {tuple(X.shape)}")
        else:
            X = X.rechunk({1: -1})
        if y is None and self.targets is None:
            raise DataError("distributed.fit: y is needed: a Dask array or series, or names of columns of a DataFrame")
        parts = [X, _like(X, y, "y"), _like(X, weights, "sample_weight")]
        n = _number(X)
        if n < shards:
            cure = f"X.repartition(npartitions={shards})" if self.names else f"X.rechunk({{0: {_rows_for(X, shards)}}})"
            raise DataError(
                f"distributed.fit: X has {n} blocks of rows, and each of the {shards} shards needs one: give {cure}, "
                "or a smaller power of two as shards="
            )
        rows = [[None] * n if part is None else np.ravel(part.to_delayed()).tolist() for part in parts]
        ends, blocks = bounds_of(n, shards), list(zip(*rows, strict=True))
        self.shards = [blocks[ends[s] : ends[s + 1]] for s in range(shards)]
        self._parts = [part for part in parts if part is not None]

    def are_apart(self, size: int) -> bool:
        """Return whether no task but one without input is needed by two ranks: each rank's can then stay with it."""
        seen: Counter[Any] = Counter()
        for rank in range(size):
            seen.update(self._tasks(own_shards(len(self.shards), rank, size), with_input=True))
        return max(seen.values(), default=0) < 2

    def nearest(self, client: Any, workers: Sequence[str], size: int) -> list[str]:
        """Return the workers of the ranks: where most of their blocks are already, else in the workers' order."""
        from distributed.client import futures_of

        for future in futures_of(self._parts):
            future.exception()  # waits: where persisted blocks are is known once they are made
        held = client.who_has()
        needed = [self._tasks(own_shards(len(self.shards), rank, size), with_input=False) for rank in range(size)]
        counts = [Counter(w for key in keys for w in held.get(key, ())) for keys in needed]
        pairs = sorted((-counts[r][w], r, i) for r in range(size) for i, w in enumerate(workers))
        found: dict[int, str] = {}
        for _, rank, i in pairs:
            if rank not in found and workers[i] not in found.values():
                found[rank] = workers[i]
        return [found[rank] for rank in range(size)]

    def _tasks(self, shards: range, with_input: bool) -> set[Any]:
        """Return the keys of the tasks that these shards need: those with input from others; or all, and of futures."""
        from dask.core import get_dependencies

        found: set[Any] = set()
        for place in range(3):
            parts = [block[place] for s in shards for block in self.shards[s] if block[place] is not None]
            tasks = dict(parts[0].__dask_graph__()) if parts else {}
            seen, left = set(), [part.key for part in parts]
            while left:
                key = left.pop()
                if key in seen:
                    continue
                seen.add(key)
                inputs: Any = ()
                if key in tasks:  # else it is that of a future
                    inputs = getattr(tasks[key], "dependencies", None) or get_dependencies(tasks, key)
                    left.extend(inputs)
                if inputs or not with_input:
                    found.add(key)
        return found


def _number(part: Any) -> int:
    return int(part.numblocks[0] if hasattr(part, "numblocks") else part.npartitions)


def _rows_for(X: Any, shards: int) -> str:
    rows = X.shape[0]
    return str(int(rows) // shards) if rows == rows else f"rows // {shards}"


def _like(X: Any, part: Any, name: str) -> Any:
    """Return y or weights with the blocks of X."""
    if part is None:
        return None
    if not is_collection(part):
        if hasattr(X, "columns") or _unknown(X):
            raise DataError(f"distributed.fit: X is of Dask, so {name} must be too; got {type(part).__name__}")
        from dask.array import from_array

        part = np.asarray(part)
        if len(part) != X.shape[0]:
            raise ShapeError(f"X has {X.shape[0]} rows and {name} {len(part)}; they must be as many")
        return from_array(part, chunks=(X.chunks[0], *part.shape[1:]))
    if hasattr(part, "chunks") and hasattr(X, "chunks") and not _unknown(X) and not _unknown(part):
        if part.shape[0] != X.shape[0]:
            raise ShapeError(f"X has {X.shape[0]} rows and {name} {part.shape[0]}; they must be as many")
        return part.rechunk({0: X.chunks[0], **({1: -1} if part.ndim == 2 else {})})
    if _number(part) != _number(X):
        raise DataError(f"distributed.fit: X has {_number(X)} blocks of rows, and {name} {_number(part)}; give as many")
    return part


def _unknown(part: Any) -> bool:
    return any(size != size for size in part.chunks[0])  # NaN


def validation_of(data: Any, blocks: Blocks | None) -> Any:
    """Return validation data as they were given, or a tuple with collections in it, none of them with targets in X."""
    if is_collection(data) and blocks is not None and blocks.targets:
        data = (data, blocks.targets)
    if not isinstance(data, (tuple, list)) or not any(is_collection(part) for part in data):
        return data
    parts = list(data)
    if len(parts) > 1 and hasattr(parts[0], "columns") and (names := names_in(parts[1])):
        frame, inputs = parts[0], input_names(list(parts[0].columns), names, "validation_data")
        parts[:2] = frame[inputs], frame[names[0]] if len(names) == 1 else frame[names]
    return tuple(parts)
