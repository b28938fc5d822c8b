"""Which column is to be predicted, and as what: a number or one of several classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, read_number
from layerwise.data.tables.kinds import READS, Kind, kind_of, reads_as_numbers
from layerwise.data.tables.parsing import codes_as_text, parsed
from layerwise.data.tables.readings import NOTATIONS, Parsed
from layerwise.data.tables.statistics import YES_NO, Statistic
from layerwise.errors import DataError, UnknownNameError, nearest
from layerwise.typing import Array

FEW = 10  # whole numbers of so many values, each with some rows, are classes
MOST_CLASSES = 100  # of text; and of whole numbers whose values are about equally frequent
ROWS_A_CLASS = 5
NO_CLASS = frozenset(cell for cell in LIKELY_MISSING if not any(map(str.isalnum, cell)))  # "?", "-" and the like
LIKELY = (
    "target",
    "class",
    "label",
    "labels",
    "outcome",
    "response",
    "y",
    "output",
    "diagnosis",
    "species",
    "category",
)


@dataclass(frozen=True)
class Target:
    """A column to be predicted.

    Attributes
    ----------
    name : str
        The column.
    kind : str
        ``"number"`` or ``"classes"``.
    sentence : str
        What it is and why, for the user.
    how : dict
        What reads its cells, as in `Kind`.
    classes : tuple of str
        The classes in order, as the file spells them.
    """

    name: str
    kind: str
    sentence: str
    how: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    def read(self, values: Any, missing: frozenset[str]) -> tuple[Array, list[int]]:
        """Return the cells of all rows, and the rows that cannot be read.

        Numbers are float64, NaN where there is none; classes are text as objects, None where there is none.
        """
        if self.kind == "number":
            return parsed(values, Kind("number", how=self.how), missing)
        cells, _ = parsed(values, Kind("category", how=self.how), missing | NO_CLASS)
        known = set(self.classes)
        wrong = [row for row, cell in enumerate(cells.tolist()) if cell is not None and cell not in known]
        cells[wrong] = None
        return cells, wrong

    def values(self, cells: Array, alone: bool = True) -> Array:
        """Return cells that `read` gave, none of them missing, as they are learned from.

        Classes are int64 where all of them are spelled as whole numbers without zeros in front, else str; beside other
        targets (not `alone`) 0 for the first of two, 1 for the second.
        """
        if self.kind == "number":
            return cells
        labels: Array
        if not alone:
            labels = (cells == self.classes[1]).astype(np.int64)
            return labels
        labels = cells.astype(np.int64 if all(map(_is_whole, self.classes)) else str)
        return labels


def choose(names: Sequence[str], kinds: Sequence[Kind], asked: str | Sequence[str] | None) -> tuple[list[int], str]:
    """Return the places of the targets, and why they were chosen.

    Parameters
    ----------
    names, kinds : sequence
        Of all columns.
    asked : str or list of str, optional
        The targets, "a,b" for two of them; by default the last column of numbers, categories or yes and no.

    Raises
    ------
    UnknownNameError
        There is no such column.
    DataError
        No column could be one.
    """
    if asked is None:
        able = [j for j, kind in enumerate(kinds) if kind.name in ("number", "category", "yes/no")]
        able = able or [j for j, kind in enumerate(kinds) if kind.name == "text"]
        if not able:
            raise DataError(
                "no column can be predicted: all are empty, have one value, or are row numbers, ids or dates"
            )
        likely = [name for name in names if name.casefold() in LIKELY and name != names[able[-1]]]
        why = "the last column" if able[-1] == len(names) - 1 else "the last column that could be"
        return [able[-1]], why + (f"; --target {likely[0]} takes {likely[0]!r}" if likely else "")
    if isinstance(asked, str):
        asked = [asked] if asked in names else [part.strip() for part in asked.split(",")]
    for name in asked:
        if name not in names:
            raise UnknownNameError(f"there is no column {name!r} for the target; {nearest(name, names)}")
        if list(asked).count(name) > 1:
            raise DataError(f"the target {name!r} is named twice")
    if not asked:
        raise DataError("the target is a list of no columns; name one")
    return [list(names).index(name) for name in asked], ""


def target_of(
    name: str, s: Statistic, *, asked: str | None = None, decimal: str | None = None, likely: str = ".", why: str = ""
) -> Target:
    """Return what a column is as a target.

    Parameters
    ----------
    name : str
        The column.
    s : Statistic
        What is known of it.
    asked : str, optional
        ``"number"`` or ``"category"``, where the user says so.
    decimal, likely : str
        The decimal point of all numbers, and the one where a column leaves it open.
    why : str
        Why this column was chosen, if nobody named it.

    Raises
    ------
    DataError
        It cannot be learned: no value, one class, dates, more classes than rows could teach.
    """
    if not s.present:
        raise DataError(f"the target {name!r} has no value in any row; name another column: --target")
    said = f"; it is {why}" if why else ""
    if asked not in (None, "number", "category", "yes/no", "text"):
        raise UnknownNameError(f"the target {name!r} can be a number or a category, not {asked!r}")
    number = (
        kind_of(name, s, asked="number", decimal=decimal, likely=likely) if s.numbers and s.form != "boolean" else None
    )
    counted = s.numbers[number.how["notation"]] if number else None
    if asked == "number" and counted is None:
        raise DataError(f"the target {name!r} cannot be a number: no cell is one; it holds {_shown(s)}")
    is_number = asked == "number" or (
        asked is None
        and number is not None
        and counted is not None
        and reads_as_numbers(s, number.how["notation"])
        and _is_amount(s, counted, number.how["notation"])
    )
    if is_number and number and counted:
        if counted.low == counted.high:
            raise DataError(f"the target {name!r} is {counted.low:g} in every row; there is nothing to learn")
        stray = s.present - s.likely - counted.count
        more = f"; {stray} cell{'s that are' if stray > 1 else ' that is'} none" if stray else ""
        alone = None if s.distinct is None else len(_numbers_alone(s, number.how["notation"]))
        values = s.said_distinct if alone is None else f"{alone:,}"
        return Target(name, "number", f"{name}: a number, {values} different values{more}{said}", number.how)
    if s.form == "date" or (s.dates and not s.numbers and asked is None):
        raise DataError(
            f"the target {name!r} holds dates, such as {s.examples[0]!r}; numbers or classes can be learned"
        )
    if s.distinct is None:
        raise _too_many(name, s)
    notation = number.how["notation"] if number else "."
    return _classes(name, s, said, asked is not None, counted, notation)


def _is_amount(s: Statistic, counted: Parsed, notation: str) -> bool:
    """Return whether numbers are amounts, and no names of classes.

    Numbers that are not whole, or with more than digits ($5, 5%, 1,000), are amounts; those with zeros in front are
    names. Whole numbers are classes where they have up to two values; up to ten values, with five rows each, unless
    some are there once and far apart; or more of them, in order and about equally frequent. 1.0 is whole.
    """
    distinct = s.distinct
    if distinct is None or counted.marked:
        return True
    if counted.padded:
        return False
    values = _numbers_alone(s, notation)
    n = len(values)
    if n <= 2:
        return False
    if counted.whole < counted.count:
        return True
    least, most, rows = min(values), max(values), list(values.values())
    if n <= FEW:
        return counted.count < ROWS_A_CLASS * n or (min(rows) == 1 and most - least > 3 * n)
    in_order = most - least == n - 1
    return not (n <= MOST_CLASSES and in_order and min(rows) >= 2 * ROWS_A_CLASS and max(rows) <= 2 * min(rows))


def _numbers_alone(s: Statistic, notation: str) -> Counter[float]:
    found: Counter[float] = Counter()
    for cell, n in (s.distinct or {}).items():
        if (value := read_number(cell, NOTATIONS[notation])) is not None:
            found[value] += n
    return found


def _classes(name: str, s: Statistic, said: str, is_asked: bool, counted: Parsed | None, notation: str) -> Target:
    kind = kind_of(name, s, asked="yes/no")
    how = kind.how
    counts: Counter[str] = Counter()
    for cell, n in (s.distinct or {}).items():
        if cell not in (LIKELY_MISSING if "whole" in how or "spellings" in how else NO_CLASS):
            counts[codes_as_text(cell, how)] += n
    if not counts:
        raise DataError(f"the target {name!r} has no value in any row, but {_shown(s)}; name another column: --target")
    stray = ""
    if (
        counted is not None and READS * (s.present - s.likely) <= counted.count < s.present - s.likely
    ):  # numbers, and cells that are none
        alone = [cell for cell, n in counts.items() if n == 1 and read_number(cell, NOTATIONS[notation]) is None]
        counts.subtract(alone)
        counts = +counts
        stray = f"; {len(alone)} cell{'s that are' if len(alone) > 1 else ' that is'} none" if alone else ""
    if not is_asked and (len(counts) > MOST_CLASSES or (len(counts) > 20 and len(counts) > s.present / 2)):
        raise _too_many(name, s)
    if len(counts) == 1:
        gaps = f"; if one of the {s.missing:,} empty cells means another class, write it there" if s.missing else ""
        raise DataError(
            f"the target {name!r} is {s.examples[0]!r} in every row: one class; at least two are needed{gaps}"
        )
    classes = tuple(sorted(counts, key=_order))
    if "spellings" in how:  # no, then yes
        classes = tuple(sorted(counts, key=lambda answer: YES_NO[answer.casefold()]))
    shown = ", ".join(f"{c} ({counts[c]:,})" for c in classes[:6]) + (", …" if len(classes) > 6 else "")
    return Target(name, "classes", f"{name}: {len(classes)} classes, {shown}{stray}{said}", how, classes)


def _too_many(name: str, s: Statistic) -> DataError:
    return DataError(
        f"the target {name!r} holds {s.said_distinct} different texts in {s.present:,} rows, such as {_shown(s)}: "
        "too many to be classes. Name another column with --target"
    )


def _order(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), value
    except ValueError:
        return True, 0.0, value


def _is_whole(label: str) -> bool:
    return label.removeprefix("-").isdecimal() and len(label) < 18 and str(int(label)) == label


def _shown(s: Statistic) -> str:
    return ", ".join(map(repr, s.examples[:3]))
