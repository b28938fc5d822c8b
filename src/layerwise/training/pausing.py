"""Pauses: when `on_pause` of the callbacks is called, between two steps or epochs, and how a training waits there."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from layerwise.engine.numpy_engine import POLL_SECONDS
from layerwise.engine.threads import at_rest

if TYPE_CHECKING:
    from layerwise.training.callbacks.base import Hook
    from layerwise.training.loop import Training


class Pauses:
    """When a training pauses.

    Parameters
    ----------
    hooks : sequence of callable
        What is called then; without any there is no pause.

    Attributes
    ----------
    at : int
        A step, counted as the training's `step`, at which there is a pause whatever the time; -1: none.
    seconds : float
        The least time between two other pauses. Within an epoch it is at least a tenth of a second.
    waited : float
        The seconds of all waiting so far.
    """

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self.hooks = hooks
        self.at, self.seconds, self.waited = -1, POLL_SECONDS, 0.0
        self._newest = 0.0

    def before(self, step: int, count: int) -> int:
        """Return how many of the coming steps there are before the next pause that has a step."""
        return min(count, self.at - step) if self.at > step else count

    def take(self, run: Training) -> None:
        """Pause if it is the time, or the step."""
        if self.hooks and (run.step == self.at or time.monotonic() - self._newest >= self.seconds):
            for hook in self.hooks:
                hook(run)
            self._newest = time.monotonic()

    def wait(self, until: Callable[[], Any]) -> Any:
        """Wait within a hook: that is no time of the epoch, and other trainings have the cores meanwhile."""
        began = time.perf_counter()
        with at_rest():
            found = until()
        self.waited += time.perf_counter() - began
        return found
