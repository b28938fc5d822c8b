"""`layerwise look`: a table as it is understood, a line a column; nothing is trained."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from layerwise.app.cli import console
from layerwise.app.cli.arguments import Delimiter, Json
from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.tables import (
    DayFirst,
    Decimal,
    Encoding,
    Exclude,
    Header,
    Id,
    Kinds,
    Na,
    Query,
    Sheet,
    Skip,
    read_as_asked,
)
from layerwise.data.tables.deciding import survey, understand
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.understanding import Column, Understanding
from layerwise.data.writing import check_writable
from layerwise.errors import DataError
from layerwise.formula.quoting import legible

_WIDEST = 30  # characters of a name or of an example
_HEADINGS = ("column", "kind", "use", "missing", "values")


def look(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A table: CSV, JSON, Parquet, Arrow, Excel, SQLite, NumPy; a path, a URL, - for stdin."
        ),
    ],
    target: Annotated[
        str | None, typer.Option("--target", help="The column to be predicted, a,b for two; by default the last.")
    ] = None,
    exclude: Exclude = None,
    id: Id = None,
    kinds: Kinds = None,
    na: Na = None,
    dayfirst: DayFirst = None,
    decimal: Decimal = None,
    delimiter: Delimiter = None,
    encoding: Encoding = None,
    header: Header = None,
    sheet: Sheet = None,
    query: Query = None,
    skip: Skip = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw how the values of the columns are spread.")
    ] = None,
    json: Json = False,
) -> None:
    """Show a table as it is understood: what each column is and is used for, and the target. Nothing is trained."""
    if plot is not None:
        _check_picture(plot)
    raw, options = read_as_asked(
        file, exclude, id, kinds, na, dayfirst, decimal, delimiter, encoding, header, sheet, query, skip
    )
    found, columns, reason = _understood(raw, target, options)
    notes = raw.notes if found is None else found.notes
    if json:
        console.show_json(described(raw, columns, found, notes, reason))
    else:
        _show(raw, columns, found, notes, reason)
    if plot is not None and found is not None:
        _draw(found, plot)
        if not json:
            console.show(f"picture  {plot}")


def _understood(
    raw: RawTable, target: str | None, options: dict[str, Any]
) -> tuple[Understanding | None, list[Column], str]:
    """Return what was understood, or the columns by themselves and why nothing can be learned."""
    try:
        found = understand(raw, target, **options)
    except DataError as error:
        if target is not None:
            raise
        return None, survey(raw, **options), str(error)
    return found, found.columns, ""


def _show(raw: RawTable, columns: list[Column], found: Understanding | None, notes: list[str], reason: str) -> None:
    console.show(f"{raw.source}: {raw.n_rows:,} rows, {len(columns)} column{'' if len(columns) == 1 else 's'}")
    lines = [_HEADINGS, *(_line(column) for column in columns)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADINGS) - 1)]
    for i, line in enumerate(lines):
        padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        console.show("  ".join([*padded, line[-1]]).rstrip(), style="bold" if i == 0 else "")
    for note in notes:
        console.show(f"note: {note}")
    if found is None:
        console.show(f"nothing can be learned from it: {reason}")
    else:
        used = f", {len(found.kept):,} of {found.n_rows:,} rows" if len(found.kept) < found.n_rows else ""
        console.show(f"target: {found.sentence}{used}")


def _line(column: Column) -> tuple[str, ...]:
    s = column.statistic
    absent = s.missing + (s.likely if column.kind.name in ("number", "date", "yes/no", "empty") else 0)
    missing = f"{absent:,} ({absent / s.count:.0%})" if absent else ""
    low, high = _ends(column)
    shown = [f"{low} to {high}"] if low is not None else [f"{s.said_distinct} different"] if s.n_distinct > 1 else []
    examples = ", ".join(_short(cell) for cell in s.examples[:4]) + (", …" if s.n_distinct > 4 else "")
    values = ": ".join([*shown, *([examples] if examples else [])])
    return _short(column.name), column.kind.name, column.use, missing, values


def _ends(column: Column) -> tuple[Any, Any]:
    """Return the least and the greatest value: numbers, or dates as ISO 8601 has them; None of all else."""
    s, how = column.statistic, column.kind.how
    if (part := s.numbers.get(how.get("notation", ""))) is not None:
        return _plain(part.low), _plain(part.high)
    if (part := s.dates.get(how.get("format", ""))) is not None:
        return _moment(int(part.low)), _moment(int(part.high))
    return None, None


def _plain(value: float) -> float | int:
    return int(value) if abs(value) < 1e15 and value == int(value) else value


def _moment(microseconds: int) -> str:
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)
    return str(moment).removesuffix(" 00:00:00")


def _short(text: str) -> str:
    shown = legible(" ".join(text.split()) if text.strip() else text)
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 1] + "…"


def described(
    raw: RawTable, columns: list[Column], found: Understanding | None, notes: list[str], reason: str
) -> dict[str, Any]:
    """Return all of it for programs."""
    listed = []
    for column in columns:
        low, high = _ends(column)
        s = column.statistic
        listed.append(
            {
                "name": column.name, "kind": column.kind.name, "use": column.use, "reason": column.reason,
                "how": dict(column.kind.how), "missing": s.missing, "likely_missing": s.likely,
                "distinct": s.n_distinct, "low": low, "high": high, "examples": list(s.examples),
            }
        )  # fmt: skip
    targets = [] if found is None else found.to_dict()["targets"]
    return {
        "file": raw.source, "rows": raw.n_rows, "rows_with_target": 0 if found is None else len(found.kept),
        "how": raw.how, "columns": listed, "targets": targets, "notes": notes, "refused": reason or None,
    }  # fmt: skip


def _check_picture(path: Path) -> None:
    from importlib.util import find_spec

    from layerwise import plots
    from layerwise.errors import missing

    with usage_error("--plot"):
        plots.picture_format(path)
    check_writable(path)
    if find_spec("matplotlib") is None:
        raise missing("matplotlib", "plot", "drawing a table")


def _draw(found: Understanding, path: Path) -> None:
    import matplotlib

    from layerwise import plots

    matplotlib.use("Agg")
    from matplotlib import pyplot

    try:
        plots.save(plots.table(found), path)
    finally:
        pyplot.close("all")
