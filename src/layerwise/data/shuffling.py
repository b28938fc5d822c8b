"""The order of the rows in an epoch: what `fit(shuffle=)` may be, and what a function given there may return."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layerwise.data.arrays import read_array
from layerwise.data.philox import ORDER, generator
from layerwise.errors import DataError, ShapeError, warn
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


def draw_order(seed: int, n: int, step: int) -> Array:
    """Return the order of n rows in the epoch that begins at that step of the network's."""
    return generator(seed, ORDER, step).permutation(n)


class CustomOrder:
    """The orders that a function gives, epoch by epoch, and a digest of all of them.

    Parameters
    ----------
    function : callable
        Called with the number of rows.
    """

    def __init__(self, function: Callable[[int], ArrayLike]) -> None:
        self.function = function
        self._count, self._digest = 0, ""

    def __call__(self, n: int, step: int = 0) -> Array:
        """The order of the coming epoch, at whatever step it begins."""
        order = check_order(self.function(n), n)
        found = hashlib.blake2b(self._digest.encode(), digest_size=16)
        found.update(np.ascontiguousarray(order, "<i8").data)
        self._count, self._digest = self._count + 1, found.hexdigest()
        return order

    def state(self) -> dict[str, Any]:
        """How many orders there were, and their digest."""
        return {"count": self._count, "digest": self._digest}

    def replay(self, state: Mapping[str, Any], n: int) -> None:
        """Bring the function to where it was: call it for all epochs so far, and see that it gives their orders."""
        for _ in range(state["count"]):
            self(n)
        if self.state() != state:
            warn(
                "resume: shuffle gives other orders of the rows now than in the epochs so far, so the training ends "
                "with other weights than one that was not cut off. Give a function that begins as it did then, such as "
                "one whose random generator is made anew from the same seed",
                RuntimeWarning,
            )
