"""What is learned of a column: counts, extremes and examples, that can be merged from blocks and written as JSON.

    block ── Statistic.of ──┐
    block ── Statistic.of ──┴─ a.merge(b) ──► the statistic of both blocks together, to the last digit

Nothing is decided here. Every count is exact; only how many distinct values there are beyond 10,000 is an estimate.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layerwise.data.tables.cells import COMMA, LIKELY_MISSING, POINT, SURELY_MISSING, Notation, read_numbers
from layerwise.data.tables.dates import formats_of
from layerwise.errors import FormatError
from layerwise.typing import Array

MOST_DISTINCT = 10_000  # values that are kept with their counts; of more, hashes alone
N_HASHES = 1024
N_EXAMPLES = 5
YES_NO = {"yes": 1, "no": 0, "true": 1, "false": 0, "y": 1, "n": 0, "t": 1, "f": 0}  # in small letters
NOTATIONS = {".": POINT, ".,": Notation(".", ","), ",": COMMA, ",.": Notation(",", ".")}
"""Decimal point and thousands separator; of two that read as many cells, the first is taken."""

_PADDED = re.compile(r"[+-]?0\d+")  # 0123, but not 0.5
_UNMARKED = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")
_GROUP = re.compile(r"[+-]?[1-9]\d{0,2}\.\d{3}")  # 1.234: in one of the notations a thousand and more
_ZERO_GROUP = re.compile(r"\D*0[.,]\d{3}\D*")  # 0,123: no thousands


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
class Statistic:
    """What is known of a column.

    Attributes
    ----------
    form : str
        What the file holds: ``"text"``, ``"number"``, ``"boolean"`` or ``"date"``; "" of no values at all.
    count, missing, likely : int
        Rows; those without a value; and those with a cell like "?" or "none", which among numbers and dates stands for
        a missing value, and may be a category among words.
    distinct : dict of str to int, or None
        Each value with its count, as text; None where there are more than 10,000.
    hashes : tuple of int
        Where `distinct` is None: the 1,024 smallest of the values' hashes (mixed CRC-32 of UTF-8).
    numbers : dict of str to Parsed
        By notation, for the cells that read as a number.
    dates : dict of str to Parsed
        By format, for those that read as a date.
    yes_no : int
        Cells that say yes or no: yes, no, true, false, y, n, t, f.
    run : tuple of int, or None
        First and last value, where each is a whole number, one more than the value above it.
    longest : int
        Characters of the longest text.
    examples : tuple of str
        The first five distinct values.
    """

    form: str = ""
    count: int = 0
    missing: int = 0
    likely: int = 0
    distinct: Mapping[str, int] | None = field(default_factory=dict)
    hashes: tuple[int, ...] = ()
    numbers: Mapping[str, Parsed] = field(default_factory=dict)
    dates: Mapping[str, Parsed] = field(default_factory=dict)
    yes_no: int = 0
    run: tuple[int, int] | None = None
    longest: int = 0
    examples: tuple[str, ...] = ()

    @staticmethod
    def of(values: Sequence[str] | Array, missing: Iterable[str] = SURELY_MISSING) -> Statistic:
        """Return the statistic of a block.

        Parameters
        ----------
        values : list of str, or array of numbers, booleans or datetime64
            The cells; missing numbers are NaN, missing dates NaT.
        missing : collection of str, optional
            Cells of text that stand where a value is missing.
        """
        form, cells = as_cells(values)
        tokens = frozenset(missing) if form == "text" else frozenset({""})
        found = Counter(cells)
        absent = sum(found.pop(cell) for cell in [cell for cell in found if cell in tokens])
        if not found:
            return Statistic("", len(cells), absent)
        is_many = len(found) > MOST_DISTINCT
        likely = LIKELY_MISSING if form == "text" else frozenset()
        words = {cell: n for cell, n in found.items() if cell not in likely}
        return Statistic(
            form,
            len(cells),
            absent,
            sum(found.values()) - sum(words.values()),
            None if is_many else dict(found),
            _smallest(_hashes(found)) if is_many else (),
            _numbers(words, form) if form != "boolean" else {},
            _dates(words, form) if form in ("text", "date") else {},
            sum(n for cell, n in words.items() if cell.casefold() in YES_NO),
            _run([cell for cell in cells if cell in words]),
            max(map(len, found)),
            tuple(list(found)[:N_EXAMPLES]),
        )

    @property
    def present(self) -> int:
        """How many rows have a value."""
        return self.count - self.missing

    @property
    def n_distinct(self) -> int:
        """How many distinct values there are; an estimate where `distinct` is None, within some 3%."""
        if self.distinct is not None:
            return len(self.distinct)
        return min(round((N_HASHES - 1) * 2.0**32 / max(self.hashes[-1], 1)), self.present)

    def merge(self, other: Statistic) -> Statistic:
        """Return the statistic of this block and another that stands below it."""
        if not self.present or not other.present:
            kept = other if not self.present else self
            return replace(kept, count=self.count + other.count, missing=self.missing + other.missing)
        distinct: Counter[str] | None = None
        if self.distinct is not None and other.distinct is not None:
            distinct = Counter(self.distinct)
            distinct.update(other.distinct)
        is_many = distinct is None or len(distinct) > MOST_DISTINCT
        follows = self.run is not None and other.run is not None and self.run[1] + 1 == other.run[0]
        return Statistic(
            self.form if self.form == other.form else "text",
            self.count + other.count,
            self.missing + other.missing,
            self.likely + other.likely,
            None if is_many else dict(distinct or {}),
            _smallest([*self._hashes(), *other._hashes()]) if is_many else (),
            _merged(self.numbers, other.numbers),
            _merged(self.dates, other.dates),
            self.yes_no + other.yes_no,
            (self.run[0], other.run[1]) if follows and self.run and other.run else None,
            max(self.longest, other.longest),
            tuple(dict.fromkeys((*self.examples, *other.examples)))[:N_EXAMPLES],
        )

    def _hashes(self) -> Iterable[int]:
        return self.hashes if self.distinct is None else _hashes(self.distinct)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it; `from_dict` reads it."""
        described = dict(vars(self))
        for name in ("numbers", "dates"):
            described[name] = {key: dict(vars(part)) for key, part in described[name].items()}
        described["run"] = None if self.run is None else list(self.run)
        return {**described, "hashes": list(self.hashes), "examples": list(self.examples)}

    @staticmethod
    def from_dict(description: Mapping[str, Any]) -> Statistic:
        """Return the statistic that `to_dict` described.

        Raises
        ------
        FormatError
            Not such a description.
        """
        try:
            d = dict(description)
            lists = {"hashes": tuple(d["hashes"]), "examples": tuple(d["examples"])}
            for name in ("numbers", "dates"):
                d[name] = {key: Parsed(**part) for key, part in d[name].items()}
            d["run"] = None if d["run"] is None else (int(d["run"][0]), int(d["run"][1]))
            return Statistic(**{**{name: d[name] for name in _FIELDS}, **d, **lists})
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise FormatError(f"not the description of a Statistic, as to_dict gives it: {error!r}") from None


