"""Tables of text: what the layout says, applied to every record, with a count of all that is left out.

text ── Records ──► the first rows ── find_layout ──► names, where the data begin
               └──► blocks of rows ──► columns of cells
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import numpy as np

from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading.decimals import find_decimal
from layerwise.datasets.reading.headers import named_columns
from layerwise.datasets.reading.judging import Row
from layerwise.datasets.reading.layout import Layout, find_layout, is_comment
from layerwise.datasets.reading.prose import refuse_prose
from layerwise.datasets.reading.records import (
    DELIMITERS,
    Records,
    are_numbers,
    find_delimiter,
    find_quote,
    has_spaces_around,
    is_missing,
)
from layerwise.datasets.reading.totals import rows_below
from layerwise.errors import DataError

_HEAD = 1000  # rows that tell the layout
_BLOCK = 5000
_FEW = 0.05  # of the rows may be of another length
_SHARED = 1000  # different cells of a column that are kept once each


@dataclass
class Settings:
    """How a file is to be read; None for what is to be found.

    Attributes
    ----------
    delimiter, decimal, encoding, sheet, query : str, optional
        As in `read_raw`.
    header : bool, optional
        Whether the first row names the columns.
    na : tuple of str
        Cells that stand for a missing value, besides the usual ones.
    skip : int, optional
        Lines to leave out first.
    names : list of str
        The columns of an earlier file that is read likewise.
    earlier_sheet, earlier_query : str, optional
        The sheet of that file, which is taken where there are several; its query, where it was a database.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header: bool | None = None
    decimal: str | None = None
    sheet: str | None = None
    query: str | None = None
    na: tuple[str, ...] = ()
    skip: int | None = None
    names: list[str] = field(default_factory=list)
    earlier_sheet: str | None = None
    earlier_query: str | None = None


def read_text(text: str, name: str, settings: Settings, notes: list[str]) -> RawTable:
    """Return the table that a text holds."""
    delimiter, escape = settings.delimiter, None
    shown = text.split("\n", settings.skip)[-1] if settings.skip else text
    if delimiter is None:
        delimiter, escape = find_delimiter(shown)
        if delimiter != ",":
            notes.append(f"cells are separated by {DELIMITERS[delimiter]}")
    quote = find_quote(shown, delimiter)
    if quote == "'":
        notes.append("cells are in single quotes, which are left out")
    records = Records(text, delimiter, escape, quote)
    is_spaced = has_spaces_around(text, delimiter, quote)
    table = read_rows(iter(records), name, settings, notes, delimiter, is_spaced)
    if records.bad_quotes:
        lines = _listed(records.bad_quotes)
        notes.append(f"quotes that do not match were taken as they stand in {lines}")
    table.how |= {"delimiter": delimiter}
    return table


def read_rows(
    rows: Iterator[Row],
    name: str,
    settings: Settings,
    notes: list[str],
    delimiter: str | None = None,
    is_spaced: bool = True,
) -> RawTable:
    """Return the table that rows of text hold, the first of them maybe a title, a header or units.

    The cells may have spaces around them, unless `is_spaced` is False.
    """
    if settings.skip:
        first = settings.skip
        rows = (row for row in rows if row[0] > first)
    marks = "#%" if delimiter in (None, ";") else "#%;"
    looked_at = [(line, [cell.strip() for cell in cells]) for line, cells in islice(rows, _HEAD)]
    head = [(line, cells) for line, cells in looked_at if any(cells)]
    if delimiter is not None and settings.delimiter is None:
        refuse_prose([cells for _, cells in head], name)
    layout = find_layout(head, name, marks, settings.header, settings.names)
    if not head or not layout.width or layout.start >= len(head):
        but = "names of columns, but " if layout.header is not None else ""
        raise DataError(f"{name} has {but}no rows; expected a table with a row for each sample")
    notes += layout.notes
    body = _Body(name, layout, marks, is_spaced)
    body.blank = len(looked_at) - len(head)
    with _uncollected():
        body.read(chain(head[layout.start :], rows))
    columns, lines = body.finish(notes)
    columns, names, unnamed = named_columns(columns, layout.header, notes)
    if settings.na:
        _blank(columns, settings.na, notes)
    decimal, unclear = (settings.decimal, []) if settings.decimal else find_decimal(columns, delimiter)
    if decimal == "," and settings.decimal is None:
        notes.append("numbers have decimal commas")
    if layout.header is None:
        notes.append(f"the first row (line {lines[0]}) was taken for data, not for names" if lines else "no names")
    how: dict[str, Any] = {"header": layout.header is not None, "decimal": decimal, "na": list(settings.na)}
    how |= {"skip": settings.skip or 0, "names": list(names)}
    has_header = layout.header is not None
    return RawTable(name, names, list(columns), np.array(lines, np.int64), has_header, notes, how, unnamed, unclear)


