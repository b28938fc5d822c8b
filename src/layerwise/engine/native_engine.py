"""The native executor: it walks the same plan in C++ (src/layerwise/engine/native), many steps at a time.

    fit ──► NativeEngine.run ──► _native: gather ─► forward ─► loss ─► backward ─► update, on all cores

It knows layerwise's own parts by their names; a network with a part of the user's own is left to the NumPy executor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from layerwise.data.rows import Rows
from layerwise.data.targets import Targets
from layerwise.engine import native_plan
from layerwise.engine.halves import Halves
from layerwise.engine.native_plan import (
    arguments,
    custom_code,
    custom_loss,
    custom_penalty,
    numbers_of,
)
from layerwise.engine.native_rule import RuleOf, native_rule
from layerwise.engine.numpy_engine import first_bad_layer
from layerwise.engine.passes import Score, row_of
from layerwise.engine.plan import Plan, Stage
from layerwise.engine.sparse import SparseRows
from layerwise.engine.threads import share
from layerwise.parts.layers import LAYERS, Activation, Dense
from layerwise.parts.losses import LOSSES
from layerwise.parts.parameters import Parameters
from layerwise.parts.penalties import PENALTIES
from layerwise.parts.scaling import Scaler
from layerwise.parts.symbolic import own_classes
from layerwise.typing import Array

_native, WHY_NOT = native_plan._native, native_plan.WHY_NOT

_SEGMENT = 2**21  # numbers of X that are made together, where rows are made as they are needed


def foreign_part(plan: Plan) -> object | None:
    """The first part of the plan that has no native body; None if all have one."""
    grouped = next((stage.layer for stage in plan.stages if _is_foreign_group(stage)), None)
    if grouped is not None:
        return grouped
    own = {*LAYERS, *LOSSES, *PENALTIES}
    parts = [
        *(stage.layer for stage in plan.stages if custom_code(stage.layer) is None),
        *(term.penalty for term in plan.penalties if custom_penalty(term.penalty) is None),
        *([] if plan.loss is None or custom_loss(plan.loss, plan.fused) is not None else [plan.loss]),
        *([] if plan.optimizer is None or native_rule(plan.optimizer) is not None else [plan.optimizer]),
    ]
    names = {*_native.layers, *_native.losses, *_native.penalties}
    return next((part for part in parts if type(part) not in own or type(part).__name__ not in names), None)


def _is_foreign_group(stage: Stage) -> bool:
    """Whether the inputs or units of a dense layer's groups do not fill whole lines."""
    groups = stage.layer.groups if type(stage.layer) is Dense else 1
    return groups > 1 and any(n % (groups * _native.group_of) for n in (stage.n_in, stage.n_out))


def isa() -> str:
    """The instruction set that the native executor uses: ``"avx512"``, ``"avx2"``, ``"baseline"`` or ``"neon"``."""
    return str(_native.isa())


