"""Data for actors of Ray: arrays in the object store, Datasets as blocks of rows, each of a shard.

A Dataset of n rows, S shards: shard s has rows n s // S to n (s + 1) // S - 1, in the order of the Dataset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.data.streams.frames import input_names
from layerwise.distributed.layout import bounds_of
from layerwise.distributed.remote import names_in
from layerwise.errors import DataError
from layerwise.typing import Array


class _Block:
    """Rows of a Dataset in the object store, to be read by an actor.

    Parameters
    ----------
    reference : ray.ObjectRef
        Of a dict of arrays, one a column.
    inputs, targets : list of str
        The columns that are X, and y.
    weights : str, optional
        The column that says how much each row counts.
    """

    def __init__(self, reference: Any, inputs: list[str], targets: list[str], weights: str | None) -> None:
        self._reference, self._inputs, self._targets, self._weights = reference, inputs, targets, weights

    def read(self) -> tuple[Any, ...]:
        """Return X, y and, where there are some, weights."""
        import ray

        columns = ray.get(self._reference)
        y = _side_by_side(columns, self._targets)
        block = _side_by_side(columns, self._inputs), y[self._targets[0]] if len(self._targets) == 1 else y
        return block if self._weights is None else (*block, columns[self._weights])


def _side_by_side(columns: Mapping[str, Array], names: list[str]) -> Any:
    """Return a frame of columns of numbers, or an array of the rows of one column of arrays."""
    first = columns[names[0]]
    if len(names) == 1 and first.dtype == object and len(first) and isinstance(first[0], np.ndarray):
        first = np.stack(first.tolist())
    if len(names) == 1 and first.ndim > 1:
        return first.reshape(len(first), -1)
    import pandas as pd  # which Ray's data need

    return pd.DataFrame({name: columns[name] for name in names}, copy=False)


class Blocks:
    """A Dataset's rows, by shards.

    Parameters
    ----------
    dataset : ray.data.Dataset
        Of columns.
    y : str or list of str
        Those to be predicted.
    weights : str, optional
        That of the weights.
    """

    def __init__(self, dataset: Any, y: Any, weights: Any) -> None:
        targets = names_in(y)
        if targets is None:
            raise DataError(f"distributed.fit: X is a Dataset, so y must be names of its columns; got {y!r:.80}")
        if weights is not None and not isinstance(weights, str):
            raise DataError("distributed.fit: X is a Dataset, so sample_weight must be the name of one of its columns")
        others = targets if weights is None else [*targets, weights]
        self._inputs = input_names(dataset.columns(), others, "the Dataset")
        self._dataset, self.targets, self._weights = dataset, targets, weights

    def shards(self, number: int) -> list[list[_Block]]:
        """Return the blocks of each shard: equal numbers of rows, in their order."""
        options = self._dataset.context.execution_options
        before, options.preserve_order = options.preserve_order, True  # else Ray gives blocks as they are ready
        try:
            whole = self._dataset.materialize()
        finally:
            options.preserve_order = before
        rows = whole.count()
        if rows < number:
            raise DataError(f"distributed.fit: the Dataset has {rows} rows, too few for {number} shards")
        parts = whole.split_at_indices(bounds_of(rows, number)[1:-1]) if number > 1 else [whole]
        return [self._blocks(part) for part in parts]

    def _blocks(self, part: Any) -> list[_Block]:
        return [_Block(ref, self._inputs, self.targets, self._weights) for ref in part.to_numpy_refs()]


class _Joined:
    """All rows of a Dataset, for actors that need them all."""

    def __init__(self, blocks: list[_Block]) -> None:
        self._blocks = blocks

    def read(self) -> tuple[Any, ...]:
        """Return X, y and, where there are some, weights."""
        import pandas as pd

        def joined(parts: Sequence[Any]) -> Any:
            return np.concatenate(parts) if isinstance(parts[0], np.ndarray) else pd.concat(parts, ignore_index=True)

        return tuple(joined(parts) for parts in zip(*(block.read() for block in self._blocks), strict=True))


def is_dataset(value: Any) -> bool:
    """Return whether a value is a Dataset of Ray."""
    return type(value).__module__.startswith("ray.data")


def placed(ray: Any, value: Any, targets: Any) -> Any:
    """Return validation data in a form that actors can read."""
    pair = value if isinstance(value, (tuple, list)) else (value, targets)
    if is_dataset(pair[0]):
        weights = pair[2] if len(pair) > 2 else None
        return _Joined(Blocks(pair[0], pair[1], weights).shards(1)[0])
    return None if value is None else ray.put(value)


def read(value: Any) -> Any:
    """Return what an actor needs of what the caller has placed."""
    import ray

    if isinstance(value, _Joined):
        return value.read()
    return ray.get(value) if isinstance(value, ray.ObjectRef) else value
