"""Records of a text: lines split into cells, by a delimiter that is told from all of them.

Quotes are those of RFC 4180; a line whose quotes are not is read as it stands, and counted.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Literal

import numpy as np

from layerwise.data.tables.cells import COMMA, LIKELY_MISSING, POINT, SURELY_MISSING, Notation, read_numbers
from layerwise.typing import Array

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar", " ": "spaces"}
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}\S*)?( ?[AP]M)?|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AP]M)?"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ]\d{2,4}|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{4}-\d{2}"
)
_LOOKED_AT = 300  # records, and at most
_HEAD = 1 << 18  # characters
_PART = 1 << 20  # characters that are split into lines at once


@dataclass
class Records:
    """The records of a text, one after the other.

    Attributes
    ----------
    text : str
        The text.
    delimiter : str
        The character between two cells; a space stands for any number of spaces and tabs.
    escape : str or None
        What stands before a quote within quotes, where that is not doubled.
    quote : str
        What stands around cells that have the delimiter in them.
    bad_quotes : list of int
        Lines whose quotes made no sense and were taken as they stand, as far as the records were read.
    """

    text: str
    delimiter: str
    escape: str | None = None
    quote: str = '"'
    bad_quotes: list[int] = field(default_factory=list)
    _place: int = 0

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line on which each record begins, from 1, and its cells as they stand; none for blank lines."""
        line, start, rescanned = 1, 0, 0
        if self.quote not in self.text and self.delimiter != " " and _has_plain_lines(self.text):
            try:
                for row in enumerate(
                    csv.reader(
                        _plain_lines(self.text),
                        delimiter=self.delimiter,
                        quoting=csv.QUOTE_NONE,
                        skipinitialspace=self.delimiter != "\t",
                    ),
                    1,
                ):
                    yield row
                    line = row[0] + 1
                return
            except csv.Error:  # a cell longer than the reader takes
                start = [found.start() for found in islice(_LINE.finditer(self.text), line)][-1]
        self._place = start
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quote in self.text else csv.QUOTE_NONE
        while True:
            reader = csv.reader(
                self._lines(start), delimiter=self.delimiter, quoting=quoting, doublequote=self.escape is None,
                escapechar=self.escape, quotechar=self.quote, skipinitialspace=self.delimiter != "\t", strict=True,
            )  # fmt: skip
            base = line - 1
            try:
                for cells in reader:
                    yield line, cells
                    line, start = base + reader.line_num + 1, self._place
                return
            except csv.Error:
                rescanned += base + reader.line_num + 1 - line
                if rescanned > 10_000 + 2 * line:  # quotes mean nothing in this file
                    quoting = csv.QUOTE_NONE
                if (found := _LINE.match(self.text, start)) is None:
                    return
                self.bad_quotes.append(line)
                yield line, self._literal(found[0])
                line, start = line + 1, found.end()

    def _lines(self, start: int) -> Iterator[str]:
        by_spaces = self.delimiter == " "
        for found in _LINE.finditer(self.text, start):
            self._place = found.end()
            yield found[0].replace("\t", " ").strip(" \r\n") + "\n" if by_spaces else found[0]

    def _literal(self, line: str) -> list[str]:
        """Return the cells of one line whose quotes do not match."""
        line = line.strip("\r\n")
        if line.count(self.quote) % 2 == 0:
            try:
                return next(
                    csv.reader([line], delimiter=self.delimiter, quotechar=self.quote, skipinitialspace=True), []
                )
            except csv.Error:  # a cell longer than the reader takes
                pass
        return line.split() if self.delimiter == " " else line.split(self.delimiter)


def _has_plain_lines(text: str) -> bool:
    """Return whether each line ends as on Unix or on Windows."""
    return "\r" not in text or text.count("\r") == text.count("\r\n")


def _plain_lines(text: str) -> Iterator[str]:
    """Return the lines of such a text, split a part at a time."""
    return chain.from_iterable(_parts(text))


def _parts(text: str) -> Iterator[list[str]]:
    start, last = 0, len(text) - text.endswith("\n")
    while start < len(text):
        end = text.find("\n", start + _PART)
        end = last if end < 0 else end
        yield text[start:end].split("\n")
        start = end + 1


