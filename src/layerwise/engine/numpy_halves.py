"""A training step in two halves, in NumPy (halves.py)."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any

import numpy as np

from layerwise.data.sample_weights import without_uncounted
from layerwise.engine.halves import BAD, LOSS, PLAIN, RIGHT, SUMS, Part
from layerwise.engine.numpy_engine import NumpyEngine, draw, forward
from layerwise.engine.passes import all_finite
from layerwise.typing import Array


class NumpyHalves:
    """The two halves in NumPy.

    Parameters
    ----------
    engine : NumpyEngine
        With the rows that are here.
    """

    def __init__(self, engine: NumpyEngine) -> None:
        self._engine, self._partial = engine, list[Array]()
        self._statistics = [(stage.index, name) for stage in engine.plan.stages for name in stage.layer.statistics]

    def vector(self) -> tuple[Array, Array]:
        """A new vector, and the part of it that holds the sums."""
        theta = self._engine.parameters.theta
        vector = np.zeros(len(theta) + SUMS, theta.dtype)
        return vector, vector[len(theta) :]

    def begin(self, order: Array | None, clip_norm: float | None, frozen: Set[int]) -> None:
        """Steps on the rows in this order begin."""
        engine = self._engine
        engine.clip_norm, engine.frozen = clip_norm, frozen
        if order is not None:
            engine.reorder(order)

    def cuts(self) -> list[int]:
        """Return none: the vector is there as a whole."""
        return []

    def gather(self, part: Part, vector: Array, ready: Callable[[int], None] | None = None) -> None:
        """Write the sum over these shards into the vector."""
        waiting: list[Array] = []  # sums that wait for the other half of their pair
        for i, place in enumerate(part.places.tolist()):
            depth = len(waiting)
            if depth > len(self._partial):
                self._partial.append(np.empty_like(vector))
            waiting.append(self._partial[depth - 1] if depth else vector)
            with np.errstate(all="ignore"):
                self._gather(part, place, waiting[-1])
            done = i + 1
            while done % 2 == 0 and len(waiting) > 1:
                right = waiting.pop()
                np.add(waiting[-1], right, out=waiting[-1])
                done //= 2

    def _gather(self, part: Part, where: list[int], out: Array) -> None:
        start, rows, place = where
        out.fill(0)
        if not rows:
            return
        engine, parameters = self._engine, self._engine.parameters
        batch, stop = engine.workspace.batch(rows), start + rows
        x, weights = engine.gather(batch, start, stop)
        if batch.masks:
            draw(batch, engine.philox, part.step, place)
        y = forward(batch, x)
        losses, sums = batch.losses, out[len(parameters.theta) :]
        batch.write_losses()
        if not (all_finite(losses) or without_uncounted(losses, y, weights)):
            sums[BAD] = 1
            return
        sums[PLAIN] = losses.sum(dtype=np.float64)
        sums[LOSS] = sums[PLAIN] if weights is None else losses.astype(np.float64).dot(weights.astype(np.float64))
        if engine.epoch.counts:
            engine.epoch.note(start, stop, batch)
            sums[RIGHT] = engine.epoch.right(start, stop)
        batch.write_gradient()
        if weights is not None:
            np.multiply(batch.dy, weights[:, None], out=batch.dy)
            batch.dy[weights == 0] = 0  # where it was infinite, too
        np.multiply(batch.dy, part.scale, out=batch.dy)
        batch.run_backward(x)
        for stage, p in batch.adapting:
            g = parameters.g[stage.index]
            if rows > 1:
                np.multiply(p.batch_mean, part.statistics, out=g.mean)
                np.multiply(p.batch_var, part.statistics * rows / (rows - 1), out=g.var)
        np.copyto(out[: len(parameters.grad)], parameters.grad)

    def apply(self, part: Part, vector: Array, rate: float) -> float:
        """Make the update by the sum over all shards; returns the penalties."""
        engine = self._engine
        grad = engine.parameters.grad
        np.copyto(grad, vector[: len(grad)])
        learned = {where: getattr(engine.parameters.g[where[0]], where[1]).copy() for where in self._statistics}
        for index, name in self._statistics:
            getattr(engine.parameters.g[index], name).fill(0)
        with np.errstate(all="ignore"):
            penalty = engine.penalties.add(part.scale) if engine.plan.penalties else 0.0
            engine.optimizer.learning_rate = rate
            engine.learn()
            for (index, name), value in learned.items():
                if index in engine.frozen or not part.full:
                    continue
                layer: Any = engine.plan.stages[index].layer
                momentum, running = layer.momentum, getattr(engine.parameters.p[index], name)
                np.multiply(running, momentum, out=running)
                np.add(running, np.multiply(value, 1 - momentum), out=running)
        return penalty

    def end(self) -> None:
        """Theta and the optimizer's states are up to date."""
