"""The units of the inputs: what a network was trained on, and whether data to be answered are in the same.

Pixels come as 0 to 255 or as 0 to 1, as whole numbers or as floats, and a network that is given the other kind answers
without an error, and wrongly. What cannot be right is refused; what may be right is let through, or warned of.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread
from typing import Any, NoReturn

import numpy as np

from layerwise.errors import DataError, warn
from layerwise.parts.scaling import RangeScaler, Scaler
from layerwise.typing import Array

_ROWS = 64  # looked at first: data on another scale are so from their first rows on
_PICTURE = 64  # columns, from which on rows may be pictures: 8 x 8 is the smallest in use
_FAR = 50.0  # times the greatest value of the training: no extrapolation, unless it is meant
_NEGATIVE = 0.1  # share of the values; fewer may come from resampling, which overshoots at edges

_BLOCK = 2**16  # values looked at together

Range = tuple[float, float]


def pixel_scaler(X: Array) -> Scaler | None:
    """The scaler for data that come without one: uint8 pixels go from 0…255 to 0…1, uint8 flags stay 0 and 1."""
    if X.dtype != np.uint8:
        return None
    return RangeScaler() if X.max() > 1 else RangeScaler(0, 1)


def range_of(X: Any, known: Range | None = None, threads: int = 1) -> Range:
    """The least and the greatest value of X, sparse X included, and of what was known before; NaN where X has one."""
    if isinstance(X, np.ndarray) and X.size > _BLOCK:
        low, high = _extremes(X.reshape(-1), threads)
    else:
        low, high = float(X.min()), float(X.max())
    return joined((low, high), known)


def joined(found: Range, known: Range | None) -> Range:
    """The range of what was found and of what was known before."""
    return found if known is None else (min(found[0], known[0]), max(found[1], known[1]))


def _extremes(values: Array, threads: int) -> Range:
    """The least and the greatest value, block by block, so that the second look finds them in the cache."""
    found: list[tuple[Any, Any]] = []

    def look(part: Array) -> None:
        blocks = [part[start : start + _BLOCK] for start in range(0, len(part), _BLOCK)]
        found.extend((block.min(), block.max()) for block in blocks)

    size = -(-len(values) // threads)
    others = [Thread(target=look, args=(values[i * size : (i + 1) * size],)) for i in range(1, threads)]
    for thread in others:
        thread.start()
    look(values[:size])
    for thread in others:
        thread.join()
    lows, highs = zip(*found, strict=True)
    return float(np.min(lows)), float(np.max(highs))


def as_range(value: Sequence[float] | None) -> Range | None:
    """A range as a file has it.

    Raises
    ------
    ValueError
        It is not two finite numbers in order.
    """
    if value is None:
        return None
    numbers = isinstance(value, (list, tuple)) and len(value) == 2 and all(type(v) in (int, float) for v in value)
    if not numbers or not -np.inf < value[0] <= value[1] < np.inf:
        raise ValueError(f"input_range must be the least and the greatest value, as two numbers; got {value!r:.80}")
    return float(value[0]), float(value[1])


def check_units(scaler: Scaler | None, known: Range | None, X: Array, name: str = "X") -> None:
    """Refuse data in other units than those that a network was trained on: pixels from 0 to 255, or 0 to 1.

    Parameters
    ----------
    scaler : Scaler, optional
        The network's.
    known : (float, float), optional
        The least and the greatest value that it was trained on, before scaling.
    X : array or sparse matrix (n, n_in)
        As `check_rows` gives it.
    name : str
        What X is called in an error.

    Raises
    ------
    DataError
        X cannot be in the units of the training data.
    """
    rows: Any = X
    values: Array = X if type(X) is np.ndarray else rows.data.reshape(1, -1)
    if known is not None and scaler is None and X.dtype.kind == "f":  # the shortest way, for single rows
        if values.size:
            _check_range(known, values, X.shape[1], name)
        return
    if not values.size:
        return
    if isinstance(scaler, RangeScaler) and scaler.low == 0:
        if scaler.high == 1 and X.dtype.kind in "iu" and values.max() > 1:
            raise DataError(
                f"{name}: the network was trained on uint8 values 0 and 1; got values up to {values.max()}: give the "
                "same units"
            )
        if scaler.high >= 100:
            _check_pixels(scaler.high, known, values, name)
            return
    if known is None:
        if scaler is None and X.dtype == np.uint8:
            raise DataError(
                f"{name} is uint8, but the network was trained on other numbers, taken as they are, and their range "
                f"is not known: give {name} / 255 if they were from 0 to 1, or {name}.astype(float) if from 0 to 255"
            )
    elif X.dtype == np.uint8:
        _check_bytes(known, values, name)
    else:
        _check_range(known, values, X.shape[1], name)


def _check_pixels(high: float, known: Range | None, values: Array, name: str) -> None:
    """For a network that scales 0 to 255 itself; flags are refused unless it was, or is now first, trained on flags."""
    kind = values.dtype.kind
    trained = f"{name}: the network was trained on values from 0 to {high:g}, which it scales itself"
    if kind == "b":
        if known is not None and known[1] > 1 and values.any():
            raise DataError(f"{trained}; {name} holds True and False: give {high:g} * {name} if True is white")
        return
    first = values[:_ROWS]
    if (
        kind == "f"
        and known is not None
        and known[0] >= 0
        and (first < 0).mean() > _NEGATIVE
        and (values < 0).mean() > _NEGATIVE
    ):
        raise DataError(f"{trained}; many values here are negative. Give the same units as in training")
    if first.max() > 1:
        return
    greatest = float(values.max())
    if not 0 < greatest <= 1:
        return
    if kind == "f":
        raise DataError(f"{trained}; all values here lie in 0 to {greatest:g}. Give the same units as in training")
    warn(
        f"{trained}; all values here are 0 or 1: right for black pictures; give {high:g} * {name} if 1 is white",
    )


def _check_bytes(known: Range, values: Array, name: str) -> None:
    """For uint8, in a network that does not scale it by itself: whole numbers from 0 to 255."""
    low, high = known
    greatest = int(values.max())
    if greatest <= max(1.0, 2 * high):  # flags, or the numbers of the training
        return
    _refuse(f"{name} is uint8 with values up to {greatest}", low, high, name)


def _check_range(known: Range, values: Array, n_in: int, name: str) -> None:
    low, high = known
    first, is_wide = values[:_ROWS], n_in >= _PICTURE
    greatest = first.item(first.argmax())  # several times quicker than max, of a single row
    size = high if high > -low else -low
    if size and (greatest > _FAR * size or greatest >= _FAR >= _FAR * size):
        seen = first[first != 0]
        middle = float(np.median(np.abs(seen.astype(np.float64))))
        if is_wide and size <= 1 and middle > 1 and greatest <= 255 and seen.min() > 0 and (seen % 1 == 0).all():
            _refuse(f"{name} holds whole numbers up to {greatest:g}", low, high, name)
        if middle > _FAR * size:
            _warn(f"{name} has values about {middle:.3g}", low, high)
    if not is_wide or low < 0:
        return
    if known == (0, 255) and greatest <= 1:
        is_share = values.dtype.kind == "b" or bool((first % 1 != 0).any())
        if is_share and 0 < values.max() <= 1 and values.min() >= 0:
            raise DataError(
                f"{name}: the network was trained on values from 0 to 255, and all values here lie in 0 to "
                f"{float(values.max()):g}. Give the same units as in training, such as 255 * {name}"
            )
    if (high == 1 or high == 255) and values.dtype.kind in "if":
        least = first.item(first.argmin())
        if least <= -0.25 and (first < 0).mean() > _NEGATIVE:
            _warn(f"{name} has many values below 0, the least {least:.3g}", low, high)


def _refuse(seen: str, low: float, high: float, name: str) -> NoReturn:
    if low >= 0 and high <= 1:
        hint = f"such as {name} / 255"
    elif low == -1 and high <= 1:
        hint = f"such as {name} / 127.5 - 1"
    else:
        hint = f"as the training data were; {name}.astype(float) says that it is on that scale already"
    raise DataError(
        f"{seen}, but the network was trained on values from {low:.6g} to {high:.6g}: bring {name} to that scale, "
        f"{hint}"
    )


def _warn(seen: str, low: float, high: float) -> None:
    warn(
        f"{seen}, but the network was trained on values from {low:.6g} to {high:.6g}: are these the same units?",
    )
