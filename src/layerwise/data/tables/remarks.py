"""What is said of columns that are used as they are, though their numbers or their text may mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, read_numbers
from layerwise.data.tables.kinds import Kind
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.readings import NOTATIONS
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.understanding import Column

FEWEST_VALUES, FEWEST_TIMES = 10, 3
MOST_CODES = 3  # for missing values: refused, does not know, does not apply
_CODE = re.compile(r"(-?9+|-?9+[678]|-[678])([.,]0+)?")
_MARKED = re.compile(r"\d[.,]\d{3}")
LONG = 30  # characters of half of the texts, which are no names then


def remarks(columns: Iterable[Column]) -> list[str]:
    """Return a sentence for each number that may stand for a missing value, and for each column of free text."""
    found: dict[str, list[str]] = {}
    said = []
    for column in columns:
        s = column.statistic
        is_class = column.use == "target" and column.kind.name == "category" and "." in s.numbers
        if (column.kind.name == "number" and column.use != "left out") or is_class:
            for cell in far_values(s, column.kind.how.get("notation", ".")):
                found.setdefault(cell, []).append(column.name)
        if column.use == "input" and column.kind.name == "text" and _is_free_text(s):
            said.append(
                f"column {column.name!r} is free text: its words are not learned, only how frequent a value is and the "
                "target beside it"
            )
    for cell, names in found.items():
        said.append(
            f"{cell} stands far from the other numbers of {_columns(names)}, more than once; if it means a missing "
            f"value, say so: --na={cell}"
        )
    return said


def unclear_marks(raw: RawTable, kinds: Sequence[Kind]) -> list[str]:
    """Return a sentence on columns such as 1,234 that may be read in two ways: how they are, and how to say otherwise.

    Examples
    --------
    >>> raw = RawTable("a.csv", ("kg",), [["2,904", "8,965"]], unclear=[0])
    >>> unclear_marks(raw, [Kind("number", how={"notation": ".,"})])
    ["column 'kg': the comma in 2,904 is taken to separate thousands; if it is the decimal mark, say so: --decimal=,"]
    """
    found: dict[tuple[str, str], list[int]] = {}
    examples: dict[int, str] = {}
    for j in raw.unclear:
        example = next((cell for cell in raw.columns[j] if isinstance(cell, str) and _MARKED.search(cell)), None)
        if kinds[j].name == "number" and example is not None:
            examples[j] = example
            mark = "," if "," in example else "."
            found.setdefault((mark, kinds[j].how["notation"][0]), []).append(j)
    said = []
    for (mark, decimal), places in found.items():
        what = "the comma" if mark == "," else "the point"
        readings = ["is taken to separate thousands", "is the decimal mark"]
        if mark == decimal:
            readings = ["is taken for the decimal mark", "separates thousands"]
        said.append(
            f"{_columns([raw.names[j] for j in places])}: {what} in {examples[places[0]]} {readings[0]}; if it "
            f"{readings[1]}, say so: --decimal={',' if decimal == '.' else '.'}"
        )
    return said


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"column{'' if len(names) == 1 else 's'} {shown}"


def _is_free_text(s: Statistic) -> bool:
    lengths = sorted(map(len, s.distinct or ())) or [s.longest // 2]
    return lengths[len(lengths) // 2] >= LONG and s.n_distinct > s.present / 2


def far_values(s: Statistic, notation: str) -> list[str]:
    """Return the least or the greatest numbers, as spelled, if they stand farther off than the rest spreads.

    Each must be there three times. Two or three together, and one among few different numbers, must be spelled as codes
    for a missing value are: -9, 98, 999.

    Examples
    --------
    >>> cells = [str(i) for i in range(10, 30)] + ["-999"] * 3
    >>> far_values(Statistic.of(cells), ".")
    ['-999']
    >>> far_values(Statistic.of(["1", "2", "3", "98", "99"] * 4), ".")
    ['98', '99']
    """
    cells = [cell for cell in s.distinct or () if cell not in LIKELY_MISSING]
    values = read_numbers(cells, NOTATIONS[notation])
    order = [i for i in np.argsort(values, kind="stable").tolist() if np.isfinite(values[i])]
    found = []
    for ends in (order, order[::-1]):
        for size in range(1, min(MOST_CODES, len(ends) - 2) + 1):
            end, rest = ends[:size], ends[size:]
            is_often = all((s.distinct or {})[cells[i]] >= FEWEST_TIMES for i in end)
            are_codes = all(_CODE.fullmatch(cells[i]) for i in end)
            is_far = abs(values[end[-1]] - values[rest[0]]) > abs(values[rest[0]] - values[rest[-1]])
            if is_often and is_far and (are_codes or (size == 1 and len(order) > FEWEST_VALUES)):
                found += [cells[i] for i in sorted(end, key=order.index)]
                break
    return found
