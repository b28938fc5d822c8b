"""A column of a table as inputs of a network: a number, a category, or nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from layerwise.data.columns import Columns, Name
from layerwise.errors import DataError
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.data.tabular import TableEncoder

_MOST = 1000  # categories of one column, unless `max_categories` speaks


def smooth_clip(z: Array) -> Array:
    """Make each z into z / √(1 + (z/3)²), in place: nearly z where it is small, and never beyond ±3."""
    return np.divide(z, np.sqrt(1 + (z / 3) ** 2), out=z)


def robust_scale(lowest: float, low: float, high: float, highest: float) -> float:
    """The factor of a column from its least value, its quartiles q₂₅ and q₇₅, and its greatest value.

    1 / (q₇₅ - q₂₅); where the quartiles are equal 2 / (greatest - least); where these are too, 0.
    """
    width = high - low if high > low else (highest - lowest) / 2
    return 1 / (width + 1e-30) if width > 0 else 0.0


@dataclass(frozen=True)
class NumberColumn:
    """A numeric column: (x - center) · factor, clipped; and perhaps a column that says where x was missing."""

    kind: ClassVar[str] = "number"
    center: float
    factor: float
    missing: tuple[float, float] | None  # what the second column holds where x is there, and where it is missing

    @staticmethod
    def learned(columns: Columns, j: int, encoder: TableEncoder) -> NumberColumn:
        """Return what column j holds, for an encoder's settings."""
        values = columns.numbers(j)
        present = values[values == values]
        if not present.size:
            return NumberColumn(0.0, 0.0, None)
        low, center, high = (float(value) for value in np.quantile(present, [0.25, 0.5, 0.75]))
        factor = robust_scale(float(present.min()), low, high, float(present.max()))
        n_missing = len(values) - len(present)
        if not n_missing:
            return NumberColumn(center, factor, None)
        there, missing = levels([0.0, 1.0], [len(present), n_missing], encoder.scale_categories)
        return NumberColumn(center, factor, (there, missing))

    def learned_values(self) -> dict[str, Any]:
        """Return what was learned, for a model file."""
        missing = None if self.missing is None else list(self.missing)
        return {"center": self.center, "factor": self.factor, "missing": missing}

    @staticmethod
    def read(column: dict[str, Any]) -> NumberColumn:
        """Return what `learned_values` described."""
        missing = None if column["missing"] is None else finite_numbers(column["missing"], 2)
        center, factor = finite_numbers([column["center"], column["factor"]], 2)
        return NumberColumn(center, factor, None if missing is None else (missing[0], missing[1]))

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the column."""
        return [column] if self.missing is None else [column, f"{column}=missing"]

    def write(self, columns: Columns, j: int, out: Array) -> None:
        """Write the inputs that are made of column j into `out`, an array (n, inputs)."""
        values = columns.numbers(j)
        is_missing = values != values
        z = (values - self.center) * self.factor
        z[is_missing] = 0
        out[:, 0] = smooth_clip(z)
        if self.missing is not None:
            out[:, 1] = np.where(is_missing, self.missing[1], self.missing[0])


@dataclass(frozen=True)
class CategoryColumn:
    """A categorical column: one output where there are two categories, otherwise an output for each."""

    kind: ClassVar[str] = "category"
    categories: list[Name]
    levels: list[tuple[float, float, float]]  # of each output: another category, its own category, missing or unknown

    @staticmethod
    def learned(columns: Columns, j: int, encoder: TableEncoder) -> CategoryColumn:
        """Return what column j holds, for an encoder's settings."""
        codes, values = columns.categories(j)
        found = counted(codes, values)
        most = encoder.max_categories
        if most is None and len(found) > _MOST:
            raise DataError(
                f"{columns.label(j)} has {len(found):,} categories, as a name or a number of order has; leave it out, "
                'give kinds={name: "text"} to encode its frequency and the mean target, or max_categories=100 to keep '
                "the 100 most frequent ones"
            )
        if most is not None and len(found) > most:
            kept = sorted(range(len(found)), key=lambda i: -found[i][1])[:most]
            found = [found[i] for i in sorted(kept)]
        scale, n = encoder.scale_categories, len(codes)
        if len(found) == 2:
            first, second = found[0][1], found[1][1]
            low, mid, high = levels([-1.0, 0.0, 1.0], [first, n - first - second, second], scale)
            return CategoryColumn([value for value, _ in found], [(low, high, mid)])
        pairs = [levels([0.0, 1.0], [n - count, count], scale) for _, count in found]
        return CategoryColumn([value for value, _ in found], [(off, on, off) for off, on in pairs])

    def learned_values(self) -> dict[str, Any]:
        """Return what was learned, for a model file."""
        return {"categories": list(self.categories), "levels": [list(level) for level in self.levels]}

    @staticmethod
    def read(column: dict[str, Any]) -> CategoryColumn:
        """Return what `learned_values` described."""
        categories = [one_of(value, (str, bool, int, float)) for value in column["categories"]]
        levels = [(low, high, missing) for low, high, missing in (finite_numbers(some, 3) for some in column["levels"])]
        if len(levels) != (1 if len(categories) == 2 else len(categories)):
            raise ValueError(f"{len(categories)} categories with {len(levels)} levels")
        return CategoryColumn(categories, levels)

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the column."""
        return [f"{column}={value}" for value in self.categories[-len(self.levels) :]] if self.levels else []

    def write(self, columns: Columns, j: int, out: Array) -> None:
        """Write the inputs that are made of column j into `out`, an array (n, inputs)."""
        codes, values = columns.categories(j)
        index = {value: i for i, value in enumerate(self.categories)}
        known = [index.get(value, -1) for value in values]
        self._check_type(columns.label(j), values, known)
        codes = np.array([*known, -1])[codes]
        if len(self.levels) == 1 and len(self.categories) == 2:
            out[:, 0] = np.array(self.levels[0])[codes]  # first, second, and last of all what -1 stands for
            return
        absent, present, _ = np.array(self.levels).reshape(-1, 3).T
        out[:] = absent
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = present[codes[rows]]

    def _check_type(self, label: str, values: list[Name], known: list[int]) -> None:
        """Unknown categories are taken as missing; but text where there were numbers is a mistake, and is refused."""
        was, now = ({isinstance(value, str) for value in some} for some in (self.categories, values))
        if was and now and not was & now and max(known) < 0:
            held, holds = ("text", "numbers") if True in was else ("numbers", "text")
            raise DataError(
                f"{label} had categories that are {held}, such as {self.categories[0]!r}; now it holds {holds}, such "
                f"as {values[0]!r}: give the same type as in fit"
            )


@dataclass(frozen=True)
class UnusedColumn:
    """A column that is not looked at; it need not be there in later tables."""

    kind: ClassVar[str] = "unused"

    def learned_values(self) -> dict[str, Any]:
        """Return nothing: nothing was learned."""
        return {}

    @staticmethod
    def read(column: dict[str, Any]) -> UnusedColumn:
        """Return what `learned_values` described."""
        return UnusedColumn()

    def names(self, column: str) -> list[str]:
        """Return no names: no input is made of the column."""
        return []

    def write(self, columns: Columns, j: int, out: Array) -> None:
        """Write nothing."""


def counted(codes: Array, values: list[Name]) -> list[tuple[Name, int]]:
    """Return the categories that occur with their counts, in order: numbers by size, then text by letters."""
    counts = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
    return sorted(((v, n) for v, n in zip(values, counts) if n), key=lambda pair: (isinstance(pair[0], str), pair))


def levels(values: list[float], counts: list[int], scale: bool) -> list[float]:
    """What a column that holds each of `values` (in ascending order) so many times makes of them."""
    if not scale:
        return values
    ends, n = np.cumsum(counts), sum(counts)

    def quantile(q: float) -> float:  # linear, as np.quantile
        place = q * (n - 1)
        below, above = (values[np.searchsorted(ends, i, "right")] for i in (math.floor(place), math.ceil(place)))
        return below + (place % 1) * (above - below)

    factor = robust_scale(quantile(0), quantile(0.25), quantile(0.75), quantile(1))
    scaled: list[float] = smooth_clip((np.array(values) - quantile(0.5)) * factor).tolist()
    return scaled


def finite_numbers(values: Iterable[Any], size: int) -> list[float]:
    """Return so many finite numbers, or raise."""
    found = [float(one_of(value, (int, float))) for value in values]
    if len(found) != size or not all(map(math.isfinite, found)):
        raise ValueError(f"{found} is not {size} finite numbers")
    return found


def one_of(value: Any, kinds: tuple[type, ...]) -> Any:
    """Return the value, if it is of one of these types."""
    if not isinstance(value, kinds):
        raise TypeError(f"{value!r} is none of {', '.join(kind.__name__ for kind in kinds)}")
    return value
