"""Text that is no table: prose, and lists of various lengths, told from the lines' words and numbers of cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from layerwise.errors import DataError

_SUFFIXES = frozenset({".md", ".rst", ".tex", ".adoc"})
_FREQUENT = frozenset(
    re.findall(
        r"\w+", "the of and to in a is for that with der die und das ist den le la les et des el los que en por il"
    )
)  # words of which every tenth one of a sentence is one
_LEAST = 30  # words that tell


def refuse_prose(rows: Sequence[list[str]], name: str) -> None:
    """Refuse what is no table.

    Raises
    ------
    DataError
        The lines are sentences, or each has another number of cells.
    """
    if PurePath(name.partition(",")[0]).suffix.lower() in _SUFFIXES or _is_prose(rows):
        raise DataError(
            f"{name} is prose, not a table: its lines are sentences; expected rows with equally many cells each. If it "
            "is a table after all, give its delimiter"
        )
    widths = Counter(map(len, rows))
    if len(rows) >= 10 and len(widths) > 5 and max(widths.values()) < 0.4 * len(rows):
        raise DataError(
            f"{name} is no table: its rows have from {min(widths)} to {max(widths)} cells, and few have equally many; "
            "expected a column for each thing that is known of a row. If another delimiter separates the cells, give it"
        )


def _is_prose(rows: Sequence[list[str]]) -> bool:
    words = [word.strip(".,;:!?()\"'") for cells in rows for cell in cells for word in cell.split()]
    if len(words) < max(_LEAST, 4 * len(rows)):
        return False
    widths = Counter(map(len, rows))
    usual, times = widths.most_common(1)[0]
    is_uneven = usual == 1 or len(rows) == 1 or times < 0.8 * len(rows)
    frequent = sum(word.lower() in _FREQUENT for word in words)
    return is_uneven and frequent >= 0.08 * len(words) and sum(map(str.isalpha, words)) >= 0.7 * len(words)
