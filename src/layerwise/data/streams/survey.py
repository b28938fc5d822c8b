"""What one pass over the blocks learns of a data set: a small summary that can be merged and sent.

    block ── Survey.of ──┐
    block ── Survey.of ──┴─ a.merge(b) ──► rows, widths, type, range, means, labels, weights

It is made of numbers, names and short arrays, so that it can be pickled and sent between processes. Merged in the order
of the blocks, the same blocks give the same bits, whoever read them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.streams.target_survey import TargetSurvey
from layerwise.data.units import Range, joined, range_of
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

_ROWS = 4096  # summed up together in float64


@dataclass
class Moments:
    """Counts, extremes, means and squared deviations of columns, as scalers learn from them.

    Attributes
    ----------
    count : int
        Rows.
    low, high : array (n_in,)
    mean : float64 array (n_in,)
    square : float64 array (n_in,)
        Σ (x - mean)².
    """

    count: int
    low: Array
    high: Array
    mean: Array
    square: Array

    @staticmethod
    def of(X: Array) -> Moments:
        """Return those of the columns of X, summed up in float64 some rows at a time."""
        found: Moments | None = None
        for start in range(0, len(X), _ROWS):
            part = X[start : start + _ROWS]
            mean = part.mean(axis=0, dtype=np.float64)
            rest = part - mean
            one = Moments(len(part), part.min(axis=0), part.max(axis=0), mean, np.einsum("ij,ij->j", rest, rest))
            found = one if found is None else found.merge(one)
        assert found is not None
        return found

    def merge(self, other: Moments) -> Moments:
        """Return those of both (Chan, Golub, LeVeque 1983)."""
        n = self.count + other.count
        delta = other.mean - self.mean
        return Moments(
            n,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.mean + delta * (other.count / n),
            self.square + other.square + delta * delta * (self.count * (other.count / n)),
        )


@dataclass
class Survey:
    """What is known of some blocks.

    Attributes
    ----------
    rows, blocks : int
        How many there are.
    n_in : int
        Columns of X.
    dtype : str
        The type of X.
    columns, target_columns : list of str, optional
        Names.
    range : (float, float)
        The least and the greatest value of X.
    moments : Moments, optional
        Of the columns, where they were asked for.
    targets : TargetSurvey, optional
    has_weights : bool
        Whether rows have weights.
    weight, greatest : float
        Their sum, and the greatest of them.
    """

    rows: int
    blocks: int
    n_in: int
    dtype: str
    columns: list[str] | None
    target_columns: list[str] | None
    range: Range
    moments: Moments | None
    targets: TargetSurvey | None
    has_weights: bool = False
    weight: float = 0.0
    greatest: float = 0.0

    @staticmethod
    def of(
        X: Array,
        y: Array | None = None,
        weights: Array | None = None,
        *,
        moments: bool = False,
        columns: list[str] | None = None,
        target_columns: list[str] | None = None,
        start: int = 0,
        blocks: int = 1,
        threads: int = 1,
    ) -> Survey:
        """Return what is known of a block.

        Parameters
        ----------
        X : array (n, n_in)
            Finite numbers, as `check_rows` gives them.
        y : array (n,) or (n, n_out), optional
        weights : array (n,), optional
            Finite, at least 0.
        moments : bool
            Whether means, deviations and extremes of the columns are needed.
        columns, target_columns : list of str, optional
        start : int
            The row of the block that X begins with, where it is a part of one.
        blocks : int
            How many blocks X counts for: 0 for a part that follows another.
        """
        return Survey(
            rows=len(X),
            blocks=blocks,
            n_in=X.shape[1],
            dtype=X.dtype.name,
            columns=columns,
            target_columns=target_columns,
            range=range_of(X, threads=threads),
            moments=Moments.of(X) if moments else None,
            targets=None if y is None else TargetSurvey.of(y, weights, start),
            has_weights=weights is not None,
            weight=float(len(X)) if weights is None else float(weights.sum()),
            greatest=1.0 if weights is None else float(weights.max()),
        )

    def merge(self, other: Survey, label: str = "a block") -> Survey:
        """Return what is known of these blocks and of others that follow them; `label` names those in errors.

        Raises
        ------
        ShapeError, DataError
            They do not belong together: other columns, another type, targets or weights in some of them alone.
        """
        if other.n_in != self.n_in:
            raise ShapeError(f"{label}: X has {other.n_in} columns, and {self.n_in} in the blocks before")
        if other.dtype != self.dtype:
            raise DataError(
                f"{label}: X is of type {other.dtype}, and {self.dtype} in the blocks before: give blocks of one type, "
                f'such as X.astype("{self.dtype}")'
            )
        if other.has_weights != self.has_weights:
            now, then = ("weights" if each.has_weights else "no weights" for each in (other, self))
            raise DataError(f"{label} has {now}, and the blocks before have {then}; give all blocks weights, or none")
        if (other.targets is None) != (self.targets is None):
            raise DataError(f"{label} has {'no ' if other.targets is None else ''}y, otherwise than the blocks before")
        later = other.blocks == 0  # a part of the block that the ones before end with
        moved = self.blocks - 1 if later else self.blocks
        return dataclasses.replace(
            self,
            rows=self.rows + other.rows,
            blocks=self.blocks + other.blocks,
            columns=self.columns or other.columns,
            target_columns=self.target_columns or other.target_columns,
            range=joined(other.range, self.range),
            moments=None if self.moments is None or other.moments is None else self.moments.merge(other.moments),
            targets=None
            if self.targets is None or other.targets is None
            else self.targets.merge(other.targets, moved, label),
            weight=self.weight + other.weight,
            greatest=max(self.greatest, other.greatest),
        )

    def facts(self) -> dict[str, Any]:
        """Return what a resumed training compares, as JSON."""
        return {
            "rows": self.rows,
            "columns": self.n_in,
            "dtype": self.dtype,
            "range": list(self.range),
            "names": self.columns,
            "targets": None if self.targets is None else self.targets.facts(),
            "weight": self.weight if self.has_weights else None,
        }
