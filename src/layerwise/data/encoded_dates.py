"""A column of dates and times as inputs of a network: what varies of them, the recurring parts as points of a circle.

    2024-03-01 18:30 ─┬─ elapsed, year ─► (v - center) · factor ─► clip
                      └─ month, day, weekday, hour ─► sin 2πv/p, cos 2πv/p     p = 12, 31, 7, 24

The time is that of the clock where it was noted; zones and offsets have been left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from layerwise.data.columns import Columns
from layerwise.data.encoded_columns import finite_numbers, levels, one_of, robust_scale, smooth_clip
from layerwise.typing import Array

if TYPE_CHECKING:
    from layerwise.data.tabular import TableEncoder

PERIODS = {"month": 12.0, "day": 31.0, "weekday": 7.0, "hour": 24.0}
PARTS = ("elapsed", "year", *PERIODS)


def part_of(part: str, moments: Array) -> Array:
    """Return a part of each date as a number, NaN where there is no date.

    Parameters
    ----------
    part : str
        ``"elapsed"``: days since 1970-01-01 00:00, with their fraction; ``"year"``: as in 2024; ``"month"``: 0 to 11;
        ``"day"``: of the month, 0 to 30; ``"weekday"``: 0, Monday, to 6; ``"hour"``: since midnight, with its fraction.
    moments : datetime64[us] array (n,)
        In the Gregorian calendar.

    Returns
    -------
    float64 array (n,)

    Examples
    --------
    >>> moment = np.array(["2024-03-01T18:30"], "M8[us]")  # a Friday
    >>> [float(part_of(part, moment)[0]) for part in PARTS]
    [19783.770833333332, 2024.0, 2.0, 0.0, 4.0, 18.5]
    """
    found: Array
    days, months = moments.astype("M8[D]"), moments.astype("M8[M]")
    with np.errstate(invalid="ignore"):
        if part == "elapsed":
            found = moments.astype(np.int64) / 86_400e6
        elif part == "year":
            found = moments.astype("M8[Y]").astype(np.int64) + 1970.0
        elif part == "month":
            found = months.astype(np.int64) % 12 + 0.0
        elif part == "day":
            found = (days - months.astype("M8[D]")).astype(np.int64) + 0.0
        elif part == "weekday":
            found = (days.astype(np.int64) + 3) % 7 + 0.0  # 1970-01-01 was a Thursday
        else:
            found = (moments - days).astype("m8[us]").astype(np.int64) / 3600e6
    found[np.isnat(moments)] = np.nan
    return found


@dataclass(frozen=True)
class PlainPart:
    """A part v as one input: (v - center) · factor, clipped as numbers are."""

    part: str
    center: float
    factor: float

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the part."""
        return [f"{column}={self.part}"]

    def write(self, values: Array, out: Array) -> None:
        """Write the inputs of values, NaN where the date is missing, into `out`, an array (n, inputs)."""
        z = (values - self.center) * self.factor
        z[values != values] = 0
        out[:, 0] = smooth_clip(z)


@dataclass(frozen=True)
class CyclicPart:
    """A part v that recurs as two inputs: sin 2πv/period and cos 2πv/period."""

    part: str
    period: float

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the part."""
        return [f"{column}={self.part} sin", f"{column}={self.part} cos"]

    def write(self, values: Array, out: Array) -> None:
        """Write the inputs of values, NaN where the date is missing, into `out`, an array (n, inputs)."""
        angle = values * (2 * np.pi / self.period)
        out[:, 0], out[:, 1] = np.sin(angle), np.cos(angle)
        out[values != values] = 0


@dataclass(frozen=True)
class DateColumn:
    """A column of dates: an input or two for each part that varied in training; and perhaps where it was missing.

    A part that held two values is plain, as is `elapsed` and `year`; one that held more is cyclic. A missing date is 0
    in all of them.
    """

    kind: ClassVar[str] = "date"
    parts: tuple[PlainPart | CyclicPart, ...]
    missing: tuple[float, float] | None  # what the last input holds where the date is there, and where it is missing

    @staticmethod
    def learned(columns: Columns, j: int, encoder: TableEncoder) -> DateColumn:
        """Return what column j holds, for an encoder's settings."""
        moments = columns.dates(j)
        present = moments[~np.isnat(moments)]
        parts: list[PlainPart | CyclicPart] = []
        for part in encoder.dates or PARTS:
            values = part_of(part, present)
            distinct = len(np.unique(values))
            if distinct > 2 and part in PERIODS:
                parts.append(CyclicPart(part, PERIODS[part]))
            elif distinct > 1:
                low, center, high = (float(value) for value in np.quantile(values, [0.25, 0.5, 0.75]))
                factor = robust_scale(float(values.min()), low, high, float(values.max()))
                parts.append(PlainPart(part, center, factor))
        n_missing = len(moments) - len(present)
        if not n_missing or not len(present):
            return DateColumn(tuple(parts), None)
        there, missing = levels([0.0, 1.0], [len(present), n_missing], encoder.scale_categories)
        return DateColumn(tuple(parts), (there, missing))

    def learned_values(self) -> dict[str, Any]:
        """Return what was learned, for a model file."""
        missing = None if self.missing is None else list(self.missing)
        return {"parts": [dict(vars(part)) for part in self.parts], "missing": missing}

    @staticmethod
    def read(column: dict[str, Any]) -> DateColumn:
        """Return what `learned_values` described."""
        parts: list[PlainPart | CyclicPart] = []
        for entry in column["parts"]:
            if entry["part"] not in PARTS:
                raise ValueError(f"{entry['part']!r} is no part of a date")
            if "period" in entry:
                (period,) = finite_numbers([entry["period"]], 1)
                parts.append(CyclicPart(one_of(entry["part"], (str,)), period))
            else:
                parts.append(PlainPart(entry["part"], *finite_numbers([entry["center"], entry["factor"]], 2)))
        missing = None if column["missing"] is None else finite_numbers(column["missing"], 2)
        return DateColumn(tuple(parts), None if missing is None else (missing[0], missing[1]))

    def names(self, column: str) -> list[str]:
        """Return the names of the inputs that are made of the column."""
        found = [name for part in self.parts for name in part.names(column)]
        return found if self.missing is None else [*found, f"{column}=missing"]

    def write(self, columns: Columns, j: int, out: Array) -> None:
        """Write the inputs that are made of column j into `out`, an array (n, inputs)."""
        moments, start = columns.dates(j), 0
        for part in self.parts:
            width = len(part.names(""))
            part.write(part_of(part.part, moments), out[:, start : start + width])
            start += width
        if self.missing is not None:
            out[:, -1] = np.where(np.isnat(moments), self.missing[1], self.missing[0])


def check_parts(parts: Sequence[str] | None) -> list[str] | None:
    """Return the parts that were asked for.

    Raises
    ------
    ValueError
        One that is none of a date.
    """
    if parts is None:
        return None
    asked = [parts] if isinstance(parts, str) else list(parts)
    unknown = [part for part in asked if part not in PARTS]
    if unknown or not asked:
        raise ValueError(f"TableEncoder: dates must be some of {', '.join(PARTS)}; got {parts!r}")
    return asked
