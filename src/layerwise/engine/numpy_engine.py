"""The NumPy executor: it walks the plan in Python, one step at a time, and is the specification of all others.

train_step:  gather rows ─► forward ─► loss ─► backward ─► penalties ─► optimizer
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from layerwise.data import Rows
from layerwise.engine.workspace import Batch, Workspace
from layerwise.parameters import Parameters
from layerwise.philox import Philox
from layerwise.plan import Plan
from layerwise.targets import Targets
from layerwise.typing import Array


@dataclass
class Totals:
    """What has been summed over the steps of an epoch: sums over samples, each with its weight."""

    weight: float = 0.0
    loss: float = 0.0
    penalty: float = 0.0
    hits: float = 0.0
    samples: int = 0


def forward(batch: Batch, x: Array) -> Array:
    """The outputs for the inputs x: each layer in turn."""
    for layer_forward, p, y in batch.forward:
        layer_forward(p, x, y)
        x = y
    return batch.y


def backward(batch: Batch, inputs: Array) -> None:
    """The gradients of all parameters from `batch.dy`: each layer in turn, last to first."""
    for layer_backward, p, x, y, dy, g, dx in batch.backward:
        layer_backward(p, inputs if x is None else x, y, dy, g, dx)


def data_loss(plan: Plan, batch: Batch, weights: Array | None) -> float:
    """The mean loss of the outputs in the batch."""
    assert plan.loss is not None
    plan.loss.forward(batch.y, batch.t, batch.losses, batch.tmp)
    return plan.loss.mean(batch.losses, weights)


def loss_gradient(plan: Plan, batch: Batch, weights: Array | None) -> None:
    """The gradient of the mean loss, into `batch.dy`."""
    assert plan.loss is not None
    assert batch.dy is not None
    if plan.fused:
        plan.loss.backward_fused(batch.y, batch.t, batch.dy)
    else:
        plan.loss.backward(batch.y, batch.t, batch.dy, batch.tmp)
    plan.loss.average_gradient(batch.dy, weights)


class TargetReader:
    """Writes the targets of a batch where the loss reads them, and counts right answers.

    Parameters
    ----------
    targets : Targets
        Labels or numbers for every row.
    size : int
        The most rows of a batch.
    """

    def __init__(self, targets: Targets, size: int) -> None:
        self.targets = targets
        self.counts = targets.task.kind in ("classification", "multilabel")
        self._labels = np.empty(size, np.intp)
        self._answers = np.empty(size, np.intp)
        self._hits = np.empty(size, bool)
        dtype = None if targets.weights is None else targets.weights.dtype
        self._weights = np.empty(0 if dtype is None else size, dtype)

    def take(self, rows: Array, t: Array) -> Array | None:
        """The targets of those rows, into t; returns their weights, if any."""
        targets, n = self.targets, len(rows)
        if targets.labels is not None and targets.table is not None:
            labels = self._labels[:n]
            targets.labels.take(rows, 0, labels, "clip")
            targets.table.take(labels, 0, t, "clip")
        elif targets.dense is not None:
            targets.dense.take(rows, 0, t, "clip")
        if targets.weights is None:
            return None
        weights = self._weights[:n]
        targets.weights.take(rows, 0, weights, "clip")
        return weights

    def hits(self, batch: Batch) -> float:
        """How many answers are right (the share of the outputs, where a sample has several)."""
        n, n_out = batch.y.shape
        if self.targets.task.kind == "multilabel" or n_out == 1:
            said, true = batch.tmp
            np.greater(batch.y, 0.5, out=said)
            np.greater(batch.t, 0.5, out=true)
            np.equal(said, true, out=said)
            return float(np.add.reduce(said, axis=None)) / int(n_out)
        answers, labels, hits = self._answers[:n], self._labels[:n], self._hits[:n]
        batch.y.argmax(1, answers)
        if self.targets.labels is None:
            batch.t.argmax(1, labels)
        np.equal(answers, labels, out=hits)
        return float(np.count_nonzero(hits))


class NumpyEngine:
    """Trains: each call of `run` makes some steps of an epoch.

    Parameters
    ----------
    plan : Plan
        With loss, penalties and optimizer.
    parameters : Parameters
        What is trained, in place.
    rows, targets : Rows, Targets
        The data.
    batch_size : int
        Samples a step; the last step of an epoch may have fewer.
    seed : int
        The key of the dropout draws.
    """

    def __init__(
        self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, batch_size: int, seed: int
    ) -> None:
        self.plan, self.parameters, self.rows = plan, parameters, rows
        self.batch_size = min(batch_size, len(rows))
        self.reader = TargetReader(targets, self.batch_size)
        self.workspace = Workspace(
            plan, parameters, self.batch_size, draws=True, gradients="parameters", fused=plan.fused
        )
        widest_mask = max((stage.n_in for stage in plan.stages if stage.layer.draws), default=0)
        self._philox = Philox(seed, self.batch_size * widest_mask)
        longest = max((term.part.stop - term.part.start for term in plan.penalties), default=0)
        self._tmp = np.empty(longest, parameters.theta.dtype)
        self._identity = np.arange(len(rows))
        self.totals = Totals()
        self.last_loss = math.nan

    def run(self, order: Array | None, first: int, last: int, step: int) -> int:
        """Make steps `first` to `last` - 1 of an epoch that reads the rows in `order`.

        Parameters
        ----------
        order : int array (n,), optional
            The rows of the epoch; None for their own order.
        first, last : int
            Which steps of the epoch.
        step : int
            The number of step `first` over the whole run: the key of the dropout draws.

        Returns
        -------
        int
            How many steps were made: fewer than asked if a loss was not finite; that step changed nothing.
        """
        size, n = self.batch_size, len(self.rows)
        with np.errstate(all="ignore"):
            for i in range(first, last):
                start, stop = i * size, min((i + 1) * size, n)
                if not self.train_step(order, start, stop, step + i - first):
                    return i - first
        return last - first

    def train_step(self, order: Array | None, start: int, stop: int, step: int) -> bool:
        """One step on the rows order[start:stop]; False, with theta unchanged, if the loss is not finite."""
        if not self.gradient(order, start, stop, step):
            return False
        assert self.plan.optimizer is not None
        self.plan.optimizer.step(self.parameters.theta, self.parameters.grad)
        return True

    def gradient(self, order: Array | None, start: int, stop: int, step: int) -> bool:
        """Write the gradient of loss and penalties on these rows into `grad`; False if the loss is not finite."""
        batch = self.workspace.batch(stop - start)
        x, weights = self.gather(batch, order, start, stop)
        self.draw(batch, step)
        forward(batch, x)
        self.last_loss = loss = data_loss(self.plan, batch, weights)
        if not math.isfinite(loss):
            return False
        loss_gradient(self.plan, batch, weights)
        backward(batch, x)
        penalty = self._add_penalties() if self.plan.penalties else 0.0
        self._count(batch, loss, penalty, weights)
        return True

    def gather(self, batch: Batch, order: Array | None, start: int, stop: int) -> tuple[Array, Array | None]:
        """The inputs and weights of the rows order[start:stop]; their targets go into the batch."""
        if order is None:
            return self.rows.span(start, stop), self.reader.take(self._identity[start:stop], batch.t)
        rows = order[start:stop]
        return self.rows.take(rows), self.reader.take(rows, batch.t)

    def draw(self, batch: Batch, step: int) -> None:
        """Fill the masks of the batch for this step."""
        for mask, layer in batch.masks:
            self._philox.fill(mask, step, layer)

    def _add_penalties(self) -> float:
        """Add the penalties' gradients to grad; returns their sum."""
        theta, grad, total = self.parameters.theta, self.parameters.grad, 0.0
        for term in self.plan.penalties:
            w, g = theta[term.part], grad[term.part]
            tmp = self._tmp[: w.size]
            total += term.strength * term.penalty.value(w, tmp)
            term.penalty.gradient(w, tmp)
            np.multiply(tmp, term.strength, out=tmp)
            np.add(g, tmp, out=g)
        return total

    def _count(self, batch: Batch, loss: float, penalty: float, weights: Array | None) -> None:
        totals = self.totals
        weight = batch.n if weights is None else float(np.add.reduce(weights))
        totals.weight += weight
        totals.loss += loss * weight
        totals.penalty += penalty * batch.n
        totals.samples += batch.n
        if self.reader.counts:
            totals.hits += self.reader.hits(batch)

    def first_bad_layer(self, order: Array | None, start: int, stop: int, step: int) -> str:
        """The first layer whose output on these rows is not finite."""
        workspace = Workspace(self.plan, self.parameters, stop - start, draws=True, keep=True)
        batch = workspace.batch(stop - start)
        x, _ = self.gather(batch, order, start, stop)
        self.draw(batch, step)
        with np.errstate(all="ignore"):
            forward(batch, x)
        for stage, (_, _, y) in zip(self.plan.stages, batch.forward, strict=True):
            if not np.isfinite(y).all():
                return str(stage)
        return f"the loss ({self.plan.loss!r}) after {self.plan.stages[-1]}"


