"""Columns that were read by the rules of their kinds, as `TableEncoder` and the estimators take them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from layerwise.data.columns import Columns
from layerwise.errors import DataError
from layerwise.typing import Array

_KINDS = {"f": "number", "M": "date", "O": "text"}


class Features(Columns):
    """A table whose columns are float64 (numbers), ``datetime64[us]`` (dates) or objects (str, None where missing).

    Attributes
    ----------
    names : list of str
        The columns.
    columns : list of array (rows,)
        A column each.

    Examples
    --------
    >>> X = Features(["a", "b"], [np.array([1.0, np.nan]), np.array(["x", None], object)])
    >>> X.shape, X.take([1]).columns[0].tolist()
    ((2, 2), [nan])
    """

    def __init__(self, names: Sequence[str], columns: Sequence[Array], title: str = "X") -> None:
        rows = len(columns[0]) if columns else 0
        if not columns or any(len(column) != rows for column in columns) or len(names) != len(columns):
            raise DataError(f"{title} needs at least one column, all of one length, with a name each")
        super().__init__((rows, len(columns)), title)
        self.names: list[Any] = list(names)
        self.columns = list(columns)

    def take(self, rows: Any, axis: int = 0) -> Features:
        """Return some of the rows, by their numbers or a mask."""
        rows = np.asarray(rows)
        return Features(self.names, [column[rows] for column in self.columns], self.title)

    def kind(self, j: int) -> str:
        """Return ``"number"``, ``"date"`` or ``"text"``."""
        return _KINDS[self.columns[j].dtype.kind]

    def floats(self, j: int) -> Array:
        """Return a column of numbers."""
        return self.columns[j]

    def exact(self, j: int) -> Array:
        """Return a column of numbers, none of which may be missing."""
        values = self.columns[j]
        if (values != values).any():
            raise self._gap(j, int((values != values).argmax()))
        return values

    def moments(self, j: int) -> Array:
        """Return a column of dates."""
        return self.columns[j]

    def factors(self, j: int) -> tuple[Array, Iterable[Any]]:
        """Return codes of a column, -1 where a value is missing, and their values in order."""
        if self.kind(j) == "number":
            column = self.columns[j]
            codes = np.full(self.n_rows, -1)
            values, codes[column == column] = np.unique(column[column == column], return_inverse=True)
            return codes, values.tolist()
        found: dict[Any, int] = {}
        cells = self.columns[j].tolist()
        return np.array([-1 if cell is None else found.setdefault(cell, len(found)) for cell in cells]), list(found)

    def objects(self, j: int) -> list[Any]:
        """Return a column as Python objects."""
        values: list[Any] = self.columns[j].tolist()
        return values
