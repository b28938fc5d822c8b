"""What columns are to each other: the same twice, or the target in another form.

Categories are compared as codes, so that "f" and "m" are the same column as "female" and "male".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layerwise.typing import Array

NEARLY = 0.99  # of the rows: a column that tells the target in so many of them is said
ROWS_A_VALUE = 10  # rows for each value of a column, so that it does not tell the target by chance
LINEAR = 0.99999  # of the correlation


def codes_of(values: Array) -> Array:
    """Return a number for each value, -1 where it is missing: in order of first occurrence, or of size."""
    if values.dtype.kind == "O":
        found: dict[object, int] = {}
        return np.array([-1 if v is None else found.setdefault(v, len(found)) for v in values.tolist()], np.int64)
    missing = np.isnat(values) if values.dtype.kind == "M" else values != values
    codes = np.full(len(values), -1, np.int64)
    codes[~missing] = np.unique(values[~missing], return_inverse=True)[1]
    return codes


def duplicates(columns: Sequence[Array | None]) -> dict[int, int]:
    """Return which columns hold the same as one before them: equal numbers or dates, or categories one to one.

    Parameters
    ----------
    columns : sequence of array (rows,), or None
        None where a column is not compared.
    """
    seen: dict[tuple[str, bytes], int] = {}
    found = {}
    for j, values in enumerate(columns):
        if values is None:
            continue
        key = (values.dtype.kind, (codes_of(values) if values.dtype.kind == "O" else values).tobytes())
        if key in seen:
            found[j] = seen[key]
        else:
            seen[key] = j
    return found


def tells(feature: Array, target: Array, is_number: bool) -> str:
    """Return how a column tells the target: ``"same"``, ``"nearly"``, or "" where it doesn't.

    Parameters
    ----------
    feature, target : array (rows,)
        Values; targets are there in every row.
    is_number : bool
        Whether the target is a number: then a column of numbers tells it if it is a multiple of it, plus a constant.
        A class is told by a column if each of its values, or its being missing, stands beside one class.
    """
    if is_number and feature.dtype.kind == "f":
        there = np.isfinite(feature)
        if there.sum() < 3 or there.mean() < NEARLY:
            return ""
        x, y = feature[there], target[there]
        if np.array_equal(x, y):
            return "same"
        spread = x.std() * y.std()
        if not spread > 0 or not np.isfinite(spread):
            return ""
        return "nearly" if abs(((x - x.mean()) * (y - y.mean())).mean() / spread) > LINEAR else ""
    if is_number:
        return ""
    x, y = codes_of(feature), codes_of(target)
    if (x < 0).any() and (x >= 0).any():  # being missing may tell it, too
        return _told(x + 1, y) or _told((x < 0).astype(np.int64), y)
    return _told(x, y)


def _told(x: Array, y: Array) -> str:
    """Return how codes tell the codes of classes."""
    n_x, n_y = int(x.max()) + 1, int(y.max()) + 1
    if n_x < n_y or n_x < 2 or n_y > 1000 or n_x > max(2 * n_y, len(y) // ROWS_A_VALUE):
        return ""
    table = np.bincount(x * n_y + y, minlength=n_x * n_y).reshape(n_x, n_y)
    told = table.max(axis=1).sum() / len(y)
    if told == 1 and n_x == n_y and (table > 0).sum() == n_x:
        return "same"
    return "nearly" if told >= NEARLY and len(y) - table.max(axis=0).sum() < len(y) and told > _share(table) else ""


def _share(table: Array) -> float:
    """Return the share of the most frequent class: a column that tells no more tells nothing."""
    rows = table.sum()
    share = float(table.sum(axis=0).max() / rows) if rows else 1.0
    return share + (1 - share) * 0.95
