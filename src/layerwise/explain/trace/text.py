"""The trace in a terminal: a line a number, ``z₁[0] = 0.8·0.45 + … = 0.54``, with colours where there is rich."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from layerwise.errors import missing
from layerwise.explain.trace.document import Block, Cell, Document
from layerwise.explain.trace.notation import plain
from layerwise.formula.quoting import visible

Piece = tuple[str, str]  # what is written, and rich's style for it
HEADING, NAME, VALUE, QUIET = "bold", "cyan", "bold green", "dim"


def text(document: Document) -> str:
    """Return the document as lines of plain text."""
    return "\n".join("".join(piece for piece, _ in line).rstrip() for line in _seen(document))


def rich_text(document: Document) -> Any:
    """Return the same in colours, for rich's `print`."""
    try:
        from rich.text import Text
    except ImportError:
        raise missing("rich", "cli", "a trace in colours") from None
    return Text("\n").join(Text.assemble(*line) for line in _seen(document))


def _seen(document: Document) -> Iterator[list[Piece]]:
    """Return the lines, with escapes for what cannot be seen."""
    for line in _lines(document):
        yield [(visible(piece), style) for piece, style in line]


def _lines(document: Document) -> Iterator[list[Piece]]:
    yield [(document.title, HEADING)]
    if document.note:
        yield [(document.note, "")]
    for section in document.sections:
        yield []
        yield [(section.title, HEADING)]
        if section.note:
            yield [(section.note, "")]
        for block in section.blocks:
            yield from _of_block(block)


def _of_block(block: Block) -> Iterator[list[Piece]]:
    cells = [cell for row in block.rows for cell in row]
    if len(cells) == 1 and not block.count:
        yield [("  ", ""), *_of_cell(cells[0], block.formula)]
        return
    if block.formula:
        yield [("  ", ""), (plain(block.name), NAME), (f" = {plain(block.formula)}", "")]
    width = max((len(plain(cell.name)) for cell in cells), default=0)
    indent = "    " if block.formula else "  "
    for cell in cells:
        yield [(indent, ""), *_of_cell(cell, "", width)]
    if block.count:
        yield [(f"{indent}… and {block.count:,} more", QUIET)]


def _of_cell(cell: Cell, formula: str, width: int = 0) -> Iterator[Piece]:
    yield plain(cell.name).ljust(width), NAME
    middle = [plain(term) for term in (formula, cell.numbers) if term]
    for term in dict.fromkeys(middle):
        if term != cell.value:
            yield f" = {term}", ""
    yield " = ", ""
    yield cell.value, VALUE
