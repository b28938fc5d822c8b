"""Rows at the end of a table that are none of its samples: those that sum up the others, and notes in a single cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from layerwise.data.tables.cells import find_notation, read_numbers
from layerwise.datasets.reading.records import are_numbers, is_date, is_missing

_TOTAL = re.compile(
    r"((grand |sub)?total|(gesamt|zwischen)?summe|sum|mean|average|avg|median|count|std|gesamt|insgesamt|mittelwert"
    r"|durchschnitt|totale|totaal|total g[ée]n[ée]ral|total geral|somme|suma|soma|moyenne|promedio|итого|всего|合计"
    r"|总计)s?\.?:?",
    re.IGNORECASE,
)
_MOST = 10  # rows that are looked at
_MOST_TOTALS = 4
_FEWEST = 5  # rows above that tell that a row is their sum
_CLOSE = 1e-4  # of a sum: that of rounded cells may be so far from it
_LOOKED_AT = 1000  # rows that tell how many cells are usual


def rows_below(columns: Sequence[list[str]]) -> tuple[list[int], list[int]]:
    """Return which of the last rows are totals, and which hold one cell of text alone.

    A row of totals has a word such as Total, that is nowhere else in its column, in one of its first three cells; or
    it has no more than one cell of text, and its numbers are the sums, or the means, of those above.

    Examples
    --------
    >>> towns, sold = ["Bergen", "Hamar", "Oslo", "Molde", "Bodø", "", "Source: a list"], [*"31412", "11", ""]
    >>> rows_below([towns, sold, [*"55555", "25", ""]])
    ([5], [6])
    """
    n_rows = len(columns[0]) if columns else 0
    totals: list[int] = []
    alone: list[int] = []
    fewest = _fewest_cells(columns, n_rows)
    for row in range(n_rows - 1, max(1, n_rows - 1 - _MOST), -1):
        cells = [column[row] for column in columns]
        filled = [j for j, cell in enumerate(cells) if cell]
        if len(filled) == 1 and fewest > 1 and len(columns) > 2 and _is_text(cells[filled[0]]):
            alone.append(row)
        elif len(totals) < _MOST_TOTALS and (_has_word(columns, row) or _is_sum(columns, row, filled, fewest)):
            totals.append(row)
        else:
            break
    return totals[::-1], alone[::-1]


def _fewest_cells(columns: Sequence[list[str]], n_rows: int) -> int:
    """Return how many cells a row has at least, but for the last rows."""
    looked_at = min(_LOOKED_AT, max(2, n_rows - _MOST))
    counts = np.zeros(min(looked_at, n_rows), np.int64)
    for column in columns:
        counts += np.array([bool(cell) for cell in column[:looked_at]], np.int64)
    return int(counts.min(initial=len(columns)))


def _is_text(cell: str) -> bool:
    return not (is_missing(cell) or is_date(cell) or are_numbers([cell])[0])


def _has_word(columns: Sequence[list[str]], row: int) -> bool:
    words = [column for column in columns[:3] if _TOTAL.fullmatch(column[row])]
    return bool(words) and words[0].count(words[0][row]) == 1


def _is_sum(columns: Sequence[list[str]], row: int, filled: list[int], fewest: int) -> bool:
    """Return whether the numbers of a row sum up those above: one of two or more, all of them in a row without gaps."""
    if row < _FEWEST or not filled:
        return False
    texts = [j for j in filled if _is_text(columns[j][row])]
    numbers = [j for j in filled if j not in texts]
    is_sparse = 2 * len(filled) <= len(columns) or len(filled) < fewest
    if len(texts) > 1 or not numbers or not (is_sparse or (len(numbers) > 1 and texts == [0])):
        return False
    if columns[0][row] and (texts[:1] != [0] or columns[0].count(columns[0][row]) > 1):
        return False
    sums = means = 0
    for j in numbers:
        cells = [cell for cell in columns[j][: row + 1] if not is_missing(cell)]
        values = read_numbers(cells, find_notation(cells[-_LOOKED_AT:]))
        *above, told = values[np.isfinite(values)].tolist() or [np.nan]
        if len(above) < _FEWEST or len(above) < 0.9 * (len(cells) - 1) or not np.isfinite(values[-1]):
            return False
        total = float(np.sum(above))
        if abs(told - total) <= _CLOSE * abs(total) and abs(total) > np.abs(above).max():
            sums += 1
        elif abs(told * len(above) - total) <= _CLOSE * abs(total):
            means += 1
        elif not is_sparse:
            return False
    return sums > 0 and 2 * (sums + means) >= len(numbers)
