"""Columns of a table, one at a time: the same two readings of a pandas frame, a Polars frame or a NumPy array.

    frame or array ── read_columns ──► Columns ── numbers(j) ────► float64, NaN where a value is missing
                                              └─ categories(j) ─► codes (-1 where missing) and what they stand for
    frame or series ── read_frame ──► an array, where all is numbers and nothing is missing

Neither pandas nor Polars is imported: a frame can only come from a library that the caller has imported already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from layerwise.data.columns import Columns, Name, dates, hint_of_text, name_of, spans
from layerwise.errors import DataError, ShapeError
from layerwise.typing import Array


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
        if rows.dtype.kind not in "buifOUSTM":
            hint = "give its columns as numbers or text"
            if rows.dtype.kind == "m":
                hint = "turn durations into numbers first, such as hours"
            raise DataError(f"{title} must hold numbers, text or objects; its type is {rows.dtype}: {hint}")
        super().__init__(rows.shape, title)
        if np.ma.isMaskedArray(rows):
            self.rows = np.ma.filled(rows.astype(object if rows.dtype.kind not in "uif" else np.float64), np.nan)
        else:
            self.rows = np.asarray(rows)

    def kind(self, j: int) -> str:
        return {"b": "boolean", "u": "number", "i": "number", "f": "number", "M": "date"}.get(
            self.rows.dtype.kind, "object"
        )

    def floats(self, j: int) -> Array:
        return self.rows[:, j].astype(np.float64)

    def moments(self, j: int) -> Array:
        return self.rows[:, j].astype("M8[us]")

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
        self.frame, self.pandas, self.names = X, pandas, [name_of(name) for name in X.columns]

    def kind(self, j: int) -> str:
        dtype, types = self.frame.dtypes.iloc[j], self.pandas.api.types
        if isinstance(dtype, self.pandas.CategoricalDtype):
            return "text"
        if types.is_bool_dtype(dtype):
            return "boolean"
        if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
            return "number"
        if getattr(dtype, "kind", "O") == "m" or isinstance(dtype, self.pandas.PeriodDtype):
            raise spans(self.label(j))
        if types.is_datetime64_any_dtype(dtype) or getattr(dtype, "kind", "O") == "M":
            return "date"
        return "text" if not types.is_object_dtype(dtype) and types.is_string_dtype(dtype) else "object"

    def floats(self, j: int) -> Array:
        values: Array = self.frame.iloc[:, j].to_numpy(dtype=np.float64, na_value=np.nan)
        return values

    def moments(self, j: int) -> Array:
        column = self.frame.iloc[:, j]
        if not isinstance(column.dtype, np.dtype):
            column = column.astype(object).map(lambda value: value.tz_localize(None), na_action="ignore")
            column = self.pandas.to_datetime(column)
        values: Array = column.to_numpy(dtype="M8[us]")
        return values

    def exact(self, j: int) -> Array:
        column = self.frame.iloc[:, j]
        if isinstance(column.dtype, np.dtype):
            return column.to_numpy()  # type: ignore[no-any-return]
        missing = column.isna().to_numpy()
        if missing.any():
            raise self._gap(j, int(missing.argmax()))
        own = np.dtype(getattr(column.dtype, "numpy_dtype", getattr(column.dtype, "subtype", np.float64)))
        return column.to_numpy(dtype=own if own.kind in "buif" else np.float64)  # type: ignore[no-any-return]

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
        if dtype == polars.Duration:
            raise spans(self.label(j))
        if dtype.is_temporal():
            return "date"
        if dtype == polars.Boolean:
            return "boolean"
        return "text" if dtype in (polars.String, polars.Categorical, polars.Enum) else "object"

    def floats(self, j: int) -> Array:
        values: Array = self.frame.to_series(j).cast(self.polars.Float64).fill_null(np.nan).to_numpy()
        return values

    def moments(self, j: int) -> Array:
        column, polars = self.frame.to_series(j), self.polars
        if column.dtype == polars.Time:
            return (column.cast(polars.Int64) // 1000).cast(polars.Datetime("us")).to_numpy()  # type: ignore[no-any-return]
        if getattr(column.dtype, "time_zone", None) is not None:
            column = column.dt.replace_time_zone(None)
        values: Array = column.cast(polars.Datetime("us")).to_numpy()
        return values

    def exact(self, j: int) -> Array:
        column = self.frame.to_series(j)
        if column.null_count():
            raise self._gap(j, int(column.is_null().arg_max()))
        values: Array = column.to_numpy()
        return values if values.dtype.kind in "buif" else column.cast(self.polars.Float64).to_numpy()

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


def _of_frame(X: Any, title: str) -> Columns | None:
    """The columns of a frame; None for all else."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(X, pandas.DataFrame):
        return _Pandas(X, title, pandas)
    if polars is not None and isinstance(X, polars.LazyFrame):
        raise DataError(f"{title} is a LazyFrame, which holds no data yet: give {title}.collect()")
    return _Polars(X, title, polars) if polars is not None and isinstance(X, polars.DataFrame) else None


