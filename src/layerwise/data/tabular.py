"""Tables as a network wants them: categories become ±1 or one-hot columns, numbers are scaled robustly and clipped.

    frame ── columns ──┬─ a number   ─► (x - median) / (q₇₅ - q₂₅) ─► clip ─► [ x | was it missing? ]  float32
                       ├─ a category ─► ±1, or a column a category ─► the same scaling and clip
                       ├─ a date     ─► what varies of it: elapsed and year as numbers, month … hour on a circle
                       └─ text       ─► how frequent the value is, and the mean target where it stands

What is done to a column is learned from the training data alone, and is then a handful of numbers a column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from layerwise.data.columns import Columns, Name
from layerwise.data.encoded_columns import CategoryColumn, NumberColumn, UnusedColumn, one_of
from layerwise.data.encoded_dates import DateColumn, check_parts
from layerwise.data.encoded_text import MeanTargets, TextColumn, too_many
from layerwise.data.frames import read_columns
from layerwise.errors import DataError, FormatError, ShapeError, UnknownNameError, nearest
from layerwise.parts.description import Description, flag, whole_number
from layerwise.typing import Array

Encoded = NumberColumn | CategoryColumn | DateColumn | TextColumn | UnusedColumn
KINDS: dict[str, type[Encoded]] = {kind.kind: kind for kind in get_args(Encoded)}


class TableEncoder(Description):
    """Encode a table of numbers, categories, dates and text as a float32 array for a network.

    Parameters
    ----------
    categorical : list of names or indices, or mask of bool, optional
        Columns to treat as categories although their type is numeric, such as postcodes. Text, booleans, categories of
        pandas and Polars, and objects other than numbers always are categories.
    max_categories : int, optional
        Keep only the most frequent categories of each column; the others are treated as unknown. By default every
        category has an output, and a column with more than 1,000 of them is an error.
    scale_categories : bool, default=True
        Scale and clip the ±1 and one-hot outputs and the outputs for missing numbers like numbers, as in the paper, so
        that rare categories get large values.
    exclude : list of names or indices, optional
        Columns that are not used, and need not be in later data frames.
    kinds : dict of name or index to str, optional
        The kind of columns, if it does not follow from their type: ``"number"``, ``"category"``, ``"date"``, ``"text"``
        (a category with many values) or ``"unused"``.
    dates : list of str, optional
        The parts of dates to encode: ``"elapsed"``, ``"year"``, ``"month"``, ``"day"``, ``"weekday"`` and ``"hour"``,
        by default all. A part that is constant in the training data has no output.
    max_inputs : int, optional
        The maximum number of outputs for all categories together. To keep it, the columns with the most categories are
        treated as text, one by one.

    Notes
    -----
    The preprocessing is that of RealMLP-TD-S [1]_, for each column:

    1. A category with two values is one output: -1 for the first (in numeric or alphabetic order), 1 for the second,
       0 if it is missing or unknown. With any other number of values there is an output for each, all of them 0 if it
       is missing or unknown.
    2. Every output becomes z = s · (x - median), with s = 1 / (q₇₅ - q₂₅); if the quartiles are equal,
       s = 2 / (max - min); if the column is constant, s = 0.
    3. z / √(1 + (z/3)²) limits the values to ±3.

    The paper does not treat missing numbers. Here the statistics are those of the values present, and a missing number
    becomes the median, which is 0 in the output. If some were missing in training, a second output tells which (0 or 1,
    then as above). A column of numbers without any value gives 0, a column of categories without any value no output.

    The paper does not treat dates and text with many values either. Here:

    - A date gives outputs for the days since 1970-01-01 and for the year, scaled and clipped as in 2 and 3, and two
      outputs sin 2πv/p and cos 2πv/p for month (p = 12), day of the month (31), weekday (7) and hour (24), each if it
      varied in training; a part with two values is scaled like a number. Time zones are ignored. A missing date is 0 in
      all outputs, and has an output that tells so if some were missing in training.
    - A text gives the logarithm of the frequency of its value, and (S + 10 m) / (count + 10) for each class or target
      of `y`, with the sum S over the rows with that value and the mean m over all rows [2]_. In `fit_transform` S and
      count are those of the other four of five parts of the rows (cross-fitting). Values that occurred once, unknown
      and missing ones are treated alike. Without `y`, or with more than 10 classes, eight signs from a hash of the
      value are used instead of the means.

    The columns of a data frame are found by name, in any order; those of an array by position. A data frame after an
    array, or an array after a data frame, is read by position.

    References
    ----------
    .. [1] D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
       Tabular Data", NeurIPS 2024, arXiv:2407.04491.
    .. [2] D. Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in classification and
       prediction problems", SIGKDD Explorations 3, 2001.

    Examples
    --------
    >>> import layerwise as lw
    >>> X = [[20.0, "red"], [30.0, "blue"], [None, "red"], [50.0, None], [40.0, "blue"]]
    >>> encoder = lw.TableEncoder(scale_categories=False)
    >>> print(encoder.fit_transform(X).round(2))
    [[-0.95  0.    1.  ]
     [-0.33  0.   -1.  ]
     [ 0.    1.    1.  ]
     [ 0.95  0.    0.  ]
     [ 0.33  0.   -1.  ]]
    >>> encoder.output_names
    ['x0', 'x0=missing', 'x1=red']
    >>> encoder.transform([[35.0, "green"]]).tolist()  # the median, and an unknown category
    [[0.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        categorical: Sequence[Name] | Array | None = None,
        max_categories: int | None = None,
        scale_categories: bool = True,
        *,
        exclude: Sequence[Name] | None = None,
        kinds: Mapping[Name, str] | None = None,
        dates: Sequence[str] | None = None,
        max_inputs: int | None = None,
    ) -> None:
        for argument, given in (("categorical", categorical), ("exclude", exclude)):
            if isinstance(given, (str, bytes)):
                raise TypeError(f"TableEncoder: {argument} must be a list of columns: [{given!r}]")
        self.categorical = _plain_names(categorical)
        if max_categories is not None:
            max_categories = whole_number(self, "max_categories", max_categories, least=1)
        if max_inputs is not None:
            max_inputs = whole_number(self, "max_inputs", max_inputs, least=0)
        self.max_categories, self.max_inputs = max_categories, max_inputs
        self.scale_categories = flag(self, "scale_categories", scale_categories)
        self.exclude = _plain_names(exclude)
        self._asked_kinds = _checked_kinds(kinds)
        self.dates = check_parts(dates)
        self._parts: list[Encoded] = []
        self._columns: list[Name] = []
        self._has_names = False

    def config(self) -> dict[str, Any]:
        """Return the arguments that construct this encoder again, not fitted."""
        asked = self._asked_kinds
        names = ("categorical", "max_categories", "scale_categories", "exclude", "dates", "max_inputs")
        return {**{name: getattr(self, name) for name in names}, "kinds": None if asked is None else dict(asked)}

    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn the encoding of each column from training data.

        Parameters
        ----------
        X : pandas or Polars data frame, or array-like of shape (n, n_in)
            The table. Missing values may be NaN, None, pandas.NA, NaT or null.
        y : array-like of shape (n,) or (n, n_targets), optional
            The targets, used for columns of the kind ``"text"`` only.

        Returns
        -------
        TableEncoder
            The encoder itself.

        Raises
        ------
        DataError
            X is empty, has durations, lists or infinite numbers, or a column has too many categories.
        ShapeError
            X is not a table, two columns have the same name, or a mask has the wrong length.
        UnknownNameError
            `categorical`, `exclude` or `kinds` name a column that X does not have.
        """
        self._learn(read_columns(X), y)
        return self

    def _learn(self, columns: Columns, y: Any) -> dict[int, Array]:
        """Learn each column; return what columns of text give for these rows, by their places."""
        kinds = self._kinds_of(columns)
        targets = MeanTargets.of(y) if "text" in kinds else None
        if targets is not None and len(targets.values) != columns.n_rows:
            raise ShapeError(f"y has {len(targets.values)} targets; X has {columns.n_rows} rows")
        parts: list[Encoded] = []
        own: dict[int, Array] = {}
        for j, kind in enumerate(kinds):
            if kind == "text":
                part, own[j] = TextColumn.learned(columns, j, self, targets)
                parts.append(part)
            else:
                parts.append(_LEARNED[kind](columns, j, self))
        if not any(part.names("") for part in parts):
            raise DataError("X: no column has any value; there is nothing to encode")
        self._parts, self._has_names = parts, columns.names is not None
        self._columns = columns.names or [*range(columns.n_columns)]
        return own

    def transform(self, X: Any) -> Array:
        """Return a table encoded.

        Parameters
        ----------
        X : pandas or Polars data frame, or array-like of shape (n, n_in)
            The table.

        Returns
        -------
        float32 array of shape (n, n_out)
            The encoded rows, within ±3 and without NaN. `output_names` names the columns.

        Raises
        ------
        DataError
            A column is missing or unknown, has values of another type than in `fit`, or has infinite numbers.
        ShapeError
            X has another number of columns.
        RuntimeError
            `fit` was not called before.
        """
        self._check_fitted()
        return self._written(read_columns(X), {})

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Fit to X and y, and return X encoded.

        It equals ``fit(X, y).transform(X)``, except for columns of text, which are encoded by cross-fitting.

        Parameters
        ----------
        X : pandas or Polars data frame, or array-like of shape (n, n_in)
            The table.
        y : array-like of shape (n,) or (n, n_targets), optional
            The targets.

        Returns
        -------
        float32 array of shape (n, n_out)
            As from `transform`.
        """
        columns = read_columns(X)
        return self._written(columns, self._learn(columns, y))

    def _written(self, columns: Columns, own: dict[int, Array]) -> Array:
        """The outputs; `own`: of columns that are known already."""
        widths = [len(part.names("")) for part in self._parts]
        out, start = np.empty((columns.n_rows, sum(widths)), np.float32), 0
        for place, (part, width, j) in enumerate(zip(self._parts, widths, self._places(columns))):
            if place in own:
                out[:, start : start + width] = own[place]
            elif width:
                part.write(columns, j, out[:, start : start + width])
            start += width
        return out

    @property
    def columns(self) -> list[Name]:
        """The columns of the training data."""
        self._check_fitted()
        return list(self._columns)

    @property
    def kinds(self) -> list[str]:
        """The kind of each column: ``"number"``, ``"category"``, ``"date"``, ``"text"`` or ``"unused"``."""
        self._check_fitted()
        return [part.kind for part in self._parts]

    @property
    def has_names(self) -> bool:
        """True if the columns of the training data had names."""
        return self._has_names

    def learned(self) -> list[tuple[Name, Encoded]]:
        """Return each column's name or number with what was learned of it."""
        return list(zip(self.columns, self._parts))

    @property
    def used_columns(self) -> list[Name]:
        """The columns that `transform` needs."""
        return [name for name, part in zip(self.columns, self._parts) if part.kind != "unused"]

    @property
    def output_names(self) -> list[str]:
        """The name of each column of the output."""
        self._check_fitted()
        titles = [str(name) if self._has_names else f"x{name}" for name in self._columns]
        return [name for part, title in zip(self._parts, titles) for name in part.names(title)]

    def to_dict(self) -> dict[str, Any]:
        """Return the encoder as a dict of lists, text, numbers, booleans and None, for JSON."""
        described: list[dict[str, Any]] = []
        for name, part in zip(self._columns, self._parts):
            described.append({"name": name, "kind": part.kind, **part.learned_values()})
        asked = self._asked_kinds
        config = {**self.config(), "kinds": None if asked is None else [list(pair) for pair in asked.items()]}
        return {"config": config, "has_names": self._has_names, "columns": described}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> TableEncoder:
        """Return the encoder that `to_dict` described.

        Returns
        -------
        TableEncoder
            The fitted encoder, which gives the same output to the last bit.

        Raises
        ------
        FormatError
            It is not such a description.
        """
        try:
            encoder = cls(**description["config"])
            columns = description["columns"]
            encoder._columns = [one_of(column["name"], (str, bool, int, float)) for column in columns]
            encoder._has_names = one_of(description["has_names"], (bool,))
            encoder._parts = [KINDS[column["kind"]].read(column) for column in columns]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(f"not the description of a TableEncoder, as to_dict gives it: {error!r}") from None
        return encoder

    def _check_fitted(self) -> None:
        if not self._parts:
            raise RuntimeError(f"{self!r} has not seen any data yet: call fit(X) first")

    def _kinds_of(self, columns: Columns) -> list[str]:
        """What each column is taken for: as asked, else by its type."""
        chosen = set(_places_of(columns, "categorical", self.categorical))
        asked = dict.fromkeys(_places_of(columns, "exclude", self.exclude), "unused")
        asked_kinds = self._asked_kinds or {}
        asked.update(zip(_places_of(columns, "kinds", list(asked_kinds)), asked_kinds.values()))
        kinds = []
        for j in range(columns.n_columns):
            if j not in asked and j not in chosen:
                kind = "date" if columns.is_date(j) else "category" if columns.is_category(j) else "number"
            else:
                kind = asked.get(j, "category")
            kinds.append(kind)
        if self.max_inputs is not None:
            sizes = {}
            for j in (j for j, kind in enumerate(kinds) if kind == "category" and j not in asked):
                n = len(np.unique(codes[codes >= 0])) if (codes := columns.categories(j)[0]).size else 0
                sizes[j] = 1 if n == 2 else min(n, self.max_categories or n)
            for j in too_many(sizes, self.max_inputs, 2):
                kinds[j] = "text"
        return kinds

    def _places(self, columns: Columns) -> Iterable[int]:
        """Where in X each column of the training data stands; -1 for an unused one that is not there."""
        if columns.names is None or not self._has_names:
            if columns.n_columns != len(self._columns):
                raise ShapeError(f"expected {len(self._columns)} columns, as in fit; got {columns.n_columns}")
            return range(columns.n_columns)
        places = {name: j for j, name in enumerate(columns.names)}
        for name in self.used_columns:
            if name not in places:
                hint = nearest(str(name), map(str, places))
                raise DataError(f"X has no column {name!r}, which the encoder was fitted on; {hint}")
        unknown = [name for name in columns.names if name not in set(self._columns)]
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (", …" if len(unknown) > 5 else "")
            raise DataError(f"X has columns that the encoder was not fitted on: {shown}; give X[encoder.columns]")
        return [places.get(name, -1) for name in self._columns]


_LEARNED: dict[str, Any] = {
    "number": NumberColumn.learned,
    "category": CategoryColumn.learned,
    "date": DateColumn.learned,
    "unused": lambda columns, j, encoder: UnusedColumn(),
}


def _plain_names(given: Iterable[Any] | None) -> list[Name] | None:
    return None if given is None else [v.item() if isinstance(v, np.generic) else v for v in given]


def _checked_kinds(kinds: Mapping[Name, str] | list[Any] | None) -> dict[Name, str] | None:
    if kinds is None:
        return None
    if not isinstance(kinds, (Mapping, list)):
        raise TypeError(f'TableEncoder: kinds must be a dict, such as {{"zip": "category"}}; got {kinds!r}')
    kinds = dict(kinds)  # a file has a list of pairs: JSON's keys are text
    unknown = [kind for kind in kinds.values() if kind not in KINDS]
    if unknown:
        raise UnknownNameError(f"TableEncoder: kinds has {unknown[0]!r}; {nearest(str(unknown[0]), KINDS)}")
    return {name.item() if isinstance(name, np.generic) else name: kind for name, kind in kinds.items()}


def _places_of(columns: Columns, argument: str, given: Iterable[Name] | None) -> list[int]:
    """The places of columns that are named, or given by indices or a mask."""
    given, n = list(given or ()), columns.n_columns
    if given and all(isinstance(entry, bool) for entry in given) and argument != "kinds":
        if len(given) != n:
            raise ShapeError(f"TableEncoder: `{argument}` must have an entry for each of {n} columns, got {len(given)}")
        return [j for j, entry in enumerate(given) if entry]
    places = {name: j for j, name in enumerate(columns.names or ())}
    chosen = []
    for entry in given:
        if entry in places:
            chosen.append(places[entry])
        elif isinstance(entry, int) and not isinstance(entry, bool) and -n <= entry < n:
            chosen.append(entry % n)
        else:
            hint = f"it has {n} columns" if not places else nearest(str(entry), map(str, places))
            raise UnknownNameError(f"TableEncoder: {argument} names {entry!r}, which X does not have; {hint}")
    return chosen
