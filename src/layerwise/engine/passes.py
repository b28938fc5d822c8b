"""A pass over data: rows gathered in their order, and the losses and answers that were noted on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from layerwise.data.targets import Targets
from layerwise.engine.workspace import Batch
from layerwise.parts.losses.base import weighted_sum
from layerwise.typing import Array


def all_finite(losses: Array) -> bool:
    """Whether no loss is NaN or infinite: by one product, or, where that overflows, one by one."""
    return math.isfinite(losses.dot(losses)) or bool(np.isfinite(losses).all())


@dataclass(frozen=True)
class Score:
    """Mean loss, and the share of right answers where answers are right or wrong; both by the rows' weights."""

    loss: float
    accuracy: float | None


def row_of(sums: Array, targets: Targets) -> dict[str, float]:
    """Loss, penalty and, where answers are right or wrong, accuracy, from what an epoch's steps have added up.

    Parameters
    ----------
    sums : array (6,)
        Losses by weight, those weights, right answers, penalties times rows, seconds, rows.
    targets : Targets
        Of the epoch.
    """
    loss, weight, right, penalty, _, made = sums.tolist()
    row = {"loss": loss / weight if weight else 0.0, "penalty": penalty / max(made, 1)}
    return row if targets.task.kind == "regression" else row | {"accuracy": right / max(made, 1)}


class Pass:
    """One pass over the rows of a data set: hands out targets, and notes losses and answers side by side.

    What each batch leaves in `losses` and in the answers is summed up once, at the end of the pass.

    Parameters
    ----------
    targets : Targets
        Labels or numbers for every row.
    size : int
        The most rows of a batch.
    n_out : int
        How many outputs a sample has.
    dtype : dtype
        Of the losses.

    Attributes
    ----------
    order : int array (n,)
        The rows in the order in which they are read.
    losses : array (n,)
        The loss of each row, in that order.
    """

    def __init__(self, targets: Targets, size: int, n_out: int, dtype: np.dtype[np.floating]) -> None:
        n = len(targets)
        self.targets = targets
        self.reorder(np.arange(n))
        self.losses = np.zeros(n, dtype)
        self.counts = targets.task.kind != "regression"
        self._by_class = targets.labels is not None and n_out > 1
        self._answers = np.empty(n if self._by_class else 0, np.intp)
        self._said, self._true = np.empty((2, 0 if self._by_class else size, n_out), bool)
        self._right = np.empty(n if self.counts and not self._by_class else 0, dtype)
        self._rows = np.arange(size if self._by_class else 0) * n_out  # where each begins in a batch's targets
        self._places = np.empty_like(self._rows)

    def reorder(self, order: Array) -> None:
        """Read the rows in this order from now on."""
        labels, weights = self.targets.labels, self.targets.weights
        self.order = order
        self._labels = None if labels is None else labels[order]
        self._weights = None if weights is None else weights[order]

    def take(self, start: int, stop: int, t: Array) -> Array | None:
        """The targets of rows start to stop - 1 of the pass, into t; returns their weights, if any."""
        levels = self.targets.levels
        if self._by_class:
            assert self._labels is not None
            assert levels is not None
            places = np.add(self._rows[: stop - start], self._labels[start:stop], out=self._places[: stop - start])
            t.fill(levels[0])
            t.reshape(-1).put(places, levels[1])
        elif self._labels is not None and levels is not None:
            levels.take(self._labels[start:stop], 0, t.reshape(-1), "clip")
        elif self.targets.dense is not None:
            self.targets.dense.take(self.order[start:stop], 0, t, "clip")
        return None if self._weights is None else self._weights[start:stop]

    def note(self, start: int, stop: int, batch: Batch) -> None:
        """Keep what was answered: the class, or how much of it was right."""
        if self._by_class:
            batch.y.argmax(1, self._answers[start:stop])
        elif self.counts:
            self._score(batch, self._right[start:stop])

    def _score(self, batch: Batch, out: Array) -> None:
        """The share of right outputs of each sample, or whether its greatest is where the target's is."""
        share = batch.tmp[0]
        if self.targets.task.kind == "classification" and batch.y.shape[1] > 1:
            np.equal(batch.y.argmax(1), batch.t.argmax(1), out=out)
            return
        said, true = self._said[: batch.n], self._true[: batch.n]
        np.greater(batch.y, self.targets.task.threshold, out=said)
        np.greater(batch.t, 0.5, out=true)
        np.equal(said, true, out=said)
        np.copyto(share, said)
        np.add.reduce(share, axis=1, out=out)
        np.multiply(out, 1 / batch.y.shape[1], out=out)

    def noted(self) -> dict[str, Array]:
        """What is noted row by row: losses, and which answer was given or how much of it was right."""
        answers = {"answers": self._answers} if self._by_class else {"right": self._right} if self.counts else {}
        return {"losses": self.losses, **answers}

    def loss(self, stop: int) -> float:
        """The mean loss over the first `stop` rows of the pass, by their weights."""
        return self._mean(self.losses[:stop], self.targets.by_rows)

    def accuracy(self, stop: int) -> float:
        """The share of right answers among the first `stop` rows of the pass, each of which counts the same."""
        right = self._rights(stop)
        return float(np.add.reduce(right, dtype=np.float64)) / stop if stop else 0.0

    def weighted_accuracy(self, stop: int) -> float:
        """The share of right answers among the first `stop` rows of the pass, by their weights if these divide it."""
        return self.accuracy(stop) if self.targets.by_rows else self._mean(self._rights(stop))

    def right(self, start: int, stop: int) -> float:
        """How many of these answers are right."""
        return float(np.add.reduce(self._rights(stop, start), dtype=np.float64))

    def sums(self, stop: int) -> Array:
        """Losses by their weights, those weights, right answers and rows, over the first `stop` rows: (4,)."""
        weights = None if self._weights is None else self._weights[:stop].astype(np.float64)
        total = float(stop if weights is None or self.targets.by_rows else weights.sum())
        right = float(np.add.reduce(self._rights(stop), dtype=np.float64)) if self.counts else 0.0
        return np.array([self.loss(stop) * total, total, right, float(stop)])

    def _rights(self, stop: int, start: int = 0) -> Array:
        """How much of each answer is right."""
        if self._labels is None or not self._by_class:
            return self._right[start:stop]
        right: Array = self._answers[start:stop] == self._labels[start:stop]
        return right

    def _mean(self, values: Array, by_rows: bool = False) -> float:
        if self._weights is None:
            return float(values.mean(dtype=np.float64)) if len(values) else 0.0
        weights = self._weights[: len(values)].astype(np.float64)
        total = float(len(values) if by_rows else weights.sum())
        return weighted_sum(values.astype(np.float64), weights) / total if total else 0.0
