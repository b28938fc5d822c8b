"""Stopping when nothing gets better any more, with the weights of the best epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from layerwise.parts.description import Description, flag, whole_number
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from layerwise.training.loop import Training
    from layerwise.typing import Array


class EarlyStopping(Description, Callback):
    """End the training after `patience` epochs without improvement (Prechelt 1998).

    The weights of the best epoch are restored however the training ends, also after Ctrl-C, divergence or an error.

    Parameters
    ----------
    monitor : str, default="val_loss"
        A column of the history: a loss, an accuracy, a metric, or a column that a callback records. For "loss" and
        "accuracy" the training data are evaluated after each epoch, in the columns "train_loss" and "train_accuracy".
    patience : int, default=10
        The number of successive epochs without improvement. At least 1.
    min_delta : float, default=0.0
        The smallest change that counts as an improvement. NaN is none.
    mode : {"auto", "min", "max"}, default="auto"
        Take smaller or larger values as better. "auto" is "min" for losses, penalties and errors, otherwise "max".
    restore_best : bool, default=True
        Restore the weights of the best epoch at the end. If False, the weights are those of the last epoch.
    start_from : int, default=0
        The number of epochs at the start that are ignored.

    Attributes
    ----------
    best, best_epoch : float, int
        The best value and its epoch. NaN and 0 before the first epoch.
    stopped_epoch : int
        The epoch after which it ended the training; 0 if it did not.

    Examples
    --------
    >>> import layerwise as lw
    >>> (X, y), (X_val, y_val), _ = lw.datasets.load_mnist()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(10), lw.Softmax()], random_state=0)
    >>> stopping = lw.EarlyStopping("val_accuracy", patience=2)
    >>> history = net.fit(X[:500], y[:500], validation_data=(X_val[:500], y_val[:500]), epochs=50,
    ...                   callbacks=stopping, verbose=False)
    >>> net.evaluate(X_val[:500], y_val[:500])["accuracy"] == stopping.best == max(history["val_accuracy"])
    True
    >>> history.stopped_by
    'val_accuracy was no better for 2 epochs'
    """

    state_names = ("best", "best_epoch", "_waited", "_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 10,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best: bool = True,
        start_from: int = 0,
    ) -> None:
        self._watched = Monitor(self, monitor, mode, min_delta)
        self.monitor, self.mode, self.min_delta = monitor, mode, self._watched.min_delta
        self.patience = whole_number(self, "patience", patience, least=1)
        self.restore_best = flag(self, "restore_best", restore_best)
        self.start_from = whole_number(self, "start_from", start_from, least=0)
        self._forget()

    def _forget(self) -> None:
        self._watched.reset()
        self.best, self.best_epoch, self.stopped_epoch = math.nan, 0, 0
        self._waited = 0
        self._weights: Array | None = None

    def on_fit_begin(self, run: Training) -> None:
        """Begin anew."""
        self._forget()

    def on_epoch_end(self, run: Training) -> None:
        """Look at the epoch: keep its weights, or wait, or stop."""
        if run.epoch <= self.start_from:
            return
        if self._watched.improves(run):
            self.best, self.best_epoch, self._waited = self._watched.best, run.epoch, 0
            if self.restore_best:
                self._keep(run)
            return
        self._waited += 1
        if self._waited >= self.patience and not run.stopping:
            self.stopped_epoch = run.epoch
            run.stop(f"{self.monitor} was no better for {self.patience} epochs")

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        super().restore(state)
        self._watched.best = self.best

    def on_fit_end(self, run: Training) -> None:
        """Let go of the copy, which by now is in the network."""
        self._weights = None

    def _keep(self, run: Training) -> None:
        theta = run.parameters.theta
        if self._weights is None:
            self._weights = np.empty_like(theta)
        np.copyto(self._weights, theta)
        run.end_with(self._weights, f"epoch {run.epoch}, the best by {self.monitor}", run.epoch)
