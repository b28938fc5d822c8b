"""What ranks do for each other around a fit: they agree on it before, and end it together.

begin              one seed; threads shared out; files and progress are the first rank's
newest_checkpoint  the first rank's file, for all
agree              version, instruction set, data, network and arguments are compared
Farewell           at the end, on every way out: no rank waits for one that is gone
"""

from __future__ import annotations

import copy
import json
import os
import pickle
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import layerwise
from layerwise.data.rows import Rows
from layerwise.data.streams.window import Stream
from layerwise.data.targets import Targets
from layerwise.distributed.communicator import Communicator, gather
from layerwise.distributed.executor import DistributedExecutor, RankError
from layerwise.distributed.layout import Layout, PartedLayout, WholeLayout, check_shards, own_shards
from layerwise.distributed.local_steps import LocalExecutor, LocalSteps, OuterMomentum, own_rows
from layerwise.distributed.partitions import Partitions, Parts
from layerwise.engine import native_engine
from layerwise.engine.choice import executor
from layerwise.engine.executor import Executor
from layerwise.engine.plan import Plan
from layerwise.engine.threads import share
from layerwise.errors import DataError
from layerwise.network.call import Call
from layerwise.network.custom import KEY
from layerwise.network.network import Network
from layerwise.network.preparing import Data
from layerwise.network.resuming import Found, newest_checkpoint, read_checkpoint
from layerwise.network.settings import Difference, Settings, describe, differences
from layerwise.parts.layers import BatchNorm
from layerwise.training.callbacks import Callback, Checkpoint, CSVLog, Progress, TensorBoard
from layerwise.training.loop import Training

_APART = 0x9E3779B97F4A7C15
_OF_FIRST = (Checkpoint, CSVLog, Progress, TensorBoard)  # which write or show


