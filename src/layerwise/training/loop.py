"""The training loop: fit → run_epoch → the executor's steps.

    fit:        for each epoch: shuffle, run_epoch, evaluate, a row of the history; and one way out for all endings
    run_epoch:  hands the executor the epoch's steps, and their learning rates where a schedule moves them; it stops
                between two of them when bars shall move, when a callback is called, or at Ctrl-C

The weights at the end of each epoch are kept, so that a training that diverges ends with the last good ones. state.py
has all that the next step depends on beside the network itself; a run restored from it goes on to the same bits.
"""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.data.shuffling import check_order
from layerwise.engine.executor import Executor
from layerwise.engine.numpy_engine import POLL_SECONDS
from layerwise.engine.plan import Plan
from layerwise.engine.threads import at_work, count_at_work
from layerwise.errors import DivergenceError, FormatError
from layerwise.parts.parameters import Parameters
from layerwise.parts.schedules import Function, Schedule
from layerwise.training import at_once
from layerwise.training.callbacks.base import Callback, hooks, step_hooks
from layerwise.training.callbacks.history import History
from layerwise.training.divergence import raise_divergence
from layerwise.training.evaluation import Evaluation
from layerwise.training.interrupts import interruptible, say
from layerwise.training.learning_rate import LearningRate
from layerwise.training.pausing import Pauses
from layerwise.training.state import go_on, state_of
from layerwise.typing import Array

Writer = Callable[[str | os.PathLike[str], bool], None]


