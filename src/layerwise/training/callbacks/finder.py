"""Which learning rate to begin with: try them all, from far too small to far too large, in one short run."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import layerwise
from layerwise.parts.description import Description, number, whole_number
from layerwise.training import interrupts
from layerwise.training.callbacks.base import Callback

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from layerwise.training.loop import Training
    from layerwise.typing import Array, ArrayLike


class LearningRateFinder(Description, Callback):
    """Learning rate range test: raise the rate by a constant factor in each step, and record the loss.

    From Smith (2017, section 3.3). The test ends when the smoothed loss is 4 times its minimum or not finite, or all
    rates were tried. Afterwards the weights, the optimizer, the number of steps and the order of the samples are as
    before, and the history is empty. `find_learning_rate` runs the test in one call.

    Parameters
    ----------
    lowest, highest : float, default=1e-07, 10.0
        The first and the last learning rate. Above 0.
    steps : int, default=200
        The number of learning rates. At least 2.
    smoothing : float, default=0.9
        The decay of the running mean of the loss. At least 0, below 1.

    Attributes
    ----------
    rates : array of shape (n,)
        The learning rates tried.
    losses : array of shape (n,)
        The loss in the step after each, with the changed weights.
    smoothed : array of shape (n,)
        The running mean of the losses, corrected for its start at 0.
    suggestion : float
        The suggested learning rate: the geometric middle of the range of a factor 10 over which the smoothed loss falls
        most, before its minimum. If it falls nowhere, a tenth of the rate at the minimum. NaN if no rate could be
        tried.

    See Also
    --------
    find_learning_rate : Run the test on a copy of a network.

    Notes
    -----
    The steepest step of the curve is often noise, and a tenth of the rate at the minimum was three times smaller than
    needed on MNIST with SGD, Adam and RMSprop. The rule above gave a rate within a factor of 3 of the best one, and
    always below it. A rate that is slightly too small does less harm than one that is too large.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> finder = lw.find_learning_rate(net, X, y, optimizer="adam")
    >>> 0.001 < finder.suggestion < 0.5
    True
    """

    def __init__(self, lowest: float = 1e-7, highest: float = 10.0, steps: int = 200, smoothing: float = 0.9) -> None:
        self.lowest = number(self, "lowest", lowest, above=0)
        self.highest = number(self, "highest", highest, above=self.lowest)
        self.steps = whole_number(self, "steps", steps, least=2)
        self.smoothing = number(self, "smoothing", smoothing, least=0, below=1)
        self._planned = np.geomspace(self.lowest, self.highest, self.steps)
        self._losses: list[float] = []
        self._smoothed: list[float] = []
        self._before: tuple[Array, dict[str, Array], int, float] | None = None

    # ---------------------------------------------------------------- the run

    def on_fit_begin(self, run: Training) -> None:
        """Keep what will be put back, and begin with the lowest rate."""
        optimizer = run.optimizer
        state = {name: array.copy() for name, array in optimizer.state.items()}
        self._before = run.parameters.theta.copy(), state, optimizer.iterations, optimizer.learning_rate
        self._losses, self._smoothed, self._mean = [], [], 0.0
        run.rate.schedule, run.epochs = None, -(-(self.steps + 1) // run.steps_per_epoch)
        optimizer.learning_rate = float(self._planned[0])

    def on_step_end(self, run: Training) -> None:
        """Note what the rate before has done, and go on to the next."""
        made = run.step - run.first_step
        if made > 1:
            self._note(run)
        if made > self.steps:
            run.stop("all learning rates were tried")
        else:
            run.optimizer.learning_rate = float(self._planned[min(made, self.steps - 1)])

    def _note(self, run: Training) -> None:
        kept = self.smoothing
        self._losses.append(run.loss)
        self._mean = kept * self._mean + (1 - kept) * run.loss
        self._smoothed.append(self._mean / (1 - kept ** len(self._losses)))
        best = min(self._smoothed)
        if self._smoothed[-1] > best + 3 * abs(best):
            run.stop("the loss has risen: all larger learning rates are too large")

    def on_divergence(self, run: Training) -> bool:
        """That was to come; it is no error."""
        return True

    def on_fit_end(self, run: Training) -> None:
        """Put everything back."""
        if self._before is None:
            return
        theta, state, iterations, rate = self._before
        self._before = None
        np.copyto(run.parameters.theta, theta)
        run.optimizer.reset()
        run.optimizer.state, run.optimizer.iterations, run.optimizer.learning_rate = state, iterations, rate
        run.step = run.network.steps = run.first_step
        run.history.clear()

    # ---------------------------------------------------------------- what was found

    @property
    def rates(self) -> Array:
        """The learning rates tried."""
        return self._planned[: len(self._losses)].copy()

    @property
    def losses(self) -> Array:
        """The loss in the step after each rate."""
        return np.array(self._losses)

    @property
    def smoothed(self) -> Array:
        """The running mean of the losses."""
        return np.array(self._smoothed)

    @property
    def suggestion(self) -> float:
        """The suggested learning rate."""
        smoothed, rates = self.smoothed, self.rates
        if not len(rates):
            return math.nan
        lowest = int(smoothed.argmin())
        half = max(1, round((self.steps - 1) / math.log10(self.highest / self.lowest) / 2))
        falls = smoothed[: -2 * half] - smoothed[2 * half :]
        falls = falls[: max(0, lowest - half)]
        if not len(falls) or falls.max() <= 0:
            return float(rates[lowest] / 10)
        return float(rates[falls.argmax() + half])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the losses over the learning rates, with the suggestion.

        Parameters
        ----------
        ax : Axes, optional
            The axes to draw on. By default those of a new pyplot figure.

        Returns
        -------
        Axes
            The axes.
        """
        plots: Any = layerwise.plots  # imported by its name, later: pictures come after callbacks
        axes: Axes = plots.learning_rate(self, ax)
        return axes


