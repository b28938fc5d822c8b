"""Tables as a network wants them: categories become ±1 or one-hot columns, numbers are scaled robustly and clipped.

    frame ── columns ──┬─ a number   ─► (x - median) / (q₇₅ - q₂₅) ─► clip ─► [ x | was it missing? ]  float32
                       └─ a category ─► ±1, or a column a category ─► the same scaling and clip

What is done to a column is learned from the training data alone, and is then a handful of numbers a column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from layerwise.data.columns import Columns, Name
from layerwise.data.frames import read_columns
from layerwise.errors import DataError, FormatError, ShapeError, UnknownNameError, nearest
from layerwise.parts.description import Description, whole_number
from layerwise.typing import Array

_MOST = 1000  # categories of one column, unless `max_categories` speaks


def smooth_clip(z: Array) -> Array:
    """Make each z into z / √(1 + (z/3)²), in place: nearly z where it is small, and never beyond ±3."""
    return np.divide(z, np.sqrt(1 + (z / 3) ** 2), out=z)


def robust_scale(lowest: float, low: float, high: float, highest: float) -> float:
    """The factor of a column from its least value, its quartiles q₂₅ and q₇₅, and its greatest value.

    1 / (q₇₅ - q₂₅); where the quartiles are equal 2 / (greatest - least); where these are too, 0.
    """
    width = high - low if high > low else (highest - lowest) / 2
    return 1 / (width + 1e-30) if width > 0 else 0.0


@dataclass(frozen=True)
class _Number:
    """A numeric column: (x - center) · factor, clipped; and perhaps a column that says where x was missing."""

    kind: ClassVar[str] = "number"
    center: float
    factor: float
    missing: tuple[float, float] | None  # what the second column holds where x is there, and where it is missing

    @staticmethod
    def learned(columns: Columns, j: int, encoder: TableEncoder) -> _Number:
        values = columns.numbers(j)
        present = values[values == values]
        if not present.size:
            return _Number(0.0, 0.0, None)
        low, center, high = (float(value) for value in np.quantile(present, [0.25, 0.5, 0.75]))
        factor = robust_scale(float(present.min()), low, high, float(present.max()))
        n_missing = len(values) - len(present)
        if not n_missing:
            return _Number(center, factor, None)
        there, missing = _levels([0.0, 1.0], [len(present), n_missing], encoder.scale_categories)
        return _Number(center, factor, (there, missing))

    def learned_values(self) -> dict[str, Any]:
        missing = None if self.missing is None else list(self.missing)
        return {"center": self.center, "factor": self.factor, "missing": missing}

    def names(self, column: str) -> list[str]:
        return [column] if self.missing is None else [column, f"{column}=missing"]

    def write(self, columns: Columns, j: int, out: Array) -> None:
        values = columns.numbers(j)
        is_missing = values != values
        z = (values - self.center) * self.factor
        z[is_missing] = 0
        out[:, 0] = smooth_clip(z)
        if self.missing is not None:
            out[:, 1] = np.where(is_missing, self.missing[1], self.missing[0])


@dataclass(frozen=True)
class _Category:
    """A categorical column: one output where there are two categories, otherwise an output for each."""

    kind: ClassVar[str] = "category"
    categories: list[Name]
    levels: list[tuple[float, float, float]]  # of each output: another category, its own category, missing or unknown

    @staticmethod
    def learned(columns: Columns, j: int, encoder: TableEncoder) -> _Category:
        codes, values = columns.categories(j)
        counts = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
        # in order: numbers by size, then text by letters
        found = sorted(((v, n) for v, n in zip(values, counts) if n), key=lambda pair: (isinstance(pair[0], str), pair))
        most = encoder.max_categories
        if most is None and len(found) > _MOST:
            raise DataError(
                f"{columns.label(j)} has {len(found):,} categories, as a name or a number of order has; leave it out, "
                f"or give max_categories=100 to keep the 100 most frequent ones"
            )
        if most is not None and len(found) > most:
            kept = sorted(range(len(found)), key=lambda i: -found[i][1])[:most]
            found = [found[i] for i in sorted(kept)]
        scale, n = encoder.scale_categories, len(codes)
        if len(found) == 2:
            first, second = found[0][1], found[1][1]
            low, mid, high = _levels([-1.0, 0.0, 1.0], [first, n - first - second, second], scale)
            return _Category([value for value, _ in found], [(low, high, mid)])
        pairs = [_levels([0.0, 1.0], [n - count, count], scale) for _, count in found]
        return _Category([value for value, _ in found], [(off, on, off) for off, on in pairs])

    def learned_values(self) -> dict[str, Any]:
        return {"categories": list(self.categories), "levels": [list(level) for level in self.levels]}

    def names(self, column: str) -> list[str]:
        return [f"{column}={value}" for value in self.categories[-len(self.levels) :]] if self.levels else []

    def write(self, columns: Columns, j: int, out: Array) -> None:
        codes, values = columns.categories(j)
        index = {value: i for i, value in enumerate(self.categories)}
        known = [index.get(value, -1) for value in values]
        self._check_type(columns.label(j), values, known)
        codes = np.array([*known, -1])[codes]
        if len(self.levels) == 1 and len(self.categories) == 2:
            out[:, 0] = np.array(self.levels[0])[codes]  # first, second, and last of all what -1 stands for
            return
        absent, present, _ = np.array(self.levels).reshape(-1, 3).T
        out[:] = absent
        rows = np.flatnonzero(codes >= 0)
        out[rows, codes[rows]] = present[codes[rows]]

    def _check_type(self, label: str, values: list[Name], known: list[int]) -> None:
        """Unknown categories are taken as missing; but text where there were numbers is a mistake, and is refused."""
        was, now = ({isinstance(value, str) for value in some} for some in (self.categories, values))
        if was and now and not was & now and max(known) < 0:
            held, holds = ("text", "numbers") if True in was else ("numbers", "text")
            raise DataError(
                f"{label} had categories that are {held}, such as {self.categories[0]!r}; now it holds {holds}, such "
                f"as {values[0]!r}: give the same type as in fit"
            )


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
        self._parts: list[_Number | _Category] = []
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
        parts: list[_Number | _Category] = []
        for j in range(columns.n_columns):
            is_category = j in chosen or columns.is_category(j)
            parts.append((_Category if is_category else _Number).learned(columns, j, self))
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
            encoder._columns = [_one_of(column["name"], (str, bool, int, float)) for column in columns]
            encoder._has_names = _one_of(description["has_names"], (bool,))
            encoder._parts = [_read_part(column) for column in columns]
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


def _levels(values: list[float], counts: list[int], scale: bool) -> list[float]:
    """What a column that holds each of `values` (in ascending order) so many times makes of them."""
    if not scale:
        return values
    ends, n = np.cumsum(counts), sum(counts)

    def quantile(q: float) -> float:  # linear, as np.quantile
        place = q * (n - 1)
        below, above = (values[np.searchsorted(ends, i, "right")] for i in (math.floor(place), math.ceil(place)))
        return below + (place % 1) * (above - below)

    factor = robust_scale(quantile(0), quantile(0.25), quantile(0.75), quantile(1))
    scaled: list[float] = smooth_clip((np.array(values) - quantile(0.5)) * factor).tolist()
    return scaled


def _one_of(value: Any, kinds: tuple[type, ...]) -> Any:
    if not isinstance(value, kinds):
        raise TypeError(f"{value!r} is none of {', '.join(kind.__name__ for kind in kinds)}")
    return value


def _read_part(column: dict[str, Any]) -> _Number | _Category:
    """One entry of a description's columns."""
    if column["kind"] == "number":
        missing = None if column["missing"] is None else _finite(column["missing"], 2)
        center, factor = _finite([column["center"], column["factor"]], 2)
        return _Number(center, factor, None if missing is None else (missing[0], missing[1]))
    if column["kind"] != "category":
        raise ValueError(f"a column's kind cannot be {column['kind']!r}")
    categories = [_one_of(value, (str, bool, int, float)) for value in column["categories"]]
    levels = [(low, high, missing) for low, high, missing in (_finite(level, 3) for level in column["levels"])]
    if len(levels) != (1 if len(categories) == 2 else len(categories)):
        raise ValueError(f"{len(categories)} categories with {len(levels)} levels")
    return _Category(categories, levels)


def _finite(values: Iterable[Any], size: int) -> list[float]:
    found = [float(_one_of(value, (int, float))) for value in values]
    if len(found) != size or not all(map(math.isfinite, found)):
        raise ValueError(f"{found} is not {size} finite numbers")
    return found
