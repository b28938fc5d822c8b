"""Rows of a file as a model's encoder takes them: cells become numbers, dates and categories, as it has learned them.

RawTable ─┬─ features ──────► Features ─► encoder.transform
          └─ target_values ─► what the rows are, and which of them can be used
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layerwise.data.encoded_columns import CategoryColumn, NumberColumn
from layerwise.data.encoded_dates import DateColumn
from layerwise.data.encoded_text import TextColumn
from layerwise.data.tables.cells import LIKELY_MISSING, SURELY_MISSING, read_number
from layerwise.data.tables.features import Features
from layerwise.data.tables.kinds import kind_of
from layerwise.data.tables.parsing import parsed, plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.statistics import Statistic, text_of
from layerwise.data.tables.target import Target
from layerwise.data.tables.understanding import answers_of, unread
from layerwise.data.tabular import Encoded, TableEncoder
from layerwise.data.targets import Task
from layerwise.errors import DataError
from layerwise.typing import Array


def features(raw: RawTable, encoder: TableEncoder) -> Features:
    """Return the columns that an encoder looks at; those of an encoder without names by their places.

    Cells of numbers and dates that cannot be read are taken as missing, and noted in `raw.notes`.

    Raises
    ------
    DataError
        Columns that are not there, or without any cell that is what they hold.
    """
    learned = encoder.learned()
    used = [str(name) for name in encoder.used_columns] if encoder.has_names else None
    _check_names(raw, used, len(learned))
    names, columns = [], []
    for j, (name, column) in enumerate(learned):
        if encoder.has_names and column.kind == "unused":
            continue
        names.append(name)
        columns.append(_values(raw, raw.names.index(str(name)) if encoder.has_names else j, column))
    return Features(names, columns, raw.source)  # type: ignore[arg-type]


def _values(raw: RawTable, place: int, column: Encoded) -> Array:
    """Return the values of a column, by what an encoder has learned of it."""
    cells = plain_column(raw.columns[place])
    if isinstance(column, (NumberColumn, DateColumn)):
        if isinstance(cells, list) and all(map(_is_missing, cells)):
            gap = np.nan if isinstance(column, NumberColumn) else np.datetime64("NaT")
            return np.full(raw.n_rows, gap)
        found = kind_of(raw.names[place], Statistic.of(cells), asked=column.kind, decimal=raw.how.get("decimal"))
        values, wrong = parsed(cells, found, SURELY_MISSING)
        if wrong:
            raw.notes.append(unread(raw, place, wrong, column.kind))
        return values
    out = np.full(raw.n_rows, None, object)
    if isinstance(column, (CategoryColumn, TextColumn)):
        out[:] = _categories(cells, column)
    return out


def _check_names(raw: RawTable, needed: list[str] | None, width: int) -> None:
    if needed is None:
        if len(raw.names) not in (width, width + 1):
            raise DataError(f"{raw.source}: the model takes {width} columns; got {len(raw.names)}")
        return
    missing = [name for name in needed if name not in raw.names]
    if missing:
        shown, there = (", ".join(map(repr, some[:12])) + (", …" if len(some) > 12 else "")
                        for some in (missing, list(raw.names)))  # fmt: skip
        raise DataError(f"{raw.source}: the model needs the columns {shown}, but the table has only {there}")


def _categories(cells: Sequence[Any] | Array, column: CategoryColumn | TextColumn) -> list[Any]:
    """Return the categories that cells stand for: numbers and truth values where the encoder has such."""
    known = {str(value).strip(): value for value in column.categories}
    numeric = bool(known) and not any(isinstance(value, str) for value in known.values())

    def category(cell: Any) -> Any:
        if not isinstance(cell, str):
            return None if cell != cell else cell if numeric else known.get(str(cell), str(cell))
        if cell in known:
            return known[cell]
        if numeric and not _is_missing(cell):
            number = {"true": 1.0, "false": 0.0}.get(cell.casefold(), read_number(cell))
            return cell if number is None else number
        return None if cell in SURELY_MISSING else cell

    return [category(cell) for cell in (cells.tolist() if isinstance(cells, np.ndarray) else cells)]


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell or cell in SURELY_MISSING or cell in LIKELY_MISSING


def target_values(raw: RawTable, names: Sequence[str], task: Task) -> tuple[Array, Array]:
    """Return the targets of the rows that can be used, and which rows these are; `raw.notes` says what others have.

    Raises
    ------
    DataError
        No row can be used.
    """
    classes = {} if task.classes is None else {_as_spelled(value): value for value in task.classes.tolist()}
    places = [raw.names.index(name) for name in names]
    y, kept = answers_of(raw, [_target(raw, place, tuple(classes)) for place in places], places, SURELY_MISSING)
    return (np.array([classes[str(value)] for value in y.tolist()]) if classes else y), kept


def _target(raw: RawTable, place: int, classes: tuple[str, ...]) -> Target:
    """Return how a column's cells are read: as one of the classes of a model, or as numbers as they are written."""
    name = raw.names[place]
    if classes:
        return Target(name, "classes", "", {"whole": {}}, classes)
    cells = Statistic.of(plain_column(raw.columns[place]))
    return Target(name, "number", "", kind_of(name, cells, asked="number", decimal=raw.how.get("decimal")).how)


def _as_spelled(label: Any) -> str:
    is_number = isinstance(label, (int, float)) and not isinstance(label, bool)
    return text_of(float(label)) if is_number else str(label).strip()


def target_names(raw: RawTable, encoder: TableEncoder, target: str | None, n_out: int) -> list[str]:
    """Return the columns that are to be predicted: those named, or else the ones that the model does not take.

    Raises
    ------
    DataError
        It is not clear which; or a named one is not there.
    """
    names = [] if target is None else [target] if n_out == 1 or target in raw.names else target.split(",")
    missing = [name for name in names if name not in raw.names]
    if missing:
        raise DataError(f"{raw.source}: there is no column {missing[0]!r}; it has {', '.join(map(repr, raw.names))}")
    if not names:
        others = [n for n in raw.names if n not in {str(c) for c in encoder.columns}] if encoder.has_names else []
        names = others if len(others) == n_out else [] if encoder.has_names else list(raw.names[len(encoder.columns) :])
    if len(names) != n_out:
        which = f"are the {n_out} targets; name them" if n_out > 1 else "is the target; name it"
        example = ",".join("ABCDEFGH"[:n_out])
        raise DataError(f"{raw.source}: it is not clear which of its columns {which} by --target {example}")
    return names
