"""What a first pass learns of targets: enough to encode them as if all had been seen at once.

    block of y ── TargetSurvey.of ──┐
    block of y ── TargetSurvey.of ──┴─ a.merge(b) ── sample() ──► `encode` decides on it as on all rows

Labels are kept with their counts. Of other targets a few rows stand for all: one for each question that may be asked,
such as whether a number is not whole. So the rules of `layerwise.data.targets` are not written a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

MOST_LABELS = 10_000
Place = tuple[int, int]  # block, and row of it
Entry = tuple[float, float, Place]  # count, sum of weights, first place


def _questions(rows: Array) -> dict[str, Array]:
    """Return which rows answer each question about rows of numbers."""
    sums = rows.sum(axis=1, dtype=np.float64)
    return {
        "first": np.ones(len(rows), bool),
        "not binary": ((rows != 0) & (rows != 1)).any(axis=1),
        "not one": sums != 1,
        "not a whole": np.abs(sums - 1) > 1e-3,
        "negative": (rows < 0).any(axis=1),
        "above one": (rows > 1).any(axis=1),
        "not whole": (rows % 1 != 0).any(axis=1) if rows.dtype.kind == "f" else np.zeros(len(rows), bool),
        "large": (np.abs(rows.astype(np.float64)) > np.finfo(np.float32).max).any(axis=1),
    }


@dataclass
class TargetSurvey:
    """What is known of the targets of some blocks.

    Attributes
    ----------
    width : int
        Columns; 0 of targets (n,).
    dtype : dtype
        The type that holds all of them.
    labels : dict, optional
        Of targets (n,) or (n, 1): each value with its count, the sum of its weights and its first place; None where
        there are more than 10,000.
    rows : dict
        Rows of numbers by the question that they answer, with their places.
    low, high : float
        Of numbers.
    """

    width: int
    dtype: np.dtype[Any]
    labels: dict[Any, Entry] | None
    rows: dict[str, tuple[Array, Place]] = field(default_factory=dict)
    low: float = np.inf
    high: float = -np.inf

    @staticmethod
    def of(y: Array, weights: Array | None = None, start: int = 0) -> TargetSurvey:
        """Return what is known of the targets y of a block, or of a part of it that begins with row `start`."""
        width = 0 if y.ndim == 1 else y.shape[1]
        flat = y[:, 0] if width == 1 else y
        found = TargetSurvey(width, y.dtype, _labels(flat, weights, start) if flat.ndim == 1 else None)
        if y.dtype.kind != "U":
            numbers = flat.reshape(len(y), -1)
            found.low, found.high = float(numbers.min()), float(numbers.max())
            for question, answers in _questions(numbers).items():
                i = int(answers.argmax())
                if answers[i]:
                    found.rows[question] = (numbers[i], (0, start + i))
            for name, i in (("low", int(numbers.argmin())), ("high", int(numbers.argmax()))):
                i //= numbers.shape[1]
                found.rows[name] = (numbers[i], (0, start + i))
        elif flat.ndim == 2:
            raise DataError("y of several columns must hold numbers; it holds text")
        elif found.labels is None:
            raise DataError(f"y has more than {MOST_LABELS:,} labels; numbers are for regression, and not text")
        return found

    def merge(self, other: TargetSurvey, blocks: int, label: str = "a block") -> TargetSurvey:
        """Return what is known of these and of those of later blocks, which begin `blocks` further on.

        Raises
        ------
        ShapeError, DataError
            They have other columns, or one are text and the others numbers.
        """
        if self.width != other.width:
            shapes = ["(samples,)" if w == 0 else f"(samples, {w})" for w in (self.width, other.width)]
            raise ShapeError(f"{label}: y is of shape {shapes[1]}, and {shapes[0]} in the blocks before")
        texts = [dtype.kind == "U" for dtype in (self.dtype, other.dtype)]
        if texts[0] != texts[1]:
            now, then = ("text" if text else "numbers" for text in texts[::-1])
            raise DataError(f"{label}: y holds {now}, and {then} in the blocks before; give labels of one type")
        found = TargetSurvey(self.width, np.result_type(self.dtype, other.dtype), None)
        found.low, found.high = min(self.low, other.low), max(self.high, other.high)
        later = {name: (row, (place[0] + blocks, place[1])) for name, (row, place) in other.rows.items()}
        found.rows = later | self.rows
        for name, is_better in (("low", np.min), ("high", np.max)):
            if name in later and name in self.rows:
                ours, theirs = self.rows[name], later[name]
                better: Callable[[Any], Any] = is_better
                found.rows[name] = ours if better([ours[0], theirs[0]]) == better(ours[0]) else theirs
        if self.labels is not None and other.labels is not None:
            found.labels = dict(self.labels)
            for label_, (count, weight, (block, row)) in other.labels.items():
                known = found.labels.get(label_)
                place = (block + blocks, row) if known is None else known[2]
                before = (0.0, 0.0) if known is None else known[:2]
                found.labels[label_] = (before[0] + count, before[1] + weight, place)
            if len(found.labels) > MOST_LABELS:
                if texts[0]:
                    raise DataError(f"{label}: y has more than {MOST_LABELS:,} labels; numbers are for regression")
                found.labels = None
        return found

    def sample(self) -> tuple[Array, list[Place]]:
        """Return targets of which all that `encode` asks is answered as of all, and their places."""
        if self.labels is not None:
            values = np.array(list(self.labels), self.dtype)
            places = [place for _, _, place in self.labels.values()]
            return (values if self.width == 0 else values[:, np.newaxis]), places
        chosen = {place: row for row, place in self.rows.values()}
        ordered = sorted(chosen)
        rows = np.array([chosen[place] for place in ordered], self.dtype)
        return (rows[:, 0] if self.width == 0 else rows), ordered

    def facts(self) -> dict[str, Any]:
        """Return what a resumed training compares, as JSON."""
        labels = None
        if self.labels is not None and len(self.labels) <= 100:
            labels = [
                [label, int(count)] for label, (count, _, _) in sorted(self.labels.items(), key=lambda e: str(e[0]))
            ]
        text = self.dtype.kind == "U"
        return {
            "columns": self.width,
            "kind": "text" if text else "numbers",
            "range": None if text else [self.low, self.high],
            "labels": labels,
        }


def _labels(y: Array, weights: Array | None, start: int) -> dict[Any, Entry] | None:
    """Return the values that occur, with counts, sums of weights and first places; None if they are many."""
    values, first, inverse = np.unique(y, return_index=True, return_inverse=True)
    if len(values) > MOST_LABELS:
        return None
    counts = np.bincount(inverse, minlength=len(values))
    sums = counts.astype(np.float64) if weights is None else np.bincount(inverse, weights, minlength=len(values))
    entries = zip(values.tolist(), first.tolist(), counts.tolist(), sums.tolist(), strict=True)
    found = {value: (float(count), float(weight), (0, start + i)) for value, i, count, weight in entries}
    return dict(sorted(found.items(), key=lambda entry: entry[1][2]))
