"""From a raw table to what a network learns from: every column's kind and use, and the target, decided and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layerwise.data.tables.cells import SURELY_MISSING
from layerwise.data.tables.features import Features
from layerwise.data.tables.kinds import INPUTS, Kind, is_id_name, kind_of
from layerwise.data.tables.parsing import parsed, plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.relations import duplicates, tells
from layerwise.data.tables.remarks import remarks, unclear_marks
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.target import Target, choose, target_of
from layerwise.data.tables.understanding import Column, Understanding, all_missing, answers_of, unread
from layerwise.errors import DataError, LayerwiseError, UnknownNameError, nearest
from layerwise.typing import Array

FEWEST = 2  # rows
ENOUGH = 20  # rows that tell whether two columns are the same
MOST_INPUTS = 256  # one-hot inputs of all categories together


def understand(
    raw: RawTable,
    target: str | Sequence[str] | None = None,
    *,
    exclude: Collection[str] = (),
    id: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
    na: Collection[str] = (),
    dayfirst: bool | None = None,
    decimal: str | None = None,
) -> Understanding:
    """Decide what each column of a table is and what it is used for.

    Parameters
    ----------
    raw : RawTable
        The table. Its notes are taken over.
    target : str or list of str, optional
        What is to be predicted, "a,b" for two columns; by default the last column that could be.
    exclude, id : list of str
        Columns that are not used; those of `id` are known to name the rows.
    kinds : dict of str to str, optional
        What columns are: ``"number"``, ``"category"``, ``"yes/no"``, ``"date"``, ``"text"`` or ``"id"``.
    na : list of str
        More texts that stand for a missing value.
    dayfirst : bool, optional
        Whether 03/04/2024 is in April.
    decimal : str, optional
        The decimal point of all numbers, "." or ",".

    Returns
    -------
    Understanding

    Raises
    ------
    UnknownNameError
        A column that is named is not there, or a kind.
    DataError
        Nothing can be learned from the table: says why. Columns that cannot be what was asked: names all of them.

    Examples
    --------
    >>> names = ("day", "size", "price")
    >>> days = [f"2024-01-{day:02}" for day in range(1, 13)]
    >>> sizes = ["small", "large", "small", ""] * 3
    >>> raw = RawTable("sales.csv", names, [days, sizes, [f"${4 + i}.50" for i in range(12)]])
    >>> found = understand(raw)
    >>> found.sentence
    'price: a number, 12 different values; it is the last column'
    >>> [(column.name, column.kind.name, column.use) for column in found.columns[:2]]
    [('day', 'date', 'input'), ('size', 'category', 'input')]
    """
    kinds = dict(kinds or {})
    if raw.n_rows < FEWEST:
        raise DataError(f"{raw.source} has {raw.n_rows} rows of data; at least {FEWEST} are needed to learn anything")
    columns = survey(raw, exclude=exclude, id=id, kinds=kinds, na=na, dayfirst=dayfirst, decimal=decimal)
    places, why = choose(raw.names, [_as_target(column, exclude) for column in columns], target)
    targets = [
        target_of(
            columns[j].name,
            columns[j].statistic,
            asked=kinds.get(columns[j].name),
            decimal=decimal,
            likely=raw.how.get("decimal") or ".",
            why=why,
        )
        for j in places
    ]
    _check_several(targets)
    for j, goal in zip(places, targets):
        columns[j].use, columns[j].reason = "target", ""
        columns[j].kind = Kind("number" if goal.kind == "number" else "category", how=goal.how)
    found = Understanding(raw.source, columns, targets, all_missing(SURELY_MISSING, na), raw.n_rows, raw.notes)
    found.has_header, found.how = raw.has_header, dict(raw.how)
    _read(found, raw, places, {*kinds, *id})
    return found


def _as_target(column: Column, exclude: Collection[str]) -> Kind:
    """Return the kind of a column; empty if nobody would mean it for the target, unless it is named."""
    s = column.statistic
    is_id = is_id_name(column.name) and 2 * s.n_distinct > s.present
    return replace(column.kind, name="empty") if column.name in exclude or s.n_distinct < 2 or is_id else column.kind


def survey(
    raw: RawTable,
    *,
    exclude: Collection[str] = (),
    id: Collection[str] = (),
    kinds: Mapping[str, str] | None = None,
    na: Collection[str] = (),
    dayfirst: bool | None = None,
    decimal: str | None = None,
) -> list[Column]:
    """Return what each column is by itself, before any is the target; arguments and errors as of `understand`."""
    for option, asked in (("exclude", exclude), ("id", id), ("kinds", kinds or {})):
        for name in asked:
            if name not in raw.names:
                raise UnknownNameError(f"{option}: {raw.source} has no column {name!r}; {nearest(name, raw.names)}")
    missing = all_missing(SURELY_MISSING, na)
    statistics = [Statistic.of(plain_column(column), missing) for column in raw.columns]
    decided = _kinds(raw, statistics, {**dict.fromkeys(id, "id"), **(kinds or {})}, dayfirst, decimal)
    columns = []
    for name, kind, s in zip(raw.names, decided, statistics):
        use, reason = ("input" if kind.name in INPUTS else "left out"), kind.reason
        if name in exclude:
            use, reason = "left out", "as asked"
        columns.append(Column(name, kind, use, reason, s))
    return columns


def _kinds(
    raw: RawTable, statistics: list[Statistic], asked: Mapping[str, str], dayfirst: bool | None, decimal: str | None
) -> list[Kind]:
    """Return the kind of each column; columns that cannot be what was asked are named together."""
    decided, wrong = [], []
    for name, s in zip(raw.names, statistics):
        try:
            kind = kind_of(
                name,
                s,
                asked=asked.get(name),
                dayfirst=dayfirst,
                decimal=decimal,
                likely=raw.how.get("decimal") or ".",
                has_name=raw.has_header,
                is_index=name in raw.unnamed,
            )
        except LayerwiseError as error:
            wrong.append(error)
            kind = Kind("empty")
        if kind.is_ambiguous:
            first = "month" if kind.how["format"] == "M/D/Y" else "day"
            raw.notes.append(
                f"column {name!r}: {s.examples[0]!r} is read with the {first} first; --dayfirst and --no-dayfirst say"
            )
        decided.append(kind)
    if decimal is None:
        raw.notes += unclear_marks(raw, decided)
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        raise DataError(f"{raw.source}: " + "; ".join(map(str, wrong)))
    return decided


def _check_several(targets: list[Target]) -> None:
    if len(targets) > 1 and not all(goal.kind == "number" for goal in targets):
        bad = [goal for goal in targets if goal.kind == "number" or len(goal.classes) != 2]
        if bad:
            raise DataError(
                "several targets must all be numbers, or all have two classes; got "
                + "; ".join(goal.sentence for goal in targets)
            )


def _read(found: Understanding, raw: RawTable, places: list[int], asked: Collection[str]) -> None:
    """Read the cells, leave out what says nothing or too much, and keep the arrays."""
    values = [plain_column(column) for column in raw.columns]
    y, kept = answers_of(raw, found.targets, places, found.missing)
    found.kept = kept
    if len(kept) < FEWEST:
        raise DataError(f"{raw.source}: one row alone has a target; at least {FEWEST} are needed to learn anything")
    used = set(kept.tolist())
    arrays: list[Array | None] = [None] * len(found.columns)
    for j, column in enumerate(found.columns):
        if column.use == "input":
            array, wrong = parsed(values[j], column.kind, found.missing)
            if wrong := [row for row in wrong if row in used]:
                raw.notes.append(unread(raw, j, wrong, column.kind.name))
            arrays[j] = array[kept]
    _leave_out_twins(found, arrays, asked)
    _look_for_leaks(found, arrays, y, asked)
    _fit_into_budget(found, asked)
    _keep_one(found, arrays, values)
    found.notes += [_said(column) for column in found.columns if column.use == "left out"] + remarks(found.columns)
    chosen = [j for j, column in enumerate(found.columns) if column.use == "input"]
    if not chosen:
        names = ", ".join(repr(goal.name) for goal in found.targets)
        others = "; ".join(_said(column) for column in found.columns if column.use == "left out")
        raise DataError(f"{raw.source}: there is nothing to learn {names} from: {others or 'it is the only column'}")
    read = [array for array in arrays if array is not None]
    found._features = Features([found.columns[j].name for j in chosen], read, raw.source)
    found._answers = y
    _check_classes(found, y)


def _leave_out_twins(found: Understanding, arrays: list[Array | None], asked: Collection[str]) -> None:
    for j, first in duplicates(arrays).items() if len(found.kept) >= ENOUGH else ():
        column = found.columns[j]
        if column.name not in asked:
            column.use, column.reason = "left out", f"the same as column {found.columns[first].name!r}"
            arrays[j] = None


def _look_for_leaks(found: Understanding, arrays: list[Array | None], y: Array, asked: Collection[str]) -> None:
    """Leave out the target in another form, and say what nearly is."""
    if len(y) < ENOUGH:
        return
    for k, goal in enumerate(found.targets):
        answers = y if y.ndim == 1 else y[:, k]
        for j, column in enumerate(found.columns):
            array = arrays[j]
            if array is None or column.use != "input" or column.name in asked:
                continue
            told = tells(array, answers, goal.kind == "number")
            others = sum(other.use == "input" for other in found.columns)
            if told == "same" and others > 1:
                column.use, column.reason = "left out", f"the target {goal.name!r} in another form"
                arrays[j] = None
            elif told:
                found.notes.append(
                    f"column {column.name!r} tells the target {goal.name!r} almost alone; if it is only known "
                    f"afterwards, leave it out: --exclude {column.name}"
                )


def _fit_into_budget(found: Understanding, asked: Collection[str]) -> None:
    """Take the categories with the most values as text, until all together have few enough inputs."""
    from layerwise.data.encoded_text import too_many

    sizes = {
        j: column.statistic.n_distinct
        for j, column in enumerate(found.columns)
        if column.use == "input" and column.kind.name == "category" and column.name not in asked
    }
    for j in too_many(sizes, MOST_INPUTS, 2):
        column = found.columns[j]
        reason = f"{sizes[j]} values, and the categories together would have more than {MOST_INPUTS} inputs"
        column.kind, column.reason = replace(column.kind, name="text"), reason


def _keep_one(found: Understanding, arrays: list[Array | None], values: list[Any]) -> None:
    """Use row numbers after all where nothing else is there: they may be what the table is about."""
    if any(column.use == "input" for column in found.columns):
        return
    for j, column in enumerate(found.columns):
        if column.use == "left out" and column.kind.name == "row number" and "." in column.statistic.numbers:
            column.kind = Kind("number", how={"notation": "."})
            column.use, column.reason = "input", "consecutive numbers, but there is no other column"
            arrays[j] = parsed(values[j], column.kind, found.missing)[0][found.kept]
            found.notes.append(f"column {column.name!r}: {column.reason}")
            return


def _said(column: Column) -> str:
    return f"column {column.name!r} is left out: {column.reason}"


def _check_classes(found: Understanding, y: Array) -> None:
    """Refuse one class, and say which classes have a row alone."""
    for k, goal in enumerate(found.targets):
        if goal.kind != "classes":
            continue
        counts = Counter((y if y.ndim == 1 else y[:, k]).tolist())
        if len(counts) < 2:
            raise DataError(f"the target {goal.name!r} has one class in the rows that can be used; two are needed")
        alone = [str(label) for label, n in counts.items() if n == 1]
        if y.ndim == 1 and alone:
            shown = ", ".join(map(repr, alone[:5])) + (", …" if len(alone) > 5 else "")
            what = f"the class {shown} has" if len(alone) == 1 else f"the classes {shown} have"
            found.notes.append(f"{what} one row alone: nothing can be held out to tell how well it is known")
