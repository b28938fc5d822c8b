"""Which rows are learned from, which choose the best epoch, and which test what was learned.

rows ─┬─ by chance, the share of each class the same in all parts
      ├─ by time: the newest rows test, those before them choose
      └─ by group: no group is in two parts

split_rows: three parts, once. split_folds: the same rows several times, each time others test.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

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


def split_folds(
    n: int,
    folds: int,
    *,
    validation: float,
    seed: int,
    classes: Array | None = None,
    times: Array | None = None,
    groups: Array | None = None,
) -> list[Parts]:
    """Split the rows of a table several times, for a cross-validation.

    Parameters
    ----------
    n, validation, seed, classes, times, groups
        As in `split_rows`.
    folds : int
        How many times. Each row tests once; by time, the earliest ones never do, and each fold is tested on what
        comes after all that it learns from: rows of one time are not parted.

    Raises
    ------
    DataError
        There are too few rows, rows of a class, times or groups.

    Examples
    --------
    >>> for parts in split_folds(6, 2, validation=0, seed=0, times=np.arange(6)):
    ...     print(parts.train, parts.test)
    [0 1] [2 3]
    [0 1 2 3] [4 5]
    """
    rng, rows = np.random.default_rng(seed), np.arange(n)
    if times is not None:
        pairs = _one_after_another(times, folds)
    else:
        places = _groups_dealt(groups, folds, rng) if groups is not None else _rows_dealt(n, classes, folds, rng)
        pairs = [(rows[places != fold], rows[places == fold]) for fold in range(folds)]
    found = []
    for train, test in pairs:
        held = train[:0]
        if validation:
            train, held = _held_out(train, validation, "--validation", rng, classes, times, groups)
        found.append(Parts(train, held, test))
    return found


def _rows_dealt(n: int, classes: Array | None, folds: int, rng: np.random.Generator) -> Array:
    """Return the fold of each row: they are dealt out in turn, class by class."""
    if folds > n:
        raise DataError(f"--cv {folds}: there are only {n} rows")
    places = np.zeros(n, int)
    if classes is not None:
        values, places, sizes = np.unique(classes, return_inverse=True, return_counts=True)
        rare = int(sizes.argmin())
        if sizes[rare] < folds:
            name = str(values[rare])
            raise DataError(f"--cv {folds}: each fold tests rows of each class, and {name!r} has only {sizes[rare]}")
    order = rng.permutation(n)
    order = order[np.argsort(places[order], kind="stable")]
    found = np.empty(n, int)
    found[order] = np.arange(n) % folds
    return found


def _groups_dealt(groups: Array, folds: int, rng: np.random.Generator) -> Array:
    """Return the fold of each row: whole groups, the largest first, each to the fold that has the fewest rows."""
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if folds > len(names):
        raise DataError(f"--cv {folds}: whole groups are tested together, and there are only {len(names)}")
    order = rng.permutation(len(names))
    rows, fold_of = np.zeros(folds, int), np.empty(len(names), int)
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        fold_of[group] = rows.argmin()
        rows[fold_of[group]] += sizes[group]
    found: Array = fold_of[places]
    return found


def _one_after_another(times: Array, folds: int) -> list[tuple[Array, Array]]:
    """Return what each fold learns from and is tested on: the blocks before one, and that one."""
    order, moments = _in_time(times)
    cuts = [int(np.searchsorted(moments, moments[len(times) * i // (folds + 1)])) for i in range(1, folds + 1)]
    if len(times) <= folds or len({0, *cuts}) <= folds:
        different = len(np.unique(moments))
        raise DataError(
            f"--cv {folds}: each fold is tested on later times than it learns from, and the {len(times)} rows with "
            f"{different} different times do not give {folds + 1} blocks: give a smaller --cv"
        )
    return [(np.sort(order[:a]), np.sort(order[a:b])) for a, b in pairwise([*cuts, len(times)])]


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
    return _in_time(times)[0][-count:]


def _in_time(times: Array) -> tuple[Array, Array]:
    """Return the order of the rows by time, and the times in that order; missing ones are the earliest."""
    missing = times != times
    if not missing.all():
        times = np.where(missing, times[~missing].min(), times)
    order = np.lexsort((times, ~missing))
    return order, times[order]


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
