"""A column of text with many values as a few inputs: how frequent a value is, and the mean target where it stands.

    value ─► table of levels ─► [ frequency | mean target … ]          a value that is not in the table: `unknown`

The training rows get means of other rows alone (cross-fitting, as in scikit-learn's TargetEncoder), so that a rare
value doesn't tell its own target.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from layerwise.data.columns import Columns, Name
from layerwise.data.encoded_columns import counted, finite_numbers, one_of, robust_scale, smooth_clip
from layerwise.data.philox import FOLDS, generator
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.data.tabular import TableEncoder

MOST_VALUES = 10_000  # of a column that have levels of their own: the most frequent ones
MOST_CLASSES = 10  # more classes than that have no means: hashed signs stand in their place
SMOOTHING = 10.0  # the mean of all rows counts as much as so many rows of a value
N_FOLDS = 5
N_SIGNS = 8


@dataclass(frozen=True)
class MeanTargets:
    """What means are taken of: a column (n,) for each output, with its name; none where there are no targets."""

    values: Array
    names: tuple[str, ...]

    @staticmethod
    def of(y: Any) -> MeanTargets | None:
        """Return the targets as numbers, or a column of 0 and 1 for each class; None where means cannot be taken.

        Of two classes the second has a column, of up to 10 each; numbers with more than 20 distinct values, or that
        are not whole, are numbers.
        """
        if y is None:
            return None
        array = np.asarray(y)
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        if array.ndim == 2:
            if array.dtype.kind not in "buif" or not np.isfinite(array).all() or array.shape[1] > MOST_CLASSES:
                return None
            return MeanTargets(array.astype(np.float64), tuple(f"mean {j}" for j in range(array.shape[1])))
        if array.dtype.kind == "O":
            array = array.astype(str)
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            return None
        classes = np.unique(array)
        is_whole = array.dtype.kind not in "f" or bool((array % 1 == 0).all())
        if array.dtype.kind in "iuf" and (not is_whole or len(classes) > 20):
            return MeanTargets(array.astype(np.float64)[:, np.newaxis], ("mean",))
        if not 2 <= len(classes) <= MOST_CLASSES:
            return None
        shown = classes[1:] if len(classes) == 2 else classes
        return MeanTargets((array[:, np.newaxis] == shown).astype(np.float64), tuple(f"share of {c}" for c in shown))


@dataclass(frozen=True)
class TextColumn:
    """A column of text: a row of levels for each value that occurred twice or more.

    The first level is ln(count), the others (S + 10 m) / (count + 10), with S the sum of the targets where the value
    stands and m their mean over all rows; each is then scaled and clipped as numbers are. Without targets, or with more
    than 10 classes, the others are eight signs: bit i of the CRC-32 of the value's UTF-8, 0 as -1 and 1 as 1.
    A value without levels, or a missing one, has those of `unknown`.
    """

    kind: ClassVar[str] = "text"
    outputs: list[str]
    categories: list[Name]
    levels: Array  # (categories, outputs)
    unknown: list[float]

    @staticmethod
    def learned(
        columns: Columns, j: int, encoder: TableEncoder, targets: MeanTargets | None
    ) -> tuple[TextColumn, Array]:
        """Return what column j holds, and the inputs of the rows that it was learned from, (n, outputs)."""
        codes, values = columns.categories(j)
        found = [(value, n) for value, n in counted(codes, values) if n > 1]
        if len(found) > MOST_VALUES:
            kept = sorted(range(len(found)), key=lambda i: -found[i][1])[:MOST_VALUES]
            found = [found[i] for i in sorted(kept)]
        index = {value: i for i, (value, _) in enumerate(found)}
        codes = np.array([*(index.get(value, -1) for value in values), -1])[codes]
        counts = np.array([n for _, n in found], np.float64)
        parts = [_scaled(np.append(np.log(counts), 0.0)[:, np.newaxis], np.append(np.log(counts), 0.0)[codes][:, None])]
        names = ["frequency"]
        if targets is None:
            signs = np.append(_signs([value for value, _ in found]), np.zeros((1, N_SIGNS)), axis=0)
            parts.append((signs, signs[codes]))
            names += [f"sign {i}" for i in range(N_SIGNS)]
        else:
            parts.append(_scaled(_means(codes, len(found), targets.values), _cross_fitted(codes, len(found), targets)))
            names += targets.names
        levels, rows = (np.concatenate(some, axis=1) for some in zip(*parts))
        return TextColumn(names, [value for value, _ in found], levels[:-1], levels[-1].tolist()), rows

    def learned_values(self) -> dict[str, Any]:
        """Return what was learned, for a model file."""
        return {
            "outputs": list(self.outputs),
            "categories": list(self.categories),
            "levels": self.levels.tolist(),
            "unknown": list(self.unknown),
        }

    @staticmethod
    def read(column: dict[str, Any]) -> TextColumn:
        """Return what `learned_values` described."""
        outputs = [one_of(name, (str,)) for name in column["outputs"]]
        categories = [one_of(value, (str, bool, int, float)) for value in column["categories"]]
        levels = [finite_numbers(level, len(outputs)) for level in column["levels"]]
        if len(levels) != len(categories) or not outputs:
            raise ValueError(f"{len(categories)} categories with {len(levels)} levels")
        unknown = finite_numbers(column["unknown"], len(outputs))
        return TextColumn(outputs, categories, np.array(levels, np.float64).reshape(-1, len(outputs)), unknown)

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the column."""
        return [f"{column}={name}" for name in self.outputs]

    def write(self, columns: Columns, j: int, out: Array) -> None:
        """Write the inputs that are made of column j into `out`, an array (n, inputs)."""
        codes, values = columns.categories(j)
        index = {value: i for i, value in enumerate(self.categories)}
        known = np.array([*(index.get(value, -1) for value in values), -1])[codes]
        out[:] = np.append(self.levels, [self.unknown], axis=0)[known]