def read_columns(X: Any, title: str = "X") -> Columns:
    """The columns of a pandas frame, a Polars frame, or anything that NumPy makes a two-dimensional array of.

    `Columns` are returned as they are.

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
    if isinstance(X, Columns):
        return X
    columns = _of_frame(X, title) or _Array(X, title)
    _check_names(columns.names or (), title)
    return columns


def check_names_of_frame(X: object, title: str) -> None:
    """Refuse two columns of one name, as pandas may have them."""
    columns: Any = getattr(X, "columns", None)
    if getattr(columns, "is_unique", True) is False:
        _check_names(columns, title)


def _check_names(names: Iterable[Name], title: str) -> None:
    seen: set[Name] = set()
    for name in names:
        if name in seen:
            raise ShapeError(f"{title} has two columns named {name!r}; rename one of them, or leave it out")
        seen.add(name)


def read_frame(X: Any, title: str, text: bool = False) -> Array | None:
    """A frame or series of numbers and booleans as one array, of the smallest type that holds all of its columns.

    Returns
    -------
    array, or None
        None where NumPy can be asked: all but frames and series of a library's own types.

    Raises
    ------
    DataError
        A value is missing, or a column holds dates, or text where `text` does not allow it.
    """
    frame = _framed(X, title)
    if frame is None:
        return None
    kinds = [frame.kind(j) for j in range(frame.n_columns)]
    if text and not {"number", "boolean"}.issuperset(kinds):
        return None
    if "date" in kinds:
        raise dates(frame.label(kinds.index("date")))
    if "text" in kinds:
        j = kinds.index("text")
        raise DataError(
            f"{frame.label(j)} must hold numbers; its type is text or category: {hint_of_text(frame.objects(j)[:100])}"
        )
    parts = [frame.exact(j) if kind != "object" else frame.numbers_alone(j) for j, kind in enumerate(kinds)]
    return parts[0] if frame.is_series else np.column_stack(parts)


def _framed(X: Any, title: str) -> Columns | None:
    """The columns of a frame, or the one of a series, whose types are not NumPy's, or several."""
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    frame, is_series = X, False
    if pandas is not None and isinstance(X, (pandas.Series, pandas.Index, pandas.api.extensions.ExtensionArray)):
        frame, is_series = X if isinstance(X.dtype, np.dtype) else pandas.Series(X).to_frame(), True
    elif polars is not None and isinstance(X, polars.Series):
        frame, is_series = X.to_frame(), True
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        types = set(frame.dtypes)
        if len(types) == 1 and isinstance(types.pop(), np.dtype) and frame.dtypes.iloc[0].kind in "buif":
            return None
    columns = _of_frame(frame, title)
    if columns is not None:
        columns.is_series = is_series
    return columns
