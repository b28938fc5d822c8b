"""What other ranks send to one, until it asks for it: filled by one thread of a process, emptied by another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from layerwise.distributed.executor import RankError
from layerwise.typing import Array


class Mailbox:
    """The arrays that have come for a rank, by their sender and their number.

    Attributes
    ----------
    closed : str
        Why nothing comes any more; empty while the training goes on.
    """

    def __init__(self) -> None:
        self.closed = ""
        self._arrays: dict[tuple[int, int], Array] = {}
        self._changed = threading.Condition()
        self._stop: Callable[[], None] | None = None
        self._stops = False

    def put(self, source: int, number: int, array: Array) -> str:
        """Take in an array from another rank; returns why it was not, or nothing."""
        with self._changed:
            if not self.closed:
                self._arrays[source, number] = array
                self._changed.notify_all()
            return self.closed

    def take(self, source: int, number: int, ask: Callable[[], None], patience: float) -> Array:
        """Wait for an array of another rank.

        Parameters
        ----------
        source, number : int
            Whose, and which.
        ask : function
            Called after so long without it, to raise an error if the other rank is gone.
        patience : float
            So long, in seconds.

        Raises
        ------
        RankError
            The mailbox was closed.
        """
        due = time.monotonic() + patience
        while True:
            with self._changed:
                if (source, number) in self._arrays:
                    return self._arrays.pop((source, number))
                if self.closed:
                    raise RankError(self.closed)
                self._changed.wait(max(0.0, due - time.monotonic()))
            if time.monotonic() >= due:
                ask()
                due = time.monotonic() + patience

    def close(self, reason: str) -> None:
        """Let whoever waits, now or later, fail with that reason; the first one counts."""
        with self._changed:
            self.closed = self.closed or reason
            self._arrays.clear()
            self._changed.notify_all()

    def when_stopped(self, stop: Callable[[], None]) -> None:
        """Call a function once the training shall end early, at once if it was told so before."""
        self._stop = stop
        if self._stops:
            stop()

    def stop(self) -> None:
        """Let the training end early, with the weights that it has."""
        self._stops = True
        if self._stop is not None:
            self._stop()
