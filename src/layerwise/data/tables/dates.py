"""Dates and times in text: the formats that are known, each read to the microsecond on the clock where it was noted.

    format     looks like                                  each day may have a time: 2024-03-01 18:30, 2024-03-01T18:30Z
    Y-M-D      2024-03-01   2024/3/1    2024.03.01
    D/M/Y      1/3/2024     01.03.2024  01-03-24           two digits: 50 … 99 are 1950 … 1999, 00 … 49 are 2000 … 2049
    M/D/Y      3/1/2024     03-01-2024  3/1/24
    D mon Y    1 Mar 2024   1-March-24  Fri, 01 Mar 2024
    mon D Y    Mar 1, 2024  March 1 2024
    Y-M        2024-03      2024/3
    mon Y      Mar 2024     March-24
    YMD        20240301
    H:M        18:30        6:30:05.25 pm                  on 1970-01-01

A zone or an offset after a time is read over: 18:30+02:00 is 18:30.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from layerwise.typing import Array

_LONG = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS = {name[:3]: i + 1 for i, name in enumerate(_LONG)}
_MONTH_NAME = r"(?P<mon>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?"
_CLOCK = r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<half>[ap]\.?m\.?)?"
_ZONE = r"(?:\s*(?:z|utc|gmt|[+-]\d{2}:?\d{2}))?"
_TIME = rf"(?:(?:t|\s+|,\s*){_CLOCK}{_ZONE})?"
_DAY, _MONTH, _YEAR = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})", r"(?P<y>\d{4})"
_ANY_YEAR = r"(?P<y>\d{4}|\d{2})"
_PATTERNS = {
    "Y-M-D": rf"{_YEAR}(?P<sep>[-/.]){_MONTH}(?P=sep){_DAY}{_TIME}",
    "D/M/Y": rf"{_DAY}(?P<sep>[-/.]){_MONTH}(?P=sep){_ANY_YEAR}{_TIME}",
    "M/D/Y": rf"{_MONTH}(?P<sep>[-/.]){_DAY}(?P=sep){_ANY_YEAR}{_TIME}",
    "D mon Y": rf"{_WEEKDAY}{_DAY}[-\s.]\s*{_MONTH_NAME}[-\s,]\s*{_ANY_YEAR}{_TIME}",
    "mon D Y": rf"{_WEEKDAY}{_MONTH_NAME}\s*{_DAY},?\s+{_YEAR}{_TIME}",
    "Y-M": rf"{_YEAR}[-/]{_MONTH}",
    "mon Y": rf"{_MONTH_NAME}[-\s]\s*{_ANY_YEAR}",
    "YMD": r"(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})",
    "H:M": rf"{_CLOCK}",
}
_EXPRESSIONS = {name: re.compile(pattern, re.IGNORECASE | re.ASCII) for name, pattern in _PATTERNS.items()}
FORMATS = tuple(_PATTERNS)
_START = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)


def read_date(cell: str, format: str) -> int | None:
    """Return a date in microseconds since 1970-01-01 00:00; None where it is none in this format.

    Examples
    --------
    >>> read_date("1970-01-02", "Y-M-D") / 86_400e6
    1.0
    >>> read_date("03/04/1970", "D/M/Y") // 86_400_000_000, read_date("03/04/1970", "M/D/Y") // 86_400_000_000
    (92, 62)
    >>> read_date("31/04/1970", "D/M/Y") is None
    True
    """
    match = _EXPRESSIONS[format].fullmatch(cell)
    if match is None:
        return None
    found = match.groupdict()
    month = found.get("m")
    if found.get("mon"):
        name = found["mon"].lower()
        number = _MONTHS.get(name[:3], 0)
        if not number or not _LONG[number - 1].startswith(name):
            return None
    else:
        number = int(month or 1)
    year = found.get("y") or "1970"
    years = int(year) if len(year) == 4 else int(year) + (1900 if int(year) >= 50 else 2000)
    hour = int(found.get("h") or 0)
    if half := found.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0].lower() == "p" else 0)
    fraction = int((found.get("f") or "0").ljust(6, "0")[:6])
    try:
        moment = datetime.datetime(
            years,
            number,
            int(found.get("d") or 1),
            hour,
            int(found.get("min") or 0),
            int(found.get("s") or 0),
            fraction,
        )
    except ValueError:
        return None
    return (moment - _START) // _MICROSECOND


def formats_of(cell: str) -> dict[str, int]:
    """Return the formats in which a cell is a date, with its microseconds in each.

    Examples
    --------
    >>> sorted(formats_of("03/04/2024")), sorted(formats_of("13/04/2024")), sorted(formats_of("soon"))
    (['D/M/Y', 'M/D/Y'], ['D/M/Y'], [])
    """
    read = ((format, read_date(cell, format)) for format in formats_like(re.sub(r"\d", "9", cell)))
    return {format: found for format, found in read if found is not None}


def formats_like(shape: str) -> list[str]:
    """Return the formats in which a cell with nines for its digits could be a date, by the places of its marks.

    Examples
    --------
    >>> formats_like("99/99/9999"), formats_like("9 Mar 9999"), formats_like("9.99")
    (['D/M/Y', 'M/D/Y'], ['D mon Y'], [])
    """
    if "9" not in shape or len(shape) > 60:
        return []
    found = [format for format, expression in _EXPRESSIONS.items() if expression.fullmatch(shape)]
    return [*found, "YMD"] if shape == "99999999" else found


def to_dates(cells: Sequence[str], format: str, is_missing: Callable[[str], bool]) -> tuple[Array, list[int]]:
    """Return cells as ``datetime64[us]``, and the rows of those that are none in this format.

    Both they and missing ones become NaT.
    """
    known: dict[str, int | None] = {}
    found, wrong = np.full(len(cells), np.iinfo(np.int64).min), []
    for row, cell in enumerate(cells):
        if cell not in known:
            known[cell] = read_date(cell, format)
        if (value := known[cell]) is not None:
            found[row] = value
        elif not is_missing(cell):
            wrong.append(row)
    return found.view("M8[us]"), wrong


def first_of(formats: Iterable[str], dayfirst: bool | None) -> str:
    """Return the format that is taken where a column fits several: day or month first as asked, else month first."""
    last = "M/D/Y" if dayfirst else "D/M/Y"
    return min(formats, key=lambda format: (format == last, FORMATS.index(format)))
