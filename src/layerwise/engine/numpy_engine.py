"""The NumPy executor: it walks the plan in Python, one step at a time, and is the specification of all others.

train_step:  gather rows ─► forward ─► loss ─► backward ─► penalties ─► optimizer
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence, Set

import numpy as np

from layerwise.data.philox import Philox
from layerwise.data.rows import Rows
from layerwise.data.sample_weights import without_uncounted
from layerwise.data.targets import Targets
from layerwise.engine.contract import has_custom_part
from layerwise.engine.halves import Halves
from layerwise.engine.passes import Pass, Score, all_finite
from layerwise.engine.penalties import Penalties
from layerwise.engine.plan import Plan, RateTerm
from layerwise.engine.workspace import Batch, Workspace
from layerwise.parts.parameters import Parameters
from layerwise.typing import Array

POLL_SECONDS = 0.1  # how long an executor works before bars, callbacks and Ctrl-C have their turn


def forward(batch: Batch, x: Array) -> Array:
    """The outputs for the inputs x: each layer in turn."""
    return batch.run_forward(x)


def draw(batch: Batch, philox: Philox, step: int, place: int = 0) -> None:
    """Fill the masks of the batch for this step; `place`: of its first row in the batch that it is a shard of."""
    for mask, layer in batch.masks:
        philox.fill(mask, step, layer, place * mask.shape[1])


def backward(batch: Batch, inputs: Array) -> None:
    """The gradients of all parameters from `batch.dy`: each layer in turn, last to first."""
    batch.run_backward(inputs)


def clip(grad: Array, norm: float) -> None:
    """Shorten the gradient to this length, in place, where it is longer (Pascanu, Mikolov, Bengio 2013)."""
    length = math.sqrt(float(np.dot(grad, grad)))
    if length > norm:
        np.multiply(grad, norm / length, out=grad)


class NumpyEngine:
    """The `Executor` in NumPy. What it shows beside that is for those who look at a single step.

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

    name = "numpy"

    def __init__(
        self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, batch_size: int, seed: int
    ) -> None:
        assert plan.loss is not None
        assert plan.optimizer is not None
        self.plan, self.parameters, self.rows, self.targets = plan, parameters, rows, targets
        self.loss, self.optimizer = plan.loss, plan.optimizer
        self.batch_size = min(batch_size, len(rows))
        self.shuffled = False
        self.epoch = Pass(targets, self.batch_size, plan.n_out, parameters.theta.dtype)
        self.workspace = Workspace(
            plan, parameters, self.batch_size, training=True, gradients="parameters", fused=plan.fused
        )
        self.philox = _philox(plan, self.batch_size, seed)
        self.penalties = Penalties(plan, parameters)
        self._before: Array | None = None
        self.clip_norm: float | None = None
        self.frozen: Set[int] = frozenset()
        self.finite = True
        self._newest = (0, 0)
        self._seed = seed
        self.epochs_at_once = not rows.made and not has_custom_part(plan)
        self.begin_epoch()

    def halves(self, shard_size: int) -> Halves:
        """The same on the same rows, a step in two halves; a shard has at most so many rows."""
        from layerwise.engine.numpy_halves import NumpyHalves

        return NumpyHalves(self)

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self.penalty = 0.0
        self._before_load, self._reached = np.zeros(4, np.float64), 0

    def load(self, rows: Rows, targets: Targets, order: Array | None) -> None:
        """Take other rows, and their order; the epoch goes on with them."""
        self._before_load += self.epoch.sums(self._reached)
        self._reached = 0
        self.rows, self.targets, self._newest = rows, targets, (0, 0)
        self.epoch = Pass(targets, self.batch_size, self.plan.n_out, self.parameters.theta.dtype)
        self.shuffled = order is not None
        if order is not None:
            self.epoch.reorder(order)

    def state(self, samples: int) -> dict[str, Array]:
        """What is known of the epoch after its first `samples` rows, for `restore`."""
        parts = {name: array[:samples].copy() for name, array in self.epoch.noted().items()}
        return parts | {"penalty": np.array(self.penalty), "before": self._before_load.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on with an epoch from what `state` gave."""
        self.penalty = float(state["penalty"])
        if "before" in state:  # not in files of earlier versions
            np.copyto(self._before_load, state["before"])
        for name, array in self.epoch.noted().items():
            array[: len(state[name])] = state[name]
        self._reached = len(state["losses"])

    def last_loss(self) -> float:
        """The mean data loss of the newest step's samples, not weighted; NaN before the first."""
        start, stop = self._newest
        return float(self.epoch.losses[start:stop].mean()) if stop else math.nan

    def reorder(self, order: Array) -> None:
        """Read the rows in this order from now on."""
        self.shuffled = True
        self.epoch.reorder(order)

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch, as `Executor.run` says."""
        size, n, pause = self.batch_size, len(self.rows), time.perf_counter() + POLL_SECONDS
        with np.errstate(all="ignore"):
            for i in range(first, last):
                if rates is not None:
                    self.optimizer.learning_rate = float(rates[i - first])
                self.finite = self.train_step(i * size, min((i + 1) * size, n), step + i - first)
                if not self.finite:
                    return i - first
                if poll is not None and time.perf_counter() > pause:
                    if poll():
                        return i + 1 - first
                    pause = time.perf_counter() + POLL_SECONDS
        return last - first

    def run_epochs(
        self,
        epochs: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> dict[str, list[float]]:
        """Make so many epochs of one step each: the columns of the history, and the seconds of each."""
        columns: dict[str, list[float]] = {}
        began, pause = time.perf_counter(), time.perf_counter() + POLL_SECONDS
        for i in range(epochs):
            self.begin_epoch()
            if not self.run(0, 1, step + i, None, None if rates is None else rates[i : i + 1]):
                break
            now = time.perf_counter()
            for name, value in {**self.results(len(self.rows)), "seconds": now - began}.items():
                columns.setdefault(name, []).append(value)
            began = now
            if poll is not None and now > pause:
                if poll():
                    break
                pause = now + POLL_SECONDS
        return columns

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and, where answers are right or wrong, accuracy over the epoch's first samples."""
        before = int(self._before_load[3])
        row = {"loss": self.epoch.loss(samples), "penalty": self.penalty / samples}
        if before:
            loss, weight, right, _ = (self._before_load + self.epoch.sums(samples - before)).tolist()
            row["loss"] = loss / weight if weight else 0.0
            return row | {"accuracy": right / samples} if self.epoch.counts else row
        return row | {"accuracy": self.epoch.accuracy(samples)} if self.epoch.counts else row

    def train_step(self, start: int, stop: int, step: int) -> bool:
        """One step on rows start to stop - 1 of the epoch; False, with theta unchanged, if the loss is not finite."""
        if not self.gradient(start, stop, step):
            return False
        self.learn()
        for stage, p in self.workspace.batch(stop - start).adapting:
            if stage.index not in self.frozen:
                stage.layer.adapt(p)
        return True

    def learn(self) -> None:
        """Make the optimizer's step by the gradient in `grad`, shortened where it is too long."""
        theta, grad = self.parameters.theta, self.parameters.grad
        held = [*self.plan.rates, *(RateTerm(0.0, part) for part in self._frozen_parts())]
        for term in held:
            if not term.factor:
                grad[term.part] = 0
        if self.clip_norm is not None:
            clip(grad, self.clip_norm)
        if not held:
            self.optimizer.step(theta, grad)
        else:
            self._step_in_part(theta, grad, held)

    def _step_in_part(self, theta: Array, grad: Array, terms: Sequence[RateTerm]) -> None:
        """A step of the optimizer, of which some arrays make a share: θ ← θ₀ + factor (θ₁ - θ₀)."""
        if self._before is None:
            self._before = np.empty_like(theta)
        for term in terms:
            np.copyto(self._before[term.part], theta[term.part])
        self.optimizer.step(theta, grad)
        for term in terms:
            w, before = theta[term.part], self._before[term.part]
            if term.factor:
                np.subtract(w, before, out=w)
                np.multiply(w, term.factor, out=w)
                np.add(w, before, out=w)
            else:
                np.copyto(w, before)

    def _frozen_parts(self) -> list[slice]:
        return [part for index in sorted(self.frozen) for part in self.parameters.slices[index].values()]

    def gradient(self, start: int, stop: int, step: int) -> bool:
        """Write the gradient of loss and penalties on these rows into `grad`; False if the loss is not finite."""
        batch = self.workspace.batch(stop - start)
        x, weights = self.gather(batch, start, stop)
        if batch.masks:
            draw(batch, self.philox, step)
        y = forward(batch, x)
        losses, self._newest, self._reached = batch.losses, (start, stop), stop
        batch.write_losses()
        is_finite = all_finite(losses) or without_uncounted(losses, y, weights)
        self.epoch.losses[start:stop] = losses
        if not is_finite:
            return False
        self.epoch.note(start, stop, batch)
        batch.write_gradient()
        self.loss.average_gradient(batch.dy, weights, self.targets.by_rows)
        backward(batch, x)
        if self.plan.penalties:
            self.penalty += self.penalties.add(self.loss.share(batch.n, weights, self.targets.by_rows)) * batch.n
        return True

    def value(self, start: int, stop: int, step: int) -> float:
        """The mean loss of these rows, penalties included, as `gradient` would find it."""
        batch = self.workspace.batch(stop - start)
        x, weights = self.gather(batch, start, stop)
        draw(batch, self.philox, step)
        forward(batch, x)
        batch.write_losses()
        self.epoch.losses[start:stop] = batch.losses
        by_rows = self.targets.by_rows
        share = self.loss.share(batch.n, weights, by_rows)
        return self.loss.mean(batch.losses, weights, by_rows) + self.penalties.value(share)

    def gather(self, batch: Batch, start: int, stop: int) -> tuple[Array, Array | None]:
        """The inputs and weights of rows start to stop - 1 of the epoch; their targets go into the batch."""
        weights = self.epoch.take(start, stop, batch.t)
        if not self.shuffled:
            return self.rows.span(start, stop), weights
        return self.rows.take(self.epoch.order[start:stop]), weights

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on these rows is not finite."""
        x, _ = self.gather(self.workspace.batch(stop - start), start, stop)
        return first_bad_layer(self.plan, self.parameters, x, self._seed, step)


def _philox(plan: Plan, size: int, seed: int) -> Philox:
    """What fills the masks of batches of at most `size` rows."""
    return Philox(seed, size * max((stage.n_in for stage in plan.stages if stage.layer.draws), default=0))


def first_bad_layer(plan: Plan, parameters: Parameters, x: Array, seed: int, step: int) -> str:
    """The first layer whose output for the inputs x is not finite, at a step."""
    batch = Workspace(plan, parameters, len(x), training=True, keep=True).batch(len(x))
    draw(batch, _philox(plan, len(x), seed), step)
    with np.errstate(all="ignore"):
        forward(batch, x)
    for each in batch.forward:
        if not np.isfinite(each.y).all():
            return str(each.stage)
    return f"the loss ({plan.loss!r}) after {plan.stages[-1]}"


def outputs(plan: Plan, parameters: Parameters, rows: Rows, size: int) -> Array:
    """The outputs for all rows, in batches of `size`: a new array (n, n_out)."""
    result = np.empty((len(rows), plan.n_out), parameters.theta.dtype)
    workspace = Workspace(plan, parameters, min(size, len(rows)))
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), size):
            stop = min(start + size, len(rows))
            result[start:stop] = forward(workspace.batch(stop - start), rows.span(start, stop))
    return result


class NumpyEvaluator:
    """The `Evaluator` in NumPy.

    Parameters
    ----------
    plan, parameters, rows, targets
        As for `NumpyEngine`.
    size : int
        Rows computed together.
    """

    def __init__(self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, size: int) -> None:
        assert plan.loss is not None
        self.loss = plan.loss
        self.plan, self.parameters, self.rows, self.targets = plan, parameters, rows, targets
        self.size = min(size, len(rows))
        self.all = Pass(targets, self.size, plan.n_out, parameters.theta.dtype)
        self.workspace = Workspace(plan, parameters, self.size)

    def run(self, collect: Array | None = None) -> Score:
        """One pass over all rows; the outputs too, into `collect` (n, n_out), where it is given."""
        with np.errstate(all="ignore"):
            for start in range(0, len(self.rows), self.size):
                stop = min(start + self.size, len(self.rows))
                batch = self.workspace.batch(stop - start)
                y = forward(batch, self.rows.span(start, stop))
                self.all.take(start, stop, batch.t)
                batch.write_losses()
                self.all.losses[start:stop] = batch.losses
                self.all.note(start, stop, batch)
                if collect is not None:
                    collect[start:stop] = y
        n = len(self.rows)
        return Score(self.all.loss(n), self.all.weighted_accuracy(n) if self.all.counts else None)
