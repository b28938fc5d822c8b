"""What makes inputs of a table, in NumPy: ``encode(X)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.exchange.export.literals import decimals, wrapped
from layerwise.exchange.export.tables import Column, Date, Lookup, Number, OneHot, Table, part_arguments, text_or_number
from layerwise.formula.quoting import python_number, python_text, python_value
from layerwise.typing import Array

_COLUMN = '''
def column(X, place, name):
    """A column of a table: of rows by its place, of a frame or a dict by its name; None where a value is missing."""
    if hasattr(X, "keys") or hasattr(X, "columns"):
        values = np.asarray(X[name])
    else:
        values = X[:, place] if isinstance(X, np.ndarray) else np.array([*(row[place] for row in X), None], object)[:-1]
    if values.dtype.kind in "buifM":
        return values
    missing = [v is None or type(v).__name__ in ("NAType", "NaTType") or v != v for v in values]
    return np.array([*(None if none else v for v, none in zip(values, missing)), None], object)[:-1]


def clipped(z):
    """nearly z where it is small, and never beyond 3"""
    return z / np.sqrt(1 + (z / 3) ** 2)
'''

_NUMBER = '''
def number(v, center, factor, missing=None):
    """(v - center) * factor, clipped, 0 where v is missing; and then whether it is: missing[0] or missing[1]"""
    v = v.astype(float)
    if (np.abs(v) > 3.4028234663852886e38).any():
        raise ValueError("a column of numbers holds infinity, or what float32 cannot hold")
    found = [clipped(np.where(np.isnan(v), 0, (v - center) * factor))]
    return found if missing is None else [*found, np.where(np.isnan(v), missing[1], missing[0])]
'''

_CATEGORY = '''
def category(v, categories, text):
    """The place of each value among the categories, -1 where it is missing or unknown"""
    places = {name: i for i, name in enumerate(categories)}
    v = [x if x is None or isinstance(x, str) or hasattr(x, "__float__") else str(x) for x in v.tolist()]
    given = [x for x in v if x is not None and x == x]
    if text is not None and given and all(isinstance(x, str) != text for x in given):
        raise ValueError(f"a column had {'text' if text else 'numbers'} for categories; got {given[0]!r}")
    return np.array([places.get(x, -1) for x in v], int)
'''

_ONE_HOT = '''
def one_hot(v, categories, off, on, text):
    """off, and on in the place of each row's category"""
    i = category(v, categories, text)
    return list(np.where(i[:, None] == np.arange(len(off)), on, off).T)
'''

_LOOKUP = '''
def lookup(v, categories, levels, text):
    """The numbers that belong to each row's category; the last row of levels is for those that have none"""
    return list(levels[category(v, categories, text)].T)
'''

_DATE = '''
def date(v, parts, missing=None):
    """Parts of dates: (part, center, factor) is scaled and clipped, (part, turn) a point on a circle; 0 if missing

    Dates are datetime64, or datetime, date or text such as 2024-03-01T18:30 without a time zone.
    """
    t = v.astype("M8[us]")
    none, t = np.isnat(t), np.where(np.isnat(t), np.datetime64(0, "us"), t)
    days, months = t.astype("M8[D]"), t.astype("M8[M]")
    held = {
        "elapsed": t.astype(np.int64) / 86400e6,
        "year": t.astype("M8[Y]").astype(np.int64) + 1970.0,
        "month": months.astype(np.int64) % 12,
        "day": (days - months.astype("M8[D]")).astype(np.int64),
        "weekday": (days.astype(np.int64) + 3) % 7,
        "hour": (t - days).astype(np.int64) / 3600e6,
    }
    found = []
    for part, *numbers in parts:
        if len(numbers) == 2:
            found.append(clipped((held[part] - numbers[0]) * numbers[1]))
        else:
            found += [np.sin(held[part] * numbers[0]), np.cos(held[part] * numbers[0])]
    found = [np.where(none, 0, x) for x in found]
    return found if missing is None else [*found, np.where(none, missing[1], missing[0])]
'''


def parts(table: Table) -> list[str]:
    """Return constants and functions, the last of which is ``encode``."""
    constants, calls = [], []
    for column in table.columns:
        constant, call = _WRITERS[type(column)](column)
        constants += constant
        calls.append(f"        *{call},\n")
    functions = [_COLUMN]
    functions += [_NUMBER] if table.of(Number) else []
    functions += [_CATEGORY] if table.has_categories else []
    functions += [code for kind, code in ((OneHot, _ONE_HOT), (Lookup, _LOOKUP), (Date, _DATE)) if table.of(kind)]
    by_name = ", a frame, or a dict of columns" if table.has_names else ""
    encode = f'''
def encode(X):
    """The network's inputs (n, {table.n_inputs}) for rows X, an array or list (n, {table.width}){by_name}.

    Missing values are NaN or None.
    """
    if not (hasattr(X, "keys") or hasattr(X, "columns")) and any(len(row) != {table.width} for row in X):
        raise ValueError("a row has {table.width} values")
    return np.stack([
{"".join(calls)}    ], axis=1).astype(np.float32)
'''
    return [*constants, *functions, encode]


def _at(column: Column) -> str:
    return f"column(X, {column.place}, {python_value(column.name)})"


def _pair(missing: tuple[float, float] | None) -> str:
    return "" if missing is None else f", missing=({', '.join(decimals(np.array(missing, np.float32)))})"


def _number(column: Number) -> tuple[list[str], str]:
    numbers = f"center={python_number(column.center)}, factor={python_number(column.factor)}"
    return [], f"number({_at(column)}, {numbers}{_pair(column.missing)})"


def _one_hot(column: OneHot) -> tuple[list[str], str]:
    own = column.place
    constants = [_categories(column), _array(f"off_{own}", column.off), _array(f"on_{own}", column.on)]
    text = text_or_number(column.categories)
    return constants, f"one_hot({_at(column)}, categories_{own}, off_{own}, on_{own}, text={text})"


def _lookup(column: Lookup) -> tuple[list[str], str]:
    own, levels = column.place, np.concatenate([column.levels, column.unknown[np.newaxis]])
    constants = [_categories(column), _array(f"levels_{own}", levels)]
    return constants, f"lookup({_at(column)}, categories_{own}, levels_{own}, text={text_or_number(column.categories)})"


def _date(column: Date) -> tuple[list[str], str]:
    entries = [
        f"({', '.join([python_text(part.part), *map(python_number, part_arguments(part).values())])})"
        for part in column.parts
    ]
    return [], f"date({_at(column)}, [{', '.join(entries)}]{_pair(column.missing)})"


def _categories(column: Any) -> str:
    return f"categories_{column.place} = [\n{wrapped(map(python_value, column.categories))}\n]\n"


def _array(name: str, array: Array) -> str:
    shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
    return f'{name} = np.array([\n{wrapped(decimals(array))}\n], "float32"){shape}\n'


_WRITERS: dict[type[Column], Callable[..., tuple[list[str], str]]] = {
    Number: _number,
    OneHot: _one_hot,
    Lookup: _lookup,
    Date: _date,
}
