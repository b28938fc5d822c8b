"""Formats other than text: JSON, SQLite, NumPy, Parquet, Arrow and Excel. Columns keep their types."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading.sources import Source, is_workbook
from layerwise.datasets.reading.text import Settings, read_rows
from layerwise.errors import DataError, MissingDependencyError, missing, nearest
from layerwise.typing import Array

_UNNAMED = re.compile(r"__index_level_\d+__")  # what pandas calls an index without a name


def read_binary(source: Source, settings: Settings) -> RawTable | None:
    """Return the table of a file that is no text, or None for text."""
    data = source.data
    if data.startswith(b"SQLite format 3\x00"):
        return _read_database(source, settings)
    if data.startswith(b"PAR1"):
        return _from_frame(source, "parquet", "Parquet")
    if data.startswith(b"ARROW1"):
        return _from_frame(source, "ipc", "Arrow")
    if data.startswith(b"\x93NUMPY") or data[:2] == b"PK":
        return _read_workbook(source, settings) if is_workbook(data) else _read_arrays(source, settings)
    if is_workbook(data):
        return _read_workbook(source, settings)
    for start, kind in ((b"%PDF", "a PDF"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture")):
        if data.startswith(start):
            raise DataError(f"{source.name} is {kind}, not a table; export the table as CSV")
    return None


def read_json(text: str, name: str) -> RawTable | None:
    """Return the table that JSON holds, objects in lines or in a list; None if the text is no JSON."""
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        return None
    try:
        value = json.loads(text)
    except RecursionError:
        raise DataError(f"{name} is JSON that is nested too deeply; expected a list of objects, one a row") from None
    except ValueError:
        objects, lines = _json_lines(text, name)
        if objects is None:
            return None
        return _from_objects(objects, name, np.array(lines, np.int64))
    if isinstance(value, dict):
        lists = [inner for inner in value.values() if isinstance(inner, list)]
        if lists and len(lists) == len(value) and not any(isinstance(cell, (dict, list)) for x in lists for cell in x):
            if len({len(inner) for inner in lists}) != 1:
                raise DataError(f"{name}: the columns of the JSON object must be equally long")
            return _table(name, list(value), lists, "json")
        tables = [inner for inner in lists if inner and all(isinstance(row, dict) for row in inner)]
        value = tables[0] if len(tables) == 1 else [value]
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _from_objects(value, name, None)
    if isinstance(value, list) and value and all(isinstance(row, list) for row in value):
        rows = ((i, ["" if cell is None else _text(cell) for cell in row]) for i, row in enumerate(value, 1))
        return read_rows(rows, name, Settings(), [])
    raise DataError(f'{name} is JSON, but no table; expected a list of objects, one a row, such as [{{"a": 1}}]')


def _json_lines(text: str, name: str) -> tuple[list[dict[str, Any]] | None, list[int]]:
    objects: list[dict[str, Any]] = []
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            if not objects:
                return None, []
            raise DataError(f"{name}, line {number}: expected a JSON object, but {error}") from None
        if not isinstance(row, dict):
            raise DataError(
                f"{name}, line {number}: expected a JSON object, as in the lines above, but got {line[:40]}"
            )
        objects.append(row)
        lines.append(number)
    return objects, lines


def _from_objects(objects: list[dict[str, Any]], name: str, lines: Array | None) -> RawTable:
    flat = [_flat(row) if any(isinstance(value, dict) for value in row.values()) else row for row in objects]
    names = list(dict.fromkeys(key for row in flat for key in row))
    if not names:
        raise DataError(f"{name} has objects, but nothing in them; expected a name and a value for each cell")
    table = _table(name, names, [[row.get(key) for row in flat] for key in names], "json")
    table.lines = lines
    if absent := sum(len(names) - len(row) for row in flat):
        table.notes.append(f"{absent:,} cells are missing: their objects do not have all names")
    return table


def _flat(row: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in row.items():
        found |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def _read_database(source: Source, settings: Settings) -> RawTable:
    with contextlib.ExitStack() as stack:
        path = source.path
        if path is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            path = os.path.join(folder, "table.sqlite")
            Path(path).write_bytes(source.data)
        try:
            database = stack.enter_context(
                contextlib.closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True))
            )
            listed = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            tables = [name for (name,) in database.execute(listed)]
            query = settings.query if settings.sheet is not None else settings.query or settings.earlier_query
            notes = [] if query is None else [f"the rows are those of {query!r}, as asked"]
            if query is None:
                query = f'SELECT * FROM "{_chosen(source.name, "table", tables, settings, notes)}"'
            cursor = database.execute(query)
            if cursor.description is None:
                raise DataError(f"{source.name}: the query gives no rows; it must be a SELECT, but is {query!r}")
            names, rows = [column[0] for column in cursor.description], cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            asked = f"; the query is {query!r}" if settings.query or settings.earlier_query else ""
            raise DataError(f"{source.name} is a database that cannot be read: {error}{asked}") from None
    if not rows:
        raise DataError(f"{source.name}: {query!r} gives no rows; expected a row for each sample")
    table = _table(source.name, names, list(zip(*rows)), "sqlite")
    table.how |= {"sheet": settings.sheet, "query": None if settings.sheet else settings.query}
    table.notes[:0] = notes
    return table


def _read_arrays(source: Source, settings: Settings) -> RawTable:
    notes: list[str] = []
    try:
        found = np.load(io.BytesIO(source.data), allow_pickle=False)
        if not isinstance(found, np.ndarray):
            tables = [key for key in found.files if found[key].ndim == 2] or found.files
            found = found[_chosen(source.name, "array", tables, settings, notes)]
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise DataError(f"{source.name} holds no NumPy array that can be read: {error}") from None
    if found.dtype.names:
        return _table(source.name, list(found.dtype.names), [found[key] for key in found.dtype.names], "numpy")
    if found.ndim != 2 or found.dtype.kind not in "biufUSM":
        raise DataError(f"{source.name} must hold a table, but its array has the shape {found.shape}, {found.dtype}")
    table = _table(source.name, [f"x{j + 1}" for j in range(found.shape[1])], list(found.T), "numpy")
    table.has_header, table.notes[:0] = False, notes
    return table


def _from_frame(source: Source, kind: str, title: str) -> RawTable:
    """Read a format that Polars or pandas knows."""
    notes: list[str] = []
    try:
        if polars := _module("polars"):
            read = polars.read_parquet if kind == "parquet" else polars.read_ipc
            frame = read(io.BytesIO(source.data))
            read_names = frame.columns
            frame = frame.select(_without_index(frame.columns, _index_of(polars, kind, source.data)))
            notes += [f"{name}, the index of a pandas frame, is left out" for name in read_names if name not in frame]
            columns = [_polars_column(frame[name]) for name in frame.columns]
        elif (pandas := _module("pandas")) and _module("pyarrow"):
            read = pandas.read_parquet if kind == "parquet" else pandas.read_feather
            frame = read(io.BytesIO(source.data))
            if any(name is not None for name in frame.index.names):
                frame = frame.reset_index()
            columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns]
        else:
            raise missing("polars", "tables", f"{source.name} is a {title} file: reading it")
    except (DataError, MissingDependencyError):
        raise
    except Exception as error:  # each library has errors of its own
        raise DataError(f"{source.name} is a {title} file that cannot be read: {str(error)[:200]}") from None
    table = _table(source.name, [str(name) for name in frame.columns], columns, kind)
    table.notes[:0] = notes
    return table


def _index_of(polars: Any, kind: str, data: bytes) -> list[Any]:
    """Return which columns of a Parquet file were the index of a pandas frame, by what pandas wrote beside them."""
    if kind != "parquet" or not hasattr(polars, "read_parquet_metadata"):
        return []
    said = json.loads(polars.read_parquet_metadata(io.BytesIO(data)).get("pandas", "{}"))
    found: list[Any] = said.get("index_columns", [])
    return found


def _without_index(names: Sequence[str], index: Sequence[Any]) -> list[str]:
    """Return the columns as pandas shows them: the index, which it writes last, is the first if it has a name."""
    first = [name for name in index if isinstance(name, str) and name in names]
    return [name for name in (*first, *(each for each in names if each not in first)) if not _UNNAMED.fullmatch(name)]


def _polars_column(series: Any) -> Sequence[Any] | Array:
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        numbers: Array = series.to_numpy()
        return numbers
    values: list[Any] = series.to_list()
    return values


def _read_workbook(source: Source, settings: Settings) -> RawTable:
    """Read a sheet as rows of text, since it may have a title, units and totals as any text has."""
    import datetime

    notes: list[str] = []
    try:
        if source.data[:2] == b"PK" and (openpyxl := _module("openpyxl")):
            book = openpyxl.load_workbook(io.BytesIO(source.data), read_only=True, data_only=True)
            sheets = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
            chosen = _chosen(source.name, "sheet", sheets, settings, notes)
            rows = [list(row) for row in book[chosen].iter_rows(values_only=True)]
        elif (fastexcel := _module("fastexcel")) and _module("polars"):
            book = fastexcel.read_excel(source.data)
            chosen = _chosen(source.name, "sheet", book.sheet_names, settings, notes)
            frame = book.load_sheet(chosen, header_row=None, dtypes="string").to_polars()
            rows = [list(row) for row in frame.iter_rows()]
        else:
            package = "openpyxl" if source.data[:2] == b"PK" else "fastexcel"
            raise missing(package, "tables", f"{source.name} is an Excel file: reading it")
    except (DataError, MissingDependencyError):
        raise
    except Exception as error:  # each library has errors of its own
        raise DataError(f"{source.name} is an Excel file that cannot be read: {str(error)[:200]}") from None

    def text(cell: Any) -> str:
        if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
            return cell.date().isoformat()
        return "" if cell is None else _text(cell)

    width = max((j + 1 for row in rows for j, cell in enumerate(row) if cell is not None), default=0)
    cells = ((i, [text(cell) for cell in row[:width]]) for i, row in enumerate(rows, 1))
    table = read_rows(cells, f"{source.name}, sheet {chosen!r}", settings, notes)
    table.how |= {"sheet": chosen}
    return table


def _chosen(name: str, thing: str, found: list[str], settings: Settings, notes: list[str]) -> str:
    """Return the part of a file that was asked for, which is noted, or its only one, or that of an earlier file."""
    if (asked := settings.sheet) is not None:
        if asked not in found:
            raise DataError(f"{name} has no {thing} {asked!r}; {nearest(asked, found)}")
        others = f" of {len(found)}" if len(found) > 1 else ""
        notes.append(f"the {thing} {asked!r}{others} was read, as asked")
        return asked
    if len(found) == 1:
        return found[0]
    if settings.earlier_sheet in found:
        return settings.earlier_sheet
    listed = ", ".join(map(repr, found[:10])) or "none"
    raise DataError(f"{name} must hold one {thing}, but holds {len(found)}: {listed}; choose one with sheet= (--sheet)")


def _table(name: str, names: Iterable[str], columns: list[Any], kind: str) -> RawTable:
    """Return a table of typed columns."""
    notes: list[str] = []
    own: list[str] = []
    for given in map(str, names):
        number, title = 2, given or f"x{len(own) + 1}"
        while title in own:
            title, number = f"{given}_{number}", number + 1
        if title != given:
            notes.append(f"column {len(own) + 1} is called {title}")
        own.append(title)
    return RawTable(name, tuple(own), [_typed(column) for column in columns], notes=notes, how={"format": kind})


def _typed(column: Any) -> Sequence[Any] | Array:
    """Return a column as an array where all is of one kind, as text where all is text, else as objects."""
    if isinstance(column, np.ndarray):
        return column.astype(str).tolist() if column.dtype.kind in "US" else column
    values: list[Any] = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in column]
    kinds = {type(value) for value in values}
    present = kinds - {type(None)}
    if present == {str}:
        return ["" if value is None else value.strip() for value in values]
    if kinds == {bool}:
        return np.array(values, bool)
    if kinds == {int} and all(-(2**63) <= value < 2**63 for value in values):
        return np.array(values, np.int64)
    if present and present <= {int, float}:
        with contextlib.suppress(OverflowError):
            return np.array([np.nan if value is None else float(value) for value in values])
    if any(kind in (list, dict, tuple, set) for kind in present):
        return ["" if value is None else _text(value) for value in values]
    return values


def _text(value: Any) -> str:
    """Return a cell of another format as a text file would have it."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return re.sub(r" 00:00:00$", "", str(value)) if hasattr(value, "isoformat") else str(value)


def _module(name: str) -> Any:
    """Return a library if it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
