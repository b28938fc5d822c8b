"""Headers of several rows: groups above the names, or a second row below them, joined to one name a column.

,       Men, ,      Women, ,         ──►   team   Men: young   Men: old   Women: young   Women: old
team,   young, old, young, old
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from layerwise.datasets.reading.judging import Judge, Row

DEEPEST = 4  # rows below the first in which the last row of names may stand
_FEWEST = 3  # rows below a second one of names
_SAID = 5  # notes on names
_SURE = 8  # rows that tell whether a category is there only once


def last_of_names(judge: Judge, start: int) -> int | None:
    """Return a row below `start` that has words above columns of numbers, so that the rows down to it are names."""
    for i in range(start + 1, min(start + 1 + DEEPEST, len(judge.rows) - 1)):
        named, numbers = judge.words_above_numbers(i)
        if judge.full[i] and judge.is_header(i) and named >= 2 and 2 * named >= numbers:
            return i
    return None


def groups_above(judge: Judge, rows: Sequence[Row], first: int, start: int) -> list[int]:
    """Return the rows before the names, from `first` on, that name groups of columns: several cells, not a title.

    They stand directly above the names, and are more than a word and a value for it.
    """
    found: list[int] = []
    pairs = [i for i in range(first, start) if all(judge.rows[i][:2]) and not any(judge.rows[i][2:])]
    for i in range(start - 1, first - 1, -1):
        cells, is_apart = judge.rows[i], rows[i][0] + 1 < rows[i + 1][0]
        tells = cells[0].endswith(":") or any(map(str.isdigit, cells[1])) or len(pairs) > 1
        is_pair = i in pairs and len(cells) > 3 and tells
        if not judge.full[i] or sum(map(bool, cells)) < 2 or is_apart or is_pair:
            break
        found.insert(0, i)
    return found


def goes_on(judge: Judge, i: int) -> bool:
    """Return whether row i goes on with the names: words above numbers, or in columns of few words that lack them."""
    if i + _FEWEST >= len(judge.rows) or not judge.full[i] or judge.rows.count(judge.rows[i]) > 1:
        return False
    below = judge.below(i)
    columns = judge.column_kinds(below)
    if any(kind == "n" == judge.kinds[i][j] or kind == "d" == judge.kinds[i][j] for j, kind in enumerate(columns)):
        return False
    named, numbers = judge.words_above_numbers(i)
    if named >= 2 and 2 * named >= numbers:
        return True
    strange, known = [], 0
    for j, kind in enumerate(columns):
        cell = judge.rows[i][j]
        others = [judge.rows[k][j] for k in below if judge.rows[k][j]]
        if kind != "t" or not any(map(str.isalpha, cell)) or set(others) == {cell}:
            continue
        if cell in others:
            known += 1
        elif len(below) < 2 * _SURE or (len(others) >= _SURE and 2 * len(set(others)) <= len(others)):
            strange.append(cell)
    same = max(Counter(strange).values(), default=0)
    lacks = any(
        kind in ("n", "d") and judge.kinds[i][j] == "m" and all(judge.kinds[k][j] == kind for k in below)
        for j, kind in enumerate(columns)
    )
    return 4 * known <= len(strange) and same >= (2 if lacks else 3) and 2 * same >= len(strange)


def joined(rows: Sequence[list[str]]) -> list[str]:
    """Return a name for each column from several rows of them, "" where none has any.

    A group's name stands above its first column alone. A last word that many groups have for their only column
    (Response) says nothing, and is left out.

    Examples
    --------
    >>> joined([["", "2015", "", "Age"], ["team", "won", "lost", "Response"]])
    ['team', '2015: won', '2015: lost', 'Age: Response']
    >>> joined([["id", "Age", "Sex", "Pay"], ["", "Response", "Response", "Response"]])
    ['id', 'Age', 'Sex', 'Pay']
    """
    *groups, last = rows
    above: list[list[str]] = [[] for _ in last]
    for row in groups:
        group = ""
        for parts, cell, below in zip(above, row, last, strict=True):
            group = cell or (group if below else "")
            parts.append(group)
    upper = [": ".join(dict.fromkeys(filter(None, parts))) for parts in above]
    alone = [j for j, name in enumerate(upper) if name and upper.count(name) == 1]
    often = Counter(last[j] for j in alone)
    names = []
    for j, (name, cell) in enumerate(zip(upper, last, strict=True)):
        says_nothing = cell in above[j] or (j in alone and often[cell] >= 3)
        names.append(name if not cell or (name and says_nothing) else f"{name}: {cell}" if name else cell)
    return names


def is_complete(names: Sequence[str]) -> bool:
    """Return whether each column has a name of its own, but maybe the first."""
    rest = names[1:]
    return all(rest) and len({*names}) == len(names)


def named_columns(
    columns: list[list[str]], header: list[str] | None, notes: list[str]
) -> tuple[list[list[str]], tuple[str, ...], tuple[str, ...]]:
    """Return the columns, each with a name of its own, and the names that the file does not have.

    A column with neither a name nor a cell is left out.
    """
    raw = header if header is not None else [""] * len(columns)
    last = header is None
    void = [j for j, column in enumerate(columns) if not raw[j] and len(columns) > 1 and column and not any(column)]
    void = [j for j in void if not last or all(k in void for k in range(j, len(columns)))]
    if void:
        notes.append(f"{len(void)} column{'' if len(void) == 1 else 's'} without a name and a cell left out")
    kept = [j for j in range(len(columns)) if j not in void]
    names: list[str] = []
    again: list[str] = []
    taken = {raw[j] for j in kept}
    seen: set[str] = set()
    for place, j in enumerate(kept, 1):
        name = raw[j] or f"x{place}"
        number = 2
        if name in seen or (not raw[j] and name in taken):
            while f"{name}_{number}" in seen or f"{name}_{number}" in taken:
                number += 1
            again.append(f"column {j + 1} is called {name}_{number}, since another is called {name}")
            name = f"{name}_{number}"
        elif not raw[j] and header is not None:
            again.append(f"column {j + 1} has no name; it is called {name}")
        seen.add(name)
        names.append(name)
    notes += again if len(again) <= _SAID else [*again[: _SAID - 1], f"{len(again) - _SAID + 1} more columns likewise"]
    unnamed = tuple(name for name, j in zip(names, kept) if header is not None and not raw[j])
    return [columns[j] for j in kept], tuple(names), unnamed
