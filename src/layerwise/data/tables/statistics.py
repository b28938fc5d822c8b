"""What is learned of a column: counts, extremes and examples, that can be merged from blocks and written as JSON.

    block ── Statistic.of ──┐
    block ── Statistic.of ──┴─ a.merge(b) ──► the statistic of both blocks together, to the last digit

Nothing is decided here. Every count is exact; only how many distinct values there are in several blocks, if more than
10,000, is an estimate.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, SURELY_MISSING
from layerwise.data.tables.readings import Parsed, Shaped, dates_in, merged, numbers_in
from layerwise.errors import FormatError
from layerwise.typing import Array

MOST_DISTINCT = 10_000  # values that are kept with their counts; of more, hashes alone
N_HASHES = 1024
N_EXAMPLES = 5
YES_NO = {"yes": 1, "no": 0, "true": 1, "false": 0, "y": 1, "n": 0, "t": 1, "f": 0}  # in small letters


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
    counted : int or None
        How many distinct values there are, where `distinct` is None and it was counted: in a single block. It is
        neither merged nor written down.
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
    counted: int | None = field(default=None, compare=False)

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
        shaped = Shaped.of(words)
        return Statistic(
            form,
            len(cells),
            absent,
            sum(found.values()) - sum(words.values()),
            None if is_many else dict(found),
            _smallest(_hashes(found)) if is_many else (),
            numbers_in(shaped, form) if form in ("text", "number") and words else {},
            dates_in(shaped) if form in ("text", "date") and words else {},
            sum(n for cell, n in words.items() if len(cell) <= 5 and cell.casefold() in YES_NO),
            _run([cell for cell in cells if cell in words]),
            max(map(len, found)),
            tuple(list(found)[:N_EXAMPLES]),
            len(found) if is_many else None,
        )

    @property
    def present(self) -> int:
        """How many rows have a value."""
        return self.count - self.missing

    @property
    def n_distinct(self) -> int:
        """How many distinct values there are; within some 3% where that is an estimate."""
        if self.distinct is not None:
            return len(self.distinct)
        if self.counted is not None:
            return self.counted
        if not self.is_estimate:
            return self.present
        return min(round((N_HASHES - 1) * 2.0**32 / max(self.hashes[-1], 1)), self.present)

    @property
    def is_estimate(self) -> bool:
        """Whether `n_distinct` is an estimate: of several blocks with many values, that do not count upwards."""
        return self.distinct is None and self.counted is None and (self.run is None or self.likely > 0)

    @property
    def said_distinct(self) -> str:
        """How many distinct values there are, in words: 12,345 or about 12,300."""
        n = self.n_distinct
        return f"about {round(n, 3 - len(str(n))):,}" if self.is_estimate else f"{n:,}"

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
            merged(self.numbers, other.numbers),
            merged(self.dates, other.dates),
            self.yes_no + other.yes_no,
            (self.run[0], other.run[1]) if follows and self.run and other.run else None,
            max(self.longest, other.longest),
            tuple(dict.fromkeys((*self.examples, *other.examples)))[:N_EXAMPLES],
        )

    def _hashes(self) -> Iterable[int]:
        return self.hashes if self.distinct is None else _hashes(self.distinct)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it; `from_dict` reads it."""
        described = {name: value for name, value in vars(self).items() if name in _FIELDS}
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


_FIELDS = tuple(name for name in vars(Statistic()) if name != "counted")


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
    found: list[int] = np.unique(np.fromiter(hashes, np.int64))[:N_HASHES].tolist()
    return tuple(found)
