"""The options that say how a table is to be understood, each described once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from layerwise.app.cli.choices import usage_error
from layerwise.app.cli.data import check_delimiter
from layerwise.data.tables.raw import RawTable
from layerwise.datasets.reading import read_raw
from layerwise.errors import UnknownNameError

_PANEL = "Columns"

Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="COLUMNS", help="Columns that are not used: a,b.", rich_help_panel=_PANEL),
]
Id = Annotated[
    list[str] | None,
    typer.Option(
        "--id", metavar="COLUMNS", help="Columns that name the rows; they are not used.", rich_help_panel=_PANEL
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kinds",
        metavar="COLUMN=KIND",
        help="What columns are: age=number,zip=category; number, category, yes/no, date, text or id.",
        rich_help_panel=_PANEL,
    ),
]
Na = Annotated[
    list[str] | None,
    typer.Option("--na", metavar="CELLS", help="More cells that mean a missing value: -999,?.", rich_help_panel=_PANEL),
]
DayFirst = Annotated[
    bool | None,
    typer.Option("--dayfirst/--no-dayfirst", help="Whether 03/04/2024 is in April.", rich_help_panel=_PANEL),
]
Decimal = Annotated[
    str | None,
    typer.Option("--decimal", metavar="CHARACTER", help="The decimal point: . or ,", rich_help_panel=_PANEL),
]

_READING = "Reading"
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Of a text file, as Python calls it: latin-1.", rich_help_panel=_READING),
]
Header = Annotated[
    bool | None,
    typer.Option("--header/--no-header", help="Whether the first row names the columns.", rich_help_panel=_READING),
]
Sheet = Annotated[
    str | None,
    typer.Option("--sheet", help="Of a workbook; a database's table, an archive's file.", rich_help_panel=_READING),
]
Query = Annotated[
    str | None, typer.Option("--query", help="The SELECT of an SQLite database.", rich_help_panel=_READING)
]

Skip = Annotated[
    int | None,
    typer.Option("--skip", metavar="LINES", min=0, help="Leave out so many lines first.", rich_help_panel=_READING),
]


def listed(given: Sequence[str] | None, names: Sequence[str] = ()) -> list[str]:
    """Return what an option lists, "a,b" as two; a name of a column that has a comma is one.

    Examples
    --------
    >>> listed(["a, b", "c,d"], ["c,d"])
    ['a', 'b', 'c,d']
    """
    found = []
    for text in given or ():
        found += [text] if text in names else [part.strip() for part in text.split(",") if part.strip()]
    return found


def said_kinds(given: Sequence[str] | None) -> dict[str, str]:
    """Return the kinds that --kinds names, by column.

    Raises
    ------
    UnknownNameError
        A part is not COLUMN=KIND.

    Examples
    --------
    >>> said_kinds(["age=number, zip=category"])
    {'age': 'number', 'zip': 'category'}
    """
    found = {}
    for part in listed(given):
        name, equals, kind = part.rpartition("=")
        if not equals or not name.strip() or not kind.strip():
            raise UnknownNameError(f"--kinds takes COLUMN=KIND, such as age=number,zip=category; got {part!r}")
        found[name.strip()] = kind.strip()
    return found


def read_as_asked(
    file: str,
    exclude: Sequence[str] | None,
    id: Sequence[str] | None,
    kinds: Sequence[str] | None,
    na: Sequence[str] | None,
    dayfirst: bool | None,
    decimal: str | None,
    delimiter: str | None,
    encoding: str | None,
    header: bool | None,
    sheet: str | None,
    query: str | None,
    skip: int | None,
) -> tuple[RawTable, dict[str, Any]]:
    """Return the table of a file, read as the options say, and those of them that `understand` takes."""
    raw = read_raw(
        file, delimiter=check_delimiter(delimiter), encoding=encoding, header=header, decimal=decimal, sheet=sheet,
        query=query, na=listed(na), skip=skip,
    )  # fmt: skip
    with usage_error("--kinds"):
        return raw, options_of(raw.names, exclude, id, kinds, na, dayfirst, decimal)


def options_of(
    names: Sequence[str],
    exclude: Sequence[str] | None,
    id: Sequence[str] | None,
    kinds: Sequence[str] | None,
    na: Sequence[str] | None,
    dayfirst: bool | None,
    decimal: str | None,
) -> dict[str, Any]:
    """Return the options as `understand` takes them.

    Raises
    ------
    UnknownNameError
        Kinds that are not COLUMN=KIND.
    """
    return {
        "exclude": listed(exclude, names),
        "id": listed(id, names),
        "kinds": said_kinds(kinds),
        "na": listed(na),
        "dayfirst": dayfirst,
        "decimal": decimal,
    }
