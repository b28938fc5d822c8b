"""Which rows are learned from, which choose the best epoch, and which test what was learned.

rows ─┬─ by chance, the share of each class the same in all parts
      ├─ by time: the newest rows test, those before them choose
      └─ by group: no group is in two parts
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from layerwise.errors import DataError
from layerwise.typing import Array


@dataclass(frozen=True)
class Parts:
    """The numbers of the rows to train, to validate (perhaps none) and to test, each in order."""

    train: Array
    validation: Array
    test: Array


def split_rows(
    n: int,
    *,
    test: float,
    validation: float,
    seed: int,
    classes: Array | None = None,
    times: Array | None = None,
    groups: Array | None = None,
) -> Parts:
    """Split the rows of a table in three.

    Parameters
    ----------
    n : int
        How many rows.
    test : float
        The share of the rows that is held out to test.
    validation : float
        The share of the others that is held out to choose the best epoch; 0 for none.
    seed : int
        Of the rows that chance chooses.
    classes : array (n,), optional
        A class that has several rows has some in each part, as far as that goes; one at least is trained on.
    times : array (n,), optional
        Numbers or dates: the last rows are held out. A missing one is the earliest.
    groups : array (n,), optional
        Rows of one group stay together.

    Raises
    ------
    DataError
        A part would have no row.

    Examples
    --------
    >>> parts = split_rows(10, test=0.2, validation=0.25, seed=0, times=np.arange(10)[::-1])
    >>> parts.train, parts.validation, parts.test
    (array([4, 5, 6, 7, 8, 9]), array([2, 3]), array([0, 1]))
    """
    rng = np.random.default_rng(seed)
    rows, tested = _held_out(np.arange(n), test, "--test", rng, classes, times, groups)
    if validation == 0:
        return Parts(rows, rows[:0], tested)
    rows, validated = _held_out(rows, validation, "--validation", rng, classes, times, groups)
    return Parts(rows, validated, tested)


def _held_out(
    rows: Array,
    share: float,
    option: str,
    rng: np.random.Generator,
    classes: Array | None,
    times: Array | None,
    groups: Array | None,
) -> tuple[Array, Array]:
    """Return the rows without that share, and the share."""
    count = int(share * len(rows) + 0.5)
    if not 0 < count < len(rows):
        raise DataError(
            f"{option} {share:g} of {len(rows)} rows would hold out {count} and leave {len(rows) - count} to train; "
            f"at least one of each is needed: give another {option} or more rows"
        )
    if times is not None:
        chosen = _latest(times[rows], count)
    elif groups is not None:
        chosen = _whole_groups(groups[rows], count, option, rng)
    elif classes is not None:
        chosen = _of_each(classes[rows], count, rng)
    else:
        chosen = rng.permutation(len(rows))[:count]
    out = np.zeros(len(rows), bool)
    out[chosen] = True
    return rows[~out], rows[out]


def _latest(times: Array, count: int) -> Array:
    missing = times != times
    order = np.lexsort((np.where(missing, times[~missing].min() if not missing.all() else times, times), ~missing))
    return order[-count:]


def _whole_groups(groups: Array, count: int, option: str, rng: np.random.Generator) -> Array:
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < 2:
        raise DataError(f"{option} takes whole groups, but there is only {len(names)}: {str(names[0])!r}")
    order = rng.permutation(len(names))
    many = int(np.searchsorted(np.cumsum(sizes[order]), count)) + 1
    chosen: Array = np.flatnonzero(np.isin(places, order[: min(many, len(names) - 1)]))
    return chosen


def _of_each(classes: Array, count: int, rng: np.random.Generator) -> Array:
    """Return rows of each class by its share of all, the largest remainders first; one of each stays."""
    _, places, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    quota = sizes * (count / len(classes))
    seats = np.floor(quota).astype(int)
    for c in np.argsort(seats - quota, kind="stable"):
        if seats.sum() < count and seats[c] < sizes[c] - 1:
            seats[c] += 1
    order = rng.permutation(len(classes))
    chosen: Array = np.concatenate([order[places[order] == c][:k] for c, k in enumerate(seats)])
    return chosen
