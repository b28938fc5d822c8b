"""Columns of a table, one at a time: what every reader of them has in common."""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import re
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

WITH_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")

Name = str | bool | int | float
"""What a column may be called, and what a category may be: all that JSON can hold, and nothing else."""

_LIMIT = float(np.finfo(np.float32).max)
_DATES = (datetime.date, datetime.time, np.datetime64)
_SPANS = (datetime.timedelta, np.timedelta64)
_NUMBERS = (numbers.Real, decimal.Decimal, np.bool_)
_MISSING = ("NoneType", "NAType", "NaTType")  # pandas.NA and pandas.NaT, without pandas


class Columns:
    """Base of the three readers: each says of what kind a column is, and gives it in the form that suits its kind.

    Attributes
    ----------
    names : list, or None for an array
        What the columns are called.
    n_rows, n_columns : int
        The table's size.
    is_series : bool
        It is a single column, and no table.
    """

    names: list[Name] | None = None
    is_series = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.n_rows, self.n_columns

    def __len__(self) -> int:
        return self.n_rows

    def __init__(self, shape: tuple[int, ...], title: str) -> None:
        self.title = title
        self._cleaned: tuple[int, list[Any]] = (-1, [])  # the last column of objects, which is asked for twice in fit
        if len(shape) != 2:
            hint = f". Try np.reshape({title}, (-1, 1)) for one column, (1, -1) for one row" if len(shape) == 1 else ""
            raise ShapeError(f"{title} must be a table (samples, columns); its shape is {shape}{hint}")
        self.n_rows, self.n_columns = shape
        if 0 in shape:
            raise DataError(f"{title} is empty: its shape is {shape}; at least one row and one column are needed")

    def cleaned(self, j: int) -> list[Any]:
        """Column j as Python objects, None wherever a value is missing; not to be written to.

        Raises
        ------
        DataError
            Lists, arrays and the like; dates and times.
        """
        if self._cleaned[0] != j:
            self._cleaned = (j, _cleaned(self.objects(j), self.label(j)))
        return self._cleaned[1]

    def label(self, j: int) -> str:
        """Column j as an error speaks of it."""
        return (
            self.title if self.is_series else f"{self.title}: column {j if self.names is None else repr(self.names[j])}"
        )

    def is_category(self, j: int) -> bool:
        """Whether column j is categorical by its type: text, booleans, categories, objects other than numbers."""
        kind = self.kind(j)
        if kind != "object":
            return kind not in ("number", "date")
        types = self._types(j)
        if types and all(issubclass(some, _DATES) for some in types):
            return False
        return not types or any(issubclass(some, (bool, np.bool_)) or not is_number(some) for some in types)

    def is_date(self, j: int) -> bool:
        """Whether column j is one of dates or times by its type: ``datetime64``, or objects that are all dates."""
        kind = self.kind(j)
        if kind != "object":
            return kind == "date"
        types = self._types(j)
        return bool(types) and all(issubclass(some, _DATES) for some in types)

    def _types(self, j: int) -> set[type]:
        return {type(value) for value in self.cleaned(j) if value is not None}

    def dates(self, j: int) -> Array:
        """Column j as ``datetime64[us]`` (n_rows,), NaT where a value is missing; a time of day is on 1970-01-01.

        The time is that of the clock where it was noted: a time zone or an offset is left out.

        Raises
        ------
        DataError
            Something else than dates and times.
        """
        if self.kind(j) == "date":
            return self.moments(j)
        values = self.cleaned(j)
        row = next((row for row, v in enumerate(values) if v is not None and not isinstance(v, _DATES)), None)
        if row is not None:
            raise DataError(
                f"{self.label(j)} is one of dates, but row {row} holds {values[row]!r}; give datetime64 or "
                "datetime.datetime, as pandas.to_datetime makes of text"
            )
        return np.array([_moment(value) for value in values], "M8[us]")

    def moments(self, j: int) -> Array:
        """A column of the kind ``"date"`` as ``datetime64[us]``."""
        raise NotImplementedError

    def numbers(self, j: int) -> Array:
        """Column j in float64 (n_rows,), NaN where a value is missing.

        Raises
        ------
        DataError
            Something else than numbers, infinity, or a number beyond float32.
        """
        kind = self.kind(j)
        if kind == "date":
            raise dates(self.label(j))
        values = self.floats(j) if kind in ("number", "boolean") else self._object_numbers(j)
        for extreme in (np.fmin.reduce(values), np.fmax.reduce(values)):
            if abs(extreme) > _LIMIT:
                what = f"{extreme}" if math.isinf(extreme) else f"{extreme}, too large for float32"
                row = int(np.flatnonzero(values == extreme)[0])
                raise DataError(f"{self.label(j)}, row {row} is {what}; remove the row or fill in a number")
        return values

    def categories(self, j: int) -> tuple[Array, list[Name]]:
        """Column j as codes (n_rows,), -1 where a value is missing, and the value that each code stands for.

        Values differ from each other, but need not all occur; their order means nothing.

        Raises
        ------
        DataError
            Lists, dates or infinite numbers, which are no categories.
        """
        is_object = self.kind(j) == "object"
        if self.is_date(j) or (is_object and any(issubclass(some, _DATES) for some in self._types(j))):
            raise dates(self.label(j))
        codes, values = _factorized(self.cleaned(j)) if is_object else self.factors(j)
        found: dict[Name, int] = {}
        index = [found.setdefault(_plain(value, self.label(j)), len(found)) for value in values]
        return np.array([*index, -1])[codes], list(found)

    def kind(self, j: int) -> str:
        """``"number"``, ``"boolean"``, ``"date"``, ``"text"`` (categories too), ``"object"``: only the values tell."""
        raise NotImplementedError

    def floats(self, j: int) -> Array:
        """A column of numbers or booleans, in float64 and NaN."""
        raise NotImplementedError

    def factors(self, j: int) -> tuple[Array, Iterable[Any]]:
        """A column that is not ``"object"``, as codes (-1 where missing) and their values."""
        raise NotImplementedError

    def objects(self, j: int) -> list[Any]:
        """Any column, as Python objects."""
        raise NotImplementedError

    def exact(self, j: int) -> Array:
        """A column of numbers or booleans in the type of NumPy that is its own.

        Raises
        ------
        DataError
            A value is missing.
        """
        raise NotImplementedError

    def numbers_alone(self, j: int) -> Array:
        """A column of objects that are all numbers, in the smallest type that holds them.

        Raises
        ------
        DataError
            A value is missing, or something else than a number.
        """
        values = self.cleaned(j)
        if None in values:
            raise self._gap(j, values.index(None))
        row = next((row for row, value in enumerate(values) if not is_number(type(value))), None)
        if row is not None:
            raise DataError(
                f"{self.label(j)} must hold numbers; its type is object, and row {row} is {values[row]!r}: "
                f"{hint_of_text(values)}"
            )
        return of_numbers(values)

    def _gap(self, j: int, row: int) -> DataError:
        place = f"{self.label(j)}{':' if self.is_series else ','} row {row}"
        return DataError(f"{place} is missing; remove the row or fill in a number")

    def _object_numbers(self, j: int) -> Array:
        values = self.cleaned(j)
        wrong = tuple(kind for kind in set(map(type, values)) if kind is not type(None) and not is_number(kind))
        if wrong:
            row = next(row for row, value in enumerate(values) if isinstance(value, wrong))
            raise DataError(
                f"{self.label(j)} is one of numbers, but row {row} holds {values[row]!r}; give a number or a missing "
                "value, or name the column in `categorical` and fit again"
            )
        try:
            return np.array(values, np.float64)
        except OverflowError:
            raise DataError(f"{self.label(j)} holds a whole number that is too large for float64") from None


