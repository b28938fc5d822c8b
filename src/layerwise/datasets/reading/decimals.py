"""The decimal mark of a table: what its columns of numbers show together, since a file is written in one manner.

1,234 may be a decimal or thousands; 0,544 or 1,5 in any column says which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from layerwise.data.tables.cells import shown_decimal
from layerwise.datasets.reading.records import are_numbers, is_missing

_HEAD = 1000  # rows that tell which columns are numbers, and mostly their marks


def find_decimal(columns: Sequence[Sequence[str]], delimiter: str | None) -> tuple[str, list[int]]:
    """Return the decimal mark of a table, and the places of columns that may be meant otherwise.

    It is the mark that most of those columns show whose numbers allow one reading alone. Where none does, or equally
    many do, it is a comma between semicolons, as spreadsheets of such countries write; else a point.

    Examples
    --------
    >>> find_decimal([["2,904", "8,965"], ["0,544", "0,91"]], ";")
    (',', [])
    >>> find_decimal([["2,904", "8,965"]], ","), find_decimal([["2,904", "8,965"]], ";")
    (('.', [0]), (',', [0]))
    """
    marked = {j: cells for j, column in enumerate(columns) if (cells := _marked_numbers(column[:_HEAD]))}
    shown = {j: shown_decimal(cells) for j, cells in marked.items()}
    if not any(shown.values()):
        shown = {j: shown_decimal(_marked(columns[j])) for j in marked}
    counts = Counter(shown.values())
    has_comma = {j for j, cells in marked.items() if any("," in cell for cell in cells)}
    unclear = [j for j, mark in shown.items() if not mark and (j in has_comma or delimiter in (";", "\t", "|"))]
    if counts[","] != counts["."]:
        decimal = "," if counts[","] > counts["."] else "."
    else:
        is_comma = delimiter == ";" and (counts[","] > 0 or not has_comma.isdisjoint(unclear))
        decimal = "," if is_comma else "."
    return decimal, unclear if bool(counts[","]) == bool(counts["."]) else []


def _marked(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if "," in cell or "." in cell]


def _marked_numbers(column: Sequence[str]) -> list[str]:
    """Return the cells with a mark, of a column of numbers."""
    sample = [cell for cell in column if not is_missing(cell)]
    marked = _marked(sample)
    return marked if marked and np.mean(are_numbers(sample)) >= 0.9 else []
