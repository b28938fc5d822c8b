"""What is said of columns that are used as they are, though their numbers or their text may mean something else."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, read_numbers
from layerwise.data.tables.readings import NOTATIONS
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.understanding import Column

FEWEST_VALUES, FEWEST_TIMES = 10, 3
LONG = 30  # characters of half of the texts, which are no names then


def remarks(columns: Iterable[Column]) -> list[str]:
    """Return a sentence for each number that may stand for a missing value, and for each column of free text."""
    found: dict[str, list[str]] = {}
    said = []
    for column in columns:
        s = column.statistic
        if column.kind.name == "number" and column.use != "left out":
            for cell in far_values(s, column.kind.how["notation"]):
                found.setdefault(cell, []).append(column.name)
        if column.use == "input" and column.kind.name == "text" and _is_free_text(s):
            said.append(
                f"column {column.name!r} is free text: its words are not learned, only how frequent a value is and the "
                "target beside it"
            )
    for cell, names in found.items():
        shown = ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        said.append(
            f"{cell} stands far from the other numbers of column{'' if len(names) == 1 else 's'} {shown}, more than "
            f"once; if it means a missing value, say so: --na={cell}"
        )
    return said


def _is_free_text(s: Statistic) -> bool:
    lengths = sorted(map(len, s.distinct or ())) or [s.longest // 2]
    return lengths[len(lengths) // 2] >= LONG and s.n_distinct > s.present / 2


def far_values(s: Statistic, notation: str) -> list[str]:
    """Return the least and the greatest number, as spelled, if it is there often and farther off than the rest spreads.

    Examples
    --------
    >>> cells = [str(i) for i in range(10, 30)] + ["-999"] * 3
    >>> far_values(Statistic.of(cells), ".")
    ['-999']
    """
    cells = [cell for cell in s.distinct or () if cell not in LIKELY_MISSING]
    values = read_numbers(cells, NOTATIONS[notation])
    order = [i for i in np.argsort(values, kind="stable").tolist() if np.isfinite(values[i])]
    if len(order) <= FEWEST_VALUES:
        return []
    found = []
    for end, next_to_it, other in ((order[0], order[1], order[-1]), (order[-1], order[-2], order[0])):
        times = (s.distinct or {})[cells[end]]
        if times >= FEWEST_TIMES and abs(values[end] - values[next_to_it]) > abs(values[next_to_it] - values[other]):
            found.append(cells[end])
    return found
