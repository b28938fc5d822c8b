"""The order of the rows in an epoch: what `fit(shuffle=)` may be, and what a function given there may return."""

from __future__ import annotations

import numpy as np

from layerwise.arrays import read_array
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array, ArrayLike

_NAME = "fit: the order that shuffle gave"


def check_shuffle(shuffle: object) -> None:
    """Refuse what is neither a bool nor a function.

    Raises
    ------
    TypeError
        Says what may be given.
    """
    if not isinstance(shuffle, (bool, np.bool_)) and not callable(shuffle):
        raise TypeError(f"fit: shuffle must be True, False or a function order(n); got {shuffle!r:.80}")


def check_order(order: ArrayLike, n: int) -> Array:
    """The order of n rows for an epoch, as an array of int64. A row may come more than once, or not at all.

    Raises
    ------
    DataError, ShapeError
        Not n whole numbers from 0 to n - 1.
    """
    rows = read_array(order, _NAME)
    if rows.dtype.kind not in "iu":
        raise DataError(f"{_NAME} must be row numbers of an integer type; its type is {rows.dtype}")
    if rows.shape != (n,):
        raise ShapeError(f"{_NAME} must be ({n},), an index a row; its shape is {rows.shape}")
    wrong = (rows < 0) | (rows >= n)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise DataError(f"{_NAME} must be of rows 0 to {n - 1}; entry {i} is {rows[i]}")
    return rows.astype(np.int64, copy=False)
