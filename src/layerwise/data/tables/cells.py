"""Cells of text: which of them say that nothing is known, and which are numbers, in which notation.

    cells ── find_notation ──► Notation ── read_numbers ──► float64, NaN wherever a cell is no number
          └─ missing ────────► booleans

A cell has no spaces around it. Cells of one shape (``$9,999.99``) are judged once, so that a million of them take
about a second.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from layerwise.typing import Array

SURELY_MISSING = frozenset({
    "", "NA", "N/A", "n/a", "N.A.", "n.a.", "#N/A", "#N/A N/A", "#NA", "<NA>", "NaN", "nan", "NAN", "-NaN", "-nan",
    "NaT", "null", "NULL", "Null", "(null)", "#NULL!", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", r"\N",
    "1.#QNAN", "-1.#QNAN", "1.#IND", "-1.#IND", "1.#INF", "-1.#INF",
})  # fmt: skip
"""Cells that stand for a missing value in a column of any kind."""

LIKELY_MISSING = frozenset({
    "None", "none", "NONE", "na", "Na", "N/a", "?", "??", "-", "--", "---", "–", "—", ".", "..", "...", "*", "nil",
    "missing", "Missing", "MISSING", "undefined", "not available", "Not available", "Not Available", "no data",
    "unknown", "Unknown", "UNKNOWN", "n.d.", "ND", "nd", "(blank)",
})  # fmt: skip
"""Cells that stand for a missing value among numbers and dates; among words, each may be a category of its own."""

_SYMBOLS = "[$€£¥₹₽₩₺₴₫₪฿₦₱₡₲₵₸₼₾￥¢]"
_CODES = (
    "USD|EUR|GBP|JPY|CNY|RMB|CHF|SEK|NOK|DKK|ISK|CAD|AUD|NZD|INR|BRL|MXN|ZAR|RUB|PLN|CZK|HUF|TRY|KRW|SGD|HKD|THB|ILS"
    r"|Fr\.?|kr\.?|Kr\.?|Rs\.?|Kč|zł|Ft|lei|lv|R\$|US\$|A\$|C\$|AU\$|CA\$|NZ\$|HK\$|S\$"
)
_SPACES = " \u00a0\u2007\u2009\u202f"
_SIGNS = "+−–-"  # the minus of typography, the dash that stands for it, and the plain one
_LAKHS = r"\d{1,2}(?:,\d\d)+,\d{3}"  # 12,34,567
_NINES = str.maketrans("0123456789", "9999999999")
_INFINITE = re.compile("[+-]?inf(inity)?", re.IGNORECASE)
_WRITTEN_CODES = re.compile(_CODES)
_MAGNITUDES = {
    "K": "e3", "k": "e3", "thousand": "e3", "M": "e6", "Mn": "e6", "mn": "e6", "mln": "e6", "million": "e6",
    "B": "e9", "Bn": "e9", "bn": "e9", "billion": "e9",
}  # fmt: skip
_MAGNITUDE = re.compile(rf"(?<=[\d.,])[{_SPACES}]?({'|'.join(sorted(_MAGNITUDES, key=len, reverse=True))})(?![A-Za-z])")
_AT_LEAST = re.compile(r"\+(?=\x1f|$)")  # 3+ is 3
_BESIDE_DIGITS = re.compile(rf"{_MAGNITUDE.pattern}|{_CODES}|{_SYMBOLS}|[()%‰{_SPACES}'’{_SIGNS}]|[eE][+-]?\d+$")
_BETWEEN = "\x1f"  # the separator of cells in a text of many


@dataclass(frozen=True)
class Notation:
    """How the numbers of a column are written.

    Attributes
    ----------
    decimal : str
        What stands before the decimals: ``"."`` or ``","``.
    thousands : str
        What separates groups of three digits, ``","`` or ``"."``, if anything does. Spaces and apostrophes between
        such groups are understood in each notation.
    """

    decimal: str = "."
    thousands: str = ""


POINT = Notation()
COMMA = Notation(",")


def missing(cells: Iterable[str], na: Iterable[str] = (), likely: bool = True) -> Array:
    """Return which cells stand for a missing value.

    Parameters
    ----------
    cells : iterable of str
        A column.
    na : iterable of str
        Further cells that stand for it, such as ``"-999"``.
    likely : bool
        Count those of `LIKELY_MISSING` as well, as is right for numbers and dates.

    Examples
    --------
    >>> missing(["1", "", "NA", "none"], likely=False).tolist()
    [False, True, True, False]
    """
    tokens = SURELY_MISSING.union(na, LIKELY_MISSING if likely else ())
    return np.array([cell in tokens for cell in cells], bool)


def read_number(cell: str, notation: Notation = POINT) -> float | None:
    """Return the number that a cell of text is, or None.

    A currency beside it is left out; of 13.4% the number is 13.4; (5) is minus 5, as in accounts; 1.5M is 1,500,000,
    and 3+ is 3.

    Examples
    --------
    >>> read_number("$1,234.50", Notation(".", ",")), read_number("-3,5 €", COMMA), read_number("1,234")
    (1234.5, -3.5, None)
    >>> read_number("$1.5M"), read_number("65+")
    (1500000.0, 65.0)
    """
    number = float(read_numbers([cell], notation)[0])
    return None if np.isnan(number) else number


def read_numbers(cells: Sequence[str], notation: Notation = POINT) -> Array:
    """Return a column as float64, NaN wherever the cell is no number in this notation.

    Examples
    --------
    >>> read_numbers(["1.5", "2e3", "70%", "x"]).tolist()
    [1.5, 2000.0, 70.0, nan]
    """
    if notation.decimal == ".":
        try:
            numbers = np.array(cells, np.float64)
        except ValueError:
            pass
        else:
            if not any("_" in cell for cell in cells):  # Python's own 1_000 is no number in a table
                return numbers
    shapes = _shapes(cells)
    pattern = _pattern(notation)
    readable = {shape: bool(pattern.fullmatch(shape) or _INFINITE.fullmatch(shape)) for shape in set(shapes)}
    numbers = np.full(len(shapes), np.nan)
    places = [row for row, shape in enumerate(shapes) if readable[shape]]
    if places:
        text = _BETWEEN.join([cells[row] for row in places])
        numbers[places] = np.array(_plain(text, notation).split(_BETWEEN), np.float64)
    return numbers


def find_notation(cells: Sequence[str], decimal: str | None = None) -> Notation:
    """Return the notation in which most of the cells are numbers.

    A mark that stands before other than three digits, or after a leading zero, is the decimal one; one that is there
    twice, or before the other one, separates thousands. Where a comma might be either in all cells (``1,234``), it
    separates thousands, and a point is the decimal one, unless `decimal` says otherwise.

    Examples
    --------
    >>> find_notation(["1,5", "2,25"]), find_notation(["1.234,5", "7"]), find_notation(["1,234", "12,500"])
    (Notation(decimal=',', thousands=''), Notation(decimal=',', thousands='.'), Notation(decimal='.', thousands=','))
    """
    text = _BETWEEN.join(cells)
    if decimal is None and "," not in text and not re.search(r"\.\d{3}\.\d{3}", text):
        return POINT
    decimals, thousands, either = _marks(text)
    decimal = decimal or _shown(decimals, thousands) or "."
    other = "," if decimal == "." else "."
    return Notation(decimal, other if thousands[other] or (either[other] and not decimals[other]) else "")


def shown_decimal(cells: Sequence[str]) -> str:
    """Return the decimal mark that numbers show, or "" where each of their marks may be either one, as in 1,234.

    Examples
    --------
    >>> shown_decimal(["2,904", "0,544"]), shown_decimal(["1,234,567"]), shown_decimal(["2,904"])
    (',', '.', '')
    """
    decimals, thousands, _ = _marks(_BETWEEN.join(cells))
    return _shown(decimals, thousands)


def _shown(decimals: dict[str, int], thousands: dict[str, int]) -> str:
    comma, point = (decimals[","], thousands["."]), (decimals["."], thousands[","])
    return "," if comma > point else "." if point > (0, 0) else ""


def _marks(text: str) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    """Return how many cells have a point or a comma before decimals, between thousands, or as either of them."""
    decimals, thousands, either = ({".": 0, ",": 0} for _ in range(3))
    shapes = re.sub(r"(?<![0-9.,])0(?=[.,])", "z", text).translate(_NINES).split(_BETWEEN)
    for shape, times in Counter(shapes).items():
        body = _BESIDE_DIGITS.sub("", shape)
        marks = re.findall("[.,]", body)
        if not marks or not re.fullmatch("[z9.,]+", body):
            continue
        last, *others = reversed(marks)
        after = body[body.rindex(last) + 1 :]
        if last not in others:
            decided = others or len(after) != 3 or not 1 <= body.index(last) <= 3 or "z" in body
            (decimals if decided else either)[last] += times
        for mark in {last} & set(others) if len(after) == 3 else set(others) - {last}:
            thousands[mark] += times
    return decimals, thousands, either


def _shapes(cells: Sequence[str]) -> list[str]:
    """Return each cell with nines for its digits."""
    shapes = _BETWEEN.join(cells).translate(_NINES).split(_BETWEEN)
    return shapes if len(shapes) == len(cells) else [cell.translate(_NINES).replace(_BETWEEN, "?") for cell in cells]


def _plain(text: str, notation: Notation) -> str:
    """Return numbers in this notation, one or many, as Python writes them."""
    found = set(text)
    if any(character.isalpha() and character not in "eE" for character in found):
        text = _MAGNITUDE.sub(lambda found: _MAGNITUDES[found[1]], _WRITTEN_CODES.sub("", text))
    if "+" in found:
        text = _AT_LEAST.sub("", text)
    kept = "0123456789.eE+-infitywINFITYW" + _BETWEEN
    for character in [notation.thousands, *sorted(found.difference(kept, notation.decimal))]:
        if character and not character.isdecimal():
            text = text.replace(character, "-" if character in "−–(" else "")
    return text.replace(notation.decimal, ".")


@cache
def _pattern(notation: Notation) -> re.Pattern[str]:
    """Return the pattern of a number: a sign, a currency, digits, an exponent, a per cent sign."""
    decimal = re.escape(notation.decimal)
    marks = re.escape(notation.thousands) + _SPACES + "'’"
    whole = rf"\d+|\d{{1,3}}(?:(?P<mark>[{marks}])\d{{3}}(?:(?P=mark)\d{{3}})*)"
    whole += f"|{_LAKHS}" if notation.thousands == "," else ""
    number = rf"(?:(?:{whole})(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)?"
    unit = rf"(?:{_CODES}|{_SYMBOLS})"
    plain = rf"(?:[{_SIGNS}]?(?:{unit}[{_SPACES}]?)?|{unit}[{_SPACES}]?[{_SIGNS}])"
    size = "|".join(sorted(_MAGNITUDES, key=len, reverse=True))
    behind = rf"(?:[{_SPACES}]?(?:{size})(?![A-Za-z]))?(?:[{_SPACES}]?(?:[%‰]|{unit}))?\+?"
    bare = re.sub(r"\(\?P<mark>|\(\?P=mark\)", lambda found: "(?P<other>" if "<" in found[0] else "(?P=other)", number)
    return re.compile(rf"{plain}{number}{behind}|\((?:{unit}[{_SPACES}]?)?{bare}{behind}\)")