class Training:
    """One run of `fit`: what a callback is handed.

    Attributes
    ----------
    network : object
        What is being trained, as the user holds it.
    plan, parameters, engine, optimizer, history, pauses
        Its parts.
    epoch, epochs : int
        The present epoch, from 1, and how many there shall be.
    step, first_step, steps_per_epoch : int
        How many steps were made since the network began, at the start of this run, and in an epoch.
    rate : LearningRate
        What moves the learning rate: its `schedule`, and a `factor` for callbacks to change.
    stopping : str
        Why the training shall end; empty while it goes on.
    whole : bool
        Whether the newest row of the history is of all steps of its epoch.
    divergence : DivergenceError, optional
        Once a loss was not finite.
    identity, attempt : str
        Random names: of the run, which is kept when it is gone on with from a checkpoint, and of this call of `fit`.
    settings : dict
        What `fit` was called with, for a checkpoint: `layerwise.network.settings`.
    """

    def __init__(
        self,
        *,
        network: Any,
        plan: Plan,
        parameters: Parameters,
        engine: Executor,
        epochs: int,
        order: Callable[[int, int], Array] | None,
        first_step: int,
        evaluations: Mapping[str, Evaluation],
        callbacks: Sequence[Callback],
        schedule: Schedule | Function | None = None,
    ) -> None:
        assert plan.optimizer is not None
        self.network, self.plan, self.parameters, self.engine = network, plan, parameters, engine
        self.optimizer = plan.optimizer
        self.epochs, self.epoch = epochs, 0
        self.first_step = self.step = first_step
        self.steps_per_epoch = -(-len(engine.rows) // engine.batch_size)
        self.rate = LearningRate(self.optimizer, schedule, self.steps_per_epoch)
        self.history = History()
        self.stopping, self.whole = "", True
        self.divergence: DivergenceError | None = None
        self.order = order if self.steps_per_epoch > 1 else None  # the order within a batch changes nothing
        self._evaluations = evaluations
        self._hooks, self._step_hooks = hooks(callbacks), step_hooks(callbacks)
        watching = [c for c in callbacks if type(c).on_epoch_end is not Callback.on_epoch_end]
        self._at_leisure = all(c.reads_history_only for c in watching)
        self.pauses, self._reported = Pauses(self._hooks["on_pause"]), 0.0
        self._looks_up = bool(self._hooks["on_progress"] or self.pauses.hooks)
        self._recorded: dict[str, float] = {}
        self._columns: Collection[str] = ()  # of the newest row, without what was recorded
        self._row_is_open = False
        self._good = parameters.theta.copy()
        self._last: tuple[Array, str] | None = None
        self._callbacks = [callback for callback in callbacks if callback.state_names]
        self._complete = 0  # epochs made
        self._done = 0  # steps of the one at work
        self._elapsed = self._began = 0.0  # seconds of that epoch before a checkpoint, and when it began
        self._rate_used = self.optimizer.rate()  # of the newest step
        self._order_at_work: Array | None = None
        self._restored: tuple[dict[str, Any], Mapping[str, Array]] | None = None
        self.identity, self.attempt = secrets.token_hex(8), secrets.token_hex(8)
        self.settings: dict[str, Any] = {}
        self._anew: Collection[Callback] = ()

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """A run is not copied or pickled with a callback that keeps it: the copy has None in its place."""
        return type(None), ()

    # ---------------------------------------------------------------- for callbacks

    @property
    def loss(self) -> float:
        """The mean data loss of the newest step's samples."""
        return self.engine.last_loss()

    def stop(self, reason: str = "callback") -> None:
        """End the training after the present step."""
        self.stopping = self.stopping or reason

    def record(self, name: str, value: float) -> None:
        """Put a number into the present epoch's row of the history, in a column of that name.

        In an epoch in which nothing is recorded the column has NaN. A second number replaces the first.

        Raises
        ------
        ValueError
            The history has a column of that name without it.
        """
        if not self._row_is_open:
            self._recorded[name] = float(value)
            return
        self._check_name(name)
        self.history.amend(name, float(value))

    def end_with(self, weights: Array, name: str, epoch: int = 0) -> None:
        """Let these be the network's weights after the fit, whatever ends it.

        Parameters
        ----------
        weights : array
            As `parameters.theta`; read when the training ends, so its owner may go on changing it.
        name : str
            Whose weights they are, for the error of a divergence: "epoch 3, the best".
        epoch : int
            Of which epoch they are, for `History.kept_epoch`; 0: of none.
        """
        self._last, self.history.kept_epoch = (weights, name), epoch

    @property
    def last_weights(self) -> Array | None:
        """The weights that a callback has said the network shall end with."""
        return None if self._last is None else self._last[0]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file of the network as it is now, with all that `restore` needs to go on from here."""
        self.snapshot()(path, True)

    def snapshot(self, identity: Mapping[str, Any] | None = None) -> Writer:
        """Return a writer for the file that `save` would write now; the training may go on meanwhile.

        It takes the path, and whether a file that is there may be replaced.

        Parameters
        ----------
        identity : dict, optional
            For a `Checkpoint`: whose the file is.
        """
        state, shown = state_of(self), self.optimizer.learning_rate
        self.rate.restore()
        try:
            write: Writer = self.network.checkpoint(*state, identity)
        finally:
            self.rate.show(shown)
        return write

    # ---------------------------------------------------------------- checkpoints

    def restore(
        self,
        description: dict[str, Any],
        arrays: Mapping[str, Array],
        history: History | None,
        identity: str = "",
        anew: Collection[Callback] = (),
    ) -> None:
        """Go on, in `fit`, from where `state` was asked for, as the same run; some callbacks may begin anew."""
        self._restored = description, arrays
        self.identity, self._anew = identity or self.identity, anew
        if history is not None:
            self.history.columns, self.history.changes = dict(history.columns), list(history.changes)

    def _begin_epoch(self) -> int:
        """Bring the rows into the epoch's order; how many of its steps are made already."""
        engine, done = self.engine, self._done
        arrays = self._restored[1] if self._restored is not None and done else {}
        self._restored = None
        engine.begin_epoch()
        engine.rows.begin_epoch(self.step - done)
        if self.order is not None:
            n = len(engine.rows)
            order = check_order(arrays["order"] if "order" in arrays else self.order(n, self.step - done), n)
            self._order_at_work = order
            engine.reorder(order)
        if done:
            prefix = "engine."
            engine.restore({name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)})
        else:
            self._elapsed = 0.0
        return done

    # ---------------------------------------------------------------- the loop

    def fit(self) -> History:
        """Train until the last epoch, Ctrl-C or a callback's `stop`.

        Raises
        ------
        DivergenceError
            A loss was not finite; the weights are those of the last good epoch.
        """
        errors: list[BaseException] = []
        with interruptible(lambda: self.stop("interrupt")) as interrupted, at_work():
            try:
                self._train()
            except BaseException as error:
                errors.append(error)
            self._leave(errors)
        if errors:
            try:
                for other in errors[1:]:
                    errors[0].add_note(f"and, while the fit ended: {other}")
                raise errors[0]
            finally:
                errors.clear()  # each holds this frame
        if interrupted():
            say(f"in epoch {self.epoch} of {self.epochs}")
        return self.history

    def _train(self) -> None:
        self.engine.frozen = self.network.frozen
        self._call("on_fit_begin")
        if self._restored is not None:
            try:
                go_on(self, *self._restored)
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise FormatError(f"resume: the checkpoint's state is not that of this training: {error!r}") from None
            if self._done and not self.stopping:  # in the middle of an epoch, whose beginning callbacks have seen
                self.epoch += 1
                self._row_is_open = False
                self.run_epoch()
        if at_once.are_unwatched(self):
            at_once.run_epochs(self)
        while self.epoch < self.epochs and not self.stopping:
            self.epoch += 1
            self.engine.frozen = self.network.frozen
            self._row_is_open = False
            if self._hooks["on_epoch_begin"]:
                self.rate.of_steps(self.epoch, self.epochs, 0, 1)  # for them to see
                self._call("on_epoch_begin")
            self.run_epoch()
            self.pauses.take(self)

    def _leave(self, errors: list[BaseException]) -> None:
        """The one way out: the weights, the learning rate, and `on_fit_end` of all callbacks, whatever happened."""
        theta = self.parameters.theta
        if errors and errors[0] is self.divergence:
            self.stopping = "divergence"
            self._ask_about_divergence(errors)
        if self._last is not None:
            np.copyto(theta, self._last[0])
        if errors and not np.isfinite(theta).all():
            np.copyto(theta, self._good)
        self.rate.restore()
        self.history.stopped_by = self.stopping or ("error" if errors else "epochs")
        for hook in self._hooks["on_fit_end"]:
            try:
                hook(self)
            except BaseException as error:
                errors.append(error)

    def _ask_about_divergence(self, errors: list[BaseException]) -> None:
        """Whether a callback wants no error; all are asked."""
        handled = False
        for hook in self._hooks["on_divergence"]:
            try:
                handled = bool(hook(self)) or handled
            except BaseException as error:
                errors.append(error)
        if handled:
            del errors[0]

    def run_epoch(self) -> None:
        """All steps of one epoch, and its row of the history."""
        engine = self.engine
        self._began = time.perf_counter() - self.pauses.waited
        done = self._begin_epoch()
        while done < self.steps_per_epoch and not self.stopping:
            done = self._run_steps(done, self._next_stop(done))
        if not done:  # stopped before its first step
            return
        if done < self.steps_per_epoch:
            self._call("on_interrupt")
        self._keep_good_weights(done)
        seconds = self._elapsed + time.perf_counter() - self.pauses.waited - self._began
        self._call("on_evaluate")
        self._write_row(min(done * engine.batch_size, len(engine.rows)), seconds)
        self._complete, self._done = self.epoch, 0
        self.whole = done == self.steps_per_epoch
        self._call("on_epoch_end")

    def _run_steps(self, done: int, end: int) -> int:
        """Steps `done` to `end` - 1 of the epoch, or the first of them; returns how far it came."""
        rates = self.rate.of_steps(self.epoch, self.epochs, done, end)
        made = self.engine.run(done, end, self.step, self.poll(), rates)
        self._count(made)
        if rates is not None and made:
            self.rate.show(float(rates[made - 1]))
        if made:
            self._rate_used = self.optimizer.rate_used()
        if not self.engine.finite:
            raise_divergence(self, done + made)
        self._done = done + made
        for hook, every in self._step_hooks if made else ():  # none is made while a stream's rows are waited for
            if (self.step - self.first_step) % every == 0:
                hook(self)
        if done + made < self.steps_per_epoch:
            self._look_up()
        return done + made

    def _next_stop(self, done: int) -> int:
        """The step of the epoch before which a callback has its turn, or the end of the epoch."""
        made, end = self.step - self.first_step, self.steps_per_epoch
        stops = [done + every - made % every for _, every in self._step_hooks] if self._step_hooks else []
        return min([done + self.pauses.before(self.step, end - done), *stops])

    def poll(self) -> Callable[[], bool]:
        """Return what the executor asks about ten times a second: whether it shall stop for a while.

        It does so also when another training begins or ends in this process: its share of the cores is another then.
        """
        count = count_at_work()
        return lambda: self._looks_up or bool(self.stopping) or count_at_work() != count

    def _look_up(self) -> None:
        if self._hooks["on_progress"] and time.monotonic() - self._reported >= POLL_SECONDS:
            self._call("on_progress")
            self._reported = time.monotonic()
        self.pauses.take(self)

    def _count(self, made: int) -> None:
        self.step += made
        self.network.steps = self.step  # whoever saves or copies it now must go on from here

    def _call(self, name: str) -> None:
        for hook in self._hooks[name]:
            hook(self)

    # ---------------------------------------------------------------- what an epoch leaves

    def _write_row(self, samples: int, seconds: float) -> None:
        row = self.engine.results(samples)
        for prefix, evaluation in self._evaluations.items():
            row |= evaluation.row(prefix)
        row["learning_rate"] = self._rate_used
        row["seconds"] = seconds
        row["samples_per_second"] = samples / max(seconds, 1e-9)
        self._columns = row.keys()
        if self._recorded:
            for name in self._recorded:
                self._check_name(name)
            row = row | self._recorded
            self._recorded = {}
        self.history.append(row)
        self._row_is_open = True

    def _check_name(self, name: str) -> None:
        if name in self._columns:
            raise ValueError(f"record: the history has its own column {name!r}; choose another name")

    def _keep_good_weights(self, done: int) -> None:
        theta = self.parameters.theta
        with np.errstate(all="ignore"):
            finite = math.isfinite(float(np.add.reduce(theta)))
        if not finite and not np.isfinite(theta).all():
            raise_divergence(self, done)
        np.copyto(self._good, theta)