class NativeEngine:
    """The `Executor` in C++.

    Parameters
    ----------
    plan, parameters, rows, targets, batch_size, seed
        As for the executor in NumPy.
    n_threads : int, optional
        How many threads work; by default as many as the cores that are left. The results are the same to the last bit.
    """

    name = "native"

    def __init__(
        self,
        plan: Plan,
        parameters: Parameters,
        rows: Rows,
        targets: Targets,
        batch_size: int,
        seed: int,
        n_threads: int | None = None,
    ) -> None:
        assert plan.loss is not None
        assert plan.optimizer is not None
        self.plan, self.parameters, self.rows, self.targets = plan, parameters, rows, targets
        self.loss, self.optimizer = plan.loss, plan.optimizer
        self.batch_size = min(batch_size, len(rows))
        self.n_threads, self.seed = n_threads, seed
        self._order: Array | None = None
        self._newest = math.nan
        self.finite = True
        self.clip_norm: float | None = None
        self.frozen: Set[int] = frozenset()
        self.core = _native.Native(**arguments(plan, parameters), sparse=rows.sparse)
        self._training = _native.Training(
            theta=parameters.theta, grad=parameters.grad, batch_size=self.batch_size, seed=seed
        )
        self.epochs_at_once = not rows.made
        self._rule: RuleOf | None = None
        if not rows.made:
            set_data(self.core, as_read(rows), rows.scaler, targets, plan.n_out)
        self.begin_epoch()

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """An engine at work is not copied with what keeps it: the copy has None in its place."""
        return type(None), ()

    def halves(self, shard_size: int) -> Halves:
        """The same on the same rows, a step in two halves; a shard has at most so many rows."""
        from layerwise.engine.native_halves import NativeHalves

        return NativeHalves(self, shard_size)

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self._sums = np.zeros(6, np.float64)

    def state(self, samples: int) -> dict[str, Array]:
        """What is known of the epoch after its first `samples` rows, for `restore`."""
        return {"sums": self._sums.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on with an epoch from what `state` gave."""
        np.copyto(self._sums, state["sums"])

    def last_loss(self) -> float:
        """The mean data loss of the newest step's samples, not weighted; NaN before the first."""
        return self._newest

    def reorder(self, order: Array) -> None:
        """Read the rows in this order from now on."""
        self._order = np.ascontiguousarray(order, np.int64)

    def load(self, rows: Rows, targets: Targets, order: Array | None) -> None:
        """Take other rows, and their order; the epoch goes on with them."""
        self.rows, self.targets, self._order = rows, targets, order
        set_data(self.core, as_read(rows), rows.scaler, targets, self.plan.n_out)

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch, as `Executor.run` says."""
        if self.rows.made:
            return self._run_made(first, last, step, poll, rates)
        made, sums = self._run(first, last, step, poll, rates=rates, so_far=self._sums)
        self._sums = sums[0]
        return made

    def _run_made(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
        learn: bool = True,
    ) -> int:
        """The same where rows are made: a segment of steps at a time, the rows of which are then the data."""
        size, done = self.batch_size, first
        a_segment = max(1, _SEGMENT // (size * self.plan.n_in))
        while done < last:
            end = min(done + a_segment, last)
            rows = self._places(done * size, min(end * size, len(self.rows)))
            X = self.rows.raw(rows, self.n_threads or share())
            set_data(self.core, X, self.rows.scaler, self.targets.part(rows), self.plan.n_out)
            part = None if rates is None else rates[done - first : end - first]
            made, sums = self._run(0, end - done, step + done - first, poll, learn=learn, rates=part, so_far=self._sums)
            self._sums = sums[0]
            done += made
            if done < end or not self.finite:
                break
        return done - first

    def _places(self, start: int, stop: int) -> Array:
        """Which rows come from start to stop - 1 of the epoch."""
        return np.arange(start, stop) if self._order is None else self._order[start:stop]

    def run_epochs(
        self,
        epochs: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> dict[str, list[float]]:
        """Make so many epochs of one step each: the columns of the history, and the seconds of each."""
        made, sums = self._run(0, 1, step, poll, epochs, rates=rates)
        loss, weight, right, penalty, seconds, samples = sums[:made].T
        columns = {
            "loss": np.divide(loss, weight, out=np.zeros(made, np.float64), where=weight != 0),
            "penalty": penalty / samples,
        }
        if self.targets.task.kind != "regression":
            columns["accuracy"] = right / samples
        return {name: values.tolist() for name, values in (columns | {"seconds": seconds}).items()}

    def gradient(self, start: int, stop: int, step: int) -> bool:
        """Write the gradient of loss and penalties on these rows, one batch, into `grad`; False if it is not finite."""
        assert start % self.batch_size == 0
        assert stop == min(start + self.batch_size, len(self.rows))
        first = start // self.batch_size
        if self.rows.made:
            self._run_made(first, first + 1, step, learn=False)
        else:
            self._sums = self._run(first, first + 1, step, learn=False, so_far=self._sums)[1][0]
        return self.finite

    def _run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        epochs: int = 1,
        learn: bool = True,
        rates: Sequence[float] | Array | None = None,
        so_far: Array | None = None,
    ) -> tuple[int, Array]:
        optimizer = self.optimizer
        optimizer.allocate(self.parameters.theta)
        if self._rule is None or not self._rule.settings.hold(optimizer):
            self._rule = RuleOf(optimizer)
        steps = epochs * (last - first)
        if rates is not None:
            rates = np.array(rates[:steps], np.float64)
        made, self.finite, self._newest, sums = self.core.run(
            self._training,
            _native.Optimizer(**self._rule.arguments(optimizer)),
            _native.Steps(first=first, last=last, number=step, epochs=epochs, rates=rates),
            order=None if self.rows.made else self._order,
            learn=learn,
            threads=self.n_threads or share(),
            poll=poll,
            clip_norm=self.clip_norm,
            frozen=[int(layer) for layer in self.frozen],
            so_far=so_far,
        )
        if learn:
            optimizer.iterations += made
        if rates is not None:  # the last one used, be it by a step that changed nothing
            optimizer.learning_rate = float(rates[made - self.finite])
        return made, np.array(sums)

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and, where answers are right or wrong, accuracy over the epoch's first samples."""
        return row_of(self._sums, self.targets)

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on these rows is not finite: looked up in NumPy."""
        x = self.rows.take(self._places(start, stop))
        return first_bad_layer(self.plan, self.parameters, x, self.seed, step)


class NativeEvaluator:
    """The `Evaluator` in C++.

    Parameters
    ----------
    plan, parameters, rows, targets
        As for `NativeEngine`.
    n_threads : int, optional
        How many threads work.
    """

    def __init__(self, plan: Plan, parameters: Parameters, rows: Rows, targets: Targets, n_threads: int | None) -> None:
        self.plan, self.parameters, self.rows, self.targets = plan, parameters, rows, targets
        self.core, self.n_threads = _native.Native(**arguments(plan, parameters), sparse=rows.sparse), n_threads
        if not rows.made:
            set_data(self.core, as_read(rows), rows.scaler, targets, plan.n_out)

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """As `NativeEngine`."""
        return type(None), ()

    def run(self, collect: Array | None = None) -> Score:
        """One pass over all rows; the outputs too, into `collect` (n, n_out), where it is given."""
        if not self.rows.made:
            return _score(
                np.array(self.core.evaluate(self.parameters.theta, collect, self.n_threads or share())), self.targets
            )
        sums, size = np.zeros(6, np.float64), max(1, _SEGMENT // self.plan.n_in)
        for start in range(0, len(self.rows), size):
            rows = np.arange(start, min(start + size, len(self.rows)))
            set_data(self.core, self.rows.raw(rows), self.rows.scaler, self.targets.part(rows), self.plan.n_out)
            part = None if collect is None else collect[start : start + size]
            sums += self.core.evaluate(self.parameters.theta, part, self.n_threads or share())
        return _score(sums, self.targets)


class NativePredictor:
    """The outputs for rows, again and again.

    Parameters
    ----------
    plan, parameters
        As for `NativeEngine`.
    scaler : Scaler, optional
        Applied to the rows as they are read.
    sparse : bool
        Rows are sparse, and scaled already.
    """

    def __init__(self, plan: Plan, parameters: Parameters, scaler: Scaler | None, sparse: bool = False) -> None:
        self.plan, self.parameters, self.scaler, self.sparse = plan, parameters, scaler, sparse
        self._n_out, self._dtype = plan.n_out, parameters.theta.dtype
        core = _native.Native(**arguments(plan, parameters), sparse=sparse)
        core.set_scaling(*_scaling(scaler, plan.n_in))
        self._outputs = core.outputs
        # A dense layer's outputs depend on none of its numbers.
        layers = [stage.layer for stage in plan.stages if type(stage.layer) is not Dense]
        self._numbers = [(layer, name, value) for layer in layers for name, value in numbers_of(layer).items()]
        activations = [layer for layer in layers if isinstance(layer, Activation)]
        custom = [one for one in activations if type(one) is Activation or own_classes(type(one))]  # type: ignore[arg-type]
        self._read = [(layer, layer.read_by_formulas()) for layer in custom]

    def suits(self, plan: Plan, parameters: Parameters, scaler: Scaler | None, sparse: bool = False) -> bool:
        """Whether it was made for these, and for the layers as they are now."""
        same = plan is self.plan and parameters is self.parameters and scaler is self.scaler and sparse is self.sparse
        if not same or not all(getattr(layer, name) == value for layer, name, value in self._numbers):
            return False
        return not self._read or all(layer.read_by_formulas() == read for layer, read in self._read)

    def __call__(self, X: Any, n: int, n_threads: int) -> Array | None:
        """For n rows, a new array (n, n_out); None if a number in X is not finite."""
        out = np.empty((n, self._n_out), self._dtype)
        return out if self._outputs(self.parameters.theta, X, out, n_threads) else None


def _scaling(scaler: Scaler | None, n_in: int) -> tuple[Array | None, Array | None]:
    """Offset and factor of each column in float64."""
    if scaler is None:
        return None, None
    offset, factor = scaler.constants(n_in, np.dtype(np.float64))
    full = [None if a is None else np.ascontiguousarray(np.broadcast_to(a, n_in)) for a in (offset, factor)]
    return full[0], full[1]


def as_read(rows: Rows) -> Any:
    """The rows as the native executor reads them: an array, or the three of a sparse matrix."""
    return rows.csr() if isinstance(rows, SparseRows) else rows.X


def set_data(core: Any, X: Any, scaler: Scaler | None, targets: Targets, n_out: int) -> None:
    """Let a native executor read these rows and their targets."""
    offset, factor = _scaling(scaler, 0 if scaler is None else X.shape[1])
    core.set_data(
        X,
        offset=offset,
        factor=factor,
        labels=targets.labels,
        levels=None if targets.levels is None else (float(targets.levels[0]), float(targets.levels[1])),
        dense=targets.dense,
        weights=targets.weights,
        by_rows=targets.by_rows,
        answers=_answers(targets, n_out),
        threshold=targets.task.threshold,
    )


def _answers(targets: Targets, n_out: int) -> str:
    """How an answer is told right from wrong."""
    if targets.task.kind == "regression":
        return "none"
    if targets.task.kind == "multilabel" or n_out == 1:
        return "share"
    return "greatest" if targets.labels is None else "label"


def _score(sums: Array, targets: Targets) -> Score:
    """Of an evaluation, whose right answers are weighted as its losses are."""
    loss, weight, right = sums[:3].tolist()
    return Score(loss / weight, None if targets.task.kind == "regression" else right / weight)
