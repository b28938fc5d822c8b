"""What a column is, decided from its statistic and its name: a number, a category, a date, a row number…

statistic ─┬─ no value, or one alone ──────────────► empty, constant
           ├─ nine tenths read as numbers ─────────► number; category with zeros in front; row number; id
           ├─ yes and no ──────────────────────────► yes/no
           ├─ nine tenths read as dates ───────────► date
           └─ text ── few values, many, one a row ─► category, text, id
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerwise.data.tables.cells import LIKELY_MISSING, read_numbers
from layerwise.data.tables.dates import first_of
from layerwise.data.tables.readings import NOTATIONS, Parsed
from layerwise.data.tables.statistics import YES_NO, Statistic, text_of
from layerwise.errors import DataError, UnknownNameError, nearest

READS = 0.9  # a column is one of numbers or dates where so many of its cells are; the others are taken as missing
FEWEST_NUMBERS = 10  # different ones, in a column in which fewer cells are numbers
MOST_CATEGORIES = 50  # more values than that are "text"
NEARLY_ALL = 0.95  # text with so many values a row is an id
INPUTS = ("number", "category", "yes/no", "date", "text")
LEFT_OUT = ("empty", "constant", "row number", "id")
ASKED = (*INPUTS, "id")

_ID = re.compile(
    r"(row|obs|case|record|sample|object|instance|serial)?[ _.-]?(id|ids|index|idx|nr|no|num|number|key|uuid|guid)"
    r"|rows?|row[ _.-]?(names?|labels?)|unnamed[ _:.-]*\d*|obs|observation|case|record|.*[ _.-](id|uuid|guid|key)",
    re.IGNORECASE,
)
_CAMEL_ID = re.compile(r".*[a-z]I[dD](: .*)?")
_ONLY_ID = re.compile(r"(.*[ _.-])?(id|uuid|guid)", re.IGNORECASE)
_TIME = re.compile(
    r"(.*[ _.-])?(t|time|date|year|yr|month|quarter|week|day|hour|minute|second|age|period)s?", re.IGNORECASE
)
_DATE = re.compile(r".*(date|datum|day|time|dt).*", re.IGNORECASE)
_CODE = re.compile(
    r"(.*[ _.-])?(zip|zip[ _-]?codes?|post[ _-]?codes?|postal[ _-]?codes?|plz|fips|area[ _-]?codes?)"
    r"|.*\b(zip|post|postal|area)[ _-]?codes?\b.*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Kind:
    """What a column is, and how its cells are read.

    Attributes
    ----------
    name : str
        ``"number"``, ``"category"``, ``"yes/no"``, ``"date"``, ``"text"``; or what is left out: ``"empty"``,
        ``"constant"``, ``"row number"``, ``"id"``.
    reason : str
        Why, where it does not go without saying.
    how : dict
        What reads the cells: ``notation`` of numbers, ``format`` of dates, ``spellings`` of yes and no, ``whole`` for
        categories that are whole numbers, so that 1.0 is 1: how each is spelled, where that is otherwise; ``width`` of
        those with zeros in front, so that 501 is 00501.
    is_ambiguous : bool
        Its dates may be read with the day or the month first.
    """

    name: str
    reason: str = ""
    how: Mapping[str, Any] = field(default_factory=dict)
    is_ambiguous: bool = False


def kind_of(
    name: str,
    s: Statistic,
    *,
    asked: str | None = None,
    dayfirst: bool | None = None,
    decimal: str | None = None,
    likely: str = ".",
    has_name: bool = True,
    is_index: bool = False,
) -> Kind:
    """Return what a column is.

    Parameters
    ----------
    name : str
        The column's name; it is a hint for ids, codes and dates only.
    s : Statistic
        What is known of it.
    asked : str, optional
        The kind that the user wants.
    dayfirst : bool, optional
        Whether 03/04/2024 is in April; by default what fits more of the cells, else March.
    decimal : str, optional
        The decimal point of all numbers, "." or ",".
    likely : str
        The decimal point where a column leaves it open, as 1,234 does.
    has_name : bool
        Whether the name is the file's own.
    is_index : bool
        The file names other columns, but not this one, as it is with the index of a data frame.

    Raises
    ------
    DataError
        It cannot be what was asked for: no cell reads as a number, or as a date.
    UnknownNameError
        There is no such kind.
    """
    is_index = is_index or not name
    notation = _notation(s, decimal, likely)
    format, is_ambiguous = _format(s, dayfirst)
    if asked is not None:
        return _as_asked(name, s, asked, notation, format, is_ambiguous)
    told = s.present - s.likely
    if not s.present or (not told and s.n_distinct == 1):
        return Kind("empty", "no cell has a value")
    if s.n_distinct == 1 and not s.missing:
        return Kind("constant", f"every cell is {s.examples[0]!r}")
    if s.form == "boolean" or _is_yes_no(s):
        return Kind("yes/no", "", {"spellings": _spellings(s)})
    dated, counted = s.dates.get(format), s.numbers.get(notation)
    if format == "YMD" and not (_DATE.fullmatch(name) and dated and dated.count == told):
        dated = None
    if s.form == "date" or (dated and told and dated.count >= READS * told and s.n_distinct > 1):
        return Kind("date", "", {"format": format}, is_ambiguous)
    if s.form == "number" and not counted:
        return Kind("empty", "no number is finite")
    if counted and told and (reads_as_numbers(s, notation) or s.form == "number"):
        return _number(name, s, notation, counted, has_name and not is_index, is_index)
    return _text(name, s)


def reads_as_numbers(s: Statistic, notation: str) -> bool:
    """Return whether so many cells are numbers that the others stand for missing ones.

    That is where nine of ten are; or where there are ten different numbers and all others are one word, such as ``**``
    or "Varies with device", or half are numbers and all others two words.
    """
    told, counted = s.present - s.likely, s.numbers.get(notation)
    if counted is None or counted.count >= READS * told:
        return counted is not None
    if counted.count < FEWEST_NUMBERS or s.distinct is None or s.n_distinct < FEWEST_NUMBERS:
        return False
    cells = [cell for cell in s.distinct if cell not in LIKELY_MISSING]
    others = int(np.isnan(read_numbers(cells, NOTATIONS[notation])).sum())
    most = 2 if 2 * counted.count >= told else 1
    return others <= most and len(cells) - others >= FEWEST_NUMBERS


def is_id_name(name: str) -> bool:
    """Return whether a column is called as one of ids or row numbers is.

    Of a name that was joined from several rows, the first part tells, or the last one by id alone.

    Examples
    --------
    >>> [is_id_name(name) for name in ("userId", "ID: Response", "Respondent: ID", "Children: number")]
    [True, True, True, False]
    """
    first, *_, last = [*name.split(": "), ""] if ": " not in name else name.split(": ")
    return any(
        pattern.fullmatch(part) for pattern, part in ((_ID, name), (_ID, first), (_CAMEL_ID, name), (_ONLY_ID, last))
    )


def _as_asked(name: str, s: Statistic, asked: str, notation: str, format: str, is_ambiguous: bool) -> Kind:
    if asked not in ASKED:
        raise UnknownNameError(f"column {name!r}: there is no kind {asked!r}; {nearest(asked, ASKED)}")
    reason = "as asked"
    if asked == "number":
        if notation not in s.numbers:
            raise DataError(f"column {name!r} cannot be one of numbers: no cell is; it holds {_shown(s)}")
        return Kind("number", reason, {"notation": notation})
    if asked == "date":
        if format not in s.dates:
            raise DataError(f"column {name!r} cannot be one of dates: no cell is; it holds {_shown(s)}")
        return Kind("date", reason, {"format": format}, is_ambiguous)
    if asked == "yes/no" and len(_spellings(s)) == 2:
        return Kind("yes/no", reason, {"spellings": _spellings(s)})
    if asked == "id":
        return Kind("id", reason)
    return Kind("category" if asked == "yes/no" else asked, reason, _whole(s))


def _number(name: str, s: Statistic, notation: str, counted: Parsed, has_name: bool, is_index: bool) -> Kind:
    number = Kind("number", "", {"notation": notation})
    if counted.whole < counted.count or counted.count < s.present - s.likely or counted.marked:
        return number
    is_named = is_id_name(name) and has_name
    if s.run is not None and not s.missing and not s.likely and s.present > 2 and not _TIME.fullmatch(name):
        begins = s.run[0] in (0, 1) and s.present >= 10
        if begins or is_named or is_index:
            return Kind("row number", f"consecutive numbers, {s.run[0]} to {s.run[1]}")
    if (is_named or is_index) and s.present > 2 and s.n_distinct >= (NEARLY_ALL if s.is_estimate else 1) * s.present:
        same = "nearly all numbers are different" if s.is_estimate else "no number is there twice"
        return Kind("id", f"{'it has no name' if is_index else 'its name'}, and {same}")
    if counted.padded:
        kind = _text(name, s)
        return Kind(kind.name, "numbers with zeros in front are codes", kind.how)
    if _CODE.fullmatch(name):
        return Kind(
            "category" if s.n_distinct <= MOST_CATEGORIES else "text", "its name: codes, not amounts", _whole(s)
        )
    return number


def _text(name: str, s: Statistic) -> Kind:
    if s.present > 2 and s.n_distinct >= (s.present if s.present < 20 else NEARLY_ALL * s.present):
        is_each = s.n_distinct == s.present and not s.is_estimate
        return Kind("id", "a value of its own in " + ("every row" if is_each else "nearly every row"))
    if s.n_distinct <= MOST_CATEGORIES and (s.n_distinct <= 10 or s.n_distinct <= s.present / 2):
        return Kind("category", "", _whole(s))
    return Kind("text", f"{s.said_distinct} different values", _whole(s))


def _notation(s: Statistic, decimal: str | None, likely: str) -> str:
    """Return the notation that most cells read in; of equal ones the first with the likely decimal point."""
    able = sorted((key for key in NOTATIONS if decimal in (None, key[0])), key=lambda key: key[0] != likely)
    return max(able, key=lambda key: s.numbers[key].count if key in s.numbers else 0)


def _format(s: Statistic, dayfirst: bool | None) -> tuple[str, bool]:
    """Return the format that most cells read in, and whether day and month could change places."""
    most = max((part.count for part in s.dates.values()), default=0)
    best = [format for format, part in s.dates.items() if part.count == most]
    if not best:
        return "", False
    both = {"D/M/Y", "M/D/Y"}.issubset(best)
    format = first_of(best, dayfirst if dayfirst is not None else both and _begin_alike(s))
    if dayfirst is not None and format in ("D/M/Y", "M/D/Y"):
        asked = "D/M/Y" if dayfirst else "M/D/Y"
        format = asked if asked in s.dates else format
    return format, both and dayfirst is None


def _begin_alike(s: Statistic) -> bool:
    """Return whether dates that may begin with the day or the month all begin with the same, the first of a month."""
    parts = [re.split("[-/.]", cell, maxsplit=2)[:2] for cell in s.distinct or () if cell[:1].isdecimal()]
    return len({part[0] for part in parts}) == 1 < len({part[-1] for part in parts})


def _is_yes_no(s: Statistic) -> bool:
    return s.yes_no == s.present - s.likely and len(_spellings(s)) == 2


def _spellings(s: Statistic) -> dict[str, str]:
    """Return how yes and no are spelled most often, by the small letters of each spelling."""
    found: dict[str, dict[str, int]] = {}
    for cell, n in (s.distinct or {}).items() if s.yes_no else ():
        if cell in LIKELY_MISSING:
            continue
        found.setdefault(cell.casefold(), {})[cell] = n
    if len(found) != 2 or sorted(YES_NO.get(key, -1) for key in found) != [0, 1]:
        return {}
    return {key: max(sorted(cells), key=cells.__getitem__) for key, cells in sorted(found.items())}


def _whole(s: Statistic) -> dict[str, Any]:
    """Return that categories are whole numbers, in whatever way a file may write them, and how this one does.

    Those with zeros in front have a width, if it is the same for all.
    """
    plain = s.numbers.get(".")
    if not plain or not plain.count == plain.whole == s.present - s.likely or plain.marked:
        return {}
    if plain.padded:
        lengths = {len(cell) for cell in s.distinct or () if cell not in LIKELY_MISSING}
        return {"width": lengths.pop()} if len(lengths) == 1 else {}
    spelled: dict[str, str] = {}
    for cell, n in (s.distinct or {}).items():
        if cell in LIKELY_MISSING:
            continue
        key = text_of(float(cell))
        if key not in spelled or n > (s.distinct or {})[spelled[key]]:
            spelled[key] = cell
    return {"whole": {key: cell for key, cell in spelled.items() if cell != key}}


def _shown(s: Statistic) -> str:
    return ", ".join(map(repr, s.examples[:3])) + (", …" if s.n_distinct > 3 else "") if s.present else "no value"
