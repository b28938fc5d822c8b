"""What makes inputs of a row, in Python without NumPy: ``encode(row)``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layerwise.exchange.export.literals import decimals, wrapped
from layerwise.exchange.export.tables import Column, Date, Lookup, Number, OneHot, Table, part_arguments, text_or_number
from layerwise.formula.quoting import python_number, python_text, python_value
from layerwise.typing import Array

_VALUE = '''
def value(row, place, name):
    """A value of a row, which is a list in the order of the columns, or has them by name; None where it is missing."""
    if hasattr(row, "keys"):
        if name not in row:
            raise ValueError(f"the row has no column {name!r}; give None where a value is missing")
        found = row[name]
    else:
        found = row[place]
    return None if found is None or type(found).__name__ in ("NAType", "NaTType") or found != found else found


def single(x):
    """x rounded to float32, in which the network was trained"""
    return unpack("<f", pack("<f", x))[0]


def clipped(z):
    """nearly z where it is small, and never beyond 3"""
    return single(z / math.sqrt(1 + (z / 3) ** 2))
'''

_NUMBER = '''
def number(row, place, name, center, factor, missing=None):
    """(value - center) * factor, clipped, 0 where it is missing; and then whether it is: missing[0] or missing[1]"""
    v = value(row, place, name)
    x = center if v is None else float(v)
    if not abs(x) <= 3.4028234663852886e38:
        raise ValueError(f"column {name!r} holds {v}, which float32 cannot hold")
    found = [clipped((x - center) * factor)]
    return found if missing is None else [*found, missing[v is None]]
'''

_CATEGORY = '''
def category(row, place, name, categories, text):
    """The row's entry in categories, a dict; None where the value is missing or unknown"""
    v = value(row, place, name)
    if v is None:
        return None
    v = v if isinstance(v, str) or hasattr(v, "__float__") else str(v)
    if text is not None and isinstance(v, str) != text:
        raise ValueError(f"column {name!r} had {'text' if text else 'numbers'} for categories; got {v!r}")
    return categories.get(v)
'''

_ONE_HOT = '''
def one_hot(row, place, name, categories, off, on, text):
    """off, and on in the place of the row's category"""
    found, i = list(off), category(row, place, name, categories, text)
    if i is not None:
        found[i] = on[i]
    return found
'''

_LOOKUP = '''
def lookup(row, place, name, levels, unknown, text):
    """The numbers that belong to the row's category"""
    found = category(row, place, name, levels, text)
    return unknown if found is None else found
'''

_DATE = '''
def date(row, place, name, parts, missing=None):
    """Parts of a date: (part, center, factor) is scaled and clipped, (part, turn) a point on a circle; 0 if missing

    A date is a datetime, a date, a time or text such as 2024-03-01T18:30; its time zone is left out.
    """
    v, found = value(row, place, name), []
    if v is not None:
        t = datetime.fromisoformat(v) if isinstance(v, str) else v
        day = t if isinstance(t, date_type) else datetime(1970, 1, 1)
        hours = getattr(t, "hour", 0) + getattr(t, "minute", 0) / 60
        hours += getattr(t, "second", 0) / 3600 + getattr(t, "microsecond", 0) / 3600e6
        days = day.toordinal() - 719163
        held = {"elapsed": days + hours / 24, "year": day.year, "month": day.month - 1, "day": day.day - 1,
                "weekday": day.weekday(), "hour": hours}
    for part, *numbers in parts:
        if len(numbers) == 2:
            found.append(0.0 if v is None else clipped((held[part] - numbers[0]) * numbers[1]))
        else:
            angle = None if v is None else held[part] * numbers[0]
            found += [0.0, 0.0] if v is None else [single(math.sin(angle)), single(math.cos(angle))]
    return found if missing is None else [*found, missing[v is None]]
'''


def imports(table: Table | None) -> str:
    """Return the lines that import what the functions need."""
    if table is None:
        return "import math\n"
    dates = "from datetime import date as date_type, datetime\n" if table.of(Date) else ""
    return f"import math\n{dates}from struct import pack, unpack\n"


def parts(table: Table) -> list[str]:
    """Return constants and functions, the last of which is ``encode``."""
    constants, calls = [], []
    for column in table.columns:
        constant, call = _WRITERS[type(column)](column)
        constants += constant
        calls.append(f"        *{call},\n")
    functions = [_VALUE]
    functions += [_NUMBER] if table.of(Number) else []
    functions += [_CATEGORY] if table.has_categories else []
    functions += [code for kind, code in ((OneHot, _ONE_HOT), (Lookup, _LOOKUP), (Date, _DATE)) if table.of(kind)]
    by_name = ", or a dict by the columns' names" if table.has_names else ""
    encode = f'''
def encode(row):
    """The network's inputs for a row: a list of {table.width} values{by_name}; None or NaN where one is missing."""
    if not hasattr(row, "keys") and len(row) != {table.width}:
        raise ValueError(f"a row has {table.width} values; got {{len(row)}}")
    return [
{"".join(calls)}    ]
'''
    return [*constants, *functions, encode]


def _at(column: Column) -> str:
    return f"row, {column.place}, {python_value(column.name)}"


def _pair(missing: tuple[float, float] | None) -> str:
    return "" if missing is None else f", missing=({', '.join(_single(missing))})"


def _single(values: Any) -> list[str]:
    return decimals(np.asarray(values, np.float32))


def _number(column: Number) -> tuple[list[str], str]:
    numbers = f"center={python_number(column.center)}, factor={python_number(column.factor)}"
    return [], f"number({_at(column)}, {numbers}{_pair(column.missing)})"


def _one_hot(column: OneHot) -> tuple[list[str], str]:
    places = [f"{python_value(value)}: {i}" for i, value in enumerate(column.categories)]
    own = column.place
    constants = [f"categories_{own} = {{\n{wrapped(places)}\n}}\n"]
    constants += [_list(f"off_{own}", column.off), _list(f"on_{own}", column.on)]
    text = text_or_number(column.categories)
    return constants, f"one_hot({_at(column)}, categories_{own}, off_{own}, on_{own}, text={text})"


def _lookup(column: Lookup) -> tuple[list[str], str]:
    rows = zip(column.categories, column.levels, strict=True)
    entries = [f"{python_value(value)}: [{', '.join(decimals(row))}]" for value, row in rows]
    constant = f"levels_{column.place} = {{\n{wrapped(entries)}\n}}\n" if entries else f"levels_{column.place} = {{}}\n"
    unknown = f"[{', '.join(decimals(column.unknown))}]"
    return [constant], (
        f"lookup({_at(column)}, levels_{column.place}, {unknown}, text={text_or_number(column.categories)})"
    )


def _date(column: Date) -> tuple[list[str], str]:
    entries = [
        f"({', '.join([python_text(part.part), *map(python_number, part_arguments(part).values())])})"
        for part in column.parts
    ]
    return [], f"date({_at(column)}, [{', '.join(entries)}]{_pair(column.missing)})"


def _list(name: str, array: Array) -> str:
    return f"{name} = [\n{wrapped(decimals(array))}\n]\n"


_WRITERS: dict[type[Column], Callable[..., tuple[list[str], str]]] = {
    Number: _number,
    OneHot: _one_hot,
    Lookup: _lookup,
    Date: _date,
}
