"""A table as its file has it, beside the inputs that an encoder made of it: what a report shows of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerwise.data.tables.features import Features
from layerwise.data.tables.raw import RawTable
from layerwise.data.tabular import TableEncoder
from layerwise.formula.quoting import legible, shortened
from layerwise.typing import Array

LONGEST = 40  # characters of a cell that are shown


@dataclass(frozen=True)
class Table:
    """The rows that a report is about, before they became inputs.

    Attributes
    ----------
    encoder : TableEncoder
        What makes the network's inputs of the features.
    features : Features
        The columns that it takes, a value for each row.
    raw : RawTable
        The file's cells, of all its rows.
    kept : array of int (n,)
        Which of the file's rows these are.
    labelled : int
        How many rows of the file have a target; if more than these, the model has learned from the others.
    """

    encoder: TableEncoder
    features: Features
    raw: RawTable
    kept: Array
    labelled: int

    @property
    def unit(self) -> str:
        """What a row is found by in the file."""
        return "row" if self.raw.lines is None else "line"

    def place(self, row: int) -> str:
        """Return where a row stands in the file, counted from 1."""
        number = int(self.kept[row])
        return f"{number + 1 if self.raw.lines is None else int(self.raw.lines[number]):,}"

    def shown(self, ranked: Sequence[str], most: int, without: Sequence[str]) -> list[int]:
        """Return which columns of the file are shown: all but some if they are few, else those that rank first."""
        names = [name for name in self.raw.names if name not in without]
        if len(names) > most:
            names = [name for name in ranked if name in names][:most] or names[:most]
        return [j for j, name in enumerate(self.raw.names) if name in names]

    def cells(self, row: int, columns: Sequence[int]) -> list[str]:
        """Return a row's cells as the file has them, long ones shortened."""
        return [_cell(self.raw.columns[j][int(self.kept[row])]) for j in columns]


def _cell(value: Any) -> str:
    if value is None or value != value:
        return ""
    text = f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)
    return shortened(legible(text), LONGEST) if text.strip() else text
