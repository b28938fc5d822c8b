"""Columns of a table, one at a time: the same two readings of a pandas frame, a Polars frame or a NumPy array.

    frame or array ── read_columns ──► Columns ── numbers(j) ────► float64, NaN where a value is missing
                                              └─ categories(j) ─► codes (-1 where missing) and what they stand for

Neither pandas nor Polars is imported: a frame can only come from a library that the caller has imported already.
"""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array

Name = str | bool | int | float
"""What a column may be called, and what a category may be: all that JSON can hold, and nothing else."""

_LIMIT = float(np.finfo(np.float32).max)
_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)
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
    """

    names: list[Name] | None = None

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
        return f"{self.title}: column {j if self.names is None else repr(self.names[j])}"

    def is_category(self, j: int) -> bool:
        """Whether column j is categorical by its type: text, booleans, categories, objects other than numbers."""
        kind = self.kind(j)
        if kind != "object":
            return kind != "number"
        types = {type(value) for value in self.cleaned(j) if value is not None}
        return not types or any(issubclass(some, (bool, np.bool_)) or not _is_number(some) for some in types)

    def numbers(self, j: int) -> Array:
        """Column j in float64 (n_rows,), NaN where a value is missing.

        Raises
        ------
        DataError
            Something else than numbers, infinity, or a number beyond float32.
        """
        kind = self.kind(j)
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
        codes, values = _factorized(self.cleaned(j)) if is_object else self.factors(j)
        found: dict[Name, int] = {}
        index = [found.setdefault(_plain(value, self.label(j)), len(found)) for value in values]
        return np.array([*index, -1])[codes], list(found)

    def kind(self, j: int) -> str:
        """``"number"``, ``"boolean"``, ``"text"`` (categories too), or ``"object"`` where only the values can tell."""
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

    def _object_numbers(self, j: int) -> Array:
        values = self.cleaned(j)
        wrong = tuple(kind for kind in set(map(type, values)) if kind is not type(None) and not _is_number(kind))
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


class _Array(Columns):
    def __init__(self, X: Any, title: str) -> None:
        if hasattr(X, "toarray"):
            raise DataError(f"{title} is sparse: give {title}.toarray()")
        try:
            rows = np.asanyarray(X)
            if not isinstance(X, np.ndarray) and rows.dtype.kind == "U":
                rows = np.array(X, dtype=object)  # a list of lists: NumPy would turn its numbers into text
        except ValueError as error:
            raise DataError(f"{title} must be a table, all rows of one length: {error}") from None
        if rows.dtype.kind not in "buifOUST":
            hint = "give its columns as numbers or text"
            if rows.dtype.kind in "mM":
                hint = "turn dates and times into numbers first, such as the days since a fixed date"
            raise DataError(f"{title} must hold numbers, text or objects; its type is {rows.dtype}: {hint}")
        super().__init__(rows.shape, title)
        if np.ma.isMaskedArray(rows):
            self.rows = np.ma.filled(rows.astype(object if rows.dtype.kind not in "uif" else np.float64), np.nan)
        else:
            self.rows = np.asarray(rows)

    def kind(self, j: int) -> str:
        return {"b": "boolean", "u": "number", "i": "number", "f": "number"}.get(self.rows.dtype.kind, "object")

    def floats(self, j: int) -> Array:
        return self.rows[:, j].astype(np.float64)

    def factors(self, j: int) -> tuple[Array, Iterable[Any]]:
        column = self.rows[:, j]
        present = column == column  # false for NaN alone
        codes = np.full(self.n_rows, -1)
        values, codes[present] = np.unique(column[present], return_inverse=True)
        return codes, values.tolist()

    def objects(self, j: int) -> list[Any]:
        values: list[Any] = self.rows[:, j].tolist()
        return values


class _Pandas(Columns):
    def __init__(self, X: Any, title: str, pandas: Any) -> None:
        super().__init__(X.shape, title)
        self.frame, self.pandas, self.names = X, pandas, [_name(name) for name in X.columns]

    def kind(self, j: int) -> str:
        dtype, types = self.frame.dtypes.iloc[j], self.pandas.api.types
        if isinstance(dtype, self.pandas.CategoricalDtype):
            return "text"
        if types.is_bool_dtype(dtype):
            return "boolean"
        if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
            return "number"
        if getattr(dtype, "kind", "O") in "mM" or isinstance(dtype, self.pandas.PeriodDtype):
            raise _dates(self.label(j))
        return "text" if not types.is_object_dtype(dtype) and types.is_string_dtype(dtype) else "object"

    def floats(self, j: int) -> Array:
        values: Array = self.frame.iloc[:, j].to_numpy(dtype=np.float64, na_value=np.nan)
        return values

    def factors(self, j: int) -> tuple[Array, Iterable[Any]]:
        column = self.frame.iloc[:, j]
        if isinstance(column.dtype, self.pandas.CategoricalDtype):
            return column.cat.codes.to_numpy(), column.cat.categories
        return column.factorize()  # type: ignore[no-any-return]

    def objects(self, j: int) -> list[Any]:
        values: list[Any] = self.frame.iloc[:, j].astype(object).tolist()
        return values


class _Polars(Columns):
    def __init__(self, X: Any, title: str, polars: Any) -> None:
        super().__init__(X.shape, title)
        self.frame, self.polars, self.names = X, polars, list(X.columns)

    def kind(self, j: int) -> str:
        dtype, polars = self.frame.dtypes[j], self.polars
        if dtype.is_numeric():
            return "number"
        if dtype.is_temporal():
            raise _dates(self.label(j))
        if dtype == polars.Boolean:
            return "boolean"
        return "text" if dtype in (polars.String, polars.Categorical, polars.Enum) else "object"

    def floats(self, j: int) -> Array:
        values: Array = self.frame.to_series(j).cast(self.polars.Float64).fill_null(np.nan).to_numpy()
        return values

    def factors(self, j: int) -> tuple[Array, Iterable[Any]]:
        column, polars = self.frame.to_series(j), self.polars
        if column.dtype.is_float() or column.dtype.is_decimal():
            column = column.cast(polars.Float64).fill_nan(None)
        elif not column.dtype.is_integer() and column.dtype != polars.Boolean:
            column = column.cast(polars.String)
        values = column.drop_nulls().unique()
        if values.is_empty():
            return np.full(self.n_rows, -1), []
        numbered = polars.int_range(0, len(values), dtype=polars.Int64, eager=True)
        codes = column.replace_strict(values, numbered, default=-1, return_dtype=polars.Int64)
        return codes.fill_null(-1).to_numpy(), values.to_list()

    def objects(self, j: int) -> list[Any]:
        values: list[Any] = self.frame.to_series(j).to_list()
        return values


def read_columns(X: Any, title: str = "X") -> Columns:
    """The columns of a pandas frame, a Polars frame, or anything that NumPy makes a two-dimensional array of.

    Raises
    ------
    ShapeError
        Not a table, or two columns of one name.
    DataError
        Empty, sparse, not collected yet, or of a type that holds neither numbers nor text.

    Examples
    --------
    >>> columns = read_columns([["red", 1.5], ["blue", None], ["red", 2.5]])
    >>> [columns.is_category(j) for j in range(2)]
    [True, False]
    >>> columns.categories(0)
    (array([0, 1, 0]), ['red', 'blue'])
    >>> columns.numbers(1)
    array([1.5, nan, 2.5])
    """
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    columns: Columns
    if pandas is not None and isinstance(X, pandas.DataFrame):
        columns = _Pandas(X, title, pandas)
    elif polars is not None and isinstance(X, polars.DataFrame):
        columns = _Polars(X, title, polars)
    elif polars is not None and isinstance(X, polars.LazyFrame):
        raise DataError(f"{title} is a LazyFrame, which holds no data yet: give {title}.collect()")
    else:
        columns = _Array(X, title)
    seen: set[Name] = set()
    for name in columns.names or ():
        if name in seen:
            raise ShapeError(f"{title} has two columns named {name!r}; rename one of them, or leave it out")
        seen.add(name)
    return columns


def _cleaned(values: list[Any], label: str) -> list[Any]:
    kinds = set(map(type, values))
    missing = {kind for kind in kinds if kind.__name__ in _MISSING}
    for kind in kinds - missing:
        if kind.__name__ == "Period" or issubclass(kind, _DATES):
            raise _dates(label)
        if kind.__hash__ is None or issubclass(kind, (complex, np.complexfloating)):
            raise DataError(f"{label} holds values of type {kind.__name__}; each cell must be a number or a text")
    return [None if type(value) in missing or value != value else value for value in values]


def _dates(label: str) -> DataError:
    return DataError(
        f"{label} holds dates or times; turn it into numbers first, such as the year, the month and the days since a "
        "fixed date, or leave it out"
    )


def _factorized(values: list[Any]) -> tuple[Array, list[Any]]:
    found: dict[Any, int] = {}
    codes = [-1 if value is None else found.setdefault(value, len(found)) for value in values]
    return np.array(codes), list(found)


def _is_number(kind: type) -> bool:
    return issubclass(kind, _NUMBERS)


def _name(value: Any) -> Name:
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
