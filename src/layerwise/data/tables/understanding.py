"""A table as it is understood: what each column is and what it is used for, and the arrays that a network learns from.

raw table ─ statistics ─ kinds ─ target ─ relations ─► Understanding ─┬─ features(), answers()  arrays to learn from
                                                                      ├─ to_dict()              what was decided
a later table ──────────────────────────── rows(raw), by the same rules ◄─ from_dict() ◄────────┘
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layerwise.data.tables.dates import FORMATS
from layerwise.data.tables.features import Features
from layerwise.data.tables.kinds import INPUTS, Kind
from layerwise.data.tables.parsing import parsed, plain_column
from layerwise.data.tables.raw import RawTable
from layerwise.data.tables.readings import NOTATIONS
from layerwise.data.tables.statistics import Statistic
from layerwise.data.tables.target import Target
from layerwise.errors import DataError, FormatError, nearest
from layerwise.typing import Array

MOST_SHOWN = 3  # cells that a note names


@dataclass
class Column:
    """A column as it is understood.

    Attributes
    ----------
    name : str
    kind : Kind
        What it is, and how its cells are read.
    use : str
        ``"input"``, ``"target"`` or ``"left out"``.
    reason : str
        Why it has this kind or use, where it does not go without saying.
    statistic : Statistic
        What is known of it.
    """

    name: str
    kind: Kind
    use: str
    reason: str
    statistic: Statistic


@dataclass
class Understanding:
    """What was decided for a table; a file to predict on is read by the same rules.

    Attributes
    ----------
    source : str
        The table's name.
    columns : list of Column
        In the order of the file.
    targets : list of Target
        What is to be predicted.
    missing : frozenset of str
        Cells that stand for a missing value.
    n_rows : int
        Rows of the file.
    notes : list of str
        What was found, decided or left out, a sentence each.
    kept : array of int
        The rows that have a target.
    """

    source: str
    columns: list[Column]
    targets: list[Target]
    missing: frozenset[str]
    n_rows: int = 0
    notes: list[str] = field(default_factory=list)
    kept: Array = field(default_factory=lambda: np.arange(0))
    has_header: bool = True
    how: dict[str, Any] = field(default_factory=dict)
    _features: Features | None = None
    _answers: Array | None = None

    @property
    def inputs(self) -> list[Column]:
        """The columns that are learned from."""
        return [column for column in self.columns if column.use == "input"]

    @property
    def is_classification(self) -> bool:
        """Whether classes are predicted."""
        return self.targets[0].kind == "classes"

    @property
    def sentence(self) -> str:
        """What is predicted, and why."""
        return "; ".join(target.sentence for target in self.targets)

    def features(self) -> Features:
        """Return the columns that are learned from, in the rows that have a target."""
        if self._features is None:
            raise RuntimeError("these are the rules alone, without a table: call rows(raw)")
        return self._features

    def answers(self) -> Array:
        """Return the target of each of these rows: (n,), or (n, targets) of several.

        float64 for numbers; int64 for classes that are spelled as whole numbers, else str.
        """
        if self._answers is None:
            raise RuntimeError("these are the rules alone, without a table: call rows(raw)")
        return self._answers

    def encoder_arguments(self) -> dict[str, Any]:
        """Return the arguments with which `TableEncoder` and the estimators take the features as they are meant."""
        kinds = {"yes/no": "category"}
        return {"kinds": {column.name: kinds.get(column.kind.name, column.kind.name) for column in self.inputs}}

    def rows(self, raw: RawTable) -> Features:
        """Return another table's columns by the rules that were learned, all of its rows.

        Other columns are not looked at. Cells that cannot be read are taken as missing; `raw.notes` gets a sentence
        for each column that has any.

        Raises
        ------
        DataError
            Columns that are needed are not there: names all of them.
        """
        raw = self._named(raw)
        places = self._places(raw, [column.name for column in self.inputs])
        names, found = [], []
        for column, j in zip(self.inputs, places):
            values, wrong = parsed(plain_column(raw.columns[j]), column.kind, self.missing)
            if wrong:
                raw.notes.append(unread(raw, j, wrong, column.kind.name))
            names.append(column.name)
            found.append(values)
        return Features(names, found, raw.source)

    def labelled_rows(self, raw: RawTable) -> tuple[Features, Array, Array]:
        """Return the same of the rows that have a target, their targets, and which rows these are.

        Raises
        ------
        DataError
            Columns, or all targets, are not there.
        """
        X, raw = self.rows(raw), self._named(raw)
        places = self._places(raw, [target.name for target in self.targets])
        y, kept = answers_of(raw, self.targets, places, self.missing)
        return X.take(kept), y, kept

    def _named(self, raw: RawTable) -> RawTable:
        """Return a table without a header under the names that its columns have where the targets are left out."""
        targets = {target.name for target in self.targets}
        names = tuple(column.name for column in self.columns if column.name not in targets)
        if self.has_header or raw.has_header or len(raw.names) != len(names):
            return raw
        return replace(raw, names=names)

    def _places(self, raw: RawTable, needed: Sequence[str]) -> list[int]:
        place = {name: j for j, name in enumerate(raw.names)}
        lacking = [name for name in needed if name not in place]
        if lacking:
            hint = f"; {nearest(lacking[0], raw.names)}" if len(lacking) == 1 else ""
            listed = ", ".join(map(repr, lacking[:12])) + (
                f" and {len(lacking) - 12} more" if len(lacking) > 12 else ""
            )
            raise DataError(
                f"{raw.source} has no column{'s' if len(lacking) > 1 else ''} {listed}, which the model needs{hint}"
            )
        return [place[name] for name in needed]

    def to_dict(self) -> dict[str, Any]:
        """What was decided, as JSON can hold it: names, kinds, notations, formats; `from_dict` reads it."""
        return {
            "source": self.source,
            "has_header": self.has_header,
            "how": dict(self.how),
            "missing": sorted(self.missing),
            "columns": [
                {"name": c.name, "kind": c.kind.name, "use": c.use, "reason": c.reason, "how": dict(c.kind.how)}
                for c in self.columns
            ],
            "targets": [
                {"name": t.name, "kind": t.kind, "sentence": t.sentence, "how": dict(t.how), "classes": list(t.classes)}
                for t in self.targets
            ],
        }

    @staticmethod
    def from_dict(description: Mapping[str, Any]) -> Understanding:
        """Return the rules that `to_dict` described, without a table.

        Raises
        ------
        FormatError
            Not such a description.
        """
        try:
            columns = [
                Column(c["name"], Kind(c["kind"], "", dict(c["how"])), c["use"], c["reason"], Statistic())
                for c in description["columns"]
            ]
            targets = [
                Target(t["name"], t["kind"], t["sentence"], dict(t["how"]), tuple(t["classes"]))
                for t in description["targets"]
            ]
            found = Understanding(description["source"], columns, targets, frozenset(description["missing"]))
            found.has_header, found.how = bool(description["has_header"]), dict(description["how"])
            _check(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"not the description of an Understanding, as to_dict gives it: {error!r}") from None
        return found


def _check(found: Understanding) -> None:
    for column in found.inputs:
        _check_how(column.name, column.kind.name, column.kind.how)
    for target in found.targets:
        if target.kind not in ("number", "classes") or not all(isinstance(label, str) for label in target.classes):
            raise ValueError(f"the target {target.name!r} cannot be {target.kind!r}")
        _check_how(target.name, "number" if target.kind == "number" else "category", target.how)
    if not found.targets or not all(isinstance(token, str) for token in found.missing):
        raise ValueError("there must be a target, and what is missing must be text")
    for name in (*(column.name for column in found.columns), *(target.name for target in found.targets)):
        if not isinstance(name, str):
            raise TypeError(f"{name!r} is no name")


def _check_how(name: str, kind: str, how: Mapping[str, Any]) -> None:
    """Refuse rules for reading cells that there are not."""
    texts = [how[key] for key in ("spellings", "whole") if key in how]
    right = kind in INPUTS and all(
        isinstance(part, dict) and all(isinstance(text, str) for pair in part.items() for text in pair)
        for part in texts
    )
    right = right and (kind != "number" or how.get("notation") in NOTATIONS)
    right = right and (kind != "date" or how.get("format") in ("", *FORMATS))
    right = right and isinstance(how.get("width", 0), int)
    if not right or (kind == "yes/no" and "spellings" not in how):
        raise ValueError(f"column {name!r} cannot be read as {kind}, {dict(how)}")


def unread(raw: RawTable, j: int, rows: Sequence[int], kind: str) -> str:
    """Return a note of cells that are not what their column is."""
    cells = raw.columns[j]
    shown = "; ".join(f"{_at(raw, row)} {str(cells[row])!r:.40}" for row in rows[:MOST_SHOWN])
    more = f" and {len(rows) - MOST_SHOWN:,} more" if len(rows) > MOST_SHOWN else ""
    what = "number" if kind == "number" else "date" if kind == "date" else "known class"
    many = (
        f"1 cell is no {what}"
        if len(rows) == 1
        else f"{len(rows):,} cells are no {what}{'' if what[-1] == 's' else 's'}"
    )
    return f"column {raw.names[j]!r}: {many} and taken as missing: {shown}{more}"


def _at(raw: RawTable, row: int) -> str:
    return f"row {row + 1}" if raw.lines is None else f"line {int(raw.lines[row])}"


def answers_of(
    raw: RawTable, targets: Sequence[Target], places: Sequence[int], missing: frozenset[str]
) -> tuple[Array, Array]:
    """Return the targets of the rows that have all of them, and these rows' numbers.

    Raises
    ------
    DataError
        No row has a target.
    """
    found, there = [], np.ones(raw.n_rows, bool)
    for target, j in zip(targets, places):
        values, wrong = target.read(plain_column(raw.columns[j]), missing)
        if wrong:
            raw.notes.append(unread(raw, j, wrong, target.kind))
        there &= np.isfinite(values) if values.dtype.kind == "f" else np.array([v is not None for v in values], bool)
        found.append(values)
    kept = np.flatnonzero(there)
    names = " and ".join(repr(target.name) for target in targets)
    if not len(kept):
        raise DataError(f"{raw.source}: no row has a value of the target {names}")
    if len(kept) < raw.n_rows:
        raw.notes.append(_left_out(raw, np.flatnonzero(~there), f"no target {names}"))
    read = [target.values(values[kept], alone=len(targets) == 1) for target, values in zip(targets, found)]
    return read[0] if len(read) == 1 else np.column_stack(read), kept


def _left_out(raw: RawTable, rows: Array, why: str) -> str:
    shown = ", ".join(_at(raw, row) for row in rows[:MOST_SHOWN]) + (", …" if len(rows) > MOST_SHOWN else "")
    verb, what = ("has", "is") if len(rows) == 1 else ("have", "are")
    return f"{len(rows):,} row{'' if len(rows) == 1 else 's'} {verb} {why} and {what} left out: {shown}"


def all_missing(tokens: Collection[str], more: Collection[str] | None) -> frozenset[str]:
    """Return the cells that stand for a missing value: the known ones, and those that are named."""
    return frozenset((*tokens, *(more or ()), ""))
