"""Sums of parts of a vector, in a thread of their own, while the others are still made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from layerwise.typing import Array


class Exchange:
    """Sends the parts of a step, in their order.

    Parameters
    ----------
    sum : function
        Sums up one part over all ranks, in place.
    parts : sequence of array
        In the order in which they are made.
    """

    def __init__(self, sum: Callable[[Array], None], parts: Sequence[Array]) -> None:
        self._sum, self._parts = sum, parts
        self._pool: ThreadPoolExecutor | None = None
        self._at_work: list[Future[None]] = []

    @property
    def sent(self) -> bool:
        """Whether a part of this step is on its way."""
        return bool(self._at_work)

    def begin(self) -> None:
        """A step begins."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, "layerwise-exchange")
        self._at_work = []

    def send(self, parts: int) -> None:
        """So many parts are there: send those that are not yet on their way."""
        assert self._pool is not None
        for part in self._parts[len(self._at_work) : parts]:
            self._at_work.append(self._pool.submit(self._sum, part))

    def finish(self) -> None:
        """Wait for all parts.

        Raises
        ------
        Exception
            That of a sum.
        """
        for sum in self._at_work:
            sum.result()

    def close(self) -> None:
        """No further step is made."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None
