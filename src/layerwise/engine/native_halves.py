"""A training step in two halves, in C++ (halves.py)."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np

from layerwise.engine.halves import SUMS, Part
from layerwise.engine.native_engine import NativeEngine, set_data
from layerwise.engine.native_plan import _native
from layerwise.engine.native_rule import RuleOf
from layerwise.engine.threads import share
from layerwise.typing import Array


class NativeHalves:
    """The two halves in C++.

    Parameters
    ----------
    engine : NativeEngine
        With the rows that are here.
    shard_size : int
        The most rows of a shard.
    """

    def __init__(self, engine: NativeEngine, shard_size: int) -> None:
        self._engine, self._core, self._shard_size = engine, engine.core, shard_size
        theta, grad = engine.parameters.theta, engine.parameters.grad
        self._training = _native.Training(theta=theta, grad=grad, batch_size=shard_size, seed=engine.seed)
        self._session: tuple[Array | None, float | None, Set[int]] = (None, None, frozenset())

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""
        length, dtype = self._core.shards_length(), self._engine.parameters.theta.dtype
        room = np.zeros(length + 64 // dtype.itemsize, dtype)
        begin = -room.ctypes.data % 64 // dtype.itemsize
        vector = room[begin : begin + length]
        return vector, vector[self._core.shards_sums() :][:SUMS]

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""
        self._session = order, clip_norm, frozen
        if not self._engine.rows.made:
            self._begin(order)

    def _begin(self, order: Array | None) -> None:
        _, clip_norm, frozen = self._session
        optimizer = self._engine.optimizer
        optimizer.allocate(self._engine.parameters.theta)
        rule = RuleOf(optimizer)
        self._core.begin_shards(
            self._training,
            _native.Optimizer(**rule.arguments(optimizer)),
            order=order,
            threads=self._engine.n_threads or share(),
            clip_norm=clip_norm,
            frozen=[int(layer) for layer in frozen],
        )

    def cuts(self) -> list[int]:
        """Where the vector can be cut, from its end to its beginning, in the order in which its parts are made."""
        return list(self._core.shards_cuts(self._shard_size))

    def gather(self, part: Part, vector: Array, ready: Callable[[int], None] | None = None) -> None:
        """Write the sum over these shards into the vector; `ready` is told how many of its last parts are there."""
        places = part.places
        if self._engine.rows.made:
            places = self._make_rows(places)
        self._core.shards(
            places, step=part.step, scale=part.scale, statistics=part.statistics, gradient=vector, ready=ready
        )

    def _make_rows(self, places: Array) -> Array:
        """Make the rows of these shards, one after the other; where they then are."""
        engine, order = self._engine, self._session[0]
        positions = np.concatenate([np.arange(start, start + n) for start, n, _ in places.tolist()] or [np.arange(0)])
        rows = positions if order is None else order[positions]
        if not len(rows):  # there must be some; nobody reads them
            rows = np.zeros(1, np.int64)
        set_data(
            self._core, engine.rows.raw(rows, engine.n_threads or share()), engine.rows.scaler,
            engine.targets.part(rows), engine.plan.n_out,
        )  # fmt: skip
        self._begin(None)
        found = places.copy()
        found[:, 0] = np.cumsum(places[:, 1]) - places[:, 1]
        return found

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""
        penalty: float = self._core.update(
            step=part.step, scale=part.scale, statistics=part.statistics, gradient=vector, rate=rate
        )
        self._engine.optimizer.iterations += 1
        if self._engine.rows.made:
            self._core.end_shards()
        return penalty

    def end(self) -> None:
        """Bring theta and the optimizer's states up to date."""
        self._core.end_shards()
