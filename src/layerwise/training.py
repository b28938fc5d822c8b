"""The training loop: fit → run_epoch → the executor's steps.

    fit:        for each epoch: shuffle, run_epoch, evaluate, a row of the history
    run_epoch:  hands the executor the epoch's steps; it stops between two of them when bars shall move, when a
                callback is called after each step, or at Ctrl-C

The weights at the end of each epoch are kept, so that a training that diverges ends with the last good ones.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from layerwise.callbacks import Callback, History
from layerwise.engine.native_engine import NativeEngine, NativeEvaluator
from layerwise.engine.numpy_engine import POLL_SECONDS, Evaluator, NumpyEngine, penalty_value
from layerwise.errors import DivergenceError
from layerwise.metrics import Metric
from layerwise.parameters import Parameters
from layerwise.plan import Plan
from layerwise.typing import Array


class Validation:
    """Loss, penalty and metrics on held-out data, in one pass."""

    def __init__(self, evaluator: Evaluator | NativeEvaluator, metrics: Mapping[str, Metric]) -> None:
        self.evaluator, self.metrics = evaluator, metrics
        shape = (len(evaluator.rows), evaluator.plan.n_out)
        self._outputs = np.empty(shape, evaluator.parameters.theta.dtype) if metrics else None

    def row(self, prefix: str = "") -> dict[str, float]:
        """The numbers by name, each name with the prefix."""
        evaluator = self.evaluator
        score, targets = evaluator.run(self._outputs), evaluator.targets
        plan, share = evaluator.plan, 1 / len(evaluator.rows)
        row = {"loss": score.loss, "penalty": penalty_value(plan, evaluator.parameters, share)}
        if score.accuracy is not None:
            row["accuracy"] = score.accuracy
        if self._outputs is not None:
            y_true, y_pred = targets.true(), targets.task.answers(self._outputs)
            row |= {name: float(metric(y_true, y_pred)) for name, metric in self.metrics.items()}
        return {prefix + name: value for name, value in row.items()}


class Training:
    """One run of `fit`: what a callback is handed.

    Attributes
    ----------
    network : object
        What is being trained, as the user holds it.
    plan, parameters, optimizer, history
        Its parts.
    epoch, epochs : int
        The present epoch, from 1, and how many there shall be.
    step, first_step, steps_per_epoch : int
        How many steps were made since the network began, at the start of this run, and in an epoch.
    """

    def __init__(
        self,
        *,
        network: Any,
        plan: Plan,
        parameters: Parameters,
        engine: NumpyEngine | NativeEngine,
        epochs: int,
        order: Callable[[int], Array] | None,
        first_step: int,
        validation: Validation | None,
        callbacks: Sequence[Callback],
    ) -> None:
        assert plan.optimizer is not None
        self.network, self.plan, self.parameters, self.engine = network, plan, parameters, engine
        self.optimizer = plan.optimizer
        self.epochs, self.epoch = epochs, 0
        self.first_step = self.step = first_step
        self.steps_per_epoch = -(-len(engine.rows) // engine.batch_size)
        self.history = History()
        self.stopping = ""
        self._order = order if self.steps_per_epoch > 1 else None  # the order within a batch changes nothing
        self._validation = validation
        self._callbacks = list(callbacks)
        self._per_step = [c for c in callbacks if type(c).on_step_end is not Callback.on_step_end]
        self._pauses = any(type(c).on_progress is not Callback.on_progress for c in callbacks)
        self._reported = 0.0
        self._good = parameters.theta.copy()

    @property
    def loss(self) -> float:
        """The mean data loss of the newest step's samples."""
        return self.engine.last_loss()

    def stop(self, reason: str = "callback") -> None:
        """End the training after the present step."""
        self.stopping = self.stopping or reason

    def fit(self) -> History:
        """Train until the last epoch, Ctrl-C or a callback's `stop`.

        Raises
        ------
        DivergenceError
            A loss was not finite; the weights are those of the last good epoch.
        """
        with _interruptible(self):
            try:
                self._call("on_fit_begin")
                if self._unwatched():
                    self._run_epochs_at_once()
                while self.epoch < self.epochs and not self.stopping:
                    self.epoch += 1
                    self._call("on_epoch_begin")
                    self.run_epoch()
                self.history.stopped_by = self.stopping or "epochs"
            finally:
                self._call("on_fit_end")
        return self.history

    def run_epoch(self) -> None:
        """All steps of one epoch, and its row of the history."""
        engine, begin = self.engine, time.perf_counter()
        engine.begin_epoch()
        if self._order is not None:
            engine.reorder(self._order(len(engine.rows)))
        done = 0
        while done < self.steps_per_epoch and not self.stopping:
            done = self._run_steps(done, done + 1 if self._per_step else self.steps_per_epoch)
        if not done:  # stopped before its first step
            return
        self._keep_good_weights(done)
        self._write_row(min(done * engine.batch_size, len(engine.rows)), time.perf_counter() - begin)
        self._call("on_epoch_end")

    def _run_steps(self, done: int, end: int) -> int:
        """Steps `done` to `end` - 1 of the epoch, or the first of them; returns how far it came."""
        made = self.engine.run(done, end, self.step, self._pause)
        self._count(made)
        if not self.engine.finite:
            self._diverged(done + made)
        for callback in self._per_step:
            callback.on_step_end(self)
        if done + made < self.steps_per_epoch:
            self._report_progress()
        return done + made

    def _pause(self) -> bool:
        """Whether the executor shall stop for a while: asked about ten times a second."""
        return self._pauses or bool(self.stopping)

    def _report_progress(self) -> None:
        if self._pauses and time.monotonic() - self._reported >= POLL_SECONDS:
            self._call("on_progress")
            self._reported = time.monotonic()

    def _count(self, made: int) -> None:
        self.step += made
        self.network.steps = self.step  # whoever saves or copies it now must go on from here

    def _unwatched(self) -> bool:
        """Whether epochs can follow each other without a return to Python: each is one step, and nobody looks."""
        return self.engine.epochs_at_once and self.steps_per_epoch == 1 and not self._callbacks and not self._validation

    def _run_epochs_at_once(self) -> None:
        """As many epochs as there are, unless a loss is not finite: then none, and they are run one by one."""
        assert isinstance(self.engine, NativeEngine)
        theta, optimizer = self.parameters.theta, self.optimizer
        before = optimizer.iterations, {name: array.copy() for name, array in optimizer.state.items()}
        epochs = self.engine.run_epochs(self.epochs, self.step, self._pause)
        if not self.engine.finite or not np.isfinite(theta).all():
            np.copyto(theta, self._good)
            optimizer.iterations = before[0]
            for name, array in optimizer.state.items():
                np.copyto(array, before[1].get(name, 0))
            return
        made, seconds = optimizer.iterations - before[0], epochs.pop("seconds")
        rates = [optimizer.rate()] * made
        if optimizer.decay:
            for i in range(made):
                optimizer.iterations = before[0] + i + 1
                rates[i] = optimizer.rate()
        speeds = (len(self.engine.rows) / np.maximum(seconds, 1e-9)).tolist()
        self.history.extend(epochs | {"learning_rate": rates, "seconds": seconds, "samples_per_second": speeds})
        self.epoch = made
        self._count(made)
        np.copyto(self._good, theta)

    def _write_row(self, samples: int, seconds: float) -> None:
        row = self.engine.results(samples)
        if self._validation is not None:
            row |= self._validation.row("val_")
        row |= {
            "learning_rate": self.optimizer.rate(),
            "seconds": seconds,
            "samples_per_second": samples / max(seconds, 1e-9),
        }
        self.history.append(row)

    def _keep_good_weights(self, done: int) -> None:
        theta = self.parameters.theta
        with np.errstate(all="ignore"):
            finite = math.isfinite(float(np.add.reduce(theta)))
        if not finite and not np.isfinite(theta).all():
            self._diverged(done)
        np.copyto(self._good, theta)

    def _diverged(self, done: int) -> None:
        """Name step and layer, go back to the last good weights, and raise."""
        size, n = self.engine.batch_size, len(self.engine.rows)
        start = min(done, self.steps_per_epoch - 1) * size
        layer = self.engine.first_bad_layer(start, min(start + size, n), self.step)
        np.copyto(self.parameters.theta, self._good)
        self.optimizer.reset()  # its state has seen what was not finite
        kept = f"the end of epoch {self.epoch - 1}" if self.epoch > 1 else "the start of this fit"
        self.history.stopped_by = "divergence"
        raise DivergenceError(
            f"training diverged at step {self.step} (epoch {self.epoch}): {layer} gave NaN or infinity. The weights "
            f"are those of {kept}. Try a smaller learning rate than {self.optimizer.rate():g}, or scaled inputs",
            self.step,
            layer,
        )

    def _call(self, hook: str) -> None:
        for callback in self._callbacks:
            getattr(callback, hook)(self)


@contextmanager
def _interruptible(run: Training) -> Iterator[None]:
    """Ctrl-C ends the run after the present steps, with whole weights; a second Ctrl-C acts as usual."""
    usual = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or usual is not signal.default_int_handler:
        yield
        return

    def on_interrupt(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, usual)
        run.stop("interrupt")

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