def has_spaces_around(text: str, delimiter: str, quote: str) -> bool:
    """Return whether some cells may have spaces before or after them."""
    if not text.isascii() or delimiter == " " or any(character in text for character in "\x0b\x0c\x1c\x1d\x1e\x1f"):
        return True
    marks = [delimiter, "\n", "\r", *([quote] if quote in text else [])]
    return (
        text[:1].isspace()
        or text[-1:] in (" ", "\t")
        or any(
            space != delimiter and (space + mark in text or mark + space in text) for space in " \t" for mark in marks
        )
    )


def are_numbers(cells: list[str]) -> Array:
    """Return which cells are numbers, in whatever notation."""
    found = np.zeros(len(cells), bool)
    for notation in (POINT, COMMA, Notation(".", ","), Notation(",", ".")):
        if not found.all():
            found |= ~np.isnan(read_numbers(cells, notation))
    return found


def is_date(cell: str) -> bool:
    """Return whether a cell looks like a date or a time."""
    return bool(_DATE.fullmatch(cell))


def is_missing(cell: str) -> bool:
    """Return whether a cell may stand for a missing value."""
    return cell in SURELY_MISSING or cell in LIKELY_MISSING


def find_delimiter(text: str) -> tuple[str, str | None]:
    """Return what stands between the cells, and what stands before a quote within quotes.

    That is the candidate by which most lines have equally many cells, and the cells are such as a table has: numbers,
    dates, and words without another candidate between them. A comma, where there is only one column.
    """
    head = text if len(text) <= _HEAD else text[: text.rfind("\n", 0, _HEAD) + 1] or text[:_HEAD]
    scores = {}
    for delimiter in DELIMITERS:
        if delimiter in head or (delimiter == " " and "\t" in head):
            records = Records(head, delimiter)
            score = _score(delimiter, [cells for _, cells in islice(records, _LOOKED_AT)])
            escape = None
            if records.bad_quotes and '\\"' in head:
                escaped = Records(head, delimiter, "\\")
                other = _score(delimiter, [cells for _, cells in islice(escaped, _LOOKED_AT)])
                if len(escaped.bad_quotes) < len(records.bad_quotes):
                    score, escape = other, "\\"
            scores[delimiter, escape] = score
    best = max(scores, key=scores.__getitem__, default=(",", None))
    return best if scores.get(best, 0.0) > 0 else (",", None)


def find_quote(text: str, delimiter: str) -> str:
    """Return what stands around cells: a single quote where most lines have cells in them and none in double quotes."""
    lines = text[:_HEAD].splitlines()[:_LOOKED_AT]
    if "'" not in text[:_HEAD] or any('"' in line for line in lines):
        return '"'
    mark = re.escape(delimiter)
    cell = re.compile(rf"(?:^|{mark})\s*'[^']*'\s*(?={mark}|$)")
    return "'" if 2 * sum(bool(cell.search(line)) for line in lines) > len(lines) else '"'


def _score(delimiter: str, rows: list[list[str]]) -> float:
    """Return from 0 to 1 how well a delimiter explains the lines."""
    rows = [[cell.strip() for cell in cells] for cells in rows if cells]
    rows = [cells for cells in rows if not cells[0].startswith(("#", "%"))] or rows
    widths = Counter(len(cells) for cells in rows)
    width = max(widths, key=lambda width: (widths[width] * (width > 1), width), default=1)
    if width < 2:
        return 0.0
    lacks_index = len(rows) > 1 and len(rows[0]) == width - 1  # R gives the row names no name
    share = widths[width] / (len(rows) - lacks_index)
    if delimiter == " " and (len(rows[0]) not in (width, width - 1) or share < 0.9):
        return 0.0  # words of a sentence
    if share < 0.4:
        return 0.0
    cells = [cell for row in rows if len(row) == width for cell in row]
    numbers = are_numbers(cells)
    others = "".join(other for other in DELIMITERS if other not in (delimiter, " "))
    worth = sum(
        1.0 if number or is_missing(cell) or is_date(cell) else 0.9 * (not any(other in cell for other in others))
        for cell, number in zip(cells, numbers.tolist())
    )
    return float(share**2 * (0.2 + 0.8 * worth / len(cells)) * (0.95 if delimiter == " " else 1.0))
