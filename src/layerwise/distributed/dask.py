"""A training on the workers of Dask: `distributed.fit(client, …)`.

    partitions ──► shards ──► `hold` on the worker of the shard's rank      nothing comes to the caller
    one task a worker: `rank_of` ──► a fit of its shards ──► `Outcome`
    the caller looks after the workers meanwhile; one that is gone ends the training on all others

`dask_worker.py` is what happens on the workers.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from layerwise.distributed.dask_blocks import Blocks, is_collection, validation_of
from layerwise.distributed.dask_worker import close_post, end_rank, hold, open_post, rank_of, stop_rank, topic
from layerwise.distributed.executor import RankError
from layerwise.distributed.layout import check_shards, own_shards
from layerwise.distributed.remote import (
    DATA,
    ENDING,
    LOOK,
    Outcome,
    count_ranks,
    first_error,
    gone,
    note,
    pack,
    take_back,
    why_all_stop,
)
from layerwise.distributed.training import arguments_of_fit
from layerwise.network.network import Network
from layerwise.training.callbacks.history import History
from layerwise.training.interrupts import say


def fit_on_dask(
    client: Any, network: Network, X: Any, y: Any, arguments: Mapping[str, Any], n_ranks: int | None, **options: Any
) -> History:
    """Train a network on the workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
        The cluster's.
    network : Network
        What is trained; only here is it changed.
    X, y : object
        Dask collections, or data in memory.
    arguments : dict
        Those of `Network.fit` besides.
    n_ranks : int, optional
        How many workers take part; by default the largest power of two.
    **options
        shards and local_steps.
    """
    if client.asynchronous:
        raise TypeError("distributed.fit: the Client is asynchronous; give one that is not")
    import cloudpickle

    given = arguments_of_fit(network, X, y, arguments)
    packed = pack(network, given, options, cloudpickle.dumps)
    workers = sorted(client.nthreads())
    n = count_ranks(n_ranks, len(workers), options["shards"], "workers of Dask")
    data = {name: given[name] for name in DATA}
    blocks = None
    if is_collection(X):
        check_shards(options["shards"], n, int(given["batch_size"]))
        blocks = Blocks(X, y, given["sample_weight"], options["shards"])
        data |= {"X": None, "y": None, "sample_weight": None}
        workers = blocks.nearest(client, workers, n)
    with _Run(client, workers[:n]) as run:
        if blocks is not None:
            run.hold(blocks)
        data["validation_data"] = run.compute(validation_of(data["validation_data"], blocks))
        outcomes = run.train(packed, data, blocks is not None and options["shards"])
    error = first_error(outcomes)
    if outcomes[0].network:
        history = take_back(network, given["callbacks"], outcomes[0])
    if error is not None:
        raise error
    if history.stopped_by == "interrupt" and run.interrupts:
        say(f"in epoch {len(history)} of {given['epochs']}")
    return history


class _Run:
    """A training, as the caller sees it.

    Parameters
    ----------
    client : distributed.Client
        The cluster's.
    addresses : list of str
        The workers of the ranks.
    """

    def __init__(self, client: Any, addresses: list[str]) -> None:
        self._client, self._addresses = client, addresses
        self._name = uuid.uuid4().hex[:16]
        self._awaited: list[Any] = []
        self._futures: list[Any] = []  # which those need
        self.interrupts = 0

    def __enter__(self) -> _Run:
        self._client.run(open_post, self._name, self._addresses, workers=self._addresses)
        self._client.subscribe_topic(topic(self._name), lambda event: print(event[1], flush=True))
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(Exception):
            self._client.cancel([future for future in self._awaited if not future.done()], force=True)
            self._release()
        self._on_each(close_post, self._name)
        with contextlib.suppress(Exception):
            self._client.unsubscribe_topic(topic(self._name))

    # ---------------------------------------------------------------- data, and the ranks

    def hold(self, blocks: Blocks) -> None:
        """Compute the blocks where they are needed, or bring them there; none is left with Dask."""
        client, n = self._client, len(self._addresses)
        pins = blocks.are_apart(n)
        for rank, address in enumerate(self._addresses):
            where = {"workers": [address], "allow_other_workers": False}
            for shard in own_shards(len(blocks.shards), rank, n):
                for number, block in enumerate(blocks.shards[shard]):
                    found = [
                        client.compute(part, **(where if pins else {})) if part is not None else None for part in block
                    ]
                    self._futures += [future for future in found if future is not None]
                    named = (self._name, shard, number, blocks.names, blocks.targets)
                    self._awaited.append(client.submit(hold, *named, *found, **where, pure=False))
        for future in self._finished(self._look_after):
            future.result()
        self._release()

    def compute(self, parts: Any) -> Any:
        """Return futures in place of collections in a tuple."""
        if not isinstance(parts, tuple):
            return parts
        found = tuple(self._client.compute(part) if is_collection(part) else part for part in parts)
        self._futures += [future for future in found if _is_future(future)]
        return found

    def train(self, packed: bytes, data: dict[str, Any], shards: int) -> list[Outcome]:
        """Run all ranks, and return what they end with."""
        client, addresses = self._client, self._addresses
        here = [name for name in DATA if data[name] is not None and not _has_futures(data[name])]
        sent = client.scatter([packed, *(data[name] for name in here)], workers=addresses, broadcast=True, hash=False)
        there = {**data, **dict(zip(here, sent[1:], strict=True))}
        self._futures += sent
        for rank, address in enumerate(addresses):
            own = list(own_shards(shards, rank, len(addresses))) if shards else []
            future = client.submit(
                rank_of, self._name, addresses, sent[0], there, own,
                workers=[address], allow_other_workers=False, pure=False, retries=0, priority=10,
            )  # fmt: skip
            self._awaited.append(future)
        found: dict[int, Outcome] = {}
        ranks, due = {future.key: rank for rank, future in enumerate(self._awaited)}, 0.0

        def ended(rank: int, outcome: Outcome) -> None:
            nonlocal due
            note(found, rank, outcome)
            if outcome.error is not None and not due:
                due = time.monotonic() + ENDING
                self._on_each(end_rank, self._name, why_all_stop(rank, outcome.error))

        def look() -> bool:
            for rank in self._lost():
                if rank not in found:
                    ended(rank, Outcome(RankError(_gone(rank, addresses[rank]))))
            return not due or (time.monotonic() < due and len(found) < len(addresses))

        for future in self._finished(look):
            rank = ranks[future.key]
            try:
                ended(rank, future.result())
            except Exception as error:  # Dask's: the worker was killed, the scheduler is gone
                ended(rank, Outcome(RankError(_gone(rank, addresses[rank], f" ({type(error).__name__}: {error})"))))
        late = RankError("distributed.fit: has not ended in time, after another rank had failed")
        return [found.get(rank) or Outcome(late) for rank in range(len(addresses))]

    def _release(self) -> None:
        """Let Dask forget what is done."""
        for future in (*self._awaited, *self._futures):
            future.release()
        self._awaited, self._futures = [], []

    # ---------------------------------------------------------------- looking after the workers

    def _finished(self, look: Callable[[], bool]) -> Iterator[Any]:
        """Yield the futures as they are done; about once a second `look`, which says whether to go on."""
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for future in self._awaited:
            future.add_done_callback(done.put)
        left, looked = len(self._awaited), time.monotonic()
        while left:
            try:
                with contextlib.suppress(queue.Empty):
                    future = done.get(timeout=LOOK)
                    left -= 1
                    yield future
                if time.monotonic() - looked > LOOK:
                    looked = time.monotonic()
                    if not look():
                        return
            except KeyboardInterrupt:
                self.interrupts += 1
                if self.interrupts > 1:
                    self._on_each(end_rank, self._name, "distributed.fit: interrupted by Ctrl-C")
                    raise
                self._on_each(stop_rank, self._name, only=1)

    def _look_after(self) -> bool:
        """Go on as long as all workers are there."""
        for rank in self._lost():
            raise RankError(_gone(rank, self._addresses[rank]))
        return True

    def _lost(self) -> list[int]:
        """Return the ranks whose workers the scheduler has no more."""
        try:
            there = self._client.nthreads()
        except Exception as error:
            raise RankError(f"distributed.fit: the scheduler does not answer ({type(error).__name__})") from error
        return [rank for rank, address in enumerate(self._addresses) if address not in there]

    def _on_each(self, function: Callable[..., None], *arguments: Any, only: int | None = None) -> None:
        """Call a function on each worker that is there; one that does not answer is not waited for."""
        with contextlib.suppress(Exception):
            there = self._client.nthreads()
            calls = [
                threading.Thread(target=self._quietly, args=(address, function, *arguments), daemon=True)
                for address in self._addresses[:only]
                if address in there
            ]
            for call in calls:
                call.start()
            for call in calls:
                call.join(2)

    def _quietly(self, address: str, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(Exception):
            self._client.run(function, *arguments, workers=[address], on_error="ignore")


def _is_future(value: Any) -> bool:
    from distributed import Future

    return isinstance(value, Future)


def _has_futures(value: Any) -> bool:
    return isinstance(value, tuple) and any(_is_future(part) for part in value)


def _gone(rank: int, address: str, why: str = "") -> str:
    return gone(rank, f"is gone, with its worker {address}; all others were stopped{why}")
