"""The moving average of the weights, which is often better than any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from layerwise.parts.description import Description, number, whole_number
from layerwise.training.callbacks.base import Callback

if TYPE_CHECKING:
    from layerwise.training.loop import Training


class ExponentialMovingAverage(Description, Callback):
    """Average the weights over the steps (Polyak and Juditsky 1992).

    The average replaces the weights after the last step of each epoch, so evaluation, checkpoints and early stopping
    use it, and at the end of the fit. The next epoch continues from the weights before.

    With weights θ, the t-th average (t from 0) is a ← d a + (1 - d) θ with d = min(decay^steps, (1 + t) / (10 + t)), as
    in TensorFlow. It starts from the weights before the fit, and soon reaches its full length of about 1 / (1 - decay)
    steps.

    Parameters
    ----------
    decay : float, default=0.999
        The decay of the average in each step. At least 0, below 1.
    steps : int, default=1
        The number of steps between two updates of the average. At least 1. More is faster.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(16), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> history = net.fit(X, y, epochs=5, callbacks=lw.ExponentialMovingAverage(0.99), verbose=False)
    """

    changes_weights = True
    state_names = ("_average", "_good", "_raw", "_count", "_shown")

    def __init__(self, decay: float = 0.999, steps: int = 1) -> None:
        self.decay = number(self, "decay", decay, least=0, below=1)
        self.steps = self.every_steps = whole_number(self, "steps", steps, least=1)
        self._forget()

    def _forget(self) -> None:
        self._average = self._good = self._raw = self._tmp = np.empty(0)
        self._count, self._shown = 0, False

    def on_fit_begin(self, run: Training) -> None:
        """Begin with the present weights."""
        self._forget()
        theta = run.parameters.theta
        self._average, self._good, self._raw, self._tmp = (theta.copy() for _ in range(4))
        if run.last_weights is None:
            run.end_with(self._average, "the moving average, as it was then")

    def on_epoch_begin(self, run: Training) -> None:
        """Go on from the raw weights."""
        if self._shown:
            np.copyto(run.parameters.theta, self._raw)
            self._shown = False

    def on_step_end(self, run: Training) -> None:
        """Let the average follow."""
        kept = min(self.decay**self.steps, (1 + self._count) / (10 + self._count))
        with np.errstate(all="ignore"):  # weights that are not finite are found later
            np.subtract(run.parameters.theta, self._average, out=self._tmp)
            np.multiply(self._tmp, 1 - kept, out=self._tmp)
            np.add(self._average, self._tmp, out=self._average)
        self._count += 1

    def on_evaluate(self, run: Training) -> None:
        """Put the average in."""
        np.copyto(self._raw, run.parameters.theta)
        np.copyto(self._good, self._average)
        np.copyto(run.parameters.theta, self._average)
        self._shown = True

    def on_divergence(self, run: Training) -> bool:
        """Go back to the average of the last good epoch."""
        np.copyto(self._average, self._good)
        return False

    def on_fit_end(self, run: Training) -> None:
        """Let go of the copies."""
        self._forget()