class Ranks:
    """The processes of a training, as one of them sees them.

    Parameters
    ----------
    communicator : Communicator
        This rank's.
    shards : int
        Of a batch.
    local_steps : LocalSteps, optional
        Average weights every so many steps, in place of gradients at each.
    overlap : bool, optional
        Sum up gradients while others are made; by default where there are several hosts.
    """

    def __init__(
        self,
        communicator: Communicator,
        shards: int,
        local_steps: LocalSteps | None = None,
        overlap: bool | None = None,
    ) -> None:
        self.communicator, self.shards, self.local_steps = communicator, shards, local_steps
        self.overlap, self._several_hosts = overlap, False
        self.rank, self.size = communicator.rank, communicator.size
        self.executor_at_work: DistributedExecutor | LocalExecutor | None = None
        self._places = ""
        self._parts: Parts | None = None

    # ---------------------------------------------------------------- messages

    def exchange(self, stage: str, message: dict[str, Any], payload: bytes = b"") -> list[tuple[dict[str, Any], bytes]]:
        """Return what every rank says at this stage of the beginning.

        Raises
        ------
        RankError
            A rank has failed, or is at another stage.
        """
        own = json.dumps({"stage": stage, **message}).encode() + b"\n" + payload
        parts = [each.partition(b"\n") for each in gather(self.communicator, own)]
        found = [(json.loads(head), rest) for head, _, rest in parts]
        for rank, (said, _) in enumerate(found):
            if said["stage"] == "failed" and stage != "failed":
                raise RankError(f"distributed.fit: rank {rank} failed before its first step: {said['error']}")
        stages = {said["stage"] for said, _ in found if said["stage"] != "failed"}
        if len(stages) > 1:
            raise RankError(f"distributed.fit: the ranks are at different places of the program: {sorted(stages)}")
        return found

    def fail(self, error: BaseException) -> None:
        """Tell the others that this rank does not come to its first step."""
        self.exchange("failed", {"error": f"{type(error).__name__}: {error}"})

    # ---------------------------------------------------------------- the beginning

    def begin(self, network: Network, call: Call) -> None:
        """Bring the seeds together, and leave what writes files or shows progress to the first rank."""
        seeded = network.random_state is not None
        place = {"host": platform.node(), "process": os.getpid()}
        said = self.exchange("begin", {"seeded": seeded, "seed": network.seed, **place})
        if not any(each["seeded"] for each, _ in said) and network.plan is None:
            network.seed = said[0][0]["seed"]
        here = sum(each["host"] == platform.node() for each, _ in said)
        self._several_hosts = here < self.size
        own = getattr(self.communicator, "has_own_cores", False)
        if call.given.n_threads is None:
            call.given.n_threads = share() if own else max(1, share() // here)
        if call.given.verbose and not self.rank and self.size > 1 and not own:
            places = (f"rank {i} is process {each['process']} on {each['host']}" for i, (each, _) in enumerate(said))
            self._places = f"{self.size} ranks: {', '.join(places)}"
        if self.local_steps is None:
            check_shards(self.shards, self.size, call.given.batch_size)
        else:
            self._check_local(call)
        if self.rank:
            call.watchers = [each for each in call.watchers if not (isinstance(each, _OF_FIRST) or each.only_looks)]

    def open(self, network: Network, call: Call) -> Stream | None:
        """Look at data of which each rank has a part; None where all ranks have all of them."""
        if not isinstance(call.given.X, Partitions):
            return None
        own = own_shards(self.shards, self.rank, self.size)
        self._parts = parts = Parts(call.given.X, own, network, call)
        said = self.exchange("survey", {}, pickle.dumps(parts.surveys))
        return parts.bring_together([survey for _, payload in said for survey in pickle.loads(payload)])

    def rows(self, network: Network, plan: Plan, data: Data) -> tuple[Rows, Targets] | None:
        """Return the part that is here; None where that is all."""
        return None if self._parts is None else self._parts.rows(network, plan, data)

    def newest_checkpoint(self, watchers: Sequence[Callback], parts: Sequence[Any]) -> Found | None:
        """The first rank's, for all of them: its file need not be where the others are."""
        found = None if self.rank else newest_checkpoint(watchers, parts)
        payload = b"" if found is None else found.path.read_bytes()
        _, content = self.exchange("checkpoint", {}, payload)[0]
        if self.rank and content:
            handle, name = tempfile.mkstemp(suffix=".safetensors")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                found = read_checkpoint(Path(name), parts)
            finally:
                os.unlink(name)
        return found

    def agree(self, network: Network, settings: Settings) -> None:
        """Refuse ranks that were called with other settings.

        Raises
        ------
        DataError
            Names all that differs from the first rank's.
        """
        if self.local_steps is None:
            settings["shards"] = self.shards
        else:
            settings |= {"local_steps": describe(self.local_steps), "ranks": self.size}
        native = native_engine.WHY_NOT == ""
        about = {
            "layerwise": layerwise.__version__,
            "instruction set": native_engine.isa() if native else "none",
            "weights": network.fingerprint,
            "epochs": settings.get("epochs"),
            "overlap": self.overlap,
        }
        settings["callbacks"] = {name: _by_class(each) for name, each in settings["callbacks"].items()}
        said = self.exchange("agree", {"settings": settings, "about": about})
        first, problems = said[0][0], []
        for rank, (each, _) in enumerate(said):
            found = [
                f"{name}: {first['about'][name]} on rank 0, {value} on rank {rank}"
                for name, value in each["about"].items()
                if value != first["about"][name]
            ]
            found += [_shown(other, rank) for other in differences(first["settings"], each["settings"])]
            problems += found
        if problems:
            cure = ""
            if any("instruction set" in text for text in problems):
                cure = ". Set LAYERWISE_ISA to the same instruction set on all hosts"
            if any("weights" in text or "random_state" in text for text in problems):
                cure = ". Give every rank's network the same random_state"
            raise DataError(f"distributed.fit: the ranks were started differently: {'; '.join(problems)}{cure}")
        if self._places:
            print(self._places, file=sys.stderr, flush=True)  # a launcher names processes
        settings.update(first["settings"])  # what a checkpoint is compared with is the first rank's

    # ---------------------------------------------------------------- the steps

    def layout(self, call: Call, network: Network, rows: Rows) -> Layout:
        """Which rows of each step are whose."""
        own = own_shards(self.shards, self.rank, self.size)
        if self._parts is not None:
            seed = network.seed if call.given.shuffle else None
            return PartedLayout(self._parts.sizes, call.given.batch_size, own, seed)
        return WholeLayout(len(rows), call.given.batch_size, self.shards, own)

    def executor(self, call: Call, network: Network, plan: Plan, rows: Rows, targets: Targets) -> Executor:
        """What does this rank's part of each step."""
        self._check(plan, targets)
        arguments = call, network, plan, rows, targets
        found = self._synchronous(*arguments) if self.local_steps is None else self._local(*arguments)
        call.watchers.append(Farewell(self))
        self.executor_at_work = found
        return found

    def _synchronous(
        self, call: Call, network: Network, plan: Plan, rows: Rows, targets: Targets
    ) -> DistributedExecutor:
        layout, given = self.layout(call, network, rows), call.given
        parameters, size = network.built()[1], layout.shard_size
        inner = executor(given.engine, given.n_threads, plan, parameters, rows, targets, size, network.key)
        overlap = self._several_hosts if self.overlap is None else self.overlap
        return DistributedExecutor(self.communicator, layout, inner, overlap)

    def _local(self, call: Call, network: Network, plan: Plan, rows: Rows, targets: Targets) -> LocalExecutor:
        assert self.local_steps is not None
        given, own = call.given, own_rows(rows, self.rank, self.size)
        here, parameters = copy.copy(rows), network.built()[1]
        here.X = rows.X[own]
        size, key = given.batch_size // self.size, (network.key + self.rank * _APART) % 2**64  # other masks on each
        inner = executor(given.engine, given.n_threads, plan, parameters, here, targets.part(own), size, key)
        momentum = OuterMomentum()
        call.watchers.append(momentum)
        seed = network.seed if given.shuffle else None
        return LocalExecutor(self.communicator, inner, self.local_steps, momentum, len(rows) // self.size, seed)

    def _check_local(self, call: Call) -> None:
        if isinstance(call.given.X, Partitions):
            raise DataError("distributed.fit: local_steps are for data that all ranks have, not for Partitions")
        if call.given.batch_size % self.size:
            raise DataError(
                f"distributed.fit: batch_size={call.given.batch_size} must be a multiple of the {self.size} ranks"
            )
        if callable(call.given.shuffle):
            raise DataError("distributed.fit: with local_steps each rank draws an order of its own; give shuffle=True")
        for each in call.watchers:
            if each.changes_weights:
                raise DataError(
                    f"distributed.fit: {type(each).__name__} follows the weights from step to step, and with "
                    "local_steps each rank has others; leave it out"
                )
            if isinstance(each, Checkpoint) and not each.at_epochs:
                raise DataError(
                    "distributed.fit: with local_steps the ranks have the same weights at the end of epochs alone; "
                    "give Checkpoint(every='epoch')"
                )

    @staticmethod
    def _check(plan: Plan, targets: Targets) -> None:
        if targets.weights is not None and not targets.by_rows:
            raise DataError("distributed.fit: SampleWeights(by_rows=False) is not possible on several ranks")
        for stage in plan.stages:
            if stage.layer.statistics and type(stage.layer) is not BatchNorm:
                raise DataError(
                    f"distributed.fit: {stage} has statistics of its own, which ranks cannot bring together"
                )


def _by_class(callback: Any) -> Any:
    """A custom callback by its class alone: it may look at its rank."""
    return {"type": callback["type"]} if isinstance(callback, dict) and KEY in callback else callback


def _shown(other: Difference, rank: int) -> str:
    """A setting that is not what it is on rank 0."""
    text = str(other)
    if text.endswith(" now") and " then, " in text:
        return text.removesuffix(" now").replace(" then, ", " on rank 0, ") + f" on rank {rank}"
    return f"{text} on rank {rank}"


class Farewell(Callback):
    """Lets all ranks end together: one that ends in any way says so, in place of a step.

    Parameters
    ----------
    ranks : Ranks
        Those of the training.
    """

    only_looks = True

    def __init__(self, ranks: Ranks) -> None:
        self._ranks = ranks

    def on_fit_begin(self, run: Training) -> None:
        """Let what another rank says stop this one."""
        engine: Any = run.engine
        engine.on_leave = run.stop

    def on_fit_end(self, run: Training) -> None:
        """Say that this rank makes no further step; if none does, compare the weights."""
        engine: Any = run.engine
        theta = run.parameters.theta
        kept = None if run.last_weights is None else theta.copy()  # such as the best epoch's
        all_end = engine.leave(run.stopping == "interrupt", run.history.stopped_by == "error")
        if kept is not None:
            theta[...] = kept
        if all_end:
            said = self._ranks.exchange("end", {"weights": run.network.fingerprint})
            others = [rank for rank, (each, _) in enumerate(said) if each["weights"] != said[0][0]["weights"]]
            if others:
                raise RankError(
                    f"distributed.fit: the weights of rank {others[0]} are not those of rank 0 at the end. A callback "
                    "changes them on some ranks alone"
                )


def guarded(ranks: Ranks, fit: Callable[[], Any]) -> Any:
    """Run a fit; if it fails before its first step, tell the other ranks."""
    try:
        return fit()
    except RankError:
        raise
    except BaseException as error:
        if ranks.executor_at_work is None:
            ranks.fail(error)
        else:  # which has told them already, unless it did not begin
            ranks.executor_at_work.leave(interrupted=False, failed=True)
        raise
