"""The learning rate through a fit: the optimizer's own, times the schedule's factor, times that of callbacks."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.parts.optimizers import Optimizer
from layerwise.parts.schedules import Function, Schedule, are_at_once, factors, moments
from layerwise.typing import Array

_BLOCK = 4096  # steps whose factors are found together, where epochs are short


class LearningRate:
    """What `optimizer.learning_rate` is from step to step; its own is back when the fit has ended.

    What a callback assigns to `optimizer.learning_rate` is kept: it is the optimizer's own from then on, or, where a
    schedule or a factor moves the rate, the optimizer's own becomes smaller or larger by as much.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rate.
    schedule : Schedule or function, optional
        As `layerwise.parts.schedules` has them.
    steps_per_epoch : int
        How finely the schedule moves.

    Attributes
    ----------
    factor : float
        Another factor, for callbacks to change.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule | Function | None, steps_per_epoch: int) -> None:
        self.optimizer, self.schedule, self.steps_per_epoch = optimizer, schedule, steps_per_epoch
        self.factor = 1.0
        self._own = self._shown = optimizer.learning_rate
        self._known: tuple[Any, int, Array] = (None, 0, np.empty((0, 0)))

    @property
    def own(self) -> float:
        """The optimizer's own rate."""
        given, shown = self.optimizer.learning_rate, self._shown
        if given != shown:  # a callback has changed it
            self._own = given if shown in (self._own, 0) else self._own * given / shown
            self._shown = given
        return self._own

    @property
    def moves(self) -> bool:
        """Whether anything but the optimizer has a say."""
        return self.schedule is not None or self.factor != 1

    def show(self, rate: float) -> None:
        """Let the optimizer have this rate for now."""
        self.optimizer.learning_rate = self._shown = rate

    def restore(self) -> None:
        """Let it have its own again."""
        self.show(self.own)

    def of_steps(self, epoch: int, epochs: int, first: int, last: int) -> Array | None:
        """The rates of steps `first` to `last` - 1 of an epoch, from 1; None if it is one. The first is shown."""
        rate = self.own * self.factor
        if self.schedule is None:
            self.show(rate)
            return None
        rates = rate * self._factors(epoch, epochs)[first:last]
        self.show(float(rates[0]))
        return rates

    def _factors(self, epoch: int, epochs: int) -> Array:
        """The schedule's factors for the epoch's steps; of short epochs, many are found at once."""
        assert self.schedule is not None
        key, size = (self.schedule, epochs), self.steps_per_epoch
        known, start, table = self._known
        if known != key or not start < epoch <= start + len(table):
            start = epoch - 1
            count = min(max(1, _BLOCK // size), epochs - start) if are_at_once(self.schedule) else 1
            t = moments(self.schedule, np.arange(start * size, (start + count) * size), size, epochs)
            table = factors(self.schedule, t, epochs).reshape(count, size)
            self._known = key, start, table
        row: Array = table[epoch - 1 - start]
        return row
