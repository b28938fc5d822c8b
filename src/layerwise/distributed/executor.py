"""The executor of one training on several ranks, to the same bits for every number of them.

    step:  gather own shards ─► sum over all ranks ─► penalties, clipping, update: by each rank for itself

All ranks have the same weights before and after a step, since they learn from the same sum. Beside the gradient it has
what they must agree on: whether a loss was not finite, whether a rank leaves, and that all are at the same step.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence, Set
from itertools import pairwise
from typing import Any

import numpy as np

from layerwise.data.rows import Rows
from layerwise.distributed.communicator import Communicator
from layerwise.distributed.exchange import Exchange
from layerwise.distributed.layout import Layout
from layerwise.engine.executor import Divisible, Executor
from layerwise.engine.halves import BAD, LOSS, PLAIN, RIGHT, Part
from layerwise.engine.numpy_engine import POLL_SECONDS
from layerwise.engine.passes import row_of
from layerwise.errors import LayerwiseError
from layerwise.typing import Array

LEAVING, INTERRUPTED, FAILED, KEY = range(4, 8)  # of the sums: how many ranks, and for FAILED which
_RANKS = 4096  # the most; FAILED counts in it
KEYS = 1021  # so small that a sum over the ranks is exact


class RankError(LayerwiseError, RuntimeError):
    """Raised when another rank of a distributed training failed or is at another step."""


class LeavesTogether:
    """What executors of several ranks have in common: a rank that ends says so, in place of a step or an average.

    Parameters
    ----------
    communicator : Communicator
        The ranks.
    inner : Executor
        What computes here.
    shared : array
        What all ranks sum up beside the weights or the gradient.
    message : list of array, optional
        What a step sums up, part by part, `shared` among them; by default that alone.

    Attributes
    ----------
    on_leave : callable
        Told why, when another rank ends.
    """

    epochs_at_once = False

    def __init__(
        self, communicator: Communicator, inner: Executor, shared: Array, message: list[Array] | None = None
    ) -> None:
        self.communicator, self.shared = communicator, shared
        self.name, self.plan, self.parameters = inner.name, inner.plan, inner.parameters
        self.targets, self.loss, self.optimizer = inner.targets, inner.loss, inner.optimizer
        self.finite = True
        self.clip_norm: float | None = None
        self.frozen: Set[int] = frozenset()
        self._message = [shared] if message is None else message
        self._together = True  # no rank has left, as far as is known
        self.on_leave: Callable[[str], None] = lambda reason: None

    def __reduce__(self) -> tuple[type[None], tuple[()]]:
        """An executor at work is not copied with what keeps it: the copy has None in its place."""
        return type(None), ()

    def _sum(self, array: Array) -> None:
        try:
            self.communicator.sum(array)
        except BaseException:
            self._together = False
            raise

    def leave(self, interrupted: bool, failed: bool) -> bool:
        """Tell the others that this rank makes no further step; True if all end by themselves.

        Nothing is said if one of them has told so before: then it is gone.
        """
        if not self._together:
            return False
        for part in self._message:
            part[:] = 0
        self.shared[LEAVING], self.shared[INTERRUPTED] = 1, interrupted
        self.shared[FAILED] = _RANKS + self.communicator.rank if failed else 0
        for part in self._message:
            self._sum(part)
        if not self.shared[FAILED]:
            self._part()
        self._together = False
        if not failed:
            self._raise_others()
        all_end = bool(self.shared[LEAVING] == self.communicator.size)
        return all_end and not (self.shared[FAILED] or self.shared[INTERRUPTED])

    def _others_left(self) -> None:
        """Some ranks leave, so this one does."""
        if not self.shared[FAILED]:
            self._part()
        self._together = False
        self._raise_others()
        self.on_leave("interrupt" if self.shared[INTERRUPTED] else "callback")

    def _part(self) -> None:
        """Do what is left to be done together, on all ranks, when some of them leave and none has failed."""

    def _raise_others(self) -> None:
        count, rank = divmod(int(self.shared[FAILED]), _RANKS)
        if count:
            who = f"rank {rank}" if count == 1 else f"{count} ranks"
            raise RankError(f"distributed.fit: {who} failed, so rank {self.communicator.rank} stops too; see its error")

    def run_epochs(
        self,
        epochs: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> dict[str, list[float]]:
        """Not used: `epochs_at_once` is False."""
        raise NotImplementedError

    def gradient(self, start: int, stop: int, step: int) -> bool:
        """Not on several ranks: a callback would ask for it on one of them alone."""
        raise RankError("distributed.fit: the gradient of a batch by itself is not there on several ranks")


class _AllRows:
    """What the training asks of the rows: how many there are, and a new order."""

    def __init__(self, executor: DistributedExecutor, rows: Rows) -> None:
        self._executor, self._rows = executor, rows

    def __len__(self) -> int:
        return self._executor.layout.rows

    def span(self, start: int, stop: int) -> Array:
        """Some of the rows that are here."""
        return self._rows.span(0, min(stop - start, len(self._rows)))

    def begin_epoch(self, step: int) -> None:
        """An epoch begins at that step of the network's."""
        self._rows.begin_epoch(step)
        order = self._executor.layout.order(step)
        if order is not None:
            self._executor.take_order(order)


