"""Rows of a file as a model's encoder takes them: cells become numbers, categories and dates, by what it has learned.

RawTable ─► encoder_rows ─► an object array, None where a value is missing ─► encoder.transform
        └─► target_values ─► what the rows are, and which of them can be used
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from layerwise.data.encoded_columns import CategoryColumn, NumberColumn
from layerwise.data.encoded_dates import DateColumn
from layerwise.data.encoded_text import TextColumn
from layerwise.data.tables.raw import RawTable
from layerwise.data.tabular import Encoded, TableEncoder
from layerwise.data.targets import Task
from layerwise.errors import DataError
from layerwise.typing import Array

MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "missing", "?", "-", "."}
MOST = 5  # cells that a message names


def encoder_rows(raw: RawTable, encoder: TableEncoder) -> Array:
    """Return the columns that an encoder learned from, in its order, (n, columns), None where a value is missing.

    Raises
    ------
    DataError
        Columns that are not there, or cells that are not what their column holds: names them.
    """
    learned = encoder.learned()
    _check_names(raw, [str(name) for name in encoder.used_columns] if encoder.has_names else None, len(learned))
    rows, bad = np.full((raw.n_rows, len(learned)), None, object), []
    for j, (name, column) in enumerate(learned):
        if not column.names(""):
            continue
        place = raw.names.index(str(name)) if encoder.has_names else j
        read = _reader(column)
        for row, cell in enumerate(raw.columns[place]):
            try:
                rows[row, j] = read(cell)
            except ValueError:
                bad.append(f"{raw.place(place, row)} is {str(cell)[:40]!r}, where the model needs a {column.kind}")
    if bad:
        more = f"; and {len(bad) - MOST:,} more" if len(bad) > MOST else ""
        raise DataError(f"{'; '.join(bad[:MOST])}{more}. Leave a cell empty where a value is missing")
    return rows


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


def _reader(column: Encoded) -> Callable[[Any], Any]:
    """Return what makes a value of a cell; a ValueError where it is none."""
    if isinstance(column, NumberColumn):
        return _number
    if isinstance(column, DateColumn):
        return _date
    assert isinstance(column, (CategoryColumn, TextColumn))
    known = {str(value).strip(): value for value in column.categories}
    numeric = not any(isinstance(value, str) for value in column.categories) and bool(known)

    def category(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        if cell in known or not _is_missing(cell):
            return known.get(cell, _category_number(cell) if numeric else cell)
        return None

    return category


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and cell.casefold() in MISSING)


def _number(cell: Any) -> float | None:
    if _is_missing(cell):
        return None
    value = float(cell)
    if not math.isfinite(value):
        raise ValueError
    return value


def _category_number(cell: str) -> Any:
    """Return the number or truth value that a cell stands for; other text stays, and is unknown."""
    if cell.casefold() in ("true", "false"):
        return cell.casefold() == "true"
    try:
        return float(cell)
    except ValueError:
        return cell


def _date(cell: Any) -> Any:
    return None if _is_missing(cell) else np.datetime64(cell, "us").item()


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
