"""A smaller learning rate once nothing gets better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layerwise.parts.description import Description, number, whole_number
from layerwise.training.callbacks.base import Callback
from layerwise.training.callbacks.monitor import Monitor

if TYPE_CHECKING:
    from layerwise.training.loop import Training


class ReduceOnPlateau(Description, Callback):
    """Multiply the learning rate by `factor` after `patience` epochs without improvement.

    The factor multiplies that of a schedule. The optimizer's learning rate is restored after the fit.

    Parameters
    ----------
    monitor : str, default="val_loss"
        A column of the history.
    factor : float, default=0.1
        The factor. Above 0, below 1.
    patience : int, default=5
        The number of successive epochs without improvement. At least 1.
    min_delta : float, default=0.0
        The smallest change that counts as an improvement. NaN is none.
    mode : {"auto", "min", "max"}, default="auto"
        Take smaller or larger values as better. "auto" is "min" for losses, penalties and errors, otherwise "max".
    cooldown : int, default=0
        The number of epochs to ignore after a reduction.
    lowest : float, default=0.0
        The minimum of the learning rate, before the factor of a schedule.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> reduce = lw.ReduceOnPlateau("loss", factor=0.5, patience=3)
    >>> history = net.fit(X, y, epochs=10, callbacks=reduce, verbose=False)
    """

    state_names = ("_best", "_waited", "_resting")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 5,
        min_delta: float = 0.0,
        mode: str = "auto",
        cooldown: int = 0,
        lowest: float = 0.0,
    ) -> None:
        self._watched = Monitor(self, monitor, mode, min_delta)
        self.monitor, self.mode, self.min_delta = monitor, mode, self._watched.min_delta
        self.factor = number(self, "factor", factor, above=0, below=1)
        self.patience = whole_number(self, "patience", patience, least=1)
        self.cooldown = whole_number(self, "cooldown", cooldown, least=0)
        self.lowest = number(self, "lowest", lowest, least=0)
        self._waited = self._resting = 0

    @property
    def _best(self) -> float:
        return self._watched.best

    @_best.setter
    def _best(self, value: float) -> None:
        self._watched.best = value

    def on_fit_begin(self, run: Training) -> None:
        """Begin anew."""
        self._watched.reset()
        self._waited = self._resting = 0

    def on_epoch_end(self, run: Training) -> None:
        """Count the epochs that were no better."""
        improved = self._watched.improves(run)
        if improved or self._resting:
            self._waited = 0
            self._resting = max(0, self._resting - 1)
            return
        self._waited += 1
        if self._waited >= self.patience:
            rate = run.rate
            least = self.lowest / rate.own if rate.own else 0.0
            rate.factor = max(rate.factor * self.factor, min(rate.factor, least))
            self._waited, self._resting = 0, self.cooldown