def too_many(sizes: dict[int, int], most: int, width: int) -> set[int]:
    """Return which columns are to be text so that categories have at most so many inputs together: the largest.

    Parameters
    ----------
    sizes : dict of int to int
        How many inputs the categories of a column have.
    most : int
        How many there may be in all.
    width : int
        How many inputs a column of text has; smaller columns stay.
    """
    left, total = set(), sum(sizes.values())
    for j in sorted(sizes, key=lambda j: (-sizes[j], j)):
        if total <= most or sizes[j] <= width:
            break
        left.add(j)
        total -= sizes[j]
    return left


def _means(codes: Array, n: int, values: Array, rows: Array | None = None) -> Array:
    """Return the smoothed mean of each category, and of all rows as the last, (n + 1, outputs)."""
    codes, values = (codes, values) if rows is None else (codes[rows], values[rows])
    mean = values.mean(axis=0)
    at = codes >= 0
    counts = np.bincount(codes[at], minlength=n)[:, np.newaxis]
    sums = np.stack([np.bincount(codes[at], column[at], minlength=n) for column in values.T], axis=1)
    return np.append((sums + SMOOTHING * mean) / (counts + SMOOTHING), [mean], axis=0)


def _cross_fitted(codes: Array, n: int, targets: MeanTargets) -> Array:
    """Return for each row the mean of its category in the other folds, (rows, outputs)."""
    fold = generator(0, FOLDS).permutation(len(codes)) % N_FOLDS
    out = np.empty((len(codes), targets.values.shape[1]))
    for i in range(N_FOLDS):
        rest = fold != i
        if not rest.any():
            rest = ~rest
        out[fold == i] = _means(codes, n, targets.values, rest)[codes[fold == i]]
    return out


def _scaled(levels: Array, rows: Array) -> tuple[Array, Array]:
    """Return levels and rows scaled and clipped by the quartiles of the rows, column by column."""
    low, center, high = np.quantile(rows, [0.25, 0.5, 0.75], axis=0)
    ends = zip(rows.min(axis=0).tolist(), low.tolist(), high.tolist(), rows.max(axis=0).tolist())
    factor = np.array([robust_scale(*end) for end in ends])
    return smooth_clip((levels - center) * factor), smooth_clip((rows - center) * factor)


def _signs(values: list[Name]) -> Array:
    hashes = np.array([zlib.crc32(str(value).encode("utf-8", "surrogatepass")) for value in values], np.int64)
    return 2.0 * ((hashes[:, np.newaxis] >> np.arange(N_SIGNS)) & 1) - 1
