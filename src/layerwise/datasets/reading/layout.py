"""Layout of a table of text: which of its first lines are a title, names or units.

What a line is follows from comparing its cells with the columns below it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from layerwise.datasets.reading.headers import DEEPEST, goes_on, groups_above, is_complete, joined, last_of_names
from layerwise.datasets.reading.judging import Judge, Row
from layerwise.datasets.reading.records import are_numbers
from layerwise.errors import DataError

_LONGEST_LEAD = 40
_UNIT = re.compile(r"(?=.*[A-Za-zµμ°%$€£Ωº‰])[(\[]?[A-Za-zµμ°%$€£Ωº‰#/²³·.^0-9 *_-]{1,15}[)\]]?")


@dataclass
class Layout:
    """What the first lines of a table are.

    Attributes
    ----------
    width : int
        How many cells most rows have.
    header : list of str, optional
        The names, a cell for each column, some of them maybe empty; None where the file has none.
    start : int
        The place, among the rows looked at, of the first one with data.
    notes : list of str
        What was found and left out.
    """

    width: int
    header: list[str] | None
    start: int
    notes: list[str] = field(default_factory=list)


def find_layout(rows: list[Row], name: str, marks: str, header: bool | None, names: list[str]) -> Layout:
    """Return what the first lines are.

    Parameters
    ----------
    rows : list of (int, list of str)
        The first rows, without blank ones.
    name : str
        What messages call the file.
    marks : str
        Characters that begin a comment.
    header : bool, optional
        Whether there are names, if it is known.
    names : list of str
        Names that the columns may have, as another file has them.
    """
    width = _width([cells for _, cells in rows if not is_comment(cells, marks)] or [cells for _, cells in rows])
    layout = Layout(width, None, 0)
    comments = _skip_comments(rows, layout, marks)
    judge, first = Judge(rows, width), layout.start
    titles = _skip_lead(rows, layout, judge, header, names)
    titles += _skip_title(rows, layout, judge, header)
    line, cells = rows[layout.start] if layout.start < len(rows) else (1, [])
    deeper = None
    if header is None:
        header = _are_known(cells, names) or judge.is_header(layout.start)
        deeper = None if header else last_of_names(judge, layout.start)
        if deeper is not None:
            header = True
        elif not header and comments and judge.is_like_names(comments[-1]):
            layout.header = comments[-1]
            layout.notes.append("the names of the columns were taken from the last comment before them")
    groups = groups_above(judge, rows, first, layout.start) if header and titles else []
    if titles := titles[: len(titles) - len(groups)]:
        layout.notes.append(f"{_counted(len(titles), 'title line')} left out (line {', '.join(map(str, titles))})")
    if header:
        below = [row for _, row in rows[layout.start + 1 :] if len(row) == width]
        layout.header = _fit(cells, below, width, f"{name}, line {line}")
        upper = [judge.rows[i] for i in groups]
        if deeper is not None:
            upper += [judge.rows[i] for i in range(layout.start, deeper)]
            layout.header, layout.start = judge.rows[deeper], deeper
        layout.start += 1
        _take_names(rows, layout, judge, upper)
    return layout


def is_comment(cells: list[str], marks: str) -> bool:
    """Return whether a row begins with one of the marks of a comment."""
    return bool(cells and cells[0] and cells[0][0] in marks)


def _width(rows: list[list[str]]) -> int:
    """Return how many cells most rows have, or all names where rows lack various numbers of cells at their end."""
    widths = Counter(len(cells) for cells in rows)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    names = rows[0] if rows else []
    if len(names) == max(widths, default=0) > usual and len(set(names)) == len(names) and all(names):
        is_rare = len(widths) == 2 or widths[usual] > 0.95 * len(rows)
        return usual if any(are_numbers(names)) or (is_rare and widths[len(names)] < 3) else len(names)
    return usual


def _skip_comments(rows: list[Row], layout: Layout, marks: str) -> list[list[str]]:
    """Leave out the comments that the table begins with, and return their cells without the mark."""
    comments: list[list[str]] = []
    end = next((i for i, (_, cells) in enumerate(rows) if not is_comment(cells, marks)), len(rows))
    after = [is_comment(cells, marks) for _, cells in rows[end:]]
    is_prose = all(cells[0].lstrip(marks)[:1] in ("", " ") for _, cells in rows[:end])
    if 2 * sum(after) <= len(after) and (after or is_prose):
        for _, cells in rows[:end]:
            bare = [cells[0].lstrip("#%; "), *cells[1:]]
            comments.append(bare if bare[0] else bare[1:])
        layout.start = end
    if comments:
        layout.notes.append(f"{_counted(len(comments), 'comment line')} before the table left out")
    return comments


def _skip_lead(rows: list[Row], layout: Layout, judge: Judge, header: bool | None, names: list[str]) -> list[int]:
    """Leave out lines about the whole, such as an account and its owner, before a full row of names; return which.

    None of them has cells for more than half of the columns, nor, padded, the shape of names of groups.
    """
    start = layout.start
    ends = range(start, min(len(judge.rows), start + _LONGEST_LEAD))
    filled = {i: sum(map(bool, judge.rows[i])) for i in ends}
    end = next((i for i in ends if judge.full[i] and filled[i] >= max(3, layout.width - 1)), start)
    if end == start or header is False or any(2 * filled[i] > layout.width for i in range(start, end)):
        return []
    if not (_are_known(rows[end][1], names) or judge.is_header(end)):
        return []
    layout.start = end
    return [line for line, _ in rows[start:end]]


def _skip_title(rows: list[Row], layout: Layout, judge: Judge, header: bool | None) -> list[int]:
    """Leave out lines before the names that do not have a cell for each column, and return which."""
    left_out: list[int] = []
    while layout.start + 1 < min(len(rows), 40) and layout.width > 1:
        cells, after = rows[layout.start][1], rows[layout.start + 1][1]
        filled, filled_after = (sum(map(bool, row)) for row in (cells, after))
        is_text = "t" in judge.kinds[layout.start] and "n" not in judge.kinds[layout.start]
        is_short = filled == 1 and (len(cells) == 1 or layout.width > 2)
        is_lead = header is not False and filled < filled_after and judge.is_header(layout.start + 1)
        is_head = len(cells) in (layout.width, layout.width - 1) and is_text and filled > 1
        if (
            header is None
            and len(cells) < layout.width - 1
            and "n" in judge.kinds[layout.start]
            and filled < filled_after
        ):
            left_out.append(rows[layout.start][0])  # such as the numbers of rows and columns
            layout.start += 1
            continue
        if filled_after <= filled and not (is_short and len(cells) != layout.width):
            break
        if not (is_short and (is_text or len(cells) != layout.width)) and not (
            is_lead and not _names_all(judge, layout)
        ):
            break
        if is_head and not is_lead:
            break
        left_out.append(rows[layout.start][0])
        layout.start += 1
    return left_out


def _take_names(rows: list[Row], layout: Layout, judge: Judge, groups: list[list[str]]) -> None:
    """Join the names with the groups above them and a second row below; leave out one of units."""
    names = layout.header or []
    parts = [*groups, names]
    line = rows[layout.start - 1][0] if rows else 1
    if is_complete(joined(parts)):
        _skip_units(rows, layout, judge)
    for _ in range(DEEPEST):
        if layout.start >= len(rows) or not goes_on(judge, layout.start):
            break
        below = judge.rows[layout.start]
        layout.start += 1
        if is_complete(joined(parts)):
            shown = ", ".join(dict.fromkeys(filter(None, below)))[:60]
            layout.notes.append(f"a second row of names left out (line {rows[layout.start - 1][0]}: {shown})")
            break
        parts.append(below)
        line = rows[layout.start - 1][0]
    else:
        _skip_units(rows, layout, judge)
    layout.header = joined(parts)
    if len(parts) > 1:
        layout.notes.append(
            f"the names of the columns were joined from {len(parts)} rows, the last of them line {line}"
        )


def _names_all(judge: Judge, layout: Layout) -> bool:
    """Return whether the row names all columns but an index, so that it is no title."""
    kinds = judge.kinds[layout.start]
    return kinds.count("t") >= len(kinds) - 1 and judge.is_header(layout.start) and len(kinds) > 2


def _skip_units(rows: list[Row], layout: Layout, judge: Judge) -> None:
    """Leave out a row below the names that gives the units of the numbers."""
    i = layout.start
    below = judge.below(i)
    if len(below) < 2 or i >= len(judge.rows):
        return
    columns = judge.column_kinds(below)
    numeric = [j for j, kind in enumerate(columns) if kind == "n"]
    units = [judge.rows[i][j] for j in numeric if judge.kinds[i][j] == "t"]
    others = [j for j, kind in enumerate(columns) if kind != "n" and judge.rows[i][j]]
    is_usual = any(judge.rows[i][j] == judge.rows[k][j] for j in others for k in below)
    empty = [j for j in numeric if not judge.rows[i][j]]
    if not units or is_usual or len(units) + len(empty) < len(numeric) or 2 * len(units) < len(numeric):
        return
    if all(_UNIT.fullmatch(unit) for unit in units):
        layout.notes.append(f"a row of units left out (line {rows[i][0]}: {', '.join(filter(None, judge.rows[i]))})")
        layout.start += 1


def _fit(header: list[str], below: list[list[str]], width: int, where: str) -> list[str]:
    """Return a name for each column, where the header has one too many or too few."""
    header = list(header)
    while len(header) > width and not header[-1]:
        header.pop()
    if len(header) == width - 1 and below:
        is_trailing = all(not cells[-1] for cells in below)
        header = [*header, ""] if is_trailing else ["", *header]
    if len(header) != width:
        raise DataError(
            f"{where}: expected {width} names, as most rows have cells, but got {len(header)}; give the delimiter if "
            "it is another, how many lines to leave out first (--skip, skip=), or mend the header"
        )
    return header


def _are_known(cells: list[str], names: list[str]) -> bool:
    return bool(names) and 2 * sum(cell in names for cell in cells) >= len(cells) > 0


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
