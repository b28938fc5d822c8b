"""What the cells of a table's first rows are, beside those of the columns below them."""

from __future__ import annotations

from collections import Counter

from layerwise.datasets.reading.records import are_numbers, is_date, is_missing

Row = tuple[int, list[str]]  # the line on which it begins, and its cells
_USED = 300  # rows below that are looked at


class Judge:
    """The kinds of the cells of the first rows: n a number, d a date, t text, m missing."""

    def __init__(self, rows: list[Row], width: int) -> None:
        self.rows = [cells[:width] + [""] * (width - len(cells)) for _, cells in rows[: _USED + 40]]
        self.full = [len(cells) == width for _, cells in rows[: _USED + 40]]
        flat = [cell for cells in self.rows for cell in cells]
        kinds = [
            "m" if is_missing(cell) else "n" if number else "d" if is_date(cell) else "t"
            for cell, number in zip(flat, are_numbers(flat).tolist())
        ]
        self.kinds = [kinds[i : i + width] for i in range(0, len(kinds), width)]

    def below(self, i: int) -> list[int]:
        """Return the rows below row i that are whole and do not repeat it."""
        return [k for k in range(i + 1, len(self.rows)) if self.full[k] and self.rows[k] != self.rows[i]][:_USED]

    def column_kinds(self, below: list[int]) -> list[str]:
        """Return n or d for each column in which nine of ten cells are one, t for others, m where all are missing."""
        found = []
        for cells in zip(*(self.kinds[k] for k in below)):
            counts = Counter(cells)
            present = len(cells) - counts["m"]
            usual = [kind for kind in "nd" if counts[kind] >= 0.9 * present]
            found.append("m" if not present else usual[0] if usual else "t")
        return found

    def is_header(self, i: int) -> bool:
        """Return whether row i names the columns, rather than being the first of them."""
        if i >= len(self.rows):
            return False
        below = self.below(i)
        first, kinds = self.rows[i], self.kinds[i]
        if not below:
            return kinds.count("t") == len(kinds) == len(set(first))
        columns = self.column_kinds(below[1:] if len(below) > 3 else below)  # the second may be one of units
        pairs = Counter(zip(kinds, columns))
        named, alike = pairs["t", "n"] + pairs["t", "d"], pairs["n", "n"] + pairs["d", "d"]
        if named:
            return named >= alike or self._is_sequence(i, below)
        if alike or "n" in kinds:
            return self._is_sequence(i, below)
        words = [j for j, kind in enumerate(kinds) if kind == "t"]
        again = sum(any(self.rows[k][j] == first[j] for k in below) for j in words)
        return 3 * again <= len(words) and len({first[j] for j in words}) == len(words) > 0

    def words_above_numbers(self, i: int) -> tuple[int, int]:
        """Return in how many columns of numbers or dates row i has a word, and how many such columns there are."""
        below = self.below(i)
        columns = self.column_kinds(below[1:])
        named = sum(
            above == "t"
            and kind in ("n", "d")
            and any(map(str.isalpha, self.rows[i][j]))
            and not any(self.rows[k][j] == self.rows[i][j] for k in below)
            for j, (above, kind) in enumerate(zip(self.kinds[i], columns))
        )
        return named, columns.count("n") + columns.count("d")

    def is_like_names(self, cells: list[str]) -> bool:
        """Return whether a comment names the columns."""
        return len(cells) == len(self.rows[0]) == len(set(cells)) and not any(are_numbers(cells)) and all(cells)

    def _is_sequence(self, i: int, below: list[int]) -> bool:
        """Return whether the numbers of row i count upwards, and those of no other row do: 0, 1, 2 or 2019, 2020."""

        def counts(k: int) -> bool:
            numbers = [cell for cell, kind in zip(self.rows[k], self.kinds[k]) if kind == "n"]
            if len(numbers) < 2 or "d" in self.kinds[k] or not all(cell.isdecimal() for cell in numbers):
                return False
            whole = [int(cell) for cell in numbers]
            are_years = all(1800 <= year <= 2100 for year in whole)
            return whole == list(range(whole[0], whole[0] + len(whole))) and (len(whole) > 2 or are_years)

        return counts(i) and not any(map(counts, below))