_FIELDS = tuple(vars(Statistic()))


def as_cells(values: Sequence[str] | Array) -> tuple[str, list[str]]:
    """Return what a column holds, and each value as text, "" where it is missing.

    A whole number is written without a point, any other with the digits that give it back; a date as ISO 8601 has it.
    """
    if not isinstance(values, np.ndarray):
        return "text", list(values)
    if values.dtype.kind == "b":
        return "boolean", values.astype(str).tolist()
    if values.dtype.kind == "M":
        return "date", ["" if cell == "NaT" else cell for cell in values.astype("M8[s]").astype(str).tolist()]
    if values.dtype.kind in "iu":
        return "number", values.astype(str).tolist()
    return "number", [text_of(value) for value in values.tolist()]


def text_of(value: float) -> str:
    """Return a number as text: 2.0 as "2", 0.1 as "0.1", NaN as ""."""
    if value != value:
        return ""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _numbers(found: Mapping[str, int], form: str) -> dict[str, Parsed]:
    """Return what the values read as, by notation."""
    read: dict[str, tuple[list[str], Array]] = {}
    plain = [cell for cell in found if _PLAIN.fullmatch(cell)]
    others = [cell for cell in found if not _PLAIN.fullmatch(cell)]
    for key, notation in NOTATIONS.items() if form == "text" else [(".", POINT)]:
        cells = plain
        if notation.decimal == ",":  # 1.5 is no number, but 15 is, and 1.500 may be
            cells = [cell for cell in plain if "." not in cell or (notation.thousands and _GROUP.fullmatch(cell))]
        rest = [cell for cell in others if not (notation.thousands and _ZERO_GROUP.fullmatch(cell))]
        values = np.concatenate([read_numbers(part, notation) for part in (cells, rest) if part] or [np.zeros(0)])
        read[key] = [*cells, *rest], values
    return {
        key: part for key, (cells, values) in read.items() if (part := _of(found, cells, values, key[1:])) is not None
    }


def _of(found: Mapping[str, int], cells: list[str], values: Array, thousands: str) -> Parsed | None:
    there = np.isfinite(values)
    if not there.any():
        return None
    numbers = values[there]
    cells = [cell for cell, is_there in zip(cells, there.tolist()) if is_there]
    times = np.array([found[cell] for cell in cells])
    return Parsed(
        int(times.sum()),
        float(numbers.min()),
        float(numbers.max()),
        int(times[numbers % 1 == 0].sum()),
        sum(found[cell] for cell in cells if _PADDED.fullmatch(cell)),
        sum(found[cell] for cell in cells if not _UNMARKED.fullmatch(cell) or (thousands and thousands in cell)),
    )


def _dates(found: Mapping[str, int], form: str) -> dict[str, Parsed]:
    """Return what the values read as, by format."""
    dates: dict[str, Parsed] = {}
    for cell, n in found.items():
        if form == "date" or not _UNMARKED.fullmatch(cell) or (len(cell) == 8 and cell.isdecimal()):
            for format, moment in formats_of(cell).items():
                _add(dates, format, Parsed(n, moment, moment))
    return dates


def _add(known: dict[str, Parsed], key: str, part: Parsed) -> None:
    known[key] = known[key].merge(part) if key in known else part


def _merged(one: Mapping[str, Parsed], other: Mapping[str, Parsed]) -> dict[str, Parsed]:
    both = dict(one)
    for key, part in other.items():
        _add(both, key, part)
    return both


def _run(cells: list[str]) -> tuple[int, int] | None:
    """Return the ends of consecutive whole numbers."""
    if not cells:
        return None
    try:
        first = int(cells[0]) if len(cells[0]) < 19 else None
    except ValueError:
        return None
    if first is None or any(cell != str(first + i) for i, cell in enumerate(cells)):
        return None
    return first, first + len(cells) - 1


def _hashes(cells: Iterable[str]) -> list[int]:
    """Return 32 bits of each: CRC-32 of UTF-8, then the finalizer of MurmurHash3, which spreads them evenly."""
    h = np.array([zlib.crc32(cell.encode("utf-8", "surrogatepass")) for cell in cells], np.uint32)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    found: list[int] = h.tolist()
    return found


def _smallest(hashes: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(hashes))[:N_HASHES])
