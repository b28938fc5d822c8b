"""Data of which each rank has a part: they stay where they are, and only what sums them up is sent.

blocks of a shard ── Scan ──► survey ──┐
                                       ├─ exchanged, merged in the order of the shards ──► classes, scaling, weights
blocks of a shard ── Scan ──► survey ──┘
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from layerwise.data.rows import Rows
from layerwise.data.streams.scan import Scan
from layerwise.data.streams.source import Iterated
from layerwise.data.streams.survey import Survey
from layerwise.data.streams.window import Stream
from layerwise.data.targets import Targets
from layerwise.engine.plan import Plan
from layerwise.engine.sparse import rows_for
from layerwise.errors import DataError
from layerwise.network.call import Call
from layerwise.network.network import Network
from layerwise.network.preparing import Data
from layerwise.training.evaluation import watches_training
from layerwise.typing import Array

_ALL = 2**62  # rows that may be kept


class Partitions:
    """The data of one rank, for the X of `distributed.fit`.

    Each shard contributes its share of rows to each batch, in an order of its own. So the result depends on the shards,
    but not on which rank has them.

    Parameters
    ----------
    shards : iterable of sequences of (X, y) or (X, y, weights)
        The blocks of each shard of this rank.
    """

    def __init__(self, shards: Iterable[Sequence[Any]]) -> None:
        self.shards = [list(blocks) for blocks in shards]


class _Shard(Iterated):
    """The blocks of a shard.

    Parameters
    ----------
    number : int
        Of the shard.
    blocks : list
        What it has.
    """

    def __init__(self, number: int, blocks: list[Any]) -> None:
        super().__init__(lambda: blocks)
        self._number = number

    def label(self, block: int) -> str:
        """Return what errors call a block."""
        return f"shard {self._number}, block {block}"


class Parts:
    """The shards of a rank: arrays, and what their first pass has found.

    Parameters
    ----------
    given : Partitions
        Their blocks.
    own : range
        Which of all shards they are.
    network, call
        Those of the fit.

    Attributes
    ----------
    surveys : list of Survey
        Of each of them.
    sizes : list of int
        The rows of all shards, once they are brought together.
    """

    def __init__(self, given: Partitions, own: range, network: Network, call: Call) -> None:
        self._check(given, own, call)
        scaling, plan = network.scaling, network.plan
        self._scans, sources = [], []
        for shard, blocks in zip(own, given.shards, strict=True):
            source = _Shard(shard, blocks)
            sources.append(source)
            self._scans.append(
                Scan(
                    source,
                    network.dtype,
                    _ALL,
                    moments=scaling is not None and scaling.offset is None,
                    n_in=None if plan is None else plan.n_in,
                    columns=network.column_names,
                    name=f"fit: shard {shard}",
                )
            )
            given.shards[shard - own.start].clear()  # the scan has copies: nothing is there twice
        self.surveys = [scan.survey for scan in self._scans]
        self.sizes: list[int] = []
        self._given, self._source = call.given, sources[0]

    @staticmethod
    def _check(given: Partitions, own: range, call: Call) -> None:
        if len(given.shards) != len(own):
            raise DataError(
                f"distributed.fit: Partitions must have the blocks of this rank's {len(own)} shards; got those of "
                f"{len(given.shards)}"
            )
        for name in ("y", "sample_weight", "validation_split", "augmentation"):
            if getattr(call.given, name) is not None:
                raise DataError(
                    f"distributed.fit: {name} is not possible where each rank has a part of the data: give it in the "
                    "blocks, (X, y, weights), or as validation_data"
                )
        watched = watches_training(getattr(watcher, "monitor", None) for watcher in call.watchers)
        no_others = bool(call.metrics) and call.given.validation_data is None
        if call.given.train_metrics or watched or no_others:
            raise DataError(
                "distributed.fit: of Partitions the training data are not measured after each epoch: give "
                "validation_data, and monitor a column of it"
            )
        if callable(call.given.shuffle):
            raise DataError("distributed.fit: each shard of Partitions has an order of its own; give shuffle=True")

    def bring_together(self, surveys: Sequence[Survey]) -> Stream:
        """Return what stands for all rows, from the surveys of all shards in their order."""
        found = surveys[0]
        for shard, survey in enumerate(surveys[1:], 1):
            found = found.merge(survey, f"shard {shard}")
        self.sizes = [survey.rows for survey in surveys]
        self._given.y = self._given.sample_weight = None
        first = self._scans[0]
        stream = Stream(self._source, found, self.sizes, first.sample, _ALL)
        self._given.X = stream
        return stream

    def rows(self, network: Network, plan: Plan, data: Data) -> tuple[Rows, Targets]:
        """Return the rows that are here, one shard after the other, ready to be learned from."""
        kept = [scan.kept for scan in self._scans if scan.kept is not None]
        X, y, weights = (_joined(parts) for parts in zip(*kept, strict=True))
        targets: Targets = data.X.encode(y, weights, "y")
        self._scans.clear()
        assert X is not None
        return rows_for(plan, X, data.scaler, network.dtype, self._given.batch_size), targets


def _joined(parts: Sequence[Array | None]) -> Array | None:
    there = [part for part in parts if part is not None]
    return np.concatenate(there) if there else None
