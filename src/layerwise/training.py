"""The training loop: fit → run_epoch → the executor's steps.

    fit:        for each epoch: shuffle, run_epoch, evaluate, a row of the history
    run_epoch:  hands the executor some steps at a time, so that bars move and Ctrl-C is heard between them

The weights at the end of each epoch are kept, so that a training that diverges ends with the last good ones.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from layerwise.callbacks import Callback, History
from layerwise.engine.numpy_engine import Evaluator, NumpyEngine, penalty_value
from layerwise.errors import DivergenceError
from layerwise.metrics import Metric
from layerwise.parameters import Parameters
from layerwise.plan import Plan

_CHUNK_SECONDS = 0.1  # how long the executor works before bars, callbacks and Ctrl-C have their turn


class Validation:
    """Loss, penalty and metrics on held-out data, in one pass."""

    def __init__(self, evaluator: Evaluator, metrics: Mapping[str, Metric]) -> None:
        self.evaluator, self.metrics = evaluator, metrics
        shape = (len(evaluator.rows), evaluator.plan.n_out)
        self._outputs = np.empty(shape, evaluator.parameters.theta.dtype) if metrics else None

    def row(self, prefix: str = "") -> dict[str, float]:
        """The numbers by name, each name with the prefix."""
        evaluator = self.evaluator
        result, n = evaluator.run(self._outputs), len(evaluator.rows)
        row = {"loss": result.loss(n), "penalty": penalty_value(evaluator.plan, evaluator.parameters)}
        if result.counts:
            row["accuracy"] = result.accuracy(n)
        if self._outputs is not None:
            targets = result.targets
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
        engine: NumpyEngine,
        epochs: int,
        shuffle: np.random.Generator | None,
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
        self._shuffle = shuffle if self.steps_per_epoch > 1 else None  # the order within a batch changes nothing
        self._validation = validation
        self._callbacks = list(callbacks)
        self._per_step = [c for c in callbacks if type(c).on_step_end is not Callback.on_step_end]
        self._chunk = 1
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
        engine.penalty = 0.0
        if self._shuffle is not None:
            engine.shuffle(self._shuffle)
        done = 0
        while done < self.steps_per_epoch and not self.stopping:
            wanted = 1 if self._per_step else min(self._chunk, self.steps_per_epoch - done)
            done = self._run_chunk(done, wanted)
        if not done:  # stopped before its first step
            return
        self._keep_good_weights(done)
        self._write_row(min(done * engine.batch_size, len(engine.rows)), time.perf_counter() - begin)
        self._call("on_epoch_end")

    def _run_chunk(self, done: int, wanted: int) -> int:
        begin = time.perf_counter()
        made = self.engine.run(done, done + wanted, self.step)
        self.step += made
        self.network.steps = self.step  # whoever saves or copies it now must go on from here
        if made < wanted:
            self._diverged(done + made)
        for callback in self._per_step:
            callback.on_step_end(self)
        if done + made < self.steps_per_epoch:
            self._call("on_progress")
            seconds = time.perf_counter() - begin
            self._chunk = max(1, min(2 * self._chunk, int(self._chunk * _CHUNK_SECONDS / max(seconds, 1e-9))))
        return done + made

    def _write_row(self, samples: int, seconds: float) -> None:
        engine = self.engine
        row = {"loss": engine.epoch.loss(samples), "penalty": engine.penalty / samples}
        if engine.epoch.counts:
            row["accuracy"] = engine.epoch.accuracy(samples)
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