class DistributedExecutor(LeavesTogether):
    """The `Executor` that does this rank's shards of each step.

    Parameters
    ----------
    communicator : Communicator
        The ranks.
    layout : Layout
        Which rows of each step are whose.
    inner : Divisible
        The native one or NumPy's, with the rows that are here.
    overlap : bool
        Whether gradients of the last layers are summed up while those of the first are made.
    """

    def __init__(self, communicator: Communicator, layout: Layout, inner: Divisible, overlap: bool = False) -> None:
        self._halves = inner.halves(layout.shard_size)
        self._vector, shared = self._halves.vector()
        ends = [len(self._vector), *(self._halves.cuts() if overlap else []), 0]
        super().__init__(communicator, inner, shared, [self._vector[b:a] for a, b in pairwise(ends)])
        self._exchange = Exchange(self._sum, self._message) if len(self._message) > 1 else None
        self.layout, self._inner = layout, inner
        self.rows: Any = _AllRows(self, inner.rows)
        self.batch_size = layout.batch_size
        self._order: Array | None = None
        self._digest = 0
        self._newest = float("nan")
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the sums of the epoch before."""
        self._sums = np.zeros(6)

    def state(self, samples: int) -> dict[str, Array]:
        """What is known of the epoch, for `restore`; the same on all ranks."""
        return {"sums": self._sums.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on with an epoch from what `state` gave."""
        np.copyto(self._sums, state["sums"])

    def reorder(self, order: Array) -> None:
        """Read the rows in this order from now on, where all ranks have all of them."""
        if self.layout.is_shared:
            self.take_order(order)

    def take_order(self, order: Array) -> None:
        """Read the rows that are here in this order from now on."""
        self._order = np.ascontiguousarray(order, np.int64)
        self._inner.reorder(self._order)
        if self.layout.is_shared:
            self._digest = int.from_bytes(hashlib.blake2b(self._order.data, digest_size=4).digest())

    def last_loss(self) -> float:
        """The mean data loss of the newest step's samples, not weighted; NaN before the first."""
        return self._newest

    def run(
        self,
        first: int,
        last: int,
        step: int,
        poll: Callable[[], bool] | None = None,
        rates: Sequence[float] | Array | None = None,
    ) -> int:
        """Make steps `first` to `last` - 1 of an epoch, as `Executor.run` says."""
        made, pause = 0, time.perf_counter() + POLL_SECONDS
        self._halves.begin(self._order, self.clip_norm, self.frozen)
        try:
            for i in range(first, last):
                rate = self.optimizer.learning_rate if rates is None else float(rates[made])
                if not self._step(i, step + made, rate):
                    break
                made += 1
                if poll is not None and time.perf_counter() > pause:
                    if poll():
                        break
                    pause = time.perf_counter() + POLL_SECONDS
        finally:
            self._halves.end()
        if rates is not None:
            self.optimizer.learning_rate = float(rates[max(0, made - self.finite)])
        return made

    def _step(self, i: int, number: int, rate: float) -> bool:
        """One step of all ranks; False, with nothing changed, if a loss was not finite or a rank leaves."""
        part, shared = self.layout.part(i, number), self.shared
        key = (number * 31 + self._digest) % KEYS
        if self._exchange is None:
            self._halves.gather(part, self._vector)
            shared[LEAVING:KEY], shared[KEY] = 0, key
            self._sum(self._vector)
        else:
            self._overlapping_step(self._exchange, part, key)
        if shared[LEAVING]:
            self._others_left()
            return False
        if shared[KEY] != key * self.communicator.size:
            self._together = False
            raise RankError(
                f"distributed.fit: the ranks are not at the same step: rank {self.communicator.rank} is at step "
                f"{number}. A callback, or the function given as shuffle, does not do the same on all ranks"
            )
        self.finite = not shared[BAD]
        if not self.finite:
            return False
        plain, loss, right = (float(shared[k]) for k in (PLAIN, LOSS, RIGHT))
        penalty = self._halves.apply(part, self._vector, rate)
        self._newest = plain / part.rows
        self._sums += (loss, part.rows, right, penalty * part.rows, 0.0, part.rows)
        return True

    def leave(self, interrupted: bool, failed: bool) -> bool:
        """As `LeavesTogether.leave`."""
        try:
            return super().leave(interrupted, failed)
        finally:
            if self._exchange is not None:
                self._exchange.close()

    def _overlapping_step(self, exchange: Exchange, part: Part, key: int) -> None:
        """Sum up the last layers' gradients while those of the first are still made."""

        def ready(parts: int) -> None:
            if not exchange.sent:  # what ranks share goes with the first part
                self.shared[LEAVING:KEY], self.shared[KEY] = 0, key
            exchange.send(parts)

        exchange.begin()
        self._halves.gather(part, self._vector, ready)
        ready(len(self._message))
        exchange.finish()

    # ---------------------------------------------------------------- what else an executor has

    def results(self, samples: int) -> dict[str, float]:
        """Loss, penalty and, where answers are right or wrong, accuracy over the epoch's first samples."""
        return row_of(self._sums, self.targets)

    def first_bad_layer(self, start: int, stop: int, step: int) -> str:
        """The first layer whose output on the rows of that step that are here is not finite."""
        part = self.layout.part(start // self.batch_size, step)
        for begin, rows, _ in part.places.tolist():
            found = self._inner.first_bad_layer(begin, begin + rows, step) if rows else ""
            if found and not found.startswith("the loss"):
                return found
        return f"the loss ({self.loss!r}), or a layer on another rank"
