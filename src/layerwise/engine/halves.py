"""A training step in two halves, for several processes: gradients of some shards of a batch, then the update.

    gather   the data gradients of some shards, summed up by a binary tree       ─► vector
             (the vectors of all processes are summed up by the same tree)
    apply    penalties, clipping and the optimizer's step, by the sum

A batch is cut into shards, however many processes there are, and each shard's gradient is made by itself. So a tree
over the shards gives the same bits whoever makes which of them. The vector ends with a few sums; see below where.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from layerwise.typing import Array

PLAIN, LOSS, RIGHT, BAD = range(4)  # of the sums: losses, by weight too; right answers; losses that are not finite
SUMS = 8  # those, and as many that others use


@dataclass
class Part:
    """Some shards of a step's batch.

    Attributes
    ----------
    places : array (shards, 3) of int64
        Of each: where it begins in the order of the epoch, its rows, and the place of its first row in the batch.
    step : int
        The number of the step over the whole training.
    rows : int
        Those of the whole batch.
    full : int
        How many of its shards have two rows or more, from which a batch norm can learn.
    """

    places: Array
    step: int
    rows: int
    full: int

    @property
    def scale(self) -> float:
        """What the gradient of a sum over rows is multiplied by."""
        return 1 / self.rows

    @property
    def statistics(self) -> float:
        """How much the statistics of a full shard count."""
        return 1 / self.full if self.full else 0.0


class Halves(Protocol):
    """Makes a step in two halves; between `begin` and `end`, and on the vector that `vector` gives."""

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""

    def cuts(self) -> list[int]:
        """Where the vector can be cut, from its end to its beginning, in the order in which its parts are made."""

    def gather(self, part: Part, vector: Array, ready: Callable[[int], None] | None = None) -> None:
        """Write the sum over these shards into the vector; `ready` is told how many of its last parts are there."""

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""

    def end(self) -> None:
        """Bring theta and the optimizer's states up to date."""