class _Body:
    """The rows of data, gathered into columns."""

    def __init__(self, name: str, layout: Layout, marks: str, is_spaced: bool) -> None:
        self.name, self.layout, self.marks, self.is_spaced = name, layout, marks, is_spaced
        self.columns: list[list[str]] = [[] for _ in range(layout.width)]
        self.shared: list[dict[str, str]] = [{} for _ in range(layout.width)]
        self.lines: list[int] = []
        self.short: list[int] = []  # places of rows that lack cells at their end
        self.long: list[Row] = []
        self.blank = self.comments = self.headers = 0

    def read(self, rows: Iterator[Row]) -> None:
        """Take all rows, a block at a time."""
        width = self.layout.width
        last_name = self.layout.header[-1] if self.layout.header is not None else None
        while block := list(islice(rows, _BLOCK)):
            if self._take_whole(block, width, last_name):
                continue
            kept = []
            for row in block:
                line, given = row
                if len(given) == width and given[0] and given[-1] != last_name:  # as almost all rows are
                    kept.append(row)
                elif (whole := self._whole(line, given)) is not None:
                    kept.append((line, whole))
            if kept:
                self._take(*zip(*kept))

    def _take_whole(self, block: list[Row], width: int, last_name: str | None) -> bool:
        """Take a block of rows that all have a cell for each column, and are no blank, comment or header."""
        lines, rows = zip(*block)
        if set(map(len, rows)) != {width} or last_name in {row[-1] for row in rows} or not all(row[0] for row in rows):
            return False
        self._take(lines, rows)
        return True

    def _take(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> None:
        self.lines += lines
        for column, shared, cells in zip(self.columns, self.shared, zip(*rows)):
            bare: Sequence[str] = [cell.strip() for cell in cells] if self.is_spaced else cells
            if len(shared) < _SHARED:
                bare = [shared.setdefault(cell, cell) for cell in bare]
            column += bare

    def _whole(self, line: int, cells: list[str]) -> list[str] | None:
        """Return a cell for each column, or None for a row that is left out, which is counted."""
        width = self.layout.width
        if not any(map(str.strip, cells)):
            self.blank += 1
            return None
        if len(cells) == width:
            if self.layout.header is not None and cells[-1] == self.layout.header[-1] and cells == self.layout.header:
                self.headers += 1
                return None
            return cells
        if is_comment(cells, self.marks):
            self.comments += 1
            return None
        if len(cells) > width:
            if any(cell.strip() for cell in cells[width:]):
                self.long.append((line, cells))
                return None
            return cells[:width]
        self.short.append(-line)
        return cells + [""] * (width - len(cells))

    def finish(self, notes: list[str]) -> tuple[list[list[str]], list[int]]:
        """Judge rows of another length, leave out totals, and say all that was left out."""
        places = {line: row for row, line in enumerate(self.lines)} if self.short else {}
        short = [places[-line] for line in self.short]
        unfit = [row for row in short if not self._fits(row)]
        feet = [row for row in unfit if row >= len(self.lines) - 10 and sum(bool(c[row]) for c in self.columns) == 1]
        unfit = [row for row in unfit if row not in feet]
        odd = sorted([self.lines[row] for row in unfit] + [line for line, _ in self.long])
        self._refuse_many(odd)
        padded = [self.lines[row] for row in short if row not in {*unfit, *feet}]
        again = self._names_again()
        self.headers += len(again)
        self._drop({*unfit, *feet, *again})
        totals, alone = rows_below(self.columns)
        if totals:
            word = next(column[totals[-1]] for column in self.columns if column[totals[-1]])[:40]
            notes.append(
                f"{_counted(len(totals), 'row')} of totals at the end left out (line {self.lines[totals[0]]}: {word})"
            )
        self._drop({*totals, *alone})
        width = self.layout.width
        for count, said in (
            (len(odd), f"left out for having other than {width} cells ({_listed(odd)})"),
            (len(padded), f"with too few cells: the last ones were taken for empty ({_listed(padded)})"),
            (len(feet) + len(alone), "with a single cell left out below the table"),
            (self.blank, "left out as blank"),
            (self.comments, "within the table left out as comments"),
            (self.headers, "left out for repeating the names of the columns"),
        ):
            if count:
                notes.append(f"{_counted(count, 'row')} {said}")
        return self.columns, self.lines

    def _drop(self, rows: set[int]) -> None:
        if rows:
            kept = [row for row in range(len(self.lines)) if row not in rows]
            self.columns = [[column[row] for row in kept] for column in self.columns]
            self.lines = [self.lines[row] for row in kept]

    def _names_again(self) -> set[int]:
        """Return rows that have a column's name where the column has numbers: the header once more."""
        found: set[int] = set()
        for name, column in zip(self.layout.header or (), self.columns):
            if name and name in column and np.mean(are_numbers(column[:200])) >= 0.9:
                found |= {row for row, cell in enumerate(column) if cell == name}
        return found

    def _fits(self, row: int) -> bool:
        """Return whether the cells of a short row are of the kind that their columns are, so that none was shifted."""
        present = sum(bool(column[row]) for column in self.columns)
        for column in self.columns[:present]:
            cell = column[row]
            sample = [other for other in column[:200] if not is_missing(other)]
            if sample and not is_missing(cell):
                numeric = float(np.mean(are_numbers(sample))) >= 0.9
                if numeric and not are_numbers([cell])[0]:
                    return False
        return present > 1 or self.layout.width <= 2

    def _refuse_many(self, odd: list[int]) -> None:
        if len(odd) > max(2, _FEW * (len(self.lines) + len(self.long))):
            long = dict(self.long)
            place = odd[0]
            got = len(long[place]) if place in long else "fewer"
            raise DataError(
                f"{self.name}, line {place}: expected {self.layout.width} cells, as most rows have, but got {got}; "
                f"so it is in {len(odd):,} rows of {len(self.lines) + len(self.long):,}. Give the delimiter if it is "
                "another, how many lines to leave out first (--skip, skip=), or mend the rows"
            )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the search for cycles, which would go through all cells read so far, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _blank(columns: list[list[str]], na: tuple[str, ...], notes: list[str]) -> None:
    """Empty the cells that the user says are missing."""
    tokens, count = set(na), 0
    for j, column in enumerate(columns):
        if found := sum(cell in tokens for cell in column):
            columns[j] = ["" if cell in tokens else cell for cell in column]
            count += found
    notes.append(f"{_counted(count, 'cell')} taken for missing, as {', '.join(map(repr, na))} says")


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _listed(lines: list[int]) -> str:
    """Return the first few lines of many."""
    shown = ", ".join(map(str, lines[:5]))
    return f"line{'s' if len(lines) != 1 else ''} {shown}" + (f" and {len(lines) - 5:,} more" if len(lines) > 5 else "")
