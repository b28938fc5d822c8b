"""A rank of a training on a worker of Dask: its mailbox, its blocks, and the way from worker to worker.

    the worker's event loop ── layerwise_give ──► mailbox ──► the task, in a thread of the worker

A worker has a `_Post` for each training that it has a rank of. All arrays go by Dask's own connections between workers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from concurrent.futures import Future, TimeoutError
from typing import Any

from layerwise.data.streams.frames import part_of_frame
from layerwise.distributed.communicator import PairwiseCommunicator
from layerwise.distributed.executor import RankError
from layerwise.distributed.mailbox import Mailbox
from layerwise.distributed.partitions import Partitions
from layerwise.distributed.remote import ANSWER, PATIENCE, LostError, Outcome, gone, run_rank
from layerwise.engine.threads import share
from layerwise.typing import Array

_STORE = "layerwise_trainings"  # the attribute of a worker that has them
_OVER = "distributed.fit: the training is over"


class _Post:
    """What a worker has of a training: the mailbox of its rank, and the blocks of its shards."""

    def __init__(self, rank: int) -> None:
        self.rank, self.mailbox = rank, Mailbox()
        self.blocks: dict[tuple[int, int], Any] = {}


def open_post(run: str, addresses: list[str], dask_worker: Any) -> None:
    """Make room on a worker for its rank of a training."""
    store = dask_worker.__dict__.setdefault(_STORE, {})
    store[run] = _Post(addresses.index(dask_worker.contact_address))

    def give(run: str, source: int, number: int, data: Array) -> str:
        post = store.get(run)
        return _OVER if post is None else post.mailbox.put(source, number, data)

    def close(run: str, reason: str) -> None:
        if run in store:
            store[run].mailbox.close(reason)

    def ask(run: str) -> str:
        return _OVER if run not in store else store[run].mailbox.closed

    for name, handler in (("give", give), ("close", close), ("ask", ask)):
        dask_worker.handlers[f"layerwise_{name}"] = handler


def close_post(run: str, dask_worker: Any) -> None:
    """Forget a training."""
    store = dask_worker.__dict__.get(_STORE, {})
    post = store.pop(run, None)
    if post is not None:
        post.mailbox.close(_OVER)
    if not store:
        for name in ("give", "close", "ask"):
            dask_worker.handlers.pop(f"layerwise_{name}", None)


def end_rank(run: str, reason: str, dask_worker: Any) -> None:
    """Let a rank fail."""
    dask_worker.handlers["layerwise_close"](run, reason)


def stop_rank(run: str, dask_worker: Any) -> None:
    """Let a rank, and so all of them, end early."""
    dask_worker.__dict__[_STORE][run].mailbox.stop()


def topic(run: str) -> str:
    """Return the topic of the lines that rank 0 shows."""
    return f"layerwise-{run}"


def _post(run: str) -> tuple[Any, _Post]:
    from distributed import get_worker

    worker = get_worker()
    post = worker.__dict__.get(_STORE, {}).get(run)
    if post is None:
        raise RankError(f"distributed.fit: the worker {worker.address} was started anew while the training ran")
    return worker, post


def hold(run: str, shard: int, number: int, names: Any, targets: Any, X: Any, y: Any, weights: Any) -> None:
    """Keep a block of a shard until the training reads it."""
    if names is not None:
        X, *found = part_of_frame(X, names, targets)
        y = found[0] if found else y
    _post(run)[1].blocks[shard, number] = (X, y) if weights is None else (X, y, weights)


def rank_of(run: str, addresses: list[str], packed: bytes, data: dict[str, Any], shards: Sequence[int]) -> Outcome:
    """Do the part of one rank."""
    import cloudpickle

    from distributed import secede

    worker, post = _post(run)
    secede()  # other tasks go on; and two trainings never wait for each other's workers
    if shards:
        own = [[post.blocks.pop(key) for key in sorted(post.blocks) if key[0] == shard] for shard in shards]
        data = {**data, "X": Partitions(own)}
        del own  # Partitions lets go of what was read
    communicator = DaskCommunicator(run, post, worker, addresses)

    def tell(line: str) -> None:
        worker.log_event(topic(run), line)

    threads = max(1, min(worker.state.nthreads, share()))
    return run_rank(communicator, packed, data, post.mailbox, tell, cloudpickle.dumps, threads)


class DaskCommunicator(PairwiseCommunicator):
    """A rank on a worker of Dask: arrays go from worker to worker, by the connections that Dask has between them.

    Parameters
    ----------
    run : str
        The name of the training.
    post : _Post
        The worker's.
    worker : distributed.Worker
        Where this rank is.
    addresses : list of str
        The workers of all ranks.
    """

    has_own_cores = True

    def __init__(self, run: str, post: _Post, worker: Any, addresses: list[str]) -> None:
        super().__init__(post.rank, len(addresses))
        self._run, self._mailbox, self._worker, self._addresses = run, post.mailbox, worker, addresses
        self._loop = worker.loop.asyncio_loop
        self._numbers = [0] * self.size
        self._shares = worker.address.startswith("inproc:")  # then arrays are handed over, not copied

    def exchange(self, partner: int, send: Array, receive: Array) -> None:
        """Give an array to another rank, and take its one."""
        number = self._numbers[partner]
        self._numbers[partner] += 1
        sending = self._start(self._give(partner, number, send.copy() if self._shares else send))
        try:
            receive[:] = self._mailbox.take(partner, number, lambda: self._ask(partner), PATIENCE)
            while not sending.done():
                with contextlib.suppress(TimeoutError):
                    sending.result(PATIENCE)
                    break
                self._ask(partner)
        except BaseException:
            sending.cancel()
            raise

    def _start(self, work: Any) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _give(self, partner: int, number: int, array: Array) -> None:
        from distributed.protocol import to_serialize

        try:
            refused = await self._worker.rpc(self._addresses[partner]).layerwise_give(
                run=self._run, source=self.rank, number=number, data=to_serialize(array)
            )
            if refused:
                self._mailbox.close(refused)
        except Exception as error:
            self._mailbox.close(self._lost(partner, error))

    def _ask(self, partner: int) -> None:
        """Raise an error if the other rank does not answer or has ended."""

        async def ask() -> str:
            answer = self._worker.rpc(self._addresses[partner]).layerwise_ask(run=self._run)
            return str(await asyncio.wait_for(answer, ANSWER))

        try:
            ended = self._start(ask()).result()
        except Exception as error:
            reason = self._lost(partner, error)
            self._tell_all(reason)
            raise LostError(reason, partner) from None
        if ended:
            raise RankError(ended)

    def _lost(self, partner: int, error: Exception) -> str:
        where = f"on the worker {self._addresses[partner]}, does not answer ({type(error).__name__})"
        return gone(partner, f"{where}; rank {self.rank} stops")

    def _tell_all(self, reason: str) -> None:
        """Let the other ranks stop too, whether or not the caller is still there."""

        async def close(address: str) -> None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._worker.rpc(address).layerwise_close(run=self._run, reason=reason), ANSWER)

        for rank, address in enumerate(self._addresses):
            if rank != self.rank:
                self._start(close(address))
