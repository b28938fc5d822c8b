"""A training on actors of Ray: `distributed.fit(ray, …, n_ranks=4)`.

    arrays ── put once ──┐                                          each actor reads them where it is, or its shards
    Dataset ── split ────┴─► references ──► actors, one a rank      nothing comes to the caller
    actors: arrays by `put` of the other's mailbox; the caller looks after them meanwhile

`ray_blocks.py` has the data.

The actors are placed all together or not at all, and are gone when the training has ended in any way.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from layerwise.distributed.communicator import PairwiseCommunicator
from layerwise.distributed.executor import RankError
from layerwise.distributed.layout import check_shards, own_shards
from layerwise.distributed.mailbox import Mailbox
from layerwise.distributed.partitions import Partitions
from layerwise.distributed.ray_blocks import Blocks, is_dataset, placed, read
from layerwise.distributed.remote import (
    ANSWER,
    DATA,
    ENDING,
    LOOK,
    PATIENCE,
    LostError,
    Outcome,
    count_ranks,
    first_error,
    gone,
    note,
    pack,
    run_rank,
    take_back,
    why_all_stop,
)
from layerwise.distributed.training import arguments_of_fit
from layerwise.errors import DataError
from layerwise.network.network import Network
from layerwise.training.callbacks.history import History
from layerwise.training.interrupts import say
from layerwise.typing import Array

_ROOM = 60.0  # seconds within which the cluster must have room for all ranks


# ---------------------------------------------------------------- a rank


class _Rank:
    """The actor of a rank."""

    def __init__(self, rank: int) -> None:
        self._rank, self._mailbox = rank, Mailbox()
        self._lines: list[str] = []

    def put(self, source: int, number: int, array: Array) -> str:
        """Take in an array from another rank."""
        return self._mailbox.put(source, number, array)

    def ask(self) -> str:
        """Return why this rank is at an end; nothing while it is at work."""
        return self._mailbox.closed

    def close(self, reason: str) -> None:
        """Let this rank fail."""
        self._mailbox.close(reason)

    def stop(self) -> None:
        """Let this rank, and so all of them, end early."""
        self._mailbox.stop()

    def lines(self) -> list[str]:
        """Return what is to be shown since it was last asked for."""
        found, self._lines = self._lines, []
        return found

    def run(
        self, actors: list[Any], packed: bytes, data: dict[str, Any], shards: list[Any] | None, cpus: int
    ) -> Outcome:
        """Do the part of this rank."""
        import ray

        held = {name: read(value) for name, value in data.items()}
        if shards is not None:
            held["X"] = Partitions([[block.read() for block in blocks] for blocks in shards])
        communicator = RayCommunicator(self._rank, actors, self._mailbox)
        return run_rank(communicator, packed, held, self._mailbox, self._tell, ray.cloudpickle.dumps, cpus)

    def _tell(self, line: str) -> None:
        self._lines.append(line)


_OF_OTHERS = ("put", "ask", "close", "stop", "lines")  # called while `run` is at work


class RayCommunicator(PairwiseCommunicator):
    """A rank that is an actor of Ray: arrays go as arguments of calls, long ones by the object store.

    Parameters
    ----------
    rank : int
        This one.
    actors : list of ray.actor.ActorHandle
        All of them.
    mailbox : Mailbox
        Of this one.
    """

    has_own_cores = True

    def __init__(self, rank: int, actors: list[Any], mailbox: Mailbox) -> None:
        super().__init__(rank, len(actors))
        self._actors, self._mailbox = actors, mailbox
        self._numbers = [0] * self.size

    def exchange(self, partner: int, send: Array, receive: Array) -> None:
        """Give an array to another rank, and take its one."""
        number = self._numbers[partner]
        self._numbers[partner] += 1
        self._actors[partner].put.remote(self.rank, number, send)  # copied before the call returns
        receive[:] = self._mailbox.take(partner, number, lambda: self._ask(partner), PATIENCE)

    def _ask(self, partner: int) -> None:
        """Raise an error if the other rank does not answer or has ended."""
        import ray

        try:
            ended = ray.get(self._actors[partner].ask.remote(), timeout=ANSWER)
        except Exception as error:
            reason = gone(partner, f"does not answer ({type(error).__name__}); rank {self.rank} stops")
            for rank, actor in enumerate(self._actors):
                if rank not in (partner, self.rank):
                    actor.close.remote(reason)
            raise LostError(reason, partner) from None
        if ended:
            raise RankError(ended)


# ---------------------------------------------------------------- what is asked for


def fit_on_ray(
    ray: Any, network: Network, X: Any, y: Any, arguments: Mapping[str, Any], n_ranks: int | None, **options: Any
) -> History:
    """Train a network on actors.

    Parameters
    ----------
    ray : module
        With `ray.init` called.
    network : Network
        What is trained; only here is it changed.
    X, y : object
        Arrays; or a Dataset, and names of its columns.
    arguments : dict
        Those of `Network.fit` besides. `n_threads` is how many CPUs an actor has.
    n_ranks : int, optional
        How many actors; by default as many as there are nodes, or the power of two below.
    **options
        shards and local_steps.
    """
    if not ray.is_initialized():
        raise DataError("distributed.fit: Ray is not at work; call ray.init() first")
    given = arguments_of_fit(network, X, y, arguments)
    packed = pack(network, given, options, ray.cloudpickle.dumps)
    n, cpus = _places(ray, n_ranks, options["shards"], given["n_threads"])
    data: dict[str, Any] = dict.fromkeys(DATA)
    shards, targets = None, None
    if is_dataset(X):
        check_shards(options["shards"], n, int(given["batch_size"]))
        blocks = Blocks(X, y, given["sample_weight"])
        shards, targets = blocks.shards(options["shards"]), blocks.targets
    else:
        data |= {name: ray.put(given[name]) for name in DATA[:3] if given[name] is not None}
    data["validation_data"] = placed(ray, given["validation_data"], targets)
    with _Run(ray, n, cpus) as run:
        outcomes = run.train(packed, data, shards, bool(given["verbose"]))
    error = first_error(outcomes)
    if outcomes[0].network:
        history = take_back(network, given["callbacks"], outcomes[0])
    if error is not None:
        raise error
    if history.stopped_by == "interrupt" and run.interrupts:
        say(f"in epoch {len(history)} of {given['epochs']}")
    return history


def _places(ray: Any, n_ranks: int | None, shards: int, n_threads: int | None) -> tuple[int, int]:
    """Return how many actors there are, and how many CPUs each has."""
    nodes = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    nodes = [cpus for cpus in nodes if cpus]
    there = sum(cpus // (n_threads or 1) for cpus in nodes) if n_ranks else len(nodes)
    n = count_ranks(n_ranks, there, shards, f"places of {n_threads or 1} CPUs in the cluster of Ray")
    return n, n_threads or max(1, min(sum(nodes) // n, *nodes))


class _Run:
    """A training, as the caller sees it.

    Parameters
    ----------
    ray : module
    n, cpus : int
        How many actors there are, and how many CPUs each has.
    """

    def __init__(self, ray: Any, n: int, cpus: int) -> None:
        self._ray, self._n, self._cpus = ray, n, cpus
        self._actors: list[Any] = []
        self.interrupts = 0

    def __enter__(self) -> _Run:
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        ray = self._ray
        self._group = placement_group([{"CPU": self._cpus}] * self._n, strategy="SPREAD")
        try:
            if not self._group.wait(_ROOM):
                raise RankError(
                    f"distributed.fit: Ray has had no room for {self._n} ranks of {self._cpus} CPUs in {_ROOM:g} s; "
                    "other work has them. Give n_ranks= or n_threads= to take fewer"
                )
            for name in _OF_OTHERS:
                ray.method(concurrency_group="others")(getattr(_Rank, name))
            kind = ray.remote(concurrency_groups={"others": 4})(_Rank)
            for rank in range(self._n):
                place = PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=rank)
                actor = kind.options(
                    num_cpus=self._cpus, max_restarts=0, max_task_retries=0, scheduling_strategy=place
                )  # fmt: skip
                self._actors.append(actor.remote(rank))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        from ray.util.placement_group import remove_placement_group

        for actor in self._actors:
            with contextlib.suppress(Exception):
                self._ray.kill(actor)
        with contextlib.suppress(Exception):
            remove_placement_group(self._group)
        self._actors = []

    def train(self, packed: bytes, data: dict[str, Any], shards: Any, shows: bool) -> list[Outcome]:
        """Run all ranks, and return what they end with."""
        ray, actors, n = self._ray, self._actors, self._n
        arguments, ranks = ray.put(packed), {}
        for rank, actor in enumerate(actors):
            own = None if shards is None else [shards[s] for s in own_shards(len(shards), rank, n)]
            ranks[actor.run.remote(actors, arguments, data, own, self._cpus)] = rank
        found: dict[int, Outcome] = {}
        due = 0.0
        while len(found) < n and not (due and time.monotonic() > due):
            try:
                done, _ = ray.wait([ref for ref, rank in ranks.items() if rank not in found], timeout=LOOK)
                for ref in done:
                    rank = ranks[ref]
                    outcome = self._outcome(ref, rank)
                    note(found, rank, outcome)
                    if outcome.error is not None and not due:
                        due = time.monotonic() + ENDING
                        self._on_others(rank, "close", why_all_stop(rank, outcome.error))
                if shows and not due:
                    self._show()
            except KeyboardInterrupt:
                self.interrupts += 1
                if self.interrupts > 1:
                    raise
                actors[0].stop.remote()
        late = RankError("distributed.fit: has not ended in time, after another rank had failed")
        return [found.get(rank) or Outcome(late) for rank in range(n)]

    def _outcome(self, ref: Any, rank: int) -> Outcome:
        try:
            found: Outcome = self._ray.get(ref)
        except Exception as error:  # Ray's: the actor died, or was never started
            what = str(error).strip().partition("\n")[0]
            return Outcome(RankError(gone(rank, f"is gone, with its actor; all others were stopped ({what})")))
        return found

    def _on_others(self, rank: int, name: str, *arguments: Any) -> None:
        for other, actor in enumerate(self._actors):
            if other != rank:
                getattr(actor, name).remote(*arguments)

    def _show(self) -> None:
        """Print what rank 0 has to show."""
        with contextlib.suppress(Exception):
            for line in self._ray.get(self._actors[0].lines.remote(), timeout=LOOK):
                print(line, flush=True)
