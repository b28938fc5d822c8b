"""Which rows are in which shard, and which shards are whose.

A batch is cut into a fixed number of shards, however many ranks there are; rank r has the r-th run of them. The rows
of a shard of a step are

    of data that all ranks have    a share of the step's batch, in the order of a fit on one machine
    of data in parts               a share of the shard's own part, in an order of its own

so that no row moves from rank to rank. Either way they depend on the seed, the step and the shard alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from layerwise.data.philox import SHARD_ORDER, generator
from layerwise.engine.halves import Part
from layerwise.errors import DataError
from layerwise.parts.description import whole_number
from layerwise.typing import Array

SHARDS = 8  # by default
_MOST = 2**12


class Layout(Protocol):
    """Where the rows of each step are.

    Attributes
    ----------
    rows, batch_size, shard_size : int
        Rows in all; a batch's; and the most of a shard.
    is_shared : bool
        All ranks have the same order of the same rows.
    """

    is_shared: bool

    rows: int
    batch_size: int
    shard_size: int

    def order(self, step: int) -> Array | None:
        """The order of the rows that are here, in the epoch that begins at that step; None: as they lie."""

    def part(self, i: int, step: int) -> Part:
        """The shards that are this rank's, of step i of an epoch, whose number over the whole training is `step`."""


def check_shards(shards: int, size: int, batch_size: int) -> int:
    """The number of shards, if so many ranks can share them.

    Raises
    ------
    DataError
        It is no power of two, or there are more ranks than shards.
    """
    shards = whole_number("distributed.fit", "shards", shards, least=1)
    if shards & (shards - 1) or shards > _MOST:
        raise DataError(f"distributed.fit: shards must be a power of two, and at most {_MOST}; got {shards}")
    if size > shards:
        raise DataError(
            f"distributed.fit: {size} ranks need as many shards of a batch; got shards={shards}. Give shards={size}: a "
            "training's bits depend on the number of shards, not on that of ranks"
        )
    if batch_size < shards:
        raise DataError(
            f"distributed.fit: batch_size={batch_size} is too small for {shards} shards: each needs a row. Give a "
            "larger batch, or fewer shards"
        )
    return shards


def own_shards(shards: int, rank: int, size: int) -> range:
    """The shards of a rank."""
    each = shards // size
    return range(rank * each, (rank + 1) * each)


def bounds_of(n: int, parts: int) -> list[int]:
    """Where n rows are cut into parts that differ by one row at most."""
    return [n * i // parts for i in range(parts + 1)]


class WholeLayout:
    """Of data that all ranks have.

    Parameters
    ----------
    rows, batch_size : int
        How many there are, and how many a batch has.
    shards : int
        Of a batch.
    own : range
        Those of this rank.
    """

    is_shared = True

    def __init__(self, rows: int, batch_size: int, shards: int, own: range) -> None:
        self.rows, self.batch_size = rows, min(batch_size, rows)
        self.shard_size = -(-self.batch_size // shards)
        self._shards, self._own = shards, own

    def order(self, step: int) -> Array | None:
        """That of a fit on one machine, which the training gives."""
        return None

    def part(self, i: int, step: int) -> Part:
        """The shards that are this rank's, of step i of an epoch."""
        start = i * self.batch_size
        rows = min(self.batch_size, self.rows - start)
        cuts = bounds_of(rows, self._shards)
        places = [(start + cuts[s], cuts[s + 1] - cuts[s], cuts[s]) for s in self._own]
        full = sum(cuts[s + 1] - cuts[s] > 1 for s in range(self._shards))
        return Part(np.array(places, np.int64), step, rows, full)


class PartedLayout:
    """Of data in parts, one a shard: each rank has the rows of its shards, one shard after the other.

    Parameters
    ----------
    sizes : sequence of int
        The rows of every shard.
    batch_size : int
        How many rows a batch has, about: each shard gives its share to each step of an epoch.
    own : range
        The shards of this rank.
    seed : int, optional
        Of the orders; None: rows are taken as they lie.
    """

    is_shared = False

    def __init__(self, sizes: Sequence[int], batch_size: int, own: range, seed: int | None) -> None:
        self.rows = sum(sizes)
        self.batch_size = min(batch_size, self.rows)
        self._sizes, self._own, self._seed = list(sizes), own, seed
        self.steps = -(-self.rows // self.batch_size)
        self.shard_size = max(-(-n // self.steps) for n in sizes)
        self._begins = np.concatenate([[0], np.cumsum([sizes[s] for s in own])]).tolist()

    def order(self, step: int) -> Array | None:
        """An order for each shard by itself."""
        if self._seed is None:
            return None
        orders = [
            begin + generator(self._seed, SHARD_ORDER, step * _MOST + s).permutation(self._sizes[s])
            for begin, s in zip(self._begins, self._own, strict=False)
        ]
        return np.concatenate(orders)

    def part(self, i: int, step: int) -> Part:
        """The shards that are this rank's, of step i of an epoch."""
        ends = [(n * i // self.steps, n * (i + 1) // self.steps) for n in self._sizes]
        counts = [end - begin for begin, end in ends]
        places = np.cumsum([0, *counts])
        own = [
            (begin + ends[s][0], counts[s], int(places[s])) for begin, s in zip(self._begins, self._own, strict=False)
        ]
        return Part(np.array(own, np.int64), step, sum(counts), sum(n > 1 for n in counts))
