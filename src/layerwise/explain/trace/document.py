"""What a view shows: sections of blocks of cells, each a number with its name and how it came about.

`writer` chooses them; a view turns them into text, HTML, LaTeX or Markdown, and decides nothing about them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One number: what it is called, how it came about (None where it was given), and what it is."""

    name: str
    numbers: str | None
    value: str


@dataclass(frozen=True)
class Block:
    """A quantity: its formula in symbols, and its numbers, row by row.

    Attributes
    ----------
    name, formula : str
        In LaTeX; the formula may be empty.
    rows : list of list of Cell
        A row for a vector; a row a neuron for a matrix.
    folded : list of Cell
        What a view may leave out or fold away.
    hidden : int
        How many numbers there are besides.
    """

    name: str
    formula: str
    rows: list[list[Cell]]
    folded: list[Cell] = field(default_factory=list)
    hidden: int = 0

    @property
    def count(self) -> int:
        """How many numbers are not shown at first."""
        return len(self.folded) + self.hidden


@dataclass(frozen=True)
class Section:
    """A part of the step, with a heading and perhaps a sentence."""

    title: str
    note: str
    blocks: list[Block]


@dataclass(frozen=True)
class Document:
    """What there is to be shown; `str` of it is text, and a notebook shows it as HTML."""

    title: str
    note: str
    sections: list[Section]

    def text(self) -> str:
        """Return lines of plain text."""
        from layerwise.explain.trace.text import text

        return text(self)

    def html(self) -> str:
        """Return a piece of HTML, with its own style, that fetches nothing."""
        from layerwise.explain.trace.html import html

        return html(self)

    def latex(self) -> str:
        """Return a LaTeX document."""
        from layerwise.explain.trace.latex import latex

        return latex(self)

    def markdown(self) -> str:
        """Markdown."""
        from layerwise.explain.trace.markdown import markdown

        return markdown(self)

    def __str__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.html()

    def __rich__(self) -> Any:
        from layerwise.explain.trace.text import rich_text

        return rich_text(self)
