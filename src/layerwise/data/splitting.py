"""Rows set aside: drawn at random, so that each class has its share, and the same ones at every draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerwise.data.philox import HELD_OUT, generator
from layerwise.data.sample_weights import SampleWeights, check_weights, weigh_held_out
from layerwise.data.targets import Targets
from layerwise.errors import DataError
from layerwise.typing import Array, ArrayLike


def hold_out(
    X: Any, targets: Targets, sample_weight: ArrayLike | SampleWeights | None, share: float, seed: int
) -> tuple[Any, Targets, Array | None, tuple[Any, Targets]]:
    """Set rows aside for validation: X, targets and weights of the others, and X and targets of those.

    Which ones depends on the seed and on the labels alone. The others keep their order.

    Parameters
    ----------
    X : array or sparse matrix (n, n_in)
        As `check_rows` gives it.
    targets : Targets
        One for each row; those of labels are drawn class by class.
    sample_weight : array (n,), optional
        How much each sample counts; those of the rows set aside weigh their evaluation.
    share : float or int
        A share of the rows, rounded to whole ones, or how many of them.
    seed : int
        The key of the draw.

    Raises
    ------
    DataError
        There would be no rows left to learn from, or none to validate.
    """
    n = len(targets)
    count = rows_of_share(share, n)
    if isinstance(sample_weight, SampleWeights):
        raise TypeError("validation_split takes weights as an array")
    weights = None if sample_weight is None else check_weights(sample_weight, n, "sample_weight")
    order = generator(seed, HELD_OUT).permutation(n)
    aside = np.arange(n) < count if targets.labels is None else stratified(targets.labels[order], count)
    train, held_out = np.sort(order[~aside]), np.sort(order[aside])
    validation = targets.part(held_out)
    weigh_held_out(validation, None if weights is None else weights[held_out], "sample_weight of validation_split")
    return X[train], targets.part(train), None if weights is None else weights[train], (X[held_out], validation)


def as_share(value: Any) -> float | int:
    """A share of the rows as a float, or how many of them as an int.

    Raises
    ------
    TypeError
        It is neither.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"fit: validation_split must be a share between 0 and 1, or a whole number of rows; got {value!r:.80}"
        )
    return float(value) if isinstance(value, (float, np.floating)) else int(value)


def rows_of_share(share: float, n: int) -> int:
    """How many of n rows are set aside.

    Raises
    ------
    DataError
        None, or all of them.
    """
    count = share
    if isinstance(share, float):
        count = int(share * n + 0.5) if 0 < share < 1 else 0
    if not 0 < count < n:
        raise DataError(
            f"fit: validation_split must leave rows both to train and to validate; got {share!r} of {n} rows: give a "
            f"share between 0 and 1, a whole number below {n}, or None to train on all rows"
        )
    return count


def stratified(y: Array, count: int) -> Array:
    """Mark `count` rows: the first ones of each class, as many as are its share."""
    try:
        _, classes, counts = np.unique(y, return_inverse=True, return_counts=True)
    except TypeError as error:
        raise DataError(f"y mixes labels that cannot be sorted ({error}); use numbers only or strings only") from error
    share, remainder = np.divmod(counts * count, len(y))
    # Rounded up first: classes that have no row to validate yet; last: those that it leaves none to train.
    priority = np.where(share + 1 >= counts, 2, np.where(share == 0, 0, 1))
    ranking = np.lexsort((-remainder, priority))
    share[ranking[: count - share.sum()]] += 1
    by_class = np.argsort(classes, kind="stable")
    place = np.empty(len(y), np.int64)
    place[by_class] = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    marked: Array = place < share[classes]
    return marked
