"""Tables from anybody's file: what it is, is told from its content.

path, URL, stdin ── load ──► bytes ──┬─ read_binary ──► columns with types ──┐
                                     └─ decode ─► text ─┬─ read_json ────────┼──► RawTable
                                                        └─ read_text ────────┘
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading.encodings import decode
from layerwise.datasets.reading.formats import read_binary, read_json
from layerwise.datasets.reading.sources import load
from layerwise.datasets.reading.text import Settings, read_text
from layerwise.errors import DataError

__all__ = ["read_raw"]

_NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " ", "spaces": " "}


def read_raw(
    source: str | os.PathLike[str],
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    query: str | None = None,
    na: Iterable[str] = (),
    skip: int | None = None,
    how: Mapping[str, Any] | None = None,
) -> RawTable:
    """Read a table as its file has it.

    CSV and the like, JSON, SQLite and NumPy files need nothing else. ``pip install 'layerwise[tables]'`` brings what
    reads the others: Polars for Parquet and Arrow (pandas with pyarrow does, too), openpyxl for .xlsx, fastexcel for
    .xls. Each may be compressed. What is not given is found, and said in the table's notes.

    Parameters
    ----------
    source : str or path-like
        A path, a URL, or ``"-"`` for stdin.
    delimiter : str, optional
        What stands between two cells; ``" "`` for any number of spaces and tabs.
    encoding : str, optional
        The encoding of a text file, as Python calls it.
    header : bool, optional
        Whether the first row names the columns.
    decimal : {".", ","}, optional
        The decimal mark of numbers; kept in the table's `how` for who reads them.
    sheet : str, optional
        The sheet of a workbook, the table of a database, the array of an npz file, or the file of a zip archive.
    query : str, optional
        The SELECT that gives the table of an SQLite database.
    na : iterable of str
        Cells that stand for a missing value, besides the usual ones.
    skip : int, optional
        How many lines to leave out first, of a text file or a sheet.
    how : mapping, optional
        The `how` of an earlier table that this one is to be read like. What is given besides it goes before it; an
        encoding or a delimiter that cannot be this file's is found anew.

    Returns
    -------
    RawTable
        The cells, the names of the columns, and what was found.

    Raises
    ------
    DataError
        There is no table: the message says where, what was expected, and what to do.
    MissingDependencyError
        The format needs a library that is not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "flowers.csv")
    ...     _ = file.write_text("length;species\\n5,1;setosa\\n6,3;virginica\\n")
    ...     table = read_raw(file)
    >>> table.names, table.columns
    (('length', 'species'), [['5,1', '6,3'], ['setosa', 'virginica']])
    >>> table.notes
    ['cells are separated by a semicolon', 'numbers have decimal commas']
    """
    settings = _settings(delimiter, encoding, header, decimal, sheet, query, na, skip)
    how = dict(how or {})
    settings.earlier_sheet, settings.earlier_query = how.get("sheet"), how.get("query")
    found = load(source, sheet)
    table = read_binary(found, settings)
    if table is None:
        table = _read_any_text(found.data, found.name, settings, how)
    elif query is not None and table.how.get("format") != "sqlite":
        raise DataError(f"query= is for SQLite databases, but {found.name} is none")
    if skip and table.how.get("skip") != skip:
        raise DataError(f"skip= is for lines of text and rows of a sheet, but {found.name} has none")
    table.notes[:0] = found.notes
    return table


def _read_any_text(data: bytes, name: str, settings: Settings, how: dict[str, Any]) -> RawTable:
    """Read JSON or CSV, like an earlier file as far as that fits."""
    notes: list[str] = []
    if settings.query is not None:
        raise DataError(f"query= is for SQLite databases, but {name} is a text file")
    try:
        text, encoding = decode(data, name, settings.encoding or _earlier_encoding(data, how), notes)
    except DataError:
        if settings.encoding is not None:
            raise
        text, encoding = decode(data, name, None, notes)
    if re.match(r"\s*<(!doctype|html|\?xml|svg)", text[:200], re.IGNORECASE):
        raise DataError(f"{name} is a web page or XML, not a table; give the address or the file of the data itself")
    if text.startswith("version https://git-lfs"):
        raise DataError(f"{name} is a pointer of Git LFS, not the table itself; get it with 'git lfs pull'")
    if (table := read_json(text, name)) is None:
        table = read_text(text, name, _like(settings, how, text), notes)
    table.how["encoding"] = encoding
    return table


def _earlier_encoding(data: bytes, how: dict[str, Any]) -> str | None:
    """Return that of the earlier file; None if this one is UTF-8, which text in another encoding hardly ever is."""
    earlier: str | None = how.get("encoding")
    if earlier in (None, "utf-8", "utf-8-sig"):
        return earlier
    wide = earlier.lower().startswith(("utf-16", "utf-32"))
    if data.isascii() and not (wide and b"\0" not in data):  # the same letters, and those of ISO-2022-JP
        return earlier
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return earlier
    return None


def _like(settings: Settings, how: dict[str, Any], text: str) -> Settings:
    """Add the settings of an earlier file to those that are given."""
    delimiter = how.get("delimiter")
    if settings.delimiter is None and delimiter and delimiter in text.partition("\n")[0]:
        settings.delimiter = delimiter
    settings.names = list(how.get("names") or [])
    if settings.header is None and how.get("header") is False:
        settings.header = False
    settings.decimal = settings.decimal or how.get("decimal")
    settings.na = settings.na or tuple(how.get("na") or ())
    if settings.skip is None and (skip := how.get("skip")):
        top = [[cell.strip(' "') for cell in line.split(delimiter)] for line in text.split("\n", skip)[:skip]]
        known = max((sum(name in cells for name in settings.names) for cells in top), default=0)
        settings.skip = None if 2 * known >= len(settings.names) > 0 else skip  # this file begins with the names
    return settings


def _settings(
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    decimal: str | None,
    sheet: str | None,
    query: str | None,
    na: Iterable[str],
    skip: int | None,
) -> Settings:
    """Check what the user gives."""
    if delimiter is not None:
        delimiter = _NAMED.get(delimiter, delimiter)
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            raise DataError(f"delimiter must be one character, no quote and no line break, but is {delimiter!r}")
    if decimal not in (None, ".", ","):
        raise DataError(f"decimal must be '.' or ',', but is {decimal!r}")
    if header not in (None, True, False):
        raise DataError(f"header must be True, False or None, but is {header!r}")
    if skip is not None and (not isinstance(skip, int) or skip < 0):
        raise DataError(f"skip must be a number of lines, but is {skip!r}")
    tokens = (na,) if isinstance(na, str) else tuple(str(token).strip() for token in na)
    return Settings(delimiter, encoding, header, decimal, sheet, query, tokens, skip)