def find_learning_rate(
    network: Any, X: ArrayLike, y: ArrayLike, *, finder: LearningRateFinder | None = None, **arguments: Any
) -> LearningRateFinder:
    """Run a learning rate range test on a copy of a network.

    Parameters
    ----------
    network : Network
        The network, trained or not. It is not changed.
    X : array-like of shape (n, n_in)
        The training data.
    y : array-like of shape (n,) or (n, n_out)
        Their labels or targets.
    finder : LearningRateFinder, optional
        The range of the rates and their number.
    **arguments
        Arguments of `Network.fit`, such as optimizer, loss and batch_size. Ignored are epochs, validation_data,
        metrics, schedule, ema, patience, callbacks and verbose.

    Returns
    -------
    LearningRateFinder
        The finder, with the `suggestion`. Its method `plot` draws the test.

    Raises
    ------
    TypeError
        `network` is not a `Network`.

    Examples
    --------
    >>> import layerwise as lw
    >>> X, y = lw.datasets.make_spiral()
    >>> net = lw.Network([lw.Dense(64), lw.ReLU(), lw.Dense(3), lw.Softmax()], random_state=0)
    >>> rate = lw.find_learning_rate(net, X, y, optimizer="adam").suggestion
    >>> history = net.fit(X, y, optimizer=lw.Adam(rate), epochs=2, verbose=False)
    """
    if not hasattr(network, "training_rows"):
        raise TypeError(f"find_learning_rate takes a Network; got {type(network).__name__}")
    left_out = (
        "epochs",
        "validation_data",
        "metrics",
        "schedule",
        "ema",
        "patience",
        "monitor",
        "callbacks",
        "verbose",
    )
    kept = {name: value for name, value in arguments.items() if name not in left_out}
    finder = LearningRateFinder() if finder is None else finder
    with interrupts.trial():
        network.copy().fit(X, y, epochs=1, callbacks=finder, verbose=False, **kept)
    return finder