def penalty_value(plan: Plan, parameters: Parameters) -> float:
    """The sum of all penalties."""
    return sum(
        term.strength * term.penalty.value(parameters.theta[term.part], np.empty_like(parameters.theta[term.part]))
        for term in plan.penalties
    )


def outputs(plan: Plan, parameters: Parameters, rows: Rows, size: int) -> Array:
    """The outputs for all rows, in batches of `size`: a new array (n, n_out)."""
    result = np.empty((len(rows), plan.n_out), parameters.theta.dtype)
    workspace = Workspace(plan, parameters, min(size, len(rows)))
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), size):
            stop = min(start + size, len(rows))
            result[start:stop] = forward(workspace.batch(stop - start), rows.span(start, stop))
    return result


class Evaluator:
    """Loss and right answers on a data set, without training; made once, called often.

    Parameters
    ----------
    plan, parameters, rows, targets
        As for `NumpyEngine`.
    size : int
        Rows computed together.
    """

    def __init__(self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, size: int) -> None:
        self.plan, self.rows, self.size = plan, rows, min(size, len(rows))
        self.parameters = parameters
        self.reader = TargetReader(targets, self.size)
        self.workspace = Workspace(plan, parameters, self.size)
        self._order = np.arange(len(rows))

    def totals(self, collect: Array | None = None) -> Totals:
        """The sums over all rows; the outputs too, into `collect` (n, n_out), where it is given."""
        totals = Totals()
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.size):
                stop = min(start + self.size, len(self.rows))
                batch = self.workspace.batch(stop - start)
                y = forward(batch, self.rows.span(start, stop))
                weights = self.reader.take(self._order[start:stop], batch.t)
                weight = batch.n if weights is None else float(np.add.reduce(weights))
                totals.weight += weight
                totals.loss += data_loss(self.plan, batch, weights) * weight if weight else 0.0
                totals.samples += batch.n
                if self.reader.counts:
                    totals.hits += self.reader.hits(batch)
                if collect is not None:
                    collect[start:stop] = y
        return totals
