"""What a `TableEncoder` does, as the languages write it down: a function for each kind of column, and its constants.

    encoder ─► Table:  number ─ one_hot ─ lookup ─ date ─► python.py  numpy_source.py  javascript.py  c.py

A category of two values and a text are both a lookup: a value has a row of levels, another value or none those of
`unknown`. Columns that no input is made of are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.columns import Name
from layerwise.data.encoded_columns import CategoryColumn, NumberColumn
from layerwise.data.encoded_dates import CyclicPart, DateColumn, PlainPart
from layerwise.data.encoded_text import TextColumn
from layerwise.data.tabular import Encoded, TableEncoder
from layerwise.errors import ExportError
from layerwise.typing import Array


@dataclass(frozen=True)
class Column:
    """A column of a table that inputs are made of: its place in a row, and its name or number."""

    place: int
    name: Name


@dataclass(frozen=True)
class Number(Column):
    """z / √(1 + (z/3)²), z = (v - center) · factor, 0 where v is missing; perhaps whether it is: (there, missing)."""

    center: float
    factor: float
    missing: tuple[float, float] | None


@dataclass(frozen=True)
class OneHot(Column):
    """An input for each category: off, but on where it is the row's."""

    categories: list[Name]
    off: Array
    on: Array


@dataclass(frozen=True)
class Lookup(Column):
    """Levels (categories, inputs) of the row's category; `unknown` where it has none of them."""

    categories: list[Name]
    levels: Array
    unknown: Array


@dataclass(frozen=True)
class Date(Column):
    """An input or two for each part of a date, 0 where it is missing; perhaps whether it is."""

    parts: tuple[PlainPart | CyclicPart, ...]
    missing: tuple[float, float] | None


@dataclass(frozen=True)
class Table:
    """How the inputs come from a row.

    Attributes
    ----------
    columns : tuple of Column
        Those that are looked at, in the order of the inputs.
    width : int
        How many values a row has, with those that are not looked at.
    has_names : bool
        Whether the columns have names; else they are numbered.
    n_inputs : int
        How many inputs there are.
    """

    columns: tuple[Column, ...]
    width: int
    has_names: bool
    n_inputs: int

    def of(self, kind: type[Column]) -> bool:
        """Whether any column is of this kind."""
        return any(isinstance(column, kind) for column in self.columns)

    @property
    def has_categories(self) -> bool:
        """Whether any column is one of categories."""
        return self.of(OneHot) or self.of(Lookup)


def _number(place: int, name: Name, learned: NumberColumn) -> Column:
    return Number(place, name, learned.center, learned.factor, learned.missing)


def _category(place: int, name: Name, learned: CategoryColumn) -> Column:
    levels = np.array(learned.levels, np.float32).reshape(-1, 3)
    if len(levels) < len(learned.categories):
        return Lookup(place, name, learned.categories, levels[0, :2, np.newaxis], levels[0, 2:])
    return OneHot(place, name, learned.categories, levels[:, 0], levels[:, 1])


def _text(place: int, name: Name, learned: TextColumn) -> Column:
    return Lookup(
        place, name, learned.categories, learned.levels.astype(np.float32), np.array(learned.unknown, np.float32)
    )


def _date(place: int, name: Name, learned: DateColumn) -> Column:
    return Date(place, name, learned.parts, learned.missing)


_KINDS: dict[type[Encoded], Callable[..., Column]] = {
    NumberColumn: _number,
    CategoryColumn: _category,
    TextColumn: _text,
    DateColumn: _date,
}


def table_of(encoder: TableEncoder, target: str) -> Table:
    """Return how a fitted encoder makes inputs of a row.

    Raises
    ------
    ExportError
        Columns of a kind that the exports do not know: names all of them.
    """
    found, foreign = [], []
    for place, (name, learned) in enumerate(encoder.learned()):
        if not learned.names(""):
            continue
        if type(learned) in _KINDS:
            found.append(_KINDS[type(learned)](place, name, learned))
        else:
            foreign.append(f"{name!r}, of the kind {learned.kind!r}")
    if foreign:
        raise ExportError(f"export to {target}: it has no formula for the columns {'; '.join(foreign)}")
    return Table(tuple(found), len(encoder.columns), encoder.has_names, len(encoder.output_names))


def text_or_number(categories: list[Name]) -> bool | None:
    """Return whether all categories are text, or none is; None where some are."""
    kinds = {isinstance(value, str) for value in categories}
    return kinds.pop() if len(kinds) == 1 else None


def plain(value: Name) -> Name:
    """Return a category with truth values as 1 and 0, which they equal."""
    return int(value) if isinstance(value, bool) else value


def part_arguments(part: PlainPart | CyclicPart) -> dict[str, Any]:
    """Return the numbers of a part of a date: center and factor, or the factor 2π / period of a point on a circle."""
    if isinstance(part, CyclicPart):
        return {"turn": 2 * np.pi / part.period}
    return {"center": part.center, "factor": part.factor}
