"""Cells as values, by the rules that were decided for their column: numbers, dates, categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, read_number, read_numbers
from layerwise.data.tables.dates import to_dates
from layerwise.data.tables.kinds import Kind
from layerwise.data.tables.readings import NOTATIONS
from layerwise.data.tables.statistics import as_cells, text_of
from layerwise.typing import Array

_LIMIT = float(np.finfo(np.float32).max)


def plain_column(values: Sequence[Any] | Array) -> Sequence[str] | Array:
    """Return a column of a file as a list of str, or an array of numbers, booleans or ``datetime64``.

    Python objects with None where a value is missing become the array that holds them; where they are of several
    kinds, text.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "biufM":
        return values
    cells = values.tolist() if isinstance(values, np.ndarray) else values
    kinds = {type(cell) for cell in cells} - {type(None)}
    if kinds == {str} and None not in cells:
        return cells
    import datetime
    import decimal

    gaps = [cell is None or cell != cell for cell in cells]
    if kinds and kinds <= {bool, np.bool_}:
        return [("" if gap else str(bool(cell))) for cell, gap in zip(cells, gaps)]
    if kinds and kinds <= {int, float, decimal.Decimal}:
        if kinds == {int} and not any(gaps):
            try:
                return np.array(cells, np.int64)
            except OverflowError:
                pass
        return np.array([np.nan if gap else float(cell) for cell, gap in zip(cells, gaps)])
    if kinds and kinds <= {datetime.date, datetime.datetime}:
        from layerwise.data.columns import _moment

        return np.array([_moment(None if gap else cell) for cell, gap in zip(cells, gaps)], "M8[us]")
    return ["" if gap else str(cell).strip() for cell, gap in zip(cells, gaps)]


def parsed(values: Sequence[str] | Array, kind: Kind, missing: frozenset[str]) -> tuple[Array, list[int]]:
    """Return the values of a column by its kind, and the rows whose cells cannot be read.

    Numbers are float64 with NaN, dates ``datetime64[us]`` with NaT, all else objects: str, and None where missing.
    A cell that cannot be read is taken as missing.
    """
    if kind.name in ("number", "date", "yes/no") or "whole" in kind.how:
        missing = missing | LIKELY_MISSING
    if kind.name == "number":
        return _numbers(values, kind.how["notation"], missing)
    form, cells = as_cells(values)
    tokens = missing if form == "text" else frozenset({""})
    if kind.name == "date":
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            return values.astype("M8[us]"), []
        return to_dates(cells, kind.how["format"], tokens.__contains__)
    known: dict[str, str | None] = {}
    for cell in cells:
        if cell not in known:
            known[cell] = None if cell in tokens else codes_as_text(cell, kind.how)
    found = np.empty(len(cells), object)
    found[:] = [known[cell] for cell in cells]
    return found, []


def codes_as_text(cell: str, how: Mapping[str, Any]) -> str:
    """Return a category as it is spelled: yes and no, and whole numbers, as most often."""
    if "spellings" in how:
        spelled: str = how["spellings"].get(cell.casefold(), cell)
        return spelled
    if "width" in how and len(cell) < how["width"] and cell.isdecimal():
        return cell.zfill(how["width"])
    if "whole" in how and (value := read_number(cell)) is not None and value % 1 == 0:
        whole: str = how["whole"].get(text_of(value), text_of(value))
        return whole
    return cell


def _numbers(values: Sequence[str] | Array, notation: str, missing: frozenset[str]) -> tuple[Array, list[int]]:
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        found = values.astype(np.float64)
        wrong = np.flatnonzero(np.abs(found) > _LIMIT).tolist()
    else:
        cells = as_cells(values)[1]
        found = read_numbers(cells, NOTATIONS[notation])
        found[np.abs(found) > _LIMIT] = np.nan
        gaps = np.flatnonzero(np.isnan(found)).tolist()
        wrong = [row for row in gaps if cells[row] not in missing]
        found[[row for row, cell in enumerate(cells) if cell in missing]] = np.nan
    found[wrong] = np.nan
    return found, wrong
