"""What listens to a `fit` for the page: goals, reports at most 30 times a second, and calls between two steps.

One `fit` goes on through many goals: where one is reached, the training waits in `on_pause` for the next. So a step
now and a hundred epochs later give the same bits as all of it at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.errors import DataError
from layerwise.parts.description import number, whole_number
from layerwise.training.callbacks.base import Callback

APART = 1 / 30  # seconds between two reports
COLUMNS = ("loss", "penalty", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


@dataclass
class Goal:
    """Until when to train; without anything, until it is stopped."""

    epochs: int | None = None
    steps: int | None = None
    loss: float | None = None

    @classmethod
    def read(cls, given: Any) -> Goal:
        """Return the goal of a message.

        Raises
        ------
        DataError, ValueError
            It has something else, or a number that cannot be.
        """
        if not isinstance(given, dict) or not given.keys() <= {"epochs", "steps", "samples", "loss"}:
            raise DataError("run: a goal has epochs, steps or loss, and nothing else")
        if given.get("samples") is not None:
            raise DataError("run: Python trains in whole batches; set batch_size to 1 for steps of a single sample")
        given = {name: value for name, value in given.items() if value is not None}
        counts = {name: whole_number("run", name, given[name], least=1) for name in given if name != "loss"}
        return cls(**counts, loss=number("run", "loss", given["loss"]) if "loss" in given else None)


class Watch(Callback):
    """A callback that is the page's ear and hand.

    Parameters
    ----------
    serve : function
        Does what the page has asked for, and returns; with True it waits until there is something.
    report : function
        Takes a report of progress.
    keeps_up : function
        Whether the page has read the reports before.
    """

    only_looks = True  # what it changes, `Session.edits` says
    reads_history_only = True  # on_epoch_end; the rest is done in pauses

    def __init__(
        self, serve: Callable[[bool], None], report: Callable[[dict[str, Any]], None], keeps_up: Callable[[], bool]
    ) -> None:
        self.serve, self.report, self.keeps_up = serve, report, keeps_up
        self.began: Callable[[Any], None] = lambda run: None
        self.run: Any = None
        self.goal: Goal | None = None
        self.leaving = False  # the fit shall end
        self.epochs = 0  # of the fits before
        self._ends: dict[str, int] = {}  # by the name of the goal, the step at which it is reached
        self._rows: list[dict[str, Any]] = []  # in no report yet
        self._reported, self._newest = 0, 0.0  # epochs of this fit, and when
        self._reached = ""

    # ---------------------------------------------------------------- of the fit

    def on_fit_begin(self, run: Any) -> None:
        """Wait for a goal, or go on to the one that there is."""
        self.run, self._reported = run, 0
        run.pauses.seconds = APART
        self._place_end()
        self.began(run)
        self._stand()

    def on_epoch_end(self, run: Any) -> None:
        """See whether the loss is as small as it shall be."""
        if self.goal is not None and self.goal.loss is not None and run.history["loss"][-1] <= self.goal.loss:
            self._reached = "loss"
            if run.rate.moves:
                run.pauses.at = run.step  # the fit goes on, as its schedule counts its epochs
            else:
                run.stop("loss")

    def on_pause(self, run: Any) -> None:
        """Do what is asked for, report, and wait where the goal is reached."""
        self.serve(False)
        if self.goal is not None:
            self._reached = self._reached or next((name for name, end in self._ends.items() if run.step >= end), "")
            if self._reached:
                self.finish(self._reached)
            elif time.monotonic() - self._newest >= APART and self.keeps_up():
                self.report(self.progress(True))
        self._stand()

    def _stand(self) -> None:
        def until() -> None:
            while self.goal is None and not self.leaving:
                self.serve(True)

        if self.goal is None and not self.leaving:
            self.run.pauses.wait(until)
        if self.leaving:
            self.run.stop("page")

    # ---------------------------------------------------------------- of the page

    def begin(self, goal: Goal) -> None:
        """Train until then."""
        run, per_epoch = self.run, self.run.steps_per_epoch
        self.goal, self._reached, self._newest = goal, "", time.monotonic()
        self._ends = {}
        if goal.steps is not None:
            self._ends["steps"] = run.step + goal.steps
        if goal.epochs is not None:
            whole = (run.step - run.first_step) // per_epoch
            self._ends["epochs"] = run.first_step + (whole + goal.epochs) * per_epoch
        self._place_end()

    def _place_end(self) -> None:
        self.run.pauses.at = min(self._ends.values(), default=-1) if self.goal is not None else -1

    def finish(self, reason: str, words: str | None = None) -> None:
        """Report why it has stopped, and wait for another goal."""
        self.goal, self._ends = None, {}
        self.run.pauses.at = -1
        self.report(self.progress(False, reason, words))

    def left(self, words: str | None = None) -> None:
        """Take note that the fit has ended, with the words of its divergence if that was why."""
        run, complete = self.run, self.run.history.epochs
        if self.goal is not None and not self.leaving:
            if words is not None:
                self.finish("diverged", words)
            elif self._reached or run.rate.moves or run.step >= min(self._ends.values(), default=run.step + 1):
                self.finish(self._reached or next(iter(self._ends), "epochs"))
        self._keep_rows()
        self.epochs += complete

    # ---------------------------------------------------------------- reports

    def progress(self, running: bool, reason: str | None = None, words: str | None = None) -> dict[str, Any]:
        """Return a report: the epochs since the one before as columns, the one at work, and why it stopped."""
        self._newest = time.monotonic()
        self._keep_rows()
        parts, self._rows = self._rows, []
        rows = {name: np.concatenate([part[name] for part in parts]) for name in (parts[0] if parts else ())}
        return {"rows": rows, "current": self.current(), "running": running, "stopped_by": reason, "words": words}

    def forget(self) -> None:
        """Forget the epochs so far: the network begins anew."""
        self.epochs, self._rows = 0, []

    def _keep_rows(self) -> None:
        """Keep the epochs that are in no report yet: a fit may end before its page reads on."""
        history, per_epoch = self.run.history, self.run.steps_per_epoch
        first, self._reported = self._reported, history.epochs
        if first == self._reported:
            return
        epochs = np.arange(first + 1, self._reported + 1, dtype=np.float64)
        rows = {name: np.array(history[name][first:]) for name in COLUMNS if name in history.columns}
        rows |= {"epoch": self.epochs + epochs, "steps": self.run.first_step + epochs * per_epoch}
        self._rows.append(rows | {"step": np.full(len(epochs), float(per_epoch))})

    def current(self) -> dict[str, Any]:
        """Return the row of the epoch at work; between two epochs that of the one before."""
        run, history = self.run, self.run.history
        done = run.step - run.first_step - history.epochs * run.steps_per_epoch
        rate = {"learning_rate": run.optimizer.rate(), "seconds": 0.0}
        if done <= 0 and history.epochs:
            row = {name: history[name][-1] for name in COLUMNS if name in history.columns}
            return {"epoch": self.epochs + history.epochs, "step": run.steps_per_epoch, "steps": run.step, **row}
        place = {"epoch": self.epochs + history.epochs + 1, "step": max(done, 0), "steps": run.step}
        if done <= 0:
            return {**place, "epoch": self.epochs, "loss": 0.0, "penalty": 0.0, **rate}
        found = run.engine.results(min(done * run.engine.batch_size, len(run.engine.rows)))
        return {**place, **rate, **{name: value for name, value in found.items() if name in COLUMNS}}
