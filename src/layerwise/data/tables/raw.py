"""A table as its file has it, before anything is known of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from layerwise.typing import Array


@dataclass
class RawTable:
    """The cells of a file, column by column.

    Attributes
    ----------
    source : str
        What messages call it: the file's name, a URL, or "stdin".
    names : tuple of str
        The columns, each with a name of its own; ``x1``, ``x2``, … where the file has none.
    columns : list
        A column each, all of one length: a list of str where the file holds text (cells without spaces around, ``""``
        where empty), else what the format has: an array of numbers or booleans, a ``datetime64`` array, or a list
        of Python objects with None where a value is missing.
    lines : int64 array (rows,), optional
        The line of the file on which each row begins, from 1; None where the format has no lines.
    has_header : bool
        Whether the names are the file's own.
    notes : list of str
        What was found, overruled or left out, a sentence each, with counts: shown to the user.
    how : dict
        How it was read, in what JSON can hold: encoding, delimiter, header, decimal, sheet… Another file can be read
        likewise.
    unnamed : tuple of str
        The names that columns got because the file's own header has none for them.
    unclear : list of int
        The places of columns of numbers whose point or comma may be before decimals or between thousands, where no
        other column shows which, and nobody has said so.
    """

    source: str
    names: tuple[str, ...]
    columns: list[Sequence[Any] | Array]
    lines: Array | None = None
    has_header: bool = True
    notes: list[str] = field(default_factory=list)
    how: dict[str, Any] = field(default_factory=dict)
    unnamed: tuple[str, ...] = ()
    unclear: list[int] = field(default_factory=list)

    @property
    def n_rows(self) -> int:
        """How many rows."""
        return len(self.columns[0]) if self.columns else 0

    def place(self, column: int, row: int) -> str:
        """Return where a cell stands, for a message: ``flowers.csv, line 7, column 'length'``."""
        where = f"row {row + 1}" if self.lines is None else f"line {int(self.lines[row])}"
        return f"{self.source}, {where}, column {self.names[column]!r}"