def _cleaned(values: list[Any], label: str) -> list[Any]:
    kinds = set(map(type, values))
    missing = {kind for kind in kinds if kind.__name__ in _MISSING}
    for kind in kinds - missing:
        if kind.__name__ == "Period" or issubclass(kind, _SPANS):
            raise spans(label)
        if kind.__hash__ is None or issubclass(kind, (complex, np.complexfloating)):
            raise DataError(f"{label} holds values of type {kind.__name__}; each cell must be a number or a text")
    return [None if type(value) in missing or value != value else value for value in values]


def dates(label: str) -> DataError:
    """The refusal of a column of dates or times where numbers or categories are needed."""
    return DataError(
        f"{label} holds dates or times; turn it into numbers first, such as the year, the month and the days since a "
        "fixed date, or leave it out"
    )


def spans(label: str) -> DataError:
    """The refusal of a column of durations or periods."""
    return DataError(
        f"{label} holds durations or periods; turn it into numbers first, such as the hours, or into dates, such as "
        "the first day"
    )


def _moment(value: Any) -> Any:
    """A date, a time or both as ``datetime64[us]``, without its time zone."""
    if value is None:
        return np.datetime64("NaT")
    if isinstance(value, datetime.datetime):  # pandas.Timestamp too
        return np.datetime64(datetime.datetime.combine(value.date(), value.time()), "us")
    if isinstance(value, datetime.time):
        return np.datetime64(datetime.datetime.combine(datetime.date(1970, 1, 1), value.replace(tzinfo=None)), "us")
    return np.datetime64(value, "us")


