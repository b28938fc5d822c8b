"""What cells read as, counted: numbers in each notation, dates in each format. Cells of one shape are judged once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from layerwise.data.tables.cells import COMMA, POINT, Notation, read_numbers
from layerwise.data.tables.dates import formats_like, read_date
from layerwise.typing import Array

NOTATIONS = {".": POINT, ".,": Notation(".", ","), ",": COMMA, ",.": Notation(",", ".")}
"""Decimal point and thousands separator; of two that read as many cells, the first is taken."""

_BETWEEN = "\x1f"  # the separator of cells in a text of many
_NINES = str.maketrans("012345678", "999999999")
_DIGITS = re.compile(r"[+-]?\d\d+")
_UNMARKED = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUPS = {",": re.compile(r"\D*\d{1,3},\d{3}\D*"), ".": re.compile(r"\D*\d{1,3}\.\d{3}\D*")}


@dataclass(frozen=True)
class Parsed:
    """How many cells read as a number in one notation, or as a date in one format, and their extremes.

    Attributes
    ----------
    count : int
        Cells that do.
    low, high : float or int
        The least and the greatest: a number, or microseconds since 1970-01-01.
    whole, padded, marked : int
        Numbers that are whole; that are spelled with zeros in front, as 0123; with more than digits, a sign, a decimal
        point and an exponent, as $5, 5% or 1,000,000.
    """

    count: int
    low: float
    high: float
    whole: int = 0
    padded: int = 0
    marked: int = 0

    def merge(self, other: Parsed) -> Parsed:
        """Return that of both blocks together."""
        return Parsed(
            self.count + other.count,
            min(self.low, other.low),
            max(self.high, other.high),
            self.whole + other.whole,
            self.padded + other.padded,
            self.marked + other.marked,
        )


@dataclass(frozen=True)
class Shaped:
    """Distinct cells, of which those of one shape (digits as nines) are judged together."""

    cells: list[str]
    times: Array
    shapes: list[str]
    index: Array  # the shape of each cell

    @staticmethod
    def of(found: Mapping[str, int]) -> Shaped:
        """Return values with their counts, by shape."""
        cells = list(found)
        known: dict[str, int] = {}
        shapes = _BETWEEN.join(cells).translate(_NINES).split(_BETWEEN)
        if len(shapes) != len(cells):
            shapes = [cell.translate(_NINES) for cell in cells]
        index = [known.setdefault(shape, len(known)) for shape in shapes]
        return Shaped(cells, np.fromiter(found.values(), np.int64, len(cells)), list(known), np.array(index, np.int64))

    def are(self, judged: Iterable[object]) -> Array:
        """Return what is true of each cell, from what is true of each shape."""
        return np.array([bool(one) for one in judged], bool)[self.index]

    def begin_with_zero(self, among: Array) -> Array:
        """Return which of some cells have 0 for their first digit."""
        out = np.zeros(len(self.cells), bool)
        for i in np.flatnonzero(among).tolist():
            out[i] = next(character for character in self.cells[i] if character.isdecimal()) == "0"
        return out


def numbers_in(shaped: Shaped, form: str) -> dict[str, Parsed]:
    """Return what the values read as, by notation."""
    cells, shapes = shaped.cells, shaped.shapes
    first = [cells[i] for i in np.unique(shaped.index, return_index=True)[1].tolist()]
    plain = shaped.are(map(_PLAIN.fullmatch, shapes))
    pointed = shaped.are("." in shape for shape in shapes)
    padded = shaped.begin_with_zero(shaped.are(map(_DIGITS.fullmatch, shapes)))
    unmarked = shaped.are(map(_UNMARKED.fullmatch, shapes))
    known = np.full(len(cells), np.nan)  # plain numbers are the same in all notations, but for a point
    known[plain] = np.array([cells[i] for i in np.flatnonzero(plain).tolist()], np.float64)
    found = {}
    for key, notation in NOTATIONS.items() if form == "text" else [(".", POINT)]:
        is_known = plain & (~pointed if notation.decimal == "," else True)
        rest = ~is_known & shaped.are(np.isfinite(read_numbers(first, notation)))
        if key[1:]:
            grouped = rest & shaped.are(map(_GROUPS[key[1:]].fullmatch, shapes))
            rest &= ~shaped.begin_with_zero(grouped)  # 0,123: no thousands
        values = np.where(is_known, known, np.nan)
        values[rest] = read_numbers([cells[i] for i in np.flatnonzero(rest).tolist()], notation)
        there = np.isfinite(values)
        if there.any():
            clear = unmarked & shaped.are(not key[1:] or key[1:] not in shape for shape in shapes)
            found[key] = Parsed(
                int(shaped.times[there].sum()),
                float(values[there].min()),
                float(values[there].max()),
                int(shaped.times[there & (values % 1 == 0)].sum()),
                int(shaped.times[there & padded].sum()),
                int(shaped.times[there & ~clear].sum()),
            )
    return found


def dates_in(shaped: Shaped) -> dict[str, Parsed]:
    """Return what the values read as, by format."""
    dates: dict[str, Parsed] = {}
    able = [formats_like(shape) for shape in shaped.shapes]
    for i in np.flatnonzero(shaped.are(able)).tolist():
        for format in able[shaped.index[i]]:
            if (moment := read_date(shaped.cells[i], format)) is not None:
                _add(dates, format, Parsed(int(shaped.times[i]), moment, moment))
    return dates


def _add(known: dict[str, Parsed], key: str, part: Parsed) -> None:
    known[key] = known[key].merge(part) if key in known else part


def merged(one: Mapping[str, Parsed], other: Mapping[str, Parsed]) -> dict[str, Parsed]:
    """Return the counts of two blocks together."""
    both = dict(one)
    for key, part in other.items():
        _add(both, key, part)
    return both
