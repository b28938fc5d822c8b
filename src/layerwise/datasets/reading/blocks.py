"""A table that is too large to be read whole: its rows some at a time, each block as `read_raw` gives a table.

CSV      ── 8 MB of whole lines ──► RawTable   the first block is looked at, the others are read like it
Parquet  ── parts of row groups ──► RawTable   a file, a folder or a pattern
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from layerwise.data.streams.files import files_of
from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading import _read_any_text, _settings
from layerwise.datasets.reading.formats import _module, _polars_column, _table, _without_index
from layerwise.errors import DataError, missing

LARGE = 2**29  # bytes of a file from which on it is read in blocks
_BLOCK = 2**23
_ROWS = 2**15
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04", b"SQLite", b"\x93NUMPY", b"ARROW1", b"\xd0\xcf\x11\xe0")
_PARQUET = (".parquet", ".pq")


def is_in_blocks(source: str, asked: bool = False) -> bool:
    """Return whether a table is to be read in blocks: a large one, several Parquet files, or any that can be, if asked.

    Parameters
    ----------
    source : str
        A path, a folder or a pattern.
    asked : bool
        Whether the user wants it so.

    Raises
    ------
    DataError
        It is asked for, and cannot be.
    """
    path = Path(source)
    if path.is_dir() or (not path.exists() and any(mark in source for mark in "*?[")):
        return _holds_parquet(source)
    if not path.is_file() or not (asked or path.stat().st_size > LARGE):
        return False
    with path.open("rb") as file:
        is_packed = file.read(16).startswith(_PACKED)
    if is_packed and asked:
        raise DataError(
            f"{source} cannot be read in blocks: expected CSV that is not packed, or Parquet; "
            "without --window it is read whole"
        )
    return not is_packed


def _holds_parquet(source: str) -> bool:
    path = Path(source)
    if not path.is_dir():
        return source.lower().endswith(_PARQUET)
    return any(file.suffix.lower() in _PARQUET for file in path.rglob("*"))


class Blocks:
    """The rows of a table, some at a time, as often as they are asked for.

    Parameters
    ----------
    source : str
        A file of text, or Parquet: a file, a folder or a pattern.
    delimiter, encoding, header, decimal, na, skip, how
        As for `read_raw`; of a file of text.
    """

    def __init__(self, source: str, how: dict[str, Any] | None = None, **options: Any) -> None:
        self.source, self._how, self._options = source, dict(how or {}), options
        self.is_parquet = _holds_parquet(source) or _begins(source, b"PAR1")

    def __iter__(self) -> Iterator[RawTable]:
        return self._of_parquet() if self.is_parquet else self._of_text()

    def _of_parquet(self) -> Iterator[RawTable]:
        try:
            import pyarrow
            import pyarrow.parquet as pq
        except ImportError:
            raise missing("pyarrow", "streams", "reading Parquet in blocks") from None
        polars = _module("polars")
        if polars is None:
            raise missing("polars", "tables", "reading tables of Parquet")
        names: tuple[str, ...] | None = None
        files = files_of(self.source)
        texts = {name for file in files for name, value in file.keys.items() if isinstance(value, str)}
        for file_ in files:
            path, group = file_.path, 0
            try:
                with pq.ParquetFile(path) as file:
                    index = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
                    for group in range(file.metadata.num_row_groups):
                        for batch in file.iter_batches(_ROWS, [group]):
                            frame = polars.from_arrow(batch)
                            frame = frame.select(_without_index(frame.columns, index))
                            said = {name: value for name, value in file_.keys.items() if name not in frame.columns}
                            kinds = {name: polars.String if name in texts else polars.Int64 for name in said}
                            frame = frame.with_columns(
                                **{name: polars.lit(value, kinds[name]) for name, value in said.items()}
                            )
                            columns = [_polars_column(frame[name]) for name in frame.columns]
                            table = _table(path, frame.columns, columns, "parquet")
                            names = names or table.names
                            yield _same_columns(table, names, self.source)
            except (pyarrow.ArrowException, OSError) as error:
                raise DataError(f"{path}, row group {group} cannot be read: {str(error)[:200]}") from None

    def _of_text(self) -> Iterator[RawTable]:
        first: RawTable | None = None
        line = 0
        for block in _whole_lines(self.source):
            options = {"sheet": None, "query": None, **self._options}
            if first is None:
                table = first = _read_any_text(block, self.source, _settings(**options), self._how)
                if first.lines is None or str(first.how.get("encoding", "")).lower().startswith(("utf-16", "utf-32")):
                    raise DataError(f"{self.source} is too large to be read whole; give it as CSV in UTF-8, or Parquet")
            else:
                table = _like(first, block, line, self.source, options)
            line += block.count(b"\n")
            if table.n_rows:
                yield table


def _begins(source: str, mark: bytes) -> bool:
    if not os.path.isfile(source):
        return False
    with open(source, "rb") as file:
        return file.read(len(mark)) == mark


def _same_columns(table: RawTable, names: tuple[str, ...], source: str) -> RawTable:
    lacking = [name for name in names if name not in table.names]
    if lacking:
        raise DataError(f"{table.source} has no column {lacking[0]!r}, which the other files of {source} have")
    order = [table.names.index(name) for name in names]
    return replace(table, names=names, columns=[table.columns[j] for j in order])


def _whole_lines(path: str) -> Iterator[bytes]:
    """Yield a file in blocks that end with a line, and not within quotes."""
    with open(path, "rb") as file:
        rest = b""
        while True:
            data = file.read(_BLOCK)
            if not data:
                break
            rest += data
            cut = _last_line(rest)
            if cut:
                yield rest[:cut]
                rest = rest[cut:]
        if rest.strip():
            yield rest


def _last_line(data: bytes) -> int:
    """Return where the last whole row ends, 0 if there is none."""
    end = data.rfind(b"\n")
    quotes = data.count(b'"', 0, max(end, 0))
    for _ in range(1000):
        if end < 0:
            return 0
        if quotes % 2 == 0:
            return end + 1
        before = data.rfind(b"\n", 0, end)
        quotes -= data.count(b'"', max(before, 0), end)
        end = before
    return data.rfind(b"\n") + 1  # a quote that stands alone, such as that of inches


def _like(first: RawTable, block: bytes, line: int, source: str, options: dict[str, Any]) -> RawTable:
    """Return a later block of a file as a table like the first."""
    encoding, delimiter = first.how.get("encoding") or "utf-8", first.how.get("delimiter") or ","
    head = io.StringIO()
    csv.writer(head, delimiter=delimiter[0], lineterminator="\n").writerow(first.names)
    own = {**options, "delimiter": delimiter, "encoding": encoding, "header": True, "skip": None}
    own["decimal"] = first.how.get("decimal") or options.get("decimal")
    table = _read_any_text(head.getvalue().encode(encoding, "replace") + block, source, _settings(**own), {})
    if table.names != first.names:
        raise DataError(
            f"{source}: from line {line + 1} on a block has {len(table.names)} columns, and the file began with "
            f"{len(first.names)}: {', '.join(first.names[:5])}"
        )
    lines = None if table.lines is None else table.lines + (line - 1)
    notes = [note for note in table.notes if note not in first.notes and not note.startswith("cells are separated")]
    return replace(table, lines=lines, has_header=first.has_header, notes=notes, how=dict(first.how))
