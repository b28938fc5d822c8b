"""Rows of a file as a model's encoder takes them: cells become numbers, dates and categories, as it has learned them.

RawTable ─┬─ features ──────► Features ─► encoder.transform
          └─ target_values ─► what the rows are, and which of them can be used
"""

from __future__ import annotations

import math
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
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.understanding import unread
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


def _number(cell: Any) -> float | None:
    """Return the number that a cell is, None where it is missing; a ValueError where it is none."""
    if _is_missing(cell):
        return None
    value = read_number(cell) if isinstance(cell, str) else float(cell)
    if value is None or not math.isfinite(value):
        raise ValueError
    return value


def target_values(raw: RawTable, names: Sequence[str], task: Task) -> tuple[Array, Array, list[str]]:
    """Return the targets of the rows that can be used, which rows these are, and notes on the others.

    Raises
    ------
    DataError
        No row can be used.
    """
    known = {} if task.classes is None else {str(value).strip(): value for value in task.classes.tolist()}
    columns = [raw.columns[raw.names.index(name)] for name in names]
    kept, values = np.zeros(raw.n_rows, bool), []
    missing: list[int] = []
    unknown: list[int] = []
    for row, cells in enumerate(zip(*columns, strict=True)):
        found = [known.get(str(cell).strip()) if known else _number_or_text(cell) for cell in cells]
        if all(value is not None and (bool(known) or not isinstance(value, str)) for value in found):
            kept[row] = True
            values.append(found if len(names) > 1 else found[0])
        else:
            (missing if any(_is_missing(cell) for cell in cells) else unknown).append(row)
    what = "a class of the model" if known else "a number"
    place = raw.names.index(names[0])
    notes = []
    if missing:
        notes.append(f"{raw.source}: {len(missing):,} of {raw.n_rows:,} rows are left out: they have no target")
    if unknown:
        first = f"{raw.place(place, unknown[0])} is {str(columns[0][unknown[0]])[:40]!r}"
        notes.append(f"{raw.source}: {len(unknown):,} rows are left out: their target is not {what}; {first}")
    if not values:
        raise DataError(f"{raw.source}: no row has {what} in the column {names[0]!r}. {'; '.join(notes)}")
    return np.array(values), kept, notes


def _number_or_text(cell: Any) -> Any:
    try:
        return _number(cell)
    except ValueError:
        return str(cell)


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