def _factorized(values: list[Any]) -> tuple[Array, list[Any]]:
    found: dict[Any, int] = {}
    codes = [-1 if value is None else found.setdefault(value, len(found)) for value in values]
    return np.array(codes), list(found)


def of_numbers(values: list[Any]) -> Array:
    """Python's numbers in the smallest type that holds all of them: bool, int64, uint64 or float64."""
    numbers = np.array(values)
    return numbers if numbers.dtype.kind in "buif" else np.array([_as_float(value) for value in values])


def _as_float(value: Any) -> float:
    """The number as a float; infinite, if it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_missing(value: object) -> bool:
    """Whether it is None, NaN, or one of the missing values whose comparison is undefined."""
    if value is None or type(value).__name__ in _MISSING:
        return True
    try:
        return bool(value != value)
    except TypeError:
        return True
    except ValueError:  # an array
        return False


def is_number(kind: type) -> bool:
    """Whether a type is one of real numbers or of truth values."""
    return issubclass(kind, _NUMBERS)


def _reads_as_number(value: object) -> bool:
    if isinstance(value, (str, bytes)):
        try:
            float(value)
        except ValueError:
            return False
        return True
    return is_number(type(value))


def hint_of_text(values: Collection[object], name: str = "") -> str:
    """Return what to do about text where numbers are needed, by what it looks like; `name`: of an array."""
    if name and values and all(map(_reads_as_number, values)):
        return f"if all of them are numbers, give {name}.astype(float)"
    if comma := decimal_comma(values):
        return f"write decimal commas as points, {comma!r} as {comma.replace(',', '.')}"
    return "turn text into numbers or one-hot columns first" + ("" if name else ", such as with lw.TableEncoder")


def decimal_comma(values: Iterable[object]) -> str:
    """Return the first number with a decimal comma, where all values are numbers; else "".

    ``"1,234"`` may be a thousand and more, and does not count; ``"0,234"`` is not.

    Examples
    --------
    >>> decimal_comma(["2", "3,14"]), decimal_comma(["3,14", "b"]), decimal_comma(["1,234"])
    ('3,14', '', '')
    >>> decimal_comma(["1,234", "0,688"])
    '0,688'
    """
    found = ""
    for value in values:
        if isinstance(value, str) and WITH_COMMA.fullmatch(value.strip()):
            found = found or ("" if _THOUSANDS.fullmatch(value.strip()) else value.strip())
        elif not _reads_as_number(value):
            return ""
    return found


def name_of(value: Any) -> Name:
    """A column's name as JSON can hold it."""
    value = value.item() if isinstance(value, np.generic) else value
    is_name = isinstance(value, (bool, int)) or (isinstance(value, float) and math.isfinite(value))
    return value if is_name else str(value)


def _plain(value: Any, label: str) -> Name:
    """A category as JSON can hold it: 1.0 is 1, whatever the type was; what is neither text nor number is its text."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, (float, decimal.Decimal)):
        if not math.isfinite(value):
            raise DataError(f"{label} holds {value}, which is no category; make it missing, or a text")
        return int(value) if value == int(value) else float(value)
    return value if isinstance(value, (bool, int)) else str(value)
