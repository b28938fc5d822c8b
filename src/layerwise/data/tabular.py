"""Tables as a network wants them: categories become ±1 or one-hot columns, numbers are scaled robustly and clipped.

    frame ── columns ──┬─ a number   ─► (x - median) / (q₇₅ - q₂₅) ─► clip ─► [ x | was it missing? ]  float32
                       └─ a category ─► ±1, or a column a category ─► the same scaling and clip

What is done to a column is learned from the training data alone, and is then a handful of numbers a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from layerwise.data.columns import Columns, Name
from layerwise.data.encoded_columns import CategoryColumn, NumberColumn, one_of, read_column
from layerwise.data.frames import read_columns
from layerwise.errors import DataError, FormatError, ShapeError, UnknownNameError, nearest
from layerwise.parts.description import Description, whole_number
from layerwise.typing import Array

_MOST = 1000  # categories of one column, unless `max_categories` speaks


class TableEncoder(Description):
    """Turn a table of numbers and categories into the float32 array that a network learns from.

    Parameters
    ----------
    categorical : list of names or indices, or boolean mask, optional
        Columns whose values are categories though their type does not say so, such as a postcode written as a
        number. Text, booleans, pandas' and Polars' categories, and objects other than numbers always are.
    max_categories : int, optional
        The most categories of a column, the most frequent ones; any other is taken as unknown. Without it, each
        category has an output of its own, and a column with more than 1,000 of them is refused.
    scale_categories : bool, default True
        Whether the ±1 and one-hot columns, and those that say where a number was missing, are scaled and clipped as
        the numbers are, as in the paper: a category then stands out the more, the rarer it is. False: they stay as
        they are.

    Attributes
    ----------
    columns : list of str or int
        The columns that `fit` saw: their names in a frame, their indices in an array.
    kinds : list of str
        ``"number"`` or ``"category"``, for each of them.
    output_names : list of str
        What each column of the output is: ``age``, ``age=missing``, ``city=Oslo``.

    Notes
    -----
    The preprocessing of RealMLP-TD-S [1]_, which goes, column by column:

    1. A category of two values is one output: -1 for the first of them (in order of numbers or letters), 1 for the
       second, 0 where it is missing or unknown. Any other number of values has an output for each, all of them 0
       where it is missing or unknown.
    2. Every output, from a number or from a category, becomes z = s · (x - median), with s = 1 / (q₇₅ - q₂₅); where
       the quartiles are equal s = 2 / (max - min); where the column is constant s = 0.
    3. z / √(1 + (z/3)²) lets no value out of ±3.

    Missing numbers, which the paper leaves to the user: the statistics are those of the values that are there, a
    missing one becomes the median, so 0 in the output; and where some were missing in the training data, a second
    output says which (0 or 1, then as above). A missing number in a column that had none in training becomes 0.
    A column without any value at all gives 0 if it is one of numbers, and no output if it is one of categories.

    Columns of a frame are found by their names, in whatever order they come; those of an array by their places. A
    frame after an array, or an array after a frame, is read by the places.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
       Tabular Data", NeurIPS 2024, arXiv:2407.04491.

    Examples
    --------
    >>> X = [[20.0, "red"], [30.0, "blue"], [None, "red"], [50.0, None], [40.0, "blue"]]
    >>> encoder = TableEncoder(scale_categories=False)
    >>> print(encoder.fit_transform(X).round(2))
    [[-0.95  0.    1.  ]
     [-0.33  0.   -1.  ]
     [ 0.    1.    1.  ]
     [ 0.95  0.    0.  ]
     [ 0.33  0.   -1.  ]]
    >>> encoder.output_names
    ['x0', 'x0=missing', 'x1=red']
    >>> encoder.transform([[35.0, "green"]]).tolist()  # the median, and a category that is unknown
    [[0.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        categorical: Sequence[Name] | Array | None = None,
        max_categories: int | None = None,
        scale_categories: bool = True,
    ) -> None:
        if isinstance(categorical, (str, bytes)):
            raise TypeError(f"TableEncoder: categorical must be a list of columns: [{categorical!r}]")
        if categorical is not None:
            categorical = [v.item() if isinstance(v, np.generic) else v for v in categorical]
        if max_categories is not None:
            max_categories = whole_number(self, "max_categories", max_categories, least=1)
        self.categorical, self.max_categories = categorical, max_categories
        self.scale_categories = bool(scale_categories)
        self._parts: list[NumberColumn | CategoryColumn] = []
        self._columns: list[Name] = []
        self._has_names = False

    def fit(self, X: Any, y: object = None) -> TableEncoder:
        """Learn from the training data X what each column becomes; `y` is not looked at.

        Parameters
        ----------
        X : pandas or Polars frame, or array-like (n, n_in)
            Missing values may be NaN, None, pandas.NA or null.

        Returns
        -------
        TableEncoder
            Itself.

        Raises
        ------
        DataError
            Empty; dates, lists, infinity; too many categories.
        ShapeError
            Not a table, two columns of one name, or a mask of another length.
        UnknownNameError
            `categorical` names a column that is not there.
        """
        columns = read_columns(X)
        chosen = self._chosen(columns)
        parts: list[NumberColumn | CategoryColumn] = []
        for j in range(columns.n_columns):
            is_category = j in chosen or columns.is_category(j)
            parts.append((CategoryColumn if is_category else NumberColumn).learned(columns, j, self))
        if not any(part.names("") for part in parts):
            raise DataError("X: no column has any value; there is nothing to encode")
        self._parts, self._has_names = parts, columns.names is not None
        self._columns = columns.names or [*range(columns.n_columns)]
        return self

    def transform(self, X: Any) -> Array:
        """X as a network takes it.

        Returns
        -------
        float32 array (n, n_out)
            Without NaN, within ±3; rows as in X, columns as `output_names` says.

        Raises
        ------
        DataError
            Columns that are missing or unknown, or whose values are of another type than in `fit`; infinity.
        ShapeError
            Another number of columns.
        """
        output_names = self.output_names
        columns = read_columns(X)
        out, start = np.empty((columns.n_rows, len(output_names)), np.float32), 0
        for part, j in zip(self._parts, self._places(columns)):
            stop = start + len(part.names(""))
            part.write(columns, j, out[:, start:stop])
            start = stop
        return out

    def fit_transform(self, X: Any, y: object = None) -> Array:
        """``fit(X).transform(X)``."""
        return self.fit(X, y).transform(X)

    @property
    def columns(self) -> list[Name]:
        """The columns that `fit` saw."""
        self._check_fitted()
        return list(self._columns)

    @property
    def kinds(self) -> list[str]:
        """``"number"`` or ``"category"``, for each column."""
        self._check_fitted()
        return [part.kind for part in self._parts]

    @property
    def output_names(self) -> list[str]:
        """What each column of the output is."""
        self._check_fitted()
        titles = [str(name) if self._has_names else f"x{name}" for name in self._columns]
        return [name for part, title in zip(self._parts, titles) for name in part.names(title)]

    def to_dict(self) -> dict[str, Any]:
        """All of it in lists, text, numbers, booleans and None, which JSON can hold; `from_dict` reads it."""
        described: list[dict[str, Any]] = []
        for name, part in zip(self._columns, self._parts):
            described.append({"name": name, "kind": part.kind, **part.learned_values()})
        return {"config": self.config(), "has_names": self._has_names, "columns": described}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> TableEncoder:
        """The encoder that `to_dict` described, to the last bit.

        Raises
        ------
        FormatError
            Not such a description.
        """
        try:
            encoder = cls(**description["config"])
            columns = description["columns"]
            encoder._columns = [one_of(column["name"], (str, bool, int, float)) for column in columns]
            encoder._has_names = one_of(description["has_names"], (bool,))
            encoder._parts = [read_column(column) for column in columns]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"not the description of a TableEncoder, as to_dict gives it: {error!r}") from None
        return encoder

    def _check_fitted(self) -> None:
        if not self._parts:
            raise RuntimeError(f"{self!r} has not seen any data yet: call fit(X) first")

    def _chosen(self, columns: Columns) -> set[int]:
        """The places of the columns in `categorical`."""
        given, n = list(self.categorical or ()), columns.n_columns
        if given and all(isinstance(entry, bool) for entry in given):
            if len(given) != n:
                raise ShapeError(f"{self!r}: the mask `categorical` has {len(given)} entries; X has {n} columns")
            return {j for j, entry in enumerate(given) if entry}
        places = {name: j for j, name in enumerate(columns.names or ())}
        chosen = set()
        for entry in given:
            if entry in places:
                chosen.add(places[entry])
            elif isinstance(entry, int) and not isinstance(entry, bool) and -n <= entry < n:
                chosen.add(entry % n)
            else:
                hint = f"it has {n} columns" if not places else nearest(str(entry), map(str, places))
                raise UnknownNameError(f"TableEncoder: categorical names {entry!r}, which X does not have; {hint}")
        return chosen

    def _places(self, columns: Columns) -> Iterable[int]:
        """Where in X each column of the training data stands."""
        if columns.names is None or not self._has_names:
            if columns.n_columns != len(self._columns):
                raise ShapeError(f"X has {columns.n_columns} columns; the encoder was fitted on {len(self._columns)}")
            return range(columns.n_columns)
        places = {name: j for j, name in enumerate(columns.names)}
        for name in self._columns:
            if name not in places:
                hint = nearest(str(name), map(str, places))
                raise DataError(f"X has no column {name!r}, which the encoder was fitted on; {hint}")
        unknown = [name for name in columns.names if name not in set(self._columns)]
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (", …" if len(unknown) > 5 else "")
            raise DataError(f"X has columns that the encoder was not fitted on: {shown}; give X[encoder.columns]")
        return [places[name] for name in self._columns]
